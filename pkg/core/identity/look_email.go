package identity

import "strings"

// findEmail finds the first x@y.z from position from on; an at sign may be
// percent-encoded, also twice.
func findEmail(s string, from int) (start, end int, ok bool) {
	for i := from; i < len(s); i++ {
		width := atSign(s[i:])
		if width == 0 {
			continue
		}
		start = i
		for start > from && is(s[start-1], localByte) {
			start--
		}
		if start == i {
			continue
		}
		if end = domainEnd(s, i+width); end > 0 {
			return start, end, true
		}
	}
	return 0, 0, false
}

// atSign gives the length of an at sign at the beginning of s, or zero.
func atSign(s string) int {
	switch {
	case s[0] == '@':
		return 1
	case s[0] != '%':
		return 0
	case strings.HasPrefix(s, "%40"):
		return 3
	case strings.HasPrefix(s, "%2540"):
		return 5
	default:
		return 0
	}
}

// domainEnd gives the end of y.z at position i, zero where none stands there.
func domainEnd(s string, i int) int {
	end, label, dotted := 0, 0, false
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.' && label > 0:
			dotted, label = true, 0
		case isWord(c) && c != '_' || c == '-':
			label++
			if dotted {
				end = i + 1
			}
		default:
			return end
		}
	}
	return end
}
