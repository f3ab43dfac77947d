package jsonappend

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// plain are the bytes that stand for themselves in a JSON string.
var plain = func() (table [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// plainEight reports whether the eight bytes from i on are all plain. A byte that
// is not has its highest bit set in one of the terms: it had it before, or is
// below a space, or nothing is left of it beside a quote or a backslash, and the
// subtraction borrows.
func plainEight[T string | []byte](s T, i int) bool {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	_ = s[i+7]
	x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
	below, quote, slash := x-' '*each, (x^'"'*each)-each, (x^'\\'*each)-each
	return (x|below|quote|slash)&highest == 0
}

// quote escapes what JSON asks for and nothing else; bytes that are not UTF-8
// become U+FFFD, so that the result is always valid.
func quote[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && plainEight(s, i) {
			i += 8
			continue
		}
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
