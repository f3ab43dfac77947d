package google

import (
	"net/netip"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// signals is everything but userData that can tie an event to a click or a
// browser.
type signals struct {
	// One click id at most: gclid, else gbraid, else wbraid. Google's older
	// API refuses them together, and this one documents nothing.
	clickKey string
	click    identity.Clean
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
		if s := identity.Trim(ua.Reveal()); s == "" || len(s) > maxAgent {
			b.drop(decision.KindUserAgent, decision.DropInvalid)
		} else {
			b.signals.userAgent = identity.Vouch(s)
			b.present = b.present.With(decision.KindUserAgent)
		}
	}
	if b.a.analytics() {
		b.analyticsIDs()
	}
}

// clicks collects the click id and the session attributes.
func (b *build) clicks() {
	c := &b.e.Click
	if c.Gclid.IsZero() && c.Gbraid.IsZero() && c.Wbraid.IsZero() && c.SessionAttributes.IsZero() {
		return
	}
	if !b.may(decision.KindClickID, consent.AdStorage) {
		return
	}
	for _, id := range [...]struct {
		key string
		raw identity.Raw
	}{{"gclid", c.Gclid}, {"gbraid", c.Gbraid}, {"wbraid", c.Wbraid}} {
		s := identity.Trim(id.raw.Reveal())
		switch {
		case s == "":
		case !isToken(s, maxClickID):
			b.drop(decision.KindClickID, decision.DropInvalid)
		case b.signals.clickKey == "":
			b.signals.clickKey, b.signals.click = id.key, identity.Vouch(s)
		}
	}
	if !c.SessionAttributes.IsZero() {
		b.session(c.SessionAttributes)
	}
	if b.signals.hasClick() || b.signals.session != "" {
		b.present = b.present.With(decision.KindClickID)
		b.relies |= consent.AdStorage
	}
}

// maxClickID is longer than Google's click ids, which are never re-cased nor
// decoded.
const maxClickID = 512

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
// territories of theirs that have a code of their own and the same law.
func noIP(country string) bool {
	switch country {
	case "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO",
		"SK", "SI", "ES", "SE", "IS", "LI", "NO", "GB", "UK", "CH", "AX", "GF", "GP", "MQ", "RE", "YT", "MF", "GG", "JE", "IM", "GI":
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
	s := identity.Trim(client.Reveal())
	if !isToken(s, maxAnalyticsID) {
		if s != "" {
			b.drop(decision.KindBrowserID, decision.DropInvalid)
		}
		return
	}
	if b.a.app {
		b.signals.appInstance = identity.Vouch(s)
	} else {
		b.signals.client = identity.Vouch(s)
	}
	if s := identity.Trim(a.SessionID.Reveal()); isToken(s, maxAnalyticsID) {
		b.signals.visit = identity.Vouch(s)
	}
	if !a.UserID.IsZero() && !b.in.Restricted && len(a.UserID.Reveal()) <= maxAnalyticsID {
		// People put e-mail addresses here, which Google forbids.
		b.signals.user, _ = b.clean(a.UserID.Reveal())
	}
	b.present = b.present.With(decision.KindBrowserID)
	b.relies |= consent.AnalyticsStorage
}
