package identity

// AppendDigits appends the digits of a phone number that is written as nearly
// all are: digits, and between them spaces, hyphens, dots, slashes and brackets.
// False, and nothing appended, where s holds anything else, such as an extension,
// or "(0" of a trunk prefix: then a provider's own rule has to look at it.
func AppendDigits(dst []byte, s string) (out []byte, plain bool) {
	out = dst
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			out = append(out, c)
		case is(c, separatorByte):
			if c == '(' && i+1 < len(s) && s[i+1] == '0' {
				return dst, false
			}
		default:
			return dst, false
		}
	}
	return out, true
}

// SameNumber reports that id consists of the digits of a phone number, whatever
// stands between them in either. Only numbers of at least eight digits count.
func SameNumber(id, phone string) bool {
	if len(id) < minPhone || !isDigit(id[len(id)-1]) {
		return false
	}
	n, i := 0, 0
	for j := range len(phone) {
		if !isDigit(phone[j]) {
			continue
		}
		for i < len(id) && is(id[i], separatorByte) {
			i++
		}
		if i == len(id) || id[i] != phone[j] {
			return false
		}
		i++
		n++
	}
	return i == len(id) && n >= minPhone
}
