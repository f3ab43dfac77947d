package meta

import (
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/identity"
)

// name removes white space and ASCII punctuation and lower-cases; letters of
// every script, digits, typographic quotes and dashes stay.
func name(dst []byte, s string, _ Hints) ([]byte, bool) {
	start := len(dst)
	if identity.IsASCII(s) {
		for i := range len(s) {
			if c := s[i]; !asciiPunctuation(c) && !identity.IsSpace(rune(c)) {
				if c >= 'A' && c <= 'Z' {
					c += 'a' - 'A'
				}
				dst = append(dst, c)
			}
		}
		return dst, len(dst) > start
	}
	kept := make([]byte, 0, len(s))
	for _, r := range s {
		if r < utf8.RuneSelf && asciiPunctuation(byte(r)) || identity.IsSpace(r) {
			continue
		}
		kept = utf8.AppendRune(kept, r)
	}
	dst = identity.ComposeTail(identity.AppendLower(dst, string(kept)), start)
	return dst, len(dst) > start
}

func asciiPunctuation(c byte) bool {
	return c > ' ' && c < 0x7F && !alnum(c)
}

// firstFive and initial are cut by characters, not bytes.
func firstFive(dst []byte, s string, h Hints) ([]byte, bool) { return cutName(dst, s, h, 5) }
func initial(dst []byte, s string, h Hints) ([]byte, bool)   { return cutName(dst, s, h, 1) }

func cutName(dst []byte, s string, h Hints, runes int) ([]byte, bool) {
	start := len(dst)
	dst, ok := name(dst, s, h)
	for i := start; i < len(dst); {
		if runes == 0 {
			return dst[:i], ok
		}
		_, n := utf8.DecodeRune(dst[i:])
		i += n
		runes--
	}
	return dst, ok
}

// gender gives m or f. The whole value must be one of the words that Meta's
// libraries understand.
func gender(dst []byte, s string, _ Hints) ([]byte, bool) {
	var word [16]byte
	if len(s) > len(word) {
		return dst, false
	}
	g, ok := genders[string(identity.AppendLower(word[:0], s))]
	if !ok {
		return dst, false
	}
	return append(dst, g), true
}

// externalID removes white space and lower-cases.
func externalID(dst []byte, s string, _ Hints) ([]byte, bool) {
	start := len(dst)
	if identity.IsASCII(s) {
		for i := range len(s) {
			if c := s[i]; !identity.IsSpace(rune(c)) {
				if c >= 'A' && c <= 'Z' {
					c += 'a' - 'A'
				}
				dst = append(dst, c)
			}
		}
		return dst, len(dst) > start
	}
	kept := make([]byte, 0, len(s))
	for _, r := range s {
		if !identity.IsSpace(r) {
			kept = utf8.AppendRune(kept, r)
		}
	}
	dst = identity.ComposeTail(identity.AppendLower(dst, string(kept)), start)
	return dst, len(dst) > start
}
