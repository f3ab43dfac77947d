package reddit

import (
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// Normalise brings one value of a hashed key of user into Reddit's form and
// hashes it; false where no rule makes the value usable, or the key is none. The
// forms are those of Segment's integration, which Reddit took part in, and of
// social-hub's reading of Reddit's guides. A value of 64 hexadecimal digits was
// hashed before and is passed on where its form fits.
//
//   - email: lower case, the local part without dots and what follows a plus sign,
//     for every domain
//   - phone_number: a plus sign and the digits, country's calling code first
//   - external_id: white space around it removed, case kept
//   - idfa: a UUID in upper case; aaid: one in lower case
func Normalise(key string, raw identity.Raw, h normal.Hints) (identity.Hashed, bool) {
	var hashed identity.Hashed
	for i := range hashedKeys {
		if k := &hashedKeys[i]; k.name == key {
			_, why := k.row.Form.Digest(&hashed, nil, raw, &h)
			return hashed, why == ""
		}
	}
	return hashed, false
}

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
