package conversion

import (
	"net/netip"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Address gives the event's public IP address, and false where it has none that
// may leave.
func (b *Builder) Address() (netip.Addr, bool) {
	raw := b.Event.Device.IP
	if raw.IsZero() || !b.May(decision.KindIP, 0) {
		return netip.Addr{}, false
	}
	addr, ok := identity.PublicIP(raw)
	if !ok {
		note := event.NoteInvalid
		if identity.Placeholder(identity.AnyField, raw.Reveal()) {
			note = event.NotePlaceholder
		}
		b.Drop(decision.KindIP, decision.DropInvalid, event.Path("device.ip"), note)
	}
	return addr, ok
}

// IP appends the event's public IP address, of version 4 only where v4 says so.
func (b *Builder) IP(key string, weight float64, v4 bool) bool {
	addr, ok := b.Address()
	if !ok {
		return false
	}
	if v4 && !addr.Unmap().Is4() {
		b.Dropped[decision.KindIP] = decision.DropUnsupported
		return false
	}
	b.Scratch = addr.AppendTo(b.Scratch[:0])
	b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, key), identity.VouchBytes(b.Scratch))
	b.Found(decision.KindIP, weight)
	return true
}

// UserAgent appends the event's user agent, which passes the detector: sites put
// e-mail addresses and ids into it.
func (b *Builder) UserAgent(key string, weight float64) bool {
	raw := b.Event.Device.UserAgent
	if raw.IsZero() || !b.May(decision.KindUserAgent, 0) {
		return false
	}
	at, s := event.Path("device.user_agent"), identity.Trim(raw.Reveal())
	if identity.Placeholder(identity.AnyField, s) || !payload.Visible(s) {
		b.Drop(decision.KindUserAgent, decision.DropInvalid, at, event.NotePlaceholder)
		return false
	}
	if _, hashed := identity.ParseHashed(s); hashed {
		b.Drop(decision.KindUserAgent, decision.DropInvalid, at, event.NoteInvalid)
		return false
	}
	if payload.Unsafe(b.Event, s) {
		b.Refused(at)
		b.Dropped[decision.KindUserAgent] = decision.DropInvalid
		return false
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, key), identity.Vouch(s))
	b.Found(decision.KindUserAgent, weight)
	return true
}

// DeviceID appends the advertising id, a UUID in lower case, or in upper case
// where a platform's own form is wanted. A device whose owner opted out gives
// zeros, and one whose app was told not to track gives none.
func (b *Builder) DeviceID(key string, weight float64, upper bool) bool {
	raw := b.Event.Device.AdvertisingID
	if raw.IsZero() || !b.MayTrack() {
		return false
	}
	id, ok := b.uuid(identity.Trim(raw.Reveal()), upper)
	if !ok {
		b.Drop(decision.KindAdvertisingID, decision.DropInvalid, event.Path("device.advertising_id"), event.NoteInvalid)
		return false
	}
	b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, key), identity.VouchBytes(id))
	b.Found(decision.KindAdvertisingID, weight)
	return true
}

// MayTrack reports that the advertising id may be read: allowed, and the app's
// user did not say no to tracking.
func (b *Builder) MayTrack() bool {
	if !b.May(decision.KindAdvertisingID, 0) {
		return false
	}
	if t := b.Event.Device.TrackingAuthorized; t.Set && !t.Value {
		b.Dropped[decision.KindAdvertisingID] = decision.DropConsent
		return false
	}
	return true
}

// uuid reads a UUID into scratch.
func (b *Builder) uuid(s string, upper bool) ([]byte, bool) {
	if len(s) != 36 {
		return nil, false
	}
	b.Scratch = b.Scratch[:0]
	zero := true
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'F' {
			c += 'a' - 'A'
		}
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (c == '-') || !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return nil, false
		}
		zero = zero && (c == '0' || c == '-')
		if upper && c >= 'a' {
			c -= 'a' - 'A'
		}
		b.Scratch = append(b.Scratch, c)
	}
	return b.Scratch, !zero
}

// ClickID gives the event's click id of a kind, of its field, the page's URL or its
// referrer; false where there is none that may leave. Values that are no ids are
// noted.
func (b *Builder) ClickID(kind click.Kind) (click.ID, bool) {
	f := click.Find(b.Event, kind)
	if !f.Has() && f.Fault == click.OK {
		return click.ID{}, false
	}
	if !b.May(decision.KindClickID, consent.AdStorage) {
		return click.ID{}, false
	}
	if f.Fault != click.OK {
		b.Drop(decision.KindClickID, decision.DropInvalid, event.Path(f.Path), payload.ClickNote(f.Fault))
	}
	return f.ID, f.Has()
}

// Click appends the event's click id of a kind.
func (b *Builder) Click(key string, kind click.Kind, weight float64) bool {
	id, ok := b.ClickID(kind)
	if ok {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, key), identity.Vouch(id.Value))
		b.FoundClick(weight)
	}
	return ok
}

// FoundClick notes that a click id is in the payload, which depends on ad_storage.
func (b *Builder) FoundClick(weight float64) {
	b.Relies |= consent.AdStorage
	b.Found(decision.KindClickID, weight)
}

// BrowserID gives a platform's browser id, without the cookie around it; false
// where there is none that may leave.
func (b *Builder) BrowserID(of click.Browser) (string, bool) {
	id, path, fault := click.FindBrowser(b.Event, of)
	if fault == click.Absent || !b.May(decision.KindBrowserID, consent.AdStorage) {
		return "", false
	}
	if fault != click.OK {
		b.Drop(decision.KindBrowserID, decision.DropInvalid, event.Path(path), payload.ClickNote(fault))
		return "", false
	}
	return id, true
}

// FoundBrowser notes that a browser id is in the payload, which depends on
// ad_storage.
func (b *Builder) FoundBrowser(weight float64) {
	b.Relies |= consent.AdStorage
	b.Found(decision.KindBrowserID, weight)
}
