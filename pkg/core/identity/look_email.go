package identity

import (
	"net/netip"
	"strings"
)

// findEmail finds the first x@y.z from position from on; an at sign may be
// percent-encoded, also twice. x may be in quotes, and y.z an address of a host
// in brackets.
func findEmail(s string, from int) (start, end int, ok bool) {
	for i := from; i < len(s); i++ {
		width := atSign(s[i:])
		if width == 0 {
			continue
		}
		start = i
		for start > from && i-start < maxLocal && is(s[start-1], localByte) {
			start--
		}
		if start == i {
			if start = quotedStart(s, from, i); start == i {
				continue
			}
		}
		if end = domainEnd(s, i+width); end > 0 {
			return start, end, true
		}
	}
	return 0, 0, false
}

// maxLocal is how far in front of the at sign x is looked for. It bounds what a
// text of nothing but escaped at signs costs.
const maxLocal = 512

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

// maxQuoted is the longest quoted x of an address: RFC 5321 allows 64 bytes.
const maxQuoted = 64

// quotedStart gives where the quoted local part begins that ends at i, and i
// where there is none: `"jane doe"@y.z`. It holds a letter or digit, as what
// stands between two strings of JSON does not.
func quotedStart(s string, from, i int) int {
	if i-from < 3 || s[i-1] != '"' {
		return i
	}
	word := false
	for j := i - 2; j >= from && i-j <= maxQuoted+1; j-- {
		if s[j] == '"' {
			if word {
				return j
			}
			return i
		}
		word = word || isWord(s[j])
	}
	return i
}

// domainEnd gives the end of y.z, or of an address in brackets, at position i;
// zero where neither stands there.
func domainEnd(s string, i int) int {
	if i < len(s) && s[i] == '[' {
		return literalEnd(s, i)
	}
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

// literalEnd gives the end of [192.0.2.1] or [IPv6:2001:db8::1] at i.
func literalEnd(s string, i int) int {
	n := strings.IndexByte(s[i:min(len(s), i+maxQuoted)], ']')
	if n < 0 {
		return 0
	}
	if _, err := netip.ParseAddr(strings.TrimPrefix(s[i+1:i+n], "IPv6:")); err != nil {
		return 0
	}
	return i + n + 1
}

// spelledEmail reports an address whose signs are written out so that programs
// do not find it: "jane [at] mail (dot) example", "jane at mail dot example",
// "jane @ mail.example". The words alone count only together: "seen at
// shop.example" is no address.
func spelledEmail(s string, words bool) bool {
	out := make([]byte, 0, len(s))
	spelled := false
	for i := 0; i < len(s); {
		// White space is looked at once, where it begins.
		if is(s[i], atByte|bracketByte) || is(s[i], spaceByte) && (i == 0 || !is(s[i-1], spaceByte)) {
			if sign, n := spelledSign(s, i, words); n > 0 {
				out, spelled = append(out, sign), true
				i += n
				continue
			}
		}
		out = append(out, s[i])
		i++
	}
	if !spelled {
		return false
	}
	_, _, ok := findEmail(string(out), 0)
	return ok
}

// bracketed reports a bracket in which a sign of an address can be written out.
func bracketed(s string) bool {
	for i := range len(s) {
		if !is(s[i], bracketByte) {
			continue
		}
		if j := skipSpaces(s, i+1); j < len(s) && (s[j]|0x20 == 'a' || s[j] == '@') && closingOf(s[i]) != 0 {
			return true
		}
	}
	return false
}

// spelledSign gives the sign that is written out at i, white space around it
// included, and its length there; zero where none is. words: the words count
// without brackets too.
func spelledSign(s string, i int, words bool) (sign byte, n int) {
	j := skipSpaces(s, i)
	if j == len(s) {
		return 0, 0
	}
	if s[j] == '@' {
		if end := skipSpaces(s, j+1); end-i > 1 {
			return '@', end - i
		}
		return 0, 0
	}
	spaced, closing := j > i, closingOf(s[j])
	if closing != 0 {
		j = skipSpaces(s, j+1)
	} else if !words || !spaced {
		return 0, 0
	}
	switch {
	case foldedAt(s, j, "at"):
		sign, j = '@', j+len("at")
	case foldedAt(s, j, "dot"):
		sign, j = '.', j+len("dot")
	case closing != 0 && (s[j:] != "" && (s[j] == '@' || s[j] == '.')):
		sign, j = s[j], j+1
	default:
		return 0, 0
	}
	end := skipSpaces(s, j)
	if closing == 0 {
		if end == j {
			return 0, 0
		}
		return sign, end - i
	}
	if end == len(s) || s[end] != closing {
		return 0, 0
	}
	return sign, skipSpaces(s, end+1) - i
}

func skipSpaces(s string, i int) int {
	for i < len(s) && is(s[i], spaceByte) {
		i++
	}
	return i
}

// closingOf gives the bracket that closes c, zero where c opens none.
func closingOf(c byte) byte {
	switch c {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '<':
		return '>'
	default:
		return 0
	}
}
