package identity

import (
	"net/netip"
	"strings"
)

// URLMode says how much of a URL may leave.
type URLMode uint8

// The modes, from most to least.
const (
	URLFull   URLMode = iota // origin, path and the parameters that are allowed
	URLPath                  // origin and path
	URLOrigin                // origin only
)

// ParseURLMode reads full, path or origin; empty is full.
func ParseURLMode(s string) (URLMode, bool) {
	switch s {
	case "", "full":
		return URLFull, true
	case "path":
		return URLPath, true
	case "origin":
		return URLOrigin, true
	default:
		return URLOrigin, false
	}
}

// URLPolicy says what may stay in a URL.
type URLPolicy struct {
	Mode URLMode
	// ClickIDs are the provider's own click parameters. They are passed on
	// byte for byte; the caller leaves them out where ad_storage forbids them.
	ClickIDs []string
	// Parameters are further ones that the mapping names. Their values are
	// scanned like those of utm_* parameters.
	Parameters []string
}

// hiddenSegment stands in for a part of the path that looks personal.
const hiddenSegment = "redacted"

// maxClickID bounds a click id's value; Meta's own script ignores longer ones.
const maxClickID = 500

// AppendURL appends what may leave of an http or https URL: user information
// and fragment are removed, the query passes the allow-list, and path segments
// and values that look like personal data or secrets are replaced or dropped
// and counted in unsafe. Bytes that no URL may hold are percent-encoded, so
// that the result needs no escaping in JSON. ok is false, and nothing
// appended, where raw is no such URL.
func AppendURL(dst []byte, raw string, p URLPolicy) (out []byte, unsafe int, ok bool) {
	origin, rest, ok := splitOrigin(Trim(raw))
	if !ok {
		return dst, 0, false
	}
	dst = append(dst, origin.scheme...)
	dst = append(dst, "://"...)
	dst = append(dst, origin.host...)
	if p.Mode == URLOrigin {
		return dst, 0, true
	}
	path, query := splitPath(rest)
	dst, unsafe = appendPath(dst, path)
	if p.Mode == URLPath {
		return dst, unsafe, true
	}
	sep := byte('?')
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		pair = unescapedPair(pair)
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case contains(p.ClickIDs, name):
			if !clickValue(value) {
				continue
			}
		case !strings.HasPrefix(name, "utm_") && !contains(p.Parameters, name):
			continue
		case Look(name) != NotSuspect || lookQuery(name, value) != NotSuspect:
			unsafe++
			continue
		}
		encoded, safe := appendJudged(append(dst, sep), pair)
		if !safe && !contains(p.ClickIDs, name) {
			unsafe++
			continue
		}
		dst, sep = encoded, '&'
	}
	return dst, unsafe, true
}

// appendJudged encodes s and looks at the result too: encoding what is not
// UTF-8 can part a number from the word that hid it.
func appendJudged(dst []byte, s string) (out []byte, safe bool) {
	at := len(dst)
	dst = appendEncoded(dst, s)
	return dst, len(dst)-at == len(s) || Look(string(dst[at:])) == NotSuspect
}

type origin struct{ scheme, host string }

// splitOrigin takes scheme and host off a URL and drops user information.
func splitOrigin(s string) (o origin, rest string, ok bool) {
	i := strings.IndexByte(s, ':')
	if i < 0 || !strings.HasPrefix(s[i:], "://") {
		return o, "", false
	}
	switch scheme := s[:i]; {
	case scheme == "https" || strings.EqualFold(scheme, "https"):
		o.scheme = "https"
	case strings.EqualFold(scheme, "http"):
		o.scheme = "http"
	default:
		return o, "", false
	}
	after := s[i+len("://"):]
	end := 0
	for end < len(after) && is(after[end], hostByte) {
		end++
	}
	if plainHost(after, end) {
		o.host = after[:end]
		return o, after[end:], true
	}
	for end < len(after) && !endsHost(after[end]) {
		end++
	}
	o.host, rest = after[:end], after[end:]
	if at := strings.LastIndexByte(o.host, '@'); at >= 0 {
		o.host = o.host[at+1:]
	}
	return o, rest, validHost(o.host)
}

func endsHost(c byte) bool { return c == '/' || c == '?' || c == '#' || c == '\\' }

// plainHost reports whether the first end bytes of s, all of them hostByte, are
// a whole host that validHost would accept: without user information, port or
// brackets there is nothing else to ask.
func plainHost(s string, end int) bool {
	return end > 0 && end <= maxHost && s[0] != '.' && (end == len(s) || endsHost(s[end]))
}

// maxHost is the longest name of a host (RFC 1035).
const maxHost = 253

