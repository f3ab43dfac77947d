package click

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Fault says why a value is no id.
type Fault uint8

// The faults.
const (
	OK Fault = iota
	Absent
	Placeholder // a variable that nobody filled
	Invalid     // not what the platform makes ids of
)

// ID is a click id without the cookie around it.
type ID struct {
	Value string
	// At is when the cookie says that the click was, epoch milliseconds; zero
	// where nothing says it.
	At int64
}

// Read takes a value to the id inside it: the id itself, or the cookie of the
// platform's tag, percent-encoded or not. Ids are case-sensitive and never
// changed.
func Read(k Kind, value string) (ID, Fault) {
	s := identity.Trim(value)
	if s == "" {
		return ID{}, Absent
	}
	id := ID{Value: s}
	switch k {
	case Gclid, Gbraid, Wbraid, Dclid:
		id = googleCookie(s)
	case Fbclid:
		id = metaCookie(s)
	case Msclkid:
		id.Value = strings.TrimPrefix(s, "_uet")
	case Twclid:
		id.Value = xCookie(s)
	}
	if identity.Placeholder(identity.AnyField, id.Value) {
		return ID{}, Placeholder
	}
	if !clean(k, id.Value) || personal(id.Value) {
		return ID{}, Invalid
	}
	return id, OK
}

// personal reports an id that looks like personal data or a secret: no platform
// makes such ids, and every provider would pass it on as it is.
func personal(id string) bool { return identity.LookID(id) != identity.NotSuspect }

// clean reports whether s is made of what the platform makes ids of.
func clean(k Kind, s string) bool {
	if s == "" || len(s) > kinds[k].most {
		return false
	}
	var more string // besides letters, digits, _ and -
	switch k {
	case Gclid, Gbraid, Wbraid, Dclid:
		s = strings.TrimRight(s, "=") // base64url, padded by some
	case Fbclid:
		more = "~%+/=:"
	default:
		more = ".~%+/=:"
	}
	for i := range len(s) {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || strings.IndexByte(more, c) >= 0 {
			continue
		}
		return false
	}
	return s != ""
}

// googleCookie takes the forms of _gcl_aw and its like apart:
//
//	GCL.{seconds}.{id}           since 2017, also with 1. in front (_gac_…)
//	2.1.k{id}$i{seconds}         since 2025, parts in any order
func googleCookie(s string) ID {
	plain := unescaped(s)
	if rest, ok := strings.CutPrefix(plain, "2.1."); ok {
		var id ID
		for part := range strings.SplitSeq(rest, "$") {
			switch {
			case part == "":
			case part[0] == 'k':
				id.Value = part[1:]
			case part[0] == 'i':
				id.At = moment(part[1:])
			}
		}
		return id
	}
	rest, ok := strings.CutPrefix(plain, "GCL.")
	if !ok {
		rest, ok = strings.CutPrefix(plain, "1.")
	}
	at, value, parted := strings.Cut(rest, ".")
	if ok && parted && moment(at) > 0 {
		return ID{Value: value, At: moment(at)}
	}
	return ID{Value: s}
}

// metaCookie takes fb.{index}.{milliseconds}.{id}, with or without the mark that
// Meta's reference library appends, apart.
func metaCookie(s string) ID {
	rest, ok := strings.CutPrefix(s, "fb.")
	_, rest, indexed := strings.Cut(rest, ".")
	at, rest, timed := strings.Cut(rest, ".")
	if !ok || !indexed || !timed || moment(at) == 0 {
		return ID{Value: s}
	}
	value, _, _ := strings.Cut(rest, ".")
	return ID{Value: value, At: moment(at)}
}

// xCookie reads the id out of the JSON that the pixel's cookie holds.
func xCookie(s string) string {
	_, rest, found := strings.Cut(unescaped(s), `"twclid":"`)
	if !found {
		return s
	}
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// unescaped decodes a cookie's percent-encoding once.
func unescaped(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}

// moment reads a time in seconds or milliseconds; zero where it is neither.
func moment(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	const year2001, year2286 = 1e9, 1e10
	switch {
	case err != nil || n < year2001:
		return 0
	case n < year2286:
		return n * 1000
	case n < year2286*1000:
		return n
	default:
		return 0
	}
}
