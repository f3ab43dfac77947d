package click

import (
	"cmp"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// ClientID takes the client id of Google Analytics out of its cookie:
// GA1.{depth}.{random}.{seconds} holds {random}.{seconds}, and the first two
// parts belong to the cookie. Any other value is an id that the site made.
func ClientID(value string) (string, Fault) {
	s := identity.Trim(value)
	if s == "" {
		return "", Absent
	}
	id, cookie := s, false
	if rest, ok := strings.CutPrefix(s, "GA1."); ok {
		depth, after, parted := strings.Cut(rest, ".")
		if !parted || !digitsAndHyphens(depth) {
			return "", Invalid
		}
		id, cookie = after, true
	}
	if identity.Placeholder(identity.AnyField, id) {
		return "", Placeholder
	}
	const most = 256
	if len(id) > most || !token(id) || cookie && !cookieClientID(id) || personal(id) {
		return "", Invalid
	}
	return id, OK
}

// cookieClientID recognises two numbers, and the id of AMP pages.
func cookieClientID(s string) bool {
	if strings.HasPrefix(s, "amp-") {
		return true
	}
	a, b, parted := strings.Cut(s, ".")
	return parted && digits(a) && digits(b)
}

// PlainClientID reports the form that the browser's cookie gives, which is what
// reports of Google Analytics join by.
func PlainClientID(s string) bool {
	a, b, parted := strings.Cut(s, ".")
	return parted && digits(a) && digits(b)
}

// SessionID takes the session of Google Analytics out of the cookie of its data
// stream: GS1.1.{seconds}.… or GS2.1.s{seconds}$o….
func SessionID(value string) (string, Fault) {
	s := identity.Trim(value)
	if s == "" {
		return "", Absent
	}
	id := unescaped(s)
	if rest, ok := strings.CutPrefix(id, "GS"); ok {
		_, rest, _ = strings.Cut(rest, ".") // the version
		_, rest, _ = strings.Cut(rest, ".") // the depth
		id, _, _ = strings.Cut(rest, ".")
	}
	for part := range strings.SplitSeq(id, "$") {
		if part != "" && part[0] == 's' {
			id = part[1:]
			break
		}
	}
	switch {
	case identity.Placeholder(identity.AnyField, s) || identity.Placeholder(identity.AnyField, id):
		return "", Placeholder
	case !digits(id) || len(id) > 20 || personal(id):
		return "", Invalid
	}
	return id, OK
}

// BrowserID takes the id of a platform's browser cookie out of it, by the name
// of the cookie; the value as it is for names that are not known.
//
//	_rdt_uuid          {milliseconds}.{uuid}
//	_uetvid, _uetsid   hexadecimal digits, sometimes with _uet in front
//	_ttp, _scid        the id alone
func BrowserID(name, value string) (string, Fault) {
	s := identity.Trim(value)
	switch name {
	case "_rdt_uuid", "rdt_uuid":
		if at, id, parted := strings.Cut(s, "."); parted && digits(at) {
			s = id
		}
	case "_uetvid", "_uetsid", "uetvid":
		s = strings.TrimPrefix(s, "_uet")
	case "_ga":
		return ClientID(s)
	}
	switch {
	case s == "":
		return "", Absent
	case identity.Placeholder(identity.AnyField, s):
		return "", Placeholder
	case personal(s):
		return "", Invalid
	}
	return s, OK
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func digitsAndHyphens(s string) bool { return digits(strings.ReplaceAll(s, "-", "0")) }

// token reports letters, digits, _, -, . and = only.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '=') {
			return false
		}
	}
	return s != ""
}

// Browser is one platform's browser id: a cookie that its tag sets.
type Browser uint8

// The browser ids.
const (
	Ttp     Browser = iota // TikTok
	Scid                   // Snapchat
	RdtUUID                // Reddit
	Uetvid                 // Microsoft Advertising
	BrowserCount
)

// browsers are the names in events, a member of click that is also read as a key
// of click.other, and the cookies.
var browsers = [BrowserCount]struct{ name, cookie string }{
	Ttp: {"ttp", "_ttp"}, Scid: {"scid", "_scid"}, RdtUUID: {"rdt_uuid", "_rdt_uuid"}, Uetvid: {"uetvid", "_uetvid"},
}

// String gives the name that the id has in events.
func (b Browser) String() string { return browsers[b].name }

// FindBrowser gives the event's browser id as the platform takes it, without the
// cookie around it. path is the member that had it, also where fault says that it
// is none.
func FindBrowser(e *event.Event, b Browser) (id, path string, fault Fault) {
	row := &browsers[b]
	if raw := browserField(&e.Click, b); !raw.IsZero() {
		path = "click." + row.name
		if id, fault = BrowserID(row.cookie, raw.Reveal()); fault == OK {
			return id, path, OK
		}
	}
	for i := range e.Click.Other {
		if o := &e.Click.Other[i]; o.Name == row.name || o.Name == row.cookie {
			if id, fault = BrowserID(row.cookie, o.Value.Reveal()); fault == OK {
				return id, "click.other", OK
			}
			path = cmp.Or(path, "click.other")
		}
	}
	if path == "" {
		fault = Absent
	}
	return "", path, fault
}

func browserField(c *event.Click, b Browser) identity.Raw {
	switch b {
	case Ttp:
		return c.Ttp
	case Scid:
		return c.Scid
	case RdtUUID:
		return c.RdtUUID
	default:
		return c.Uetvid
	}
}
