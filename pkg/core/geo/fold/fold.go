// Package fold brings names of places into the form in which they are compared:
// lower case, without accents, punctuation and spaces. The reader and the
// generator of its tables share it.
package fold

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Append appends what of s tells one name from another: letters and digits, in
// lower case, without accents. "Côte d’Ivoire" gives "cotedivoire". Bytes that
// are not UTF-8, and U+FFFD, are no letters.
func Append(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			return appendRunes(dst, s[i:])
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c|0x20)
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			dst = append(dst, c)
		}
	}
	return dst
}

// appendRunes is Append for text beyond ASCII. Compatibility decomposition
// separates accents from letters and undoes full width and ligatures.
func appendRunes(dst []byte, s string) []byte {
	var buf [256]byte
	for _, r := range string(norm.NFKD.AppendString(buf[:0], s)) {
		r = unicode.ToLower(r)
		switch {
		case r == utf8.RuneError || accent(r):
		case plain[r] != "":
			dst = append(dst, plain[r]...)
		case unicode.In(r, unicode.Ll, unicode.Lo, unicode.M, unicode.Nd):
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}

// accent tells the marks that people leave out: those of the alphabets, and the
// points of Arabic and Hebrew. Marks of other scripts are vowels.
func accent(r rune) bool {
	return r >= 0x300 && r <= 0x36F || r >= 0x591 && r <= 0x5C7 || r >= 0x610 && r <= 0x65F && unicode.Is(unicode.M, r) || r == 0x670
}

// plain are letters that have no decomposition and yet are written without
// their stroke, or as two, by people whose keyboard lacks them.
var plain = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŋ': "n", 'ə': "e", 'ς': "σ",
}
