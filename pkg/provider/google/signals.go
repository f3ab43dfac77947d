package google

import (
	"net/netip"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// signals is everything but userData that can tie an event to a click or a
// browser.
type signals struct {
	// One click id at most: gclid, else gbraid, else wbraid. Google's older
	// API refuses them together, and this one documents nothing.
	clickKey string
	click    identity.Clean
	// clickedAt is when the click was, epoch milliseconds, zero where not known.
	clickedAt int64
	// session is sessionAttributes in base64url.
	session string

	ip        netip.Addr
	userAgent identity.Clean

	client, appInstance, user, visit identity.Clean // Google Analytics
}

func (s *signals) hasClick() bool { return s.clickKey != "" }

// ignoresCart: with these click ids Google accepts cart data and ignores it
// with a warning, so it is not sent.
func (s *signals) ignoresCart() bool { return s.clickKey == "gbraid" || s.clickKey == "wbraid" }

// maxAgent is longer than what browsers send.
const maxAgent = 2048

func (b *build) collect() {
	b.clicks()
	b.deviceIP()
	if ua := b.e.Device.UserAgent; !ua.IsZero() && b.may(decision.KindUserAgent, consent.AdUserData) {
		b.userAgent(identity.Trim(ua.Reveal()))
	}
	if b.a.analytics() {
		b.analyticsIDs()
	}
}

// userAgent takes the user agent. Programs that set it themselves have put the
// addresses of their users there.
func (b *build) userAgent(s string) {
	at := event.Path("device.user_agent")
	switch {
	case identity.Placeholder(identity.AnyField, s) || len(s) > maxAgent:
		b.notes.Add(at, event.NoteInvalid)
	case payload.Unsafe(b.e, s):
		b.refused(at)
	default:
		b.signals.userAgent = identity.Vouch(s)
		b.present = b.present.With(decision.KindUserAgent)
		return
	}
	b.drop(decision.KindUserAgent, decision.DropInvalid)
}

// adsClicks are the click ids that conversions of Google Ads take, the most
// precise first. Campaign Manager's dclid is none of them.
var adsClicks = [...]click.Kind{click.Gclid, click.Gbraid, click.Wbraid}

// clicks collects the click id and the session attributes. An id of the event's
// own fields wins over one of the page's URL, that over one of the referrer.
func (b *build) clicks() {
	session := b.e.Click.SessionAttributes
	var found [len(adsClicks)]click.Found
	there := !session.IsZero()
	for i, kind := range adsClicks {
		found[i] = click.Find(b.e, kind)
		there = there || found[i].Has() || found[i].Fault != click.OK
	}
	if !there || !b.may(decision.KindClickID, consent.AdStorage) {
		return
	}
	var best *click.Found
	var kind click.Kind
	for i := range found {
		f := &found[i]
		if f.Fault != click.OK {
			b.drop(decision.KindClickID, decision.DropInvalid)
			b.notes.Add(event.Path(f.Path), payload.ClickNote(f.Fault))
		}
		if f.Has() && (best == nil || f.Source < best.Source) {
			best, kind = f, adsClicks[i]
		}
	}
	if best != nil {
		b.takeClick(kind, best)
	}
	if !session.IsZero() {
		b.session(session)
	}
	if b.signals.hasClick() || b.signals.session != "" {
		b.present = b.present.With(decision.KindClickID)
		b.relies |= consent.AdStorage
	}
}

// takeClick takes a click id, unless the click was later than the event: Google
// refuses such a conversion hours later (CONVERSION_PRECEDES_CLICK).
func (b *build) takeClick(kind click.Kind, f *click.Found) {
	at, path := b.e.Click.CapturedAt, "click.captured_at"
	if at <= 0 {
		at, path = f.At, kind.Path()
	}
	if at > b.e.Time+click.Skew {
		b.drop(decision.KindClickID, decision.DropInvalid)
		b.notes.Add(event.Path(path), event.NoteAfterEvent)
		return
	}
	b.signals.clickKey, b.signals.click, b.signals.clickedAt = kind.String(), identity.Vouch(f.Value), at
}

// isToken reports whether s can be an id that Google made.
func isToken(s string, most int) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == '=') {
			return false
		}
	}
	return true
}

