package normal

import (
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Name removes white space and ASCII punctuation and lower-cases; letters of
// every script, digits, typographic quotes and dashes stay.
func Name(dst []byte, s string, _ Hints) ([]byte, bool) { return appendWithout(dst, s, &notInNames) }

// Compact removes white space and lower-cases.
func Compact(dst []byte, s string, _ Hints) ([]byte, bool) {
	return appendWithout(dst, s, &asciiSpace)
}

// The ASCII characters that fall away; white space beyond them always does.
var notInNames, asciiSpace = func() (names, space [utf8.RuneSelf]bool) {
	for i := range names {
		c := byte(i)
		space[i] = identity.IsSpace(rune(c))
		names[i] = space[i] || c > ' ' && c < 0x7F && !alnum(c)
	}
	return names, space
}()

// appendWithout appends s in lower case without white space and what else falls
// away; false where nothing is left.
func appendWithout(dst []byte, s string, without *[utf8.RuneSelf]bool) ([]byte, bool) {
	start := len(dst)
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return appendRunesWithout(dst[:start], s, without)
		}
		if !without[c] {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			dst = append(dst, c)
		}
	}
	return dst, len(dst) > start
}

// appendRunesWithout is the same for text outside ASCII: first what stays, then
// behind it the same in lower case, which takes its place.
func appendRunesWithout(dst []byte, s string, without *[utf8.RuneSelf]bool) ([]byte, bool) {
	start := len(dst)
	for _, r := range s {
		if r < utf8.RuneSelf && without[r] || r >= utf8.RuneSelf && identity.IsSpace(r) {
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	stay := dst[start:]
	dst = identity.AppendLower(dst, stay)
	dst = dst[:start+copy(dst[start:], dst[start+len(stay):])]
	dst = identity.ComposeTail(dst, start)
	return dst, len(dst) > start
}

// CutName is Name of at most so many characters.
func CutName(dst []byte, s string, h Hints, runes int) ([]byte, bool) {
	start := len(dst)
	dst, ok := Name(dst, s, h)
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

// Gender gives m or f. The whole value must be one of the words that Meta's
// libraries understand.
func Gender(dst []byte, s string, _ Hints) ([]byte, bool) {
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

// genders are the words for a gender that Meta's client library knows.
var genders = map[string]byte{
	"m": 'm', "male": 'm', "man": 'm', "boy": 'm', "gentleman": 'm', "mr": 'm', "mister": 'm', "sir": 'm', "he": 'm',
	"him": 'm', "his": 'm', "himself": 'm', "father": 'm', "dad": 'm', "daddy": 'm', "papa": 'm', "son": 'm',
	"brother": 'm', "husband": 'm', "boyfriend": 'm', "uncle": 'm', "nephew": 'm', "king": 'm', "prince": 'm',
	"duke": 'm', "emperor": 'm', "lord": 'm', "god": 'm', "count": 'm', "widower": 'm', "groom": 'm', "guy": 'm',
	"dude": 'm', "bloke": 'm', "chap": 'm', "lad": 'm', "fellow": 'm',

	"f": 'f', "female": 'f', "woman": 'f', "girl": 'f', "lady": 'f', "mrs": 'f', "ms": 'f', "miss": 'f', "madam": 'f',
	"ma'am": 'f', "she": 'f', "her": 'f', "hers": 'f', "herself": 'f', "mother": 'f', "mom": 'f', "mommy": 'f',
	"mama": 'f', "daughter": 'f', "sister": 'f', "wife": 'f', "girlfriend": 'f', "aunt": 'f', "niece": 'f',
	"queen": 'f', "princess": 'f', "duchess": 'f', "empress": 'f', "countess": 'f', "goddess": 'f', "dame": 'f',
	"belle": 'f', "maiden": 'f', "lass": 'f', "gal": 'f', "chick": 'f', "bride": 'f', "widow": 'f',
}
