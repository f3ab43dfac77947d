package meta

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Build implements provider.Target.
func (m *mapping) Build(dst []byte, in *provider.Input) provider.Built {
	ev := in.Event
	built := provider.Built{
		Fragment:        dst,
		Restrictable:    true,
		ProviderID:      in.EventID,
		ClaimID:         in.EventID,
		DuplicateReason: decision.DuplicateEventID,
		TransactionID:   payload.TransactionID(ev),
		FutureTolerance: futureTolerance,
	}
	b := builder{in: in, ev: ev, dest: m.account, mapping: m}
	b.Dst = dst
	if in.Scratch != nil {
		b.Scratch = in.Scratch.Buf[:0]
	}
	b.action, b.channel = actionSource(ev)
	if b.channel != "" {
		// Conversations have rules of their own: what one of them breaks must
		// not refuse a request full of purchases.
		built.Group = b.action
	}
	b.prepare()
	b.limits(&built)

	var ldu int64
	if in.Restricted {
		if ldu, built.Restrictable = limitedDataUse(in.Regime, in.Place); !built.Restrictable {
			return built
		}
	}
	b.serverEvent(ldu)
	b.finish(dst, &built)
	if in.Scratch != nil {
		in.Scratch.Buf = b.Scratch[:0]
	}
	return built
}

// prepare derives what several fields depend on.
func (b *builder) prepare() {
	b.hints = Hints{PhoneCountry: b.dest.phoneCountry, Now: b.in.Now, Prehashed: b.in.Route.Destination.Prehashed}
	if !b.ev.Identity.Country.IsZero() && b.in.Route.Kinds.Has(decision.KindAddress) {
		b.hints.Country, _ = normal.CountryCode(b.Scratch[:0], b.ev.Identity.Country.Reveal())
	}
	b.click = b.in.Usable.Has(consent.AdStorage) && b.in.Route.Kinds.Has(decision.KindClickID)
	b.URLs = b.mapping.urls
	if !b.click {
		b.URLs.ClickIDs = nil
	}
	if b.in.Sensitive {
		b.URLs.Mode = identity.URLOrigin
	}
}

// serverEvent appends the event, all of it, in a fixed order.
func (b *builder) serverEvent(ldu int64) {
	b.preflightNames()
	b.money()
	b.CheckIDs(b.in)

	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_name"), b.mapping.name)
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "event_time"), min(b.ev.Time, b.in.Now)/second)
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_id"), identity.Vouch(b.in.EventID))
	switch {
	case b.action != "":
	case b.ev.EffectiveSource() == "":
		b.Refuse(decision.ProviderSourceMissing, "neither source nor page.url says where it happened")
	default:
		b.Refuse(decision.ProviderFieldInvalid, "source is none of "+sourceWords)
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "action_source"), identity.Vouch(b.action))
	if b.action == "website" {
		b.pageURLs()
	}
	b.options(ldu)
	b.userData()
	b.bySource()
	b.customData()
	b.original()
	if b.dest.segmentOnEvent {
		b.segmentation()
	}
	b.Dst = append(b.Dst, '}')
}

// pageURLs appends the page's and the referrer's URL, as far as they may leave.
func (b *builder) pageURLs() {
	if b.ev.Page.URL == "" {
		b.Refuse(decision.ProviderURLMissing, "page.url")
	} else if !b.url("event_source_url", "page.url", b.ev.Page.URL) {
		b.Refuse(decision.ProviderFieldInvalid, "page.url is no http or https URL")
	}
	if b.ev.Page.Referrer != "" {
		if !b.url("referrer_url", "page.referrer", b.ev.Page.Referrer) {
			b.Notes.Add(event.Path("page.referrer"), event.NoteInvalid)
		}
	}
}

func (b *builder) url(key, path, raw string) bool {
	if !b.URL(key, event.Path(path), raw) {
		return false
	}
	if b.click && b.URLs.Mode == identity.URLFull {
		if _, has := identity.QueryValue(raw, clickParameter); has {
			b.relies |= consent.AdStorage
		}
	}
	return true
}

// options appends opt_out and the members of Limited Data Use.
func (b *builder) options(ldu int64) {
	if b.in.Usable.Has(consent.AdPersonalization) {
		// The bytes say nothing against personalisation, so they depend on it.
		b.relies |= consent.AdPersonalization
	} else {
		b.Dst = jsonappend.Bool(jsonappend.Key(b.Dst, "opt_out"), true)
	}
	if ldu != 0 {
		b.Dst = append(jsonappend.Key(b.Dst, "data_processing_options"), `["LDU"]`...)
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "data_processing_options_country"), lduCountry)
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "data_processing_options_state"), ldu)
	}
}

// limits sets the times that the recheckable gates hold the event against.
func (b *builder) limits(built *provider.Built) {
	age := maxAge
	if b.action == "physical_store" {
		age = maxAgeStore
	}
	built.NotAfter = b.ev.Time + age - ageMargin

	tag := b.in.Route.Destination.BrowserTag
	browser := b.action == "website"
	switch reported := b.ev.BrowserReported; {
	case reported.Set && reported.Value, !reported.Set && browser && tag != nil && *tag:
		built.DedupUntil = b.ev.Time + dedupWindow
		built.DedupRisk = b.in.EventIDSource == event.IDDerived
	case !reported.Set && browser && tag == nil:
		built.DedupRisk = true
	}
	built.DedupRisk = built.DedupRisk || b.in.EventIDSource == event.IDDerived
}

// finish fills the answer. An event that Meta would refuse leaves no bytes.
func (b *builder) finish(dst []byte, built *provider.Built) {
	b.Finish(built, &b.Writer, len(dst))
	built.Value, built.Currency = b.value, b.currency
	// A restricted delivery does not rely on the purpose it was restricted for.
	built.ReliesOn = (b.relies | consent.AdUserData) & b.in.Usable
	if !b.in.Restricted {
		built.ReliesOn |= consent.AdUserData
	}
}
