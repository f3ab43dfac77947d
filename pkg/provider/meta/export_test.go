package meta

// Phone is the normaliser of phone numbers, PhoneByRule the same without its
// short way for numbers that begin with a plus.
func Phone(s string) (string, bool)       { return textOf(phone, s) }
func PhoneByRule(s string) (string, bool) { return textOf(phoneByRule, s) }

func textOf(normal normaliser, s string) (string, bool) {
	out, ok := normal(nil, s, Hints{PhoneCountry: "DE"})
	if !ok {
		return "", false
	}
	return string(out), true
}
