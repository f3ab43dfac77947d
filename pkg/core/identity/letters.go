package identity

// AppendLetters lower-cases s and appends what of it is a to z.
func AppendLetters(dst []byte, s string) []byte {
	start := len(dst)
	dst = AppendLower(dst, s)
	kept := dst[:start]
	for _, c := range dst[start:] {
		if c >= 'a' && c <= 'z' {
			kept = append(kept, c)
		}
	}
	return kept
}
