package identity

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// unveil takes one layer of disguise off s: the escapes of URLs, HTML,
// JavaScript and mail, then characters that stand for others.
func unveil(s string) (plain string, changed bool) {
	plain = s
	if strings.IndexByte(plain, '&') >= 0 {
		plain = html.UnescapeString(plain)
	}
	plain = fold(unescape(plain))
	return plain, plain != s
}

// unescape undoes the escapes that stand in s and leaves what is none.
func unescape(s string) string {
	first := 0
	for first < len(s) && !isEscape(s, first) {
		first++
	}
	if first == len(s) {
		return s
	}
	out := append(make([]byte, 0, len(s)), s[:first]...)
	for i := first; i < len(s); {
		text, n := escaped(s, i)
		if n == 0 {
			text, n = s[i:i+1], 1
		}
		out = append(out, text...)
		i += n
	}
	return string(out)
}

func isEscape(s string, i int) bool {
	_, n := escaped(s, i)
	return n > 0
}

// escaped reads the escape that begins at i, zero where none does.
func escaped(s string, i int) (text string, n int) {
	switch s[i] {
	case '%': // URLs: %40, and %u0040 of old browsers
		if i+1 < len(s) && s[i+1] == 'u' {
			return codePoint(s, i, 2, 4)
		}
		return octet(s, i, 1)
	case '\\': // JavaScript and JSON: \u0040, \x40
		if i+1 == len(s) {
			return "", 0
		}
		switch s[i+1] {
		case 'u':
			return codePoint(s, i, 2, 4)
		case 'U':
			return codePoint(s, i, 2, 8)
		case 'x':
			return octet(s, i, 2)
		}
	case '=': // mail: =40; only signs of addresses and numbers, for a=40 is common
		if text, n = octet(s, i, 1); n > 0 && strings.Contains("@+.", text) {
			return text, n
		}
	case '+': // mail: +AEA-
		return utf7(s, i)
	}
	return "", 0
}

// octet reads two hex digits behind a lead of so many bytes.
func octet(s string, i, lead int) (text string, n int) {
	if i+lead+2 > len(s) || hexDigit(s[i+lead]) > 15 || hexDigit(s[i+lead+1]) > 15 {
		return "", 0
	}
	return string([]byte{hexDigit(s[i+lead])<<4 | hexDigit(s[i+lead+1])}), lead + 2
}

// codePoint reads so many hex digits of a character behind a lead.
func codePoint(s string, i, lead, digits int) (text string, n int) {
	if i+lead+digits > len(s) {
		return "", 0
	}
	r := rune(0)
	for j := i + lead; j < i+lead+digits; j++ {
		d := hexDigit(s[j])
		if d > 15 || r > unicode.MaxRune>>4 {
			return "", 0
		}
		r = r<<4 | rune(d)
	}
	return string(r), lead + digits
}

// maxUTF7 is how many letters of one escape of UTF-7 are read.
const maxUTF7 = 64

// utf7 reads an escape of UTF-7 that stands for text of ASCII: base64 of UTF-16.
func utf7(s string, i int) (text string, n int) {
	end := i + 1
	for end < len(s) && end-i <= maxUTF7 && (isAlnum(s[end]) || s[end] == '/' || s[end] == '+') {
		end++
	}
	if end-i < 4 || end == len(s) || s[end] != '-' {
		return "", 0
	}
	var units []uint16
	bits, have := 0, 0
	for _, c := range []byte(s[i+1 : end]) {
		bits, have = bits<<6|int(alphabets[0].value[c]), have+6
		if have >= 16 {
			have -= 16
			units = append(units, uint16(bits>>have))
			bits &= 1<<have - 1
		}
	}
	for _, u := range units {
		if u >= utf8.RuneSelf || !is(byte(u), inkByte|spaceByte) {
			return "", 0
		}
	}
	return string(utf16.Decode(units)), end + 1 - i
}

// fold writes s in the characters that its own stand for: full-width and other
// forms of letters and signs, digits of every script, dashes, spaces and full
// stops; what is not seen falls away.
func fold(s string) string {
	first := strings.IndexFunc(s, foldable)
	if first < 0 {
		return s
	}
	out := append(make([]byte, 0, len(s)), s[:first]...)
	for _, r := range s[first:] {
		if !foldable(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, p := range norm.NFKC.String(string(r)) {
			if p = plainRune(p); p >= 0 {
				out = utf8.AppendRune(out, p)
			}
		}
	}
	return string(out)
}

// foldable reports a character that fold may change. Letters of the living
// scripts are none, so most texts in them end here, nor are fractions and small
// or circled numbers: they end a number and belong to none.
func foldable(r rune) bool {
	switch {
	case r < 0x80, r >= 0x3040 && r < 0xA000, r >= 0xAC00 && r < 0xD800, r >= 0xE000 && r < 0xFB00:
		return false
	case r < 0x300:
		return !unicode.IsLetter(r) && !unicode.Is(unicode.No, r)
	case r < 0x2000, r >= 0xA000 && r < 0xAC00, r >= 0x1F200 && r < 0xE0000:
		return unicode.IsDigit(r) || unicode.Is(unicode.Cf, r) || r == joiner || r == arabicStop
	default:
		return !unicode.Is(unicode.No, r)
	}
}

const (
	joiner         = '\u034F' // combining grapheme joiner, which is not seen
	arabicStop     = '\u06D4'
	ideographStop  = '\u3002'
	minus          = '\u2212'
	fractionSlash  = '\u2044'
	divisionSlash  = '\u2215'
	firstSelector  = '\uFE00'
	lastSelector   = '\uFE0F'
	firstSelector2 = '\U000E0100'
	lastSelector2  = '\U000E01EF'
)

// plainRune gives what stands for r in ASCII, r itself where nothing does, and
// -1 where r is not seen.
func plainRune(r rune) rune {
	switch {
	case r < 0x80:
		return r
	case unicode.Is(unicode.Cf, r), r == joiner, r >= firstSelector && r <= lastSelector, r >= firstSelector2 && r <= lastSelector2:
		return -1
	case IsSpace(r):
		return ' '
	case unicode.IsDigit(r):
		zero := r
		for r-zero < 9 && unicode.IsDigit(zero-1) {
			zero--
		}
		return '0' + r - zero
	case r == minus, unicode.Is(unicode.Pd, r):
		return '-'
	case r == ideographStop, r == arabicStop:
		return '.'
	case r == fractionSlash, r == divisionSlash:
		return '/'
	default:
		return r
	}
}
