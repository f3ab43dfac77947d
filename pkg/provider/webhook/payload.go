package webhook

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// event appends the event, all of it, in a fixed order.
func (b *builder) event() {
	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_name"), b.mapping.name)
	b.Dst = timestamp(jsonappend.Key(b.Dst, "event_time"), b.ev.Time)
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_id"), identity.Vouch(b.in.EventID))
	if b.in.EventIDSource == event.IDDerived {
		// Nobody else knows such an id; it only tells repeats apart.
		b.Dst = jsonappend.Bool(jsonappend.Key(b.Dst, "event_id_derived"), true)
	}
	b.source()
	b.page()
	b.user()
	b.clicks()
	b.sufficient()
	b.commerce()
	b.original()
	b.computed()
	b.properties()
	b.consent()
	b.Dst = append(b.Dst, '}')
}

// close ends an object or array that began at start and whose first member
// stands at open; one without members is taken back.
func (b *builder) close(start, open int, bracket byte) {
	if len(b.Dst) == open {
		b.Dst = b.Dst[:start]
		return
	}
	b.Dst = append(b.Dst, bracket)
}

// timestamp appends a time as RFC 3339 in UTC, always with milliseconds.
func timestamp(dst []byte, ms int64) []byte { return jsonappend.Time(dst, ms) }

// source appends where it happened.
func (b *builder) source() {
	switch s := b.ev.EffectiveSource(); s {
	case event.SourceWeb, event.SourceApp, event.SourceInStore, event.SourcePhone, event.SourceEmail, event.SourceChat, event.SourceSystem, event.SourceOther:
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "source"), identity.Vouch(s))
	case "":
		b.Refuse(decision.ProviderSourceMissing, "neither source nor page.url says where it happened")
	default:
		b.Refuse(decision.ProviderFieldInvalid, "source is none of the known values")
	}
}

// page appends where a web action happened, as far as it may leave.
func (b *builder) page() {
	b.URL("page_url", event.Path("page.url"), b.ev.Page.URL)
	b.URL("referrer", event.Path("page.referrer"), b.ev.Page.Referrer)
	if b.mapping.title && !b.in.Sensitive {
		b.Text("page_title", event.Path("page.title"), b.ev.Page.Title)
	}
}

// consent appends what the event may be used for, so that the receiver can
// obey too. Every purpose that is not called denied is one that the bytes
// depend on: its later refusal stops the delivery. ad_storage is spoken of
// only where ids that need it are there.
func (b *builder) consent() {
	b.Dst = append(jsonappend.Key(b.Dst, "consent"), '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "regime"), identity.Vouch(b.in.Regime.String()))
	b.purpose("ad_user_data", consent.AdUserData)
	b.purpose("ad_personalization", consent.AdPersonalization)
	if b.relies.Has(consent.AdStorage) {
		b.purpose("ad_storage", consent.AdStorage)
	}
	b.Dst = append(b.Dst, '}')
}

// purpose says granted where somebody granted it, unset where the regime
// allows it and nobody said anything, and denied otherwise.
func (b *builder) purpose(key string, p consent.PurposeSet) {
	word := identity.Literal("denied")
	if b.in.Usable.Has(p) {
		b.relies |= p
		word = identity.Literal("unset")
		if b.in.Said.Granted.Has(p) {
			word = identity.Literal("granted")
		}
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, key), word)
}
