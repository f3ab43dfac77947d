package google

// Phone is the rule for phone numbers, PhoneByRule the same without its short
// way for numbers that begin with a plus.
func Phone(s string) (string, bool)       { return text(appendPhone(nil, s, "DE")) }
func PhoneByRule(s string) (string, bool) { return text(appendPhoneByRule(nil, s, "DE")) }

func text(out []byte, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	return string(out), true
}
