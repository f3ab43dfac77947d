package reddit

import "github.com/sluicehq/sluice/pkg/provider/normal"

func lowerUUID(dst []byte, s string, _ normal.Hints) ([]byte, bool) { return appendUUID(dst, s, false) }
func upperUUID(dst []byte, s string, _ normal.Hints) ([]byte, bool) { return appendUUID(dst, s, true) }

// appendUUID takes a UUID in one case. All zeros is what a device gives whose
// owner opted out.
func appendUUID(dst []byte, s string, upper bool) ([]byte, bool) {
	if len(s) != 36 {
		return dst, false
	}
	start, zero := len(dst), true
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return dst[:start], false
		}
		zero = zero && (c == '0' || c == '-')
		if upper && c >= 'a' {
			c -= 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst, !zero
}