// noIP reports the countries for whose people Google asks not to send the IP
// address, whatever a policy calls their regime: the European Economic Area,
// the United Kingdom and Switzerland (proto comment of ip_address), with the
// territories of theirs that have a code of their own and the same law. ZZ is a
// country that a subject declares and nobody can read: it may be one of them.
func noIP(country string) bool {
	switch country {
	case "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO",
		"SK", "SI", "ES", "SE", "IS", "LI", "NO", "GB", "UK", "CH", "AX", "GF", "GP", "MQ", "RE", "YT", "MF", "GG", "JE", "IM", "GI", "ZZ":
		return true
	default:
		return false
	}
}

// deviceIP collects the IP address, where the rule allows it: the country is
// known, its regime is opt_out, and neither it nor the country that the
// subject declares is one of noIP.
func (b *build) deviceIP() {
	raw := b.e.Device.IP
	if raw.IsZero() || !b.may(decision.KindIP, consent.AdUserData) {
		return
	}
	place := &b.in.Place
	if place.Location.Country == "" || b.in.Regime != consent.OptOut ||
		noIP(place.Location.Country) || noIP(place.Identity.Country) {
		b.drop(decision.KindIP, decision.DropRegion)
		return
	}
	ip, ok := identity.PublicIP(raw)
	if !ok {
		b.drop(decision.KindIP, decision.DropInvalid)
		b.notes.Add(event.Path("device.ip"), event.NoteInvalid)
		return
	}
	b.signals.ip = ip
	b.present = b.present.With(decision.KindIP)
}

// maxAnalyticsID is longer than any id of Google Analytics.
const maxAnalyticsID = 256

// analyticsIDs collects Google Analytics' own ids. They come from its cookie,
// so analytics_storage is the purpose that they need.
func (b *build) analyticsIDs() {
	a := &b.e.Analytics
	client := &a.ClientID
	if b.a.app {
		client = &a.AppInstanceID
	}
	if client.IsZero() && a.UserID.IsZero() {
		return
	}
	if !b.may(decision.KindBrowserID, consent.AnalyticsStorage) {
		return
	}
	if !b.clientID(client.Reveal()) {
		return
	}
	if raw := a.SessionID; !raw.IsZero() {
		visit, fault := click.SessionID(raw.Reveal())
		if fault == click.OK {
			b.signals.visit = identity.Vouch(visit)
		} else {
			b.notes.Add(event.Path("analytics.session_id"), payload.ClickNote(fault))
		}
	}
	if user := a.UserID.Reveal(); user != "" && !b.in.Restricted {
		switch at := event.Path("analytics.user_id"); {
		case identity.Placeholder(identity.AnyField, user):
			b.notes.Add(at, event.NotePlaceholder)
		case len(user) > maxAnalyticsID:
			b.notes.Add(at, event.NoteLimit)
		default:
			// People put e-mail addresses here, which Google forbids.
			b.signals.user, _ = b.clean(at, user)
		}
	}
	b.present = b.present.With(decision.KindBrowserID)
	b.relies |= consent.AnalyticsStorage
}

// clientID takes the id of the browser or of the installed app; false where there
// is none.
func (b *build) clientID(value string) bool {
	if b.a.app {
		s, path := identity.Trim(value), event.Path("analytics.app_instance_id")
		switch {
		case s == "":
			return false
		case identity.Placeholder(identity.AnyField, s):
			b.drop(decision.KindBrowserID, decision.DropInvalid)
			b.notes.Add(path, event.NotePlaceholder)
			return false
		case !isToken(s, maxAnalyticsID) || payload.Unsafe(b.e, s):
			b.drop(decision.KindBrowserID, decision.DropInvalid)
			b.notes.Add(path, event.NoteInvalid)
			return false
		}
		b.signals.appInstance = identity.Vouch(s)
		return true
	}
	path := event.Path("analytics.client_id")
	s, fault := click.ClientID(value)
	if fault != click.OK {
		if fault != click.Absent {
			b.drop(decision.KindBrowserID, decision.DropInvalid)
			b.notes.Add(path, payload.ClickNote(fault))
		}
		return false
	}
	if !click.PlainClientID(s) {
		b.notes.Add(path, event.NoteForm)
	}
	b.signals.client = identity.Vouch(s)
	return true
}
