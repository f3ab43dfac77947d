package identity

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// IsSpace reports whether r is white space as JavaScript's \s and trim() have
// it, which is what the providers' reference libraries use. unicode.IsSpace
// differs: it has U+0085 and lacks U+FEFF.
func IsSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r == ' ', r == 0xA0, r == 0x1680, r >= 0x2000 && r <= 0x200A,
		r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x3000, r == 0xFEFF:
		return true
	default:
		return false
	}
}

// Trim removes surrounding white space in the sense of IsSpace.
func Trim(s string) string {
	if n := len(s); n > 0 && is(s[0], inkByte) && is(s[n-1], inkByte) {
		return s // the common case, without decoding
	}
	return trim(s)
}

func trim(s string) string {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if !IsSpace(r) {
			break
		}
		s = s[n:]
	}
	for s != "" {
		r, n := utf8.DecodeLastRuneInString(s)
		if !IsSpace(r) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// IsASCII reports whether s has no byte above 0x7F.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// belowMarks reports that s holds no character from U+0300 on, where combining
// marks begin. Below nothing combines, so s is in composed form; bytes that are
// not UTF-8 are left alone by composing. Names of western Europe end here.
func belowMarks[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] >= 0xCC { // begins U+0300 and everything above
			return false
		}
	}
	return true
}

// Garbled reports whether b holds a character that could not be read: bytes that
// are no UTF-8, or U+FFFD, which others wrote in their place.
func Garbled(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return bytes.ContainsRune(b, utf8.RuneError)
		}
	}
	return false
}

// IsComposed reports whether s is in Unicode's composed form.
func IsComposed(s string) bool { return belowMarks(s) || norm.NFC.IsNormalString(s) }

// AppendNFC appends s in Unicode's composed form. Digests of composed and
// decomposed text differ although both look the same.
func AppendNFC(dst []byte, s string) []byte {
	if belowMarks(s) {
		return append(dst, s...)
	}
	return norm.NFC.AppendString(dst, s)
}

// ComposeTail brings the bytes of b from start on into composed form: deleting
// characters can bring a letter and an accent together.
func ComposeTail(b []byte, start int) []byte {
	if belowMarks(b[start:]) || norm.NFC.IsNormal(b[start:]) {
		return b
	}
	return append(b[:start], norm.NFC.Bytes(b[start:])...)
}

// The two letters whose lower case depends on more than the letter.
const (
	dottedCapitalI = 'İ'
	capitalSigma   = 'Σ'
)

// lowered are the characters below U+0300 in lower case; the library searches
// for each.
var lowered = func() (table [0x300]uint16) {
	for r := range rune(len(table)) {
		table[r] = uint16(unicode.ToLower(r))
	}
	return table
}()

// AppendLower appends s in lower case as JavaScript, Java and Python have it:
// İ becomes i and a combining dot, and a final Σ becomes ς, where
// strings.ToLower gives i and σ. Bytes that are not UTF-8 become U+FFFD.
func AppendLower[T string | []byte](dst []byte, s T) []byte {
	start := len(dst)
	dst = append(dst, s...)
	for i := start; i < len(dst); i++ {
		c := dst[i]
		if c >= utf8.RuneSelf {
			return appendLowerRunes(dst[:i], start, string(s))
		}
		dst[i] = byte(lowered[c])
	}
	return dst
}

// appendLowerRunes goes on where the first character outside ASCII stands: dst
// holds what is before it, from start on.
func appendLowerRunes(dst []byte, start int, s string) []byte {
	for i := len(dst) - start; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == capitalSigma:
			// Whether a sigma is final depends on its neighbours on both
			// sides: let the library look at the whole string.
			return append(dst[:start], cases.Lower(language.Und).String(valid(s))...)
		case r == dottedCapitalI:
			dst = append(dst, "i̇"...)
		case int(r) < len(lowered):
			dst = utf8.AppendRune(dst, rune(lowered[r]))
		default:
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		i += n
	}
	return dst
}

func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
