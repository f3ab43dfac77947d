package webhook

import (
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// event appends the event, all of it, in a fixed order.
func (b *builder) event() {
	b.dst = append(b.dst, '{')
	b.dst = jsonappend.String(jsonappend.Key(b.dst, "event_name"), b.mapping.name)
	b.dst = timestamp(jsonappend.Key(b.dst, "event_time"), b.ev.Time)
	b.dst = jsonappend.String(jsonappend.Key(b.dst, "event_id"), identity.Vouch(b.in.EventID))
	if b.in.EventIDSource == event.IDDerived {
		// Nobody else knows such an id; it only tells repeats apart.
		b.dst = jsonappend.Bool(jsonappend.Key(b.dst, "event_id_derived"), true)
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
	b.dst = append(b.dst, '}')
}

// close ends an object or array that began at start and whose first member
// stands at open; one without members is taken back.
func (b *builder) close(start, open int, bracket byte) {
	if len(b.dst) == open {
		b.dst = b.dst[:start]
		return
	}
	b.dst = append(b.dst, bracket)
}

// timestamp appends a time as RFC 3339 in UTC, always with milliseconds.
func timestamp(dst []byte, ms int64) []byte {
	dst = time.UnixMilli(ms).UTC().AppendFormat(append(dst, '"'), "2006-01-02T15:04:05.000Z")
	return append(dst, '"')
}

// source appends where it happened.
func (b *builder) source() {
	switch s := b.ev.EffectiveSource(); s {
	case event.SourceWeb, event.SourceApp, event.SourceInStore, event.SourcePhone, event.SourceEmail, event.SourceChat, event.SourceSystem, event.SourceOther:
		b.dst = jsonappend.String(jsonappend.Key(b.dst, "source"), identity.Vouch(s))
	case "":
		b.refuse(decision.ProviderSourceMissing, "neither source nor page.url says where it happened")
	default:
		b.refuse(decision.ProviderFieldInvalid, "source is none of the known values")
	}
}

// page appends where a web action happened, as far as it may leave.
func (b *builder) page() {
	b.url("page_url", b.ev.Page.URL)
	b.url("referrer", b.ev.Page.Referrer)
	if b.mapping.title && !b.in.Sensitive {
		b.text("page_title", b.ev.Page.Title)
	}
}

func (b *builder) url(key, raw string) {
	if raw == "" {
		return
	}
	out, unsafe, ok := identity.AppendURL(b.scratch[:0], raw, b.urls)
	b.scratch = out
	b.unsafe += int32(unsafe)
	if ok {
		b.dst = jsonappend.Bytes(jsonappend.Key(b.dst, key), identity.VouchBytes(out))
	}
}

// consent appends what the event may be used for, so that the receiver can
// obey too. Every purpose that is not called denied is one that the bytes
// depend on: its later refusal stops the delivery. ad_storage is spoken of
// only where ids that need it are there.
func (b *builder) consent() {
	b.dst = append(jsonappend.Key(b.dst, "consent"), '{')
	b.dst = jsonappend.String(jsonappend.Key(b.dst, "regime"), identity.Vouch(b.in.Regime.String()))
	b.purpose("ad_user_data", consent.AdUserData)
	b.purpose("ad_personalization", consent.AdPersonalization)
	if b.relies.Has(consent.AdStorage) {
		b.purpose("ad_storage", consent.AdStorage)
	}
	b.dst = append(b.dst, '}')
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
	b.dst = jsonappend.String(jsonappend.Key(b.dst, key), word)
}

// id appends an id unless it looks like personal data.
func (b *builder) id(key, s string) {
	if s == "" {
		return
	}
	clean, ok := identity.CleanID(s)
	if !ok {
		b.unsafe++
		return
	}
	b.dst = jsonappend.String(jsonappend.Key(b.dst, key), clean)
}

// text appends free text unless it looks like personal data or a secret.
func (b *builder) text(key, s string) {
	if s == "" {
		return
	}
	at := len(b.dst)
	b.dst = jsonappend.Key(b.dst, key)
	if !b.freeText(s) {
		b.dst = b.dst[:at]
	}
}

// freeText appends the value alone. A URL passes the same scrubbing as the
// page's.
func (b *builder) freeText(s string) bool {
	if strings.Contains(s, "://") {
		out, unsafe, ok := identity.AppendURL(b.scratch[:0], s, b.urls)
		b.scratch = out
		b.unsafe += int32(unsafe)
		if ok {
			b.dst = jsonappend.Bytes(b.dst, identity.VouchBytes(out))
		} else {
			b.unsafe++
		}
		return ok
	}
	clean, ok := identity.CleanText(s)
	if !ok {
		b.unsafe++
		return false
	}
	b.dst = jsonappend.String(b.dst, clean)
	return true
}
