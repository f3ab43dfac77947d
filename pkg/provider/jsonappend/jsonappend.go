// Package jsonappend writes JSON by appending, without reflection and without
// allocating. It takes text only as identity.Clean, identity.CleanBytes or
// identity.Hashed, so that a raw personal value cannot reach a payload by
// accident, and it puts commas by itself: a member or element is preceded by
// one unless the last byte opens an object or array.
package jsonappend

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/identity"
)

// Comma appends a comma unless dst ends in an opening bracket.
func Comma(dst []byte) []byte {
	if n := len(dst); n == 0 || dst[n-1] == '{' || dst[n-1] == '[' || dst[n-1] == ':' {
		return dst
	}
	return append(dst, ',')
}

// Key appends a comma where one is needed, the member's name, which must be
// plain ASCII without quotes, and the colon.
func Key(dst []byte, name string) []byte {
	dst = append(Comma(dst), '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

// Name is Key for a name that came from outside: it is escaped.
func Name(dst []byte, name identity.Clean) []byte {
	return append(String(Comma(dst), name), ':')
}

// String appends a quoted string.
func String(dst []byte, s identity.Clean) []byte { return quote(dst, s.Text()) }

// Bytes appends a quoted string that stands in scratch memory.
func Bytes(dst []byte, s identity.CleanBytes) []byte { return quote(dst, s.Bytes()) }

// Hex appends a quoted digest in lower-case hex, with its mark.
func Hex(dst []byte, h *identity.Hashed) []byte {
	return append(h.AppendHex(append(dst, '"')), '"')
}

// Int appends an integer.
func Int(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// Bool appends true or false.
func Bool(dst []byte, b bool) []byte { return strconv.AppendBool(dst, b) }

// Finite reports whether f can be written as a JSON number.
func Finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// Float appends a number in its shortest form, never with an exponent. What
// is not a number is written as 0; callers ask Finite first.
func Float(dst []byte, f float64) []byte {
	if f == 0 || !Finite(f) { // also -0
		return append(dst, '0')
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// Decimal appends a number rounded to at most digits places after the point,
// without trailing zeros and never with an exponent: 80.00000000000001 is 80.
func Decimal(dst []byte, f float64, digits int) []byte {
	if !Finite(f) {
		return append(dst, '0')
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', digits, 64)
	if digits > 0 {
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
		if dst[len(dst)-1] == '.' {
			dst = dst[:len(dst)-1]
		}
	}
	if string(dst[start:]) == "-0" {
		return append(dst[:start], '0')
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// plain are the bytes that stand for themselves in a JSON string.
var plain = func() (table [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// quote escapes what JSON asks for and nothing else; bytes that are not UTF-8
// become U+FFFD, so that the result is always valid.
func quote[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			n := runeLength(s, i)
			if n > 0 {
				i += n
				continue
			}
			dst = append(append(dst, s[from:i]...), "\uFFFD"...)
			i++
			from = i
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = escape(dst, c)
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

func escape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}

// runeLength gives the bytes of the rune at i, zero where it is not UTF-8.
func runeLength[T string | []byte](s T, i int) int {
	var head [utf8.UTFMax]byte
	n := copy(head[:], s[i:])
	r, size := utf8.DecodeRune(head[:n])
	if r == utf8.RuneError && size < 2 {
		return 0
	}
	return size
}
