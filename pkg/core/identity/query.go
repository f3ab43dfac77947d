package identity

import (
	"net/url"
	"strings"
)

// QueryValue gives the value of a parameter, percent-decoded exactly once as
// ordinary query parsing does; the first of several counts. It does not
// allocate where nothing is encoded. raw may lack its scheme, and may be
// escaped for HTML, as links that a page's source was read for are.
func QueryValue(raw, name string) (Raw, bool) {
	if !strings.Contains(raw, name) {
		return Raw{}, false // most URLs, in one fast search
	}
	before, query, _ := strings.Cut(raw, "?")
	if strings.IndexByte(before, '#') >= 0 {
		return Raw{}, false // all of it is the fragment
	}
	query = withoutFragment(query)
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(unescapedPair(pair), "=")
		if key != name {
			continue
		}
		decoded, err := url.QueryUnescape(value)
		return Raw{v: decoded}, err == nil && decoded != ""
	}
	return Raw{}, false
}

// escapes are what is left of an ampersand that was escaped for HTML, once the
// query is parted at ampersands; a URL can be escaped more than once.
var escapes = [...]string{"amp;", "#38;", "#038;", "#x26;", "#X26;"}

// unescapedPair removes what is left of escaped ampersands in front of a
// parameter's name.
func unescapedPair(pair string) string {
next:
	for len(pair) > 4 && (pair[0] == 'a' || pair[0] == '#') {
		for _, escape := range escapes {
			if rest, found := strings.CutPrefix(pair, escape); found {
				pair = rest
				continue next
			}
		}
		return pair
	}
	return pair
}

// withoutFragment cuts a query at its fragment. The number sign of an escaped
// ampersand begins none.
func withoutFragment(query string) string {
	for i := range len(query) {
		if query[i] == '#' && (i == 0 || query[i-1] != '&' || len(unescapedPair(query[i:])) == len(query)-i) {
			return query[:i]
		}
	}
	return query
}

// lookQuery is Look for a query value, where a plus sign can be a space. What
// names a campaign by its number is an id.
func lookQuery(name, value string) Suspect {
	if name == "utm_id" {
		return LookID(value)
	}
	if k := Look(value); k != NotSuspect || strings.IndexByte(value, '+') < 0 {
		return k
	}
	return Look(strings.ReplaceAll(value, "+", " "))
}

// percentDecode decodes what is decodable and leaves the rest.
func percentDecode(s string) (string, bool) {
	first := 0
	for first < len(s) && (s[first] != '%' || !isOctet(s, first)) {
		first++
	}
	if first == len(s) {
		return s, false
	}
	out := append(make([]byte, 0, len(s)), s[:first]...)
	for i := first; i < len(s); i++ {
		if s[i] == '%' && isOctet(s, i) {
			out = append(out, hexDigit(s[i+1])<<4|hexDigit(s[i+2]))
			i += 2
			continue
		}
		out = append(out, s[i])
	}
	return string(out), true
}

func isOctet(s string, i int) bool {
	return i+2 < len(s) && hexDigit(s[i+1]) < 16 && hexDigit(s[i+2]) < 16
}
