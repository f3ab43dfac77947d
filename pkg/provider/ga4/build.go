package ga4

import (
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// builder is the state of one Build. It lives on the stack: nothing may store a
// pointer to it.
type builder struct {
	conversion.Builder
	t *target
	// parameters counts those of the event.
	parameters int
}

// Build implements provider.Target. The reduced form of an event says that neither
// purpose of advertising is granted, and has nobody's identifiers but the browser's or
// the app's; it stands on analytics_storage.
func (t *target) Build(dst []byte, in *provider.Input) provider.Built {
	built := conversion.Base(dst, in, maxAge, futureTolerance)
	if in.Restricted && !in.Usable.Has(consent.AnalyticsStorage) {
		built.Restrictable = false
		return built
	}
	b := builder{t: t}
	b.Begin(dst, in, conversion.Options{PhoneCountry: t.account.phoneCountry, URLs: t.urls})
	if in.Restricted {
		b.URLs.ClickIDs = nil
	}
	b.ids(&built)
	b.Dst = append(b.Dst, '{')
	b.browser()
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "timestamp_micros"), min(in.Event.Time, in.Now)*1000)
	b.consent()
	b.userProperties()
	b.person()
	b.event(built.TransactionID)
	b.Dst = append(b.Dst, '}')
	b.End(&built)
	return built
}

// ids settles what tells repeats apart: Google recognises the transaction of a
// purchase in a web stream, for a time that it does not name, and nothing else.
func (b *builder) ids(built *provider.Built) {
	tx := identity.Trim(built.TransactionID)
	built.TransactionID = tx
	if utf8.RuneCountInString(tx) > maxValue {
		b.Refuse(decision.ProviderFieldInvalid, "commerce.transaction_id is longer than 100 characters")
	}
	if b.t.purchase && tx != "" {
		built.ProviderID, built.ClaimID, built.DuplicateReason, built.DedupRisk = tx, tx, decision.DuplicateTransaction, false
		if !b.t.account.app {
			return
		}
	}
	built.ResendUnsafe = true
	reported, tag := b.Event.BrowserReported, b.t.account.browserTag
	switch web := b.Event.EffectiveSource() == event.SourceWeb; {
	case reported.Set:
		built.DedupRisk = built.DedupRisk || reported.Value
	case web && (tag == nil || *tag):
		built.DedupRisk = true
	}
}

// consent says what somebody said. Where it says nothing, Google takes what the
// user's tag or app has said.
func (b *builder) consent() {
	o := b.Object("consent")
	for _, p := range [...]struct {
		key     string
		purpose consent.PurposeSet
	}{{"ad_user_data", consent.AdUserData}, {"ad_personalization", consent.AdPersonalization}} {
		switch {
		case b.In.Restricted || b.In.Said.Denied.Has(p.purpose):
			b.Dst = append(jsonappend.Key(b.Dst, p.key), `"DENIED"`...)
		case b.In.Said.Granted.Has(p.purpose) && b.In.Usable.Has(p.purpose):
			b.Dst = append(jsonappend.Key(b.Dst, p.key), `"GRANTED"`...)
			b.Relies |= p.purpose // untrue once it is revoked
		}
	}
	b.Close(o)
}

// event appends the one event.
func (b *builder) event(tx string) {
	b.Dst = append(jsonappend.Key(b.Dst, "events"), `[{"name":`...)
	b.Dst = jsonappend.String(b.Dst, b.t.name)
	b.Dst = append(jsonappend.Key(b.Dst, "params"), '{')
	b.session()
	b.money(tx)
	b.cart()
	b.page()
	b.custom()
	b.Dst = append(b.Dst, "}}]"...)
}
