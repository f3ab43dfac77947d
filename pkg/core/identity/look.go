package identity

import (
	"strconv"
	"strings"
)

// Suspect says what kind of personal data or secret a string looks like.
type Suspect uint8

// What a string can look like.
const (
	NotSuspect Suspect = iota
	SuspectEmail
	SuspectPhone
	SuspectCard
	SuspectToken
)

var suspectNames = [...]string{"", "email", "phone", "card", "token"}

// String gives a word for diagnostics.
func (s Suspect) String() string {
	if int(s) < len(suspectNames) {
		return suspectNames[s]
	}
	return "suspect(?)"
}

// Look tells what free text looks like, or holds anywhere in it:
//
//   - e-mail: x@y.z, also percent-encoded
//   - card: 13 to 19 digits, Luhn-valid, with an issuer's prefix
//   - phone: 8 to 15 digits that begin with + or 00, or contain spaces,
//     brackets or several separators; never bare digits, never a date
//   - token: see findToken
//
// It is not a proof of the opposite: a name is not recognised.
func Look(s string) Suspect {
	if len(s) < 5 { // nothing above is shorter than a@b.c
		return NotSuspect
	}
	if k := look(s); k != NotSuspect || strings.IndexByte(s, '%') < 0 {
		return k
	}
	return lookDecoded(s, look)
}

// LookNumber tells whether a number looks like a card's, whatever its sign.
func LookNumber(n int64) Suspect {
	if n < 0 {
		n = -n // the least number stays negative, and is no card's
	}
	if n < 1e12 {
		return NotSuspect
	}
	var digits [20]byte
	if cardNumber(strconv.AppendInt(digits[:0], n, 10)) {
		return SuspectCard
	}
	return NotSuspect
}

// look searches only for what can be there: one pass over the bytes rules most
// searches out, because this runs for every part of every URL.
func look(s string) Suspect {
	digits, all := 0, uint16(0)
	for i := range len(s) {
		class := classes[s[i]]
		digits += int(class & digitByte)
		all |= class
	}
	if all&addressByte != 0 {
		if _, _, ok := findEmail(s, 0); ok {
			return SuspectEmail
		}
	}
	if digits >= minCard {
		if _, _, ok := findCard(s, 0); ok {
			return SuspectCard
		}
	}
	if digits >= minPhone {
		if _, _, ok := findPhone(s, 0); ok {
			return SuspectPhone
		}
	}
	if len(s) >= minToken {
		if _, _, ok := findToken(s, 0); ok {
			return SuspectToken
		}
	}
	return NotSuspect
}

// lookDecoded looks again at what percent-encoding hides, twice at most.
func lookDecoded(s string, look func(string) Suspect) Suspect {
	for range 2 {
		decoded, changed := percentDecode(s)
		if !changed {
			return NotSuspect
		}
		if k := look(decoded); k != NotSuspect {
			return k
		}
		s = decoded
	}
	return NotSuspect
}

// percentDecode decodes what is decodable and leaves the rest.
func percentDecode(s string) (string, bool) {
	first := -1
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && hexDigit(s[i+1]) < 16 && hexDigit(s[i+2]) < 16 {
			first = i
			break
		}
	}
	if first < 0 {
		return s, false
	}
	out := make([]byte, first, len(s))
	copy(out, s)
	for i := first; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) < 16 && hexDigit(s[i+2]) < 16 {
			out = append(out, hexDigit(s[i+1])<<4|hexDigit(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out), true
}

func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if isDigit(s[i]) {
			n++
		}
	}
	return n
}
