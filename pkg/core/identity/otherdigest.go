package identity

// OtherDigest recognises digests of other kinds than SHA-256, in hexadecimal:
// MD5, SHA-1, SHA-384 and SHA-512. Hashed once more, or read as something else,
// they match nobody.
func OtherDigest(s string) bool {
	if len(s) < 32 {
		return false
	}
	s = Trim(s)
	if n := len(s); n != 32 && n != 40 && n != 96 && n != 128 {
		return false
	}
	for i := range len(s) {
		if hexDigit(s[i]) > 15 {
			return false
		}
	}
	return true
}