// validHost accepts a name or an address and an optional port.
func validHost(h string) bool {
	if strings.HasPrefix(h, "[") {
		end := strings.IndexByte(h, ']')
		if end < 3 || !portOrNothing(h[end+1:]) {
			return false
		}
		addr, err := netip.ParseAddr(h[1:end])
		return err == nil && addr.Is6() && addr.Zone() == ""
	}
	if i := strings.LastIndexByte(h, ':'); i >= 0 {
		if !portOrNothing(h[i:]) {
			return false
		}
		h = h[:i]
	}
	if h == "" || h[0] == '.' || len(h) > maxHost {
		return false
	}
	for _, r := range h {
		if r == 0xFFFD || r < 0x80 && !isWord(byte(r)) && r != '-' && r != '.' || IsSpace(r) {
			return false
		}
	}
	return true
}

// splitPath parts what follows a host, without its fragment.
func splitPath(s string) (path, query string) {
	end := 0
	for end < len(s) && s[end] != '?' && s[end] != '#' {
		end++
	}
	if end < len(s) && s[end] == '?' {
		query = withoutFragment(s[end+1:])
	}
	return s[:end], query
}

// appendPath copies a path and hides the segments that look personal, each on
// its own: jane@example.com in /users/jane@example.com/orders.
func appendPath(dst []byte, path string) (out []byte, unsafe int) {
	if harmlessPath(path) {
		return append(dst, path...), 0
	}
	return appendSegments(dst, path)
}

// harmlessPath reports, in one pass, that no segment of path can look like
// anything or needs encoding: too few digits for a number, segments too short for
// a secret, and no byte that addresses or escapes are made of.
func harmlessPath(path string) bool {
	digits, start := 0, 0
	for i := range len(path) {
		c := path[i]
		class := classes[c]
		digits += int(class & digitByte)
		if class&plainURLByte == 0 {
			if c != '/' || i-start > minToken {
				return false
			}
			start = i
		}
	}
	return digits < minPhone && len(path)-start <= minToken && (path == "" || path[0] == '/')
}

// appendSegments is appendPath for any path.
func appendSegments(dst []byte, path string) (out []byte, unsafe int) {
	for path != "" {
		end := strings.IndexByte(path[1:], '/') + 1
		if end == 0 {
			end = len(path)
		}
		segment := path[1:end]
		dst = append(dst, '/')
		encoded, safe := appendJudged(dst, segment)
		if safe && Look(segment) == NotSuspect {
			dst = encoded
		} else {
			dst = append(dst, hiddenSegment...)
			unsafe++
		}
		path = path[end:]
	}
	return dst, unsafe
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// clickValue accepts what click ids are made of.
func clickValue(v string) bool {
	if v == "" || len(v) > maxClickID {
		return false
	}
	for i := range len(v) {
		if c := v[i]; !isDigit(c) && !isLetter(c) && strings.IndexByte("_-.~%+", c) < 0 {
			return false
		}
	}
	_, _, mail := findEmail(v, 0)
	return !mail
}

// appendEncoded percent-encodes what may not stand in a URL: spaces, control
// characters, quotes, brackets, a percent sign that begins no escape, and bytes
// that are not UTF-8. Everything else is kept byte for byte.
func appendEncoded(dst []byte, s string) []byte {
	const upperHex = "0123456789ABCDEF"
	if plainURL(s) {
		return append(dst, s...)
	}
	for i, r := range s {
		c := s[i]
		escape := c <= ' ' || c == 0x7F || strings.IndexByte("\"<>\\^`{|}", c) >= 0 || r == 0xFFFD || IsSpace(r)
		if c == '%' {
			escape = i+2 >= len(s) || hexDigit(s[i+1]) > 15 || hexDigit(s[i+2]) > 15
		}
		if !escape {
			dst = append(dst, s[i:i+runeSize(s, i, r)]...)
			continue
		}
		for _, b := range []byte(s[i : i+runeSize(s, i, r)]) {
			dst = append(dst, '%', upperHex[b>>4], upperHex[b&15])
		}
	}
	return dst
}

// plainURL reports that nothing in s needs encoding.
func plainURL(s string) bool {
	for i := range len(s) {
		if !is(s[i], plainURLByte) {
			return false
		}
	}
	return true
}

// runeSize is how many bytes of s the rune r at i takes: one for a byte that
// is not UTF-8.
func runeSize(s string, i int, r rune) int {
	switch {
	case r < 0x80:
		return 1
	case r == 0xFFFD:
		if strings.HasPrefix(s[i:], "\uFFFD") {
			return 3
		}
		return 1
	case r < 0x800:
		return 2
	case r < 0x10000:
		return 3
	default:
		return 4
	}
}
