package google

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// payload appends the event. The order of members never changes, and absent
// ones are left out, so that the same event is the same bytes:
//
//	transactionId, eventTimestamp, userData, consent, adIdentifiers,
//	eventDeviceInfo, currency, conversionValue, eventSource, cartData,
//	customVariables, userProperties, eventLocation (store sales), and for
//	Google Analytics eventName, clientId or appInstanceId, userId,
//	additionalEventParameters
func (b *build) payload(dst []byte) []byte {
	dst = append(dst, '{')
	if b.tx != "" {
		dst = jsonappend.String(jsonappend.Key(dst, "transactionId"), identity.Vouch(b.tx))
	}
	dst = jsonappend.Time(jsonappend.Key(dst, "eventTimestamp"), b.e.Time)
	dst = b.appendUsers(dst)
	dst = b.appendConsent(dst)
	dst = b.appendAds(dst)
	dst = b.appendDevice(dst)
	if b.money.currency != "" {
		dst = jsonappend.String(jsonappend.Key(dst, "currency"), identity.Vouch(b.money.currency))
	}
	if b.money.value.Set {
		dst = jsonappend.Decimal(jsonappend.Key(dst, "conversionValue"), b.money.value.Value, 6)
	}
	dst = jsonappend.String(jsonappend.Key(dst, "eventSource"), identity.Vouch(b.source))
	dst = b.appendCart(dst)
	if !b.a.analytics() {
		dst = b.appendVariables(dst)
	}
	dst = b.appendProperties(dst)
	dst = b.appendStore(dst)
	if b.a.analytics() {
		dst = b.appendAnalytics(dst)
	}
	return append(dst, '}')
}

func (b *build) appendUsers(dst []byte) []byte {
	u := &b.users
	if u.none() {
		return dst
	}
	dst = append(jsonappend.Key(dst, "userData"), `{"userIdentifiers":[`...)
	for i := range u.emails.All() {
		dst = append(jsonappend.Hex(append(jsonappend.Comma(dst), `{"emailAddress":`...), &u.emails.All()[i]), '}')
	}
	for i := range u.phones.All() {
		dst = append(jsonappend.Hex(append(jsonappend.Comma(dst), `{"phoneNumber":`...), &u.phones.All()[i]), '}')
	}
	if u.address.complete {
		dst = b.appendAddress(append(jsonappend.Comma(dst), `{"address":{`...))
		dst = append(dst, '}', '}')
	}
	return append(dst, ']', '}')
}

func (b *build) appendAddress(dst []byte) []byte {
	ad := &b.users.address
	dst = jsonappend.Hex(jsonappend.Key(dst, "givenName"), &ad.given)
	dst = jsonappend.Hex(jsonappend.Key(dst, "familyName"), &ad.family)
	dst = jsonappend.String(jsonappend.Key(dst, "regionCode"), identity.Vouch(ad.region))
	dst = jsonappend.String(jsonappend.Key(dst, "postalCode"), identity.Vouch(ad.postal))
	if !b.a.analytics() {
		return dst
	}
	if !ad.line.IsZero() {
		dst = jsonappend.Hex(jsonappend.Key(dst, "addressLine"), &ad.line)
	}
	dst = b.appendPlace(dst, "city", b.e.Identity.City)
	return b.appendPlace(dst, "administrativeArea", b.e.Identity.Region)
}

// appendPlace appends a name of a place in clear; digests and what looks like
// anything else stay here.
func (b *build) appendPlace(dst []byte, key string, raw identity.Raw) []byte {
	s := raw.Reveal()
	if _, hashed := parseHashed(s); hashed || s == "" || identity.OtherDigest(s) || identity.Look(s) != identity.NotSuspect {
		return dst
	}
	var ok bool
	if b.buf, ok = appendPlain(b.buf[:0], s); !ok {
		return dst
	}
	return jsonappend.Bytes(jsonappend.Key(dst, key), identity.VouchBytes(b.buf))
}

// personalization is what the consent object says about ad_personalization.
func (b *build) personalization() consent.Purpose { return b.says(consent.AdPersonalization) }

// says gives what the consent object says about a purpose: what somebody said.
// Silence under opt_out is a grant only where the operator chose to call it
// one.
func (b *build) says(p consent.PurposeSet) consent.Purpose {
	if b.in.Restricted && p == consent.AdUserData {
		return consent.Denied
	}
	said := b.in.Said.Get(p)
	if said == consent.NotGiven && b.a.silentGranted && b.in.Regime == consent.OptOut && b.in.Usable.Has(p) && !b.in.Restricted {
		return consent.Granted
	}
	return said
}

func (b *build) appendConsent(dst []byte) []byte {
	user, personal := b.says(consent.AdUserData), b.personalization()
	if user == consent.NotGiven && personal == consent.NotGiven {
		return dst
	}
	dst = append(jsonappend.Key(dst, "consent"), '{')
	dst = appendPurpose(dst, "adUserData", user)
	return append(appendPurpose(dst, "adPersonalization", personal), '}')
}

func appendPurpose(dst []byte, key string, p consent.Purpose) []byte {
	switch p {
	case consent.Granted:
		return jsonappend.String(jsonappend.Key(dst, key), identity.Literal("CONSENT_GRANTED"))
	case consent.Denied:
		return jsonappend.String(jsonappend.Key(dst, key), identity.Literal("CONSENT_DENIED"))
	}
	return dst
}

func (b *build) appendAds(dst []byte) []byte {
	s := &b.signals
	landed := b.landed() && (!s.userAgent.IsZero() || s.ip.IsValid())
	if s.clickKey == "" && s.session == "" && !landed {
		return dst
	}
	dst = append(jsonappend.Key(dst, "adIdentifiers"), '{')
	if s.clickKey != "" {
		dst = jsonappend.String(jsonappend.Key(dst, s.clickKey), s.click)
	}
	if s.session != "" {
		dst = jsonappend.String(jsonappend.Key(dst, "sessionAttributes"), identity.Vouch(s.session))
	}
	if landed {
		dst = append(b.appendAgent(append(jsonappend.Key(dst, "landingPageDeviceInfo"), '{')), '}')
	}
	return append(dst, '}')
}

// visitTime is how long a visit goes on without a break: Google Analytics' own
// measure.
const visitTime = 30 * 60_000

// landed reports whether the device of the event is surely the one that came
// through the ad: the click was captured in the same visit of a website.
// Otherwise the landing page's device is another one for all we know.
func (b *build) landed() bool {
	since := b.e.Time - b.e.Click.CapturedAt
	return !b.a.analytics() && b.source == "WEB" && b.e.Click.CapturedAt > 0 && since >= 0 && since <= visitTime
}

// appendDevice describes the device of the event.
func (b *build) appendDevice(dst []byte) []byte {
	start := len(dst)
	dst = append(jsonappend.Key(dst, "eventDeviceInfo"), '{')
	open := len(dst)
	if dst = b.appendAgent(dst); b.a.analytics() {
		dst = b.appendModel(dst)
	}
	if len(dst) == open {
		return dst[:start]
	}
	return append(dst, '}')
}

// appendAgent appends user agent and IP address, as far as they may leave.
func (b *build) appendAgent(dst []byte) []byte {
	s := &b.signals
	if !s.userAgent.IsZero() {
		dst = jsonappend.String(jsonappend.Key(dst, "userAgent"), s.userAgent)
	}
	if s.ip.IsValid() {
		dst = append(jsonappend.Key(dst, "ipAddress"), '"')
		dst = append(s.ip.AppendTo(dst), '"')
	}
	return dst
}
