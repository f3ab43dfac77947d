package meta

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// clickParameter is Meta's click id in URLs.
const clickParameter = "fbclid"

// maxClickID is the longest fbclid that Meta's own script takes.
const maxClickID = 500

// BrowserID is a parsed fbc or fbp: fb.{index}.{creation}.{payload}, and a mark
// that Meta's reference library may have appended.
type BrowserID struct {
	Index, Creation, Payload, Mark string
}

// ParseBrowserID reads an fbc or fbp value and never changes it: the payload is
// case-sensitive. False where Meta would refuse the whole request because of it.
func ParseBrowserID(s string) (BrowserID, bool) {
	prefix, rest, _ := strings.Cut(s, ".")
	var id BrowserID
	id.Index, rest, _ = strings.Cut(rest, ".")
	id.Creation, rest, _ = strings.Cut(rest, ".")
	var marked bool
	id.Payload, id.Mark, marked = strings.Cut(rest, ".")
	ok := prefix == "fb" && allDigits(id.Index) && allDigits(id.Creation) && clickPayload(id.Payload) && (!marked || isMark(id.Mark))
	return id, ok
}

// clickPayload accepts what a click or browser id is made of: no dots, white
// space, quotes or control characters, and nothing that looks like an address.
func clickPayload(s string) bool {
	if s == "" || len(s) > maxClickID {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7F || c == '.' || c == '"' || c == '\\' || c == '@' {
			return false
		}
	}
	return !identity.Placeholder(identity.AnyField, s) && identity.LookID(s) == identity.NotSuspect
}

// odd reports a creation time that is not 13 digits or lies in the future:
// such an id is sent, and counted as a warning.
func (id BrowserID) odd(now int64) (odd, ahead bool) {
	ms, err := strconv.ParseInt(id.Creation, 10, 64)
	ahead = err == nil && ms > now+futureTolerance
	return err != nil || len(id.Creation) != 13 || ahead, ahead
}

// inSeconds reports a creation time that was written in seconds.
func (id BrowserID) inSeconds() bool { return len(id.Creation) == 10 }

// Click is what is known about the click that led to an event.
type Click struct {
	// Cookie is the _fbc cookie, Fbclid the click id by itself.
	Cookie, Fbclid identity.Raw
	// PageURL and Referrer may carry the click id as a parameter.
	PageURL, Referrer string
	// Seen is when the click id was first seen, epoch milliseconds. It must be
	// the same for every event of the click.
	Seen int64
}

// AppendFbc appends the fbc value for a click: the cookie untouched where it is
// valid and belongs to the click id, else one built from the click id, which is
// taken byte for byte. ok is false where there is neither.
func AppendFbc(dst []byte, c Click) (out []byte, ok bool) {
	cookie, valid := ParseBrowserID(c.Cookie.Reveal())
	fbclid, found := c.fbclid()
	if !found || valid && cookie.Payload == fbclid {
		if !valid {
			return dst, false
		}
		return appendCookie(dst, c.Cookie.Reveal(), cookie), true
	}
	dst = append(dst, "fb."...)
	dst = strconv.AppendInt(dst, int64(subdomainIndex(c.PageURL)), 10)
	dst = append(dst, '.')
	dst = strconv.AppendInt(dst, c.Seen, 10)
	dst = append(dst, '.')
	return append(dst, fbclid...), true
}

// fbclid takes the click id from the event, else from the page's URL, else from
// the referrer's.
func (c Click) fbclid() (string, bool) {
	if s := c.Fbclid.Reveal(); clickPayload(s) {
		return s, true
	}
	for _, u := range [...]string{c.PageURL, c.Referrer} {
		if v, ok := identity.QueryValue(u, clickParameter); ok && clickPayload(v.Reveal()) {
			return v.Reveal(), true
		}
	}
	return "", false
}

// appendCookie appends a cookie as it is; only a creation time in seconds is
// brought to milliseconds, which Meta asks for.
func appendCookie(dst []byte, raw string, id BrowserID) []byte {
	if !id.inSeconds() {
		return append(dst, raw...)
	}
	end := len("fb.") + len(id.Index) + 1 + len(id.Creation)
	dst = append(dst, raw[:end]...)
	dst = append(dst, "000"...)
	return append(dst, raw[end:]...)
}

// subdomainIndex is the number of dots in the domain that the cookie would be
// set on: the host without its first label, or the host itself where it has two
// labels at most, as Meta's library guesses it without a list of public
// suffixes. An address has 0, an unknown host 1.
func subdomainIndex(pageURL string) int {
	host := pageURL
	if _, after, ok := strings.Cut(host, "://"); ok {
		host = after
	}
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	if host == "" {
		return 1
	}
	if strings.HasPrefix(host, "[") {
		return 0
	}
	host, _, _ = strings.Cut(host, ":")
	if _, err := netip.ParseAddr(host); err == nil {
		return 0
	}
	dots := strings.Count(strings.Trim(host, "."), ".")
	if dots > 1 {
		dots--
	}
	return dots
}

// oddTime warns of a creation time that lies in the future or is not in
// milliseconds.
func (b *builder) oddTime(path string, id BrowserID) {
	switch odd, ahead := id.odd(b.in.Now); {
	case ahead:
		b.Notes.Add(event.Path(path), event.NoteTimeAhead)
		b.Warned++
	case odd:
		b.Notes.Add(event.Path(path), event.NoteTimeForm)
		b.Warned++
	}
}

// fbc appends the click id: its cookie, or one built from the click id. The
// time of the click is used, not that of the conversion, so that every event of
// a click carries the same value.
func (b *builder) fbc() bool {
	found := click.Find(b.ev, click.Fbclid)
	if found.Fault != click.OK {
		b.Notes.Add(event.Path(found.Path), payload.ClickNote(found.Fault))
	}
	seen := b.seen(&found)
	value, ok := AppendFbc(b.Scratch[:0], Click{
		Cookie: b.ev.Click.Fbc, Fbclid: identity.NewRaw(found.Value), PageURL: b.ev.Page.URL, Seen: seen,
	})
	b.Scratch = value
	if !ok {
		return false
	}
	id, cookie := ParseBrowserID(b.ev.Click.Fbc.Reveal())
	switch {
	case cookie && (!found.Has() || id.Payload == found.Value):
		b.oddTime("click.fbc", id)
	case b.ev.Click.CapturedAt <= 0 && found.At == 0:
		b.Notes.Add(event.Path("click.captured_at"), event.NoteTimeMissing)
	}
	b.Dst = jsonappend.Bytes(b.Dst, identity.VouchBytes(value))
	return true
}

// seen is when the click was: as the event says, else as its cookie does, else
// the event's own time. No click is later than what it led to.
func (b *builder) seen(found *click.Found) int64 {
	at := b.ev.Click.CapturedAt
	if at <= 0 {
		at = found.At
	}
	if at <= 0 {
		return b.ev.Time
	}
	if at > b.ev.Time+click.Skew {
		b.Notes.Add(event.Path("click.captured_at"), event.NoteTimeAhead)
	}
	return min(at, b.ev.Time)
}
