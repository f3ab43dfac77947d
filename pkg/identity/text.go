package identity

import (
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
	if n := len(s); n > 0 && s[0] > ' ' && s[0] < utf8.RuneSelf && s[n-1] > ' ' && s[n-1] < utf8.RuneSelf {
		return s // the common case, without decoding
	}
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

// AppendNFC appends s in Unicode's composed form. Digests of composed and
// decomposed text differ although both look the same.
func AppendNFC(dst []byte, s string) []byte {
	if IsASCII(s) {
		return append(dst, s...)
	}
	return norm.NFC.AppendString(dst, s)
}

// ComposeTail brings the bytes of b from start on into composed form: deleting
// characters can bring a letter and an accent together.
func ComposeTail(b []byte, start int) []byte {
	if norm.NFC.IsNormal(b[start:]) {
		return b
	}
	return append(b[:start], norm.NFC.Bytes(b[start:])...)
}

// The two letters whose lower case depends on more than the letter.
const (
	dottedCapitalI = 'İ'
	capitalSigma   = 'Σ'
)

// AppendLower appends s in lower case as JavaScript, Java and Python have it:
// İ becomes i and a combining dot, and a final Σ becomes ς, where
// strings.ToLower gives i and σ. Bytes that are not UTF-8 become U+FFFD.
func AppendLower(dst []byte, s string) []byte {
	start := len(dst)
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == capitalSigma {
			// Whether a sigma is final depends on its neighbours on both
			// sides: let the library look at the whole string.
			return append(dst[:start], cases.Lower(language.Und).String(valid(s))...)
		}
		if r == dottedCapitalI {
			dst = append(dst, "i̇"...)
		} else {
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
