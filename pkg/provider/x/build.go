package x

import (
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
	target *target
}

// Build implements provider.Target. X has a reduced form for the United States; where
// it stands in a request is not known, so an event whose person opted out is not
// sent.
func (t *target) Build(dst []byte, in *provider.Input) provider.Built {
	built := conversion.Base(dst, in, t.account.maxAge, futureTolerance)
	built.Restrictable = !in.Restricted
	t.identify(&built, in)
	if in.Restricted {
		return built
	}
	b := builder{target: t}
	b.Begin(dst, in, conversion.Options{PhoneCountry: t.account.phoneCountry, URLs: t.urls})
	if t.none {
		b.Refuse(decision.ProviderUnsupportedEvent, "X has no event that takes a purchase back")
	}
	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.Time(jsonappend.Key(b.Dst, "conversion_time"), min(in.Event.Time, in.Now))
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_id"), t.event)
	b.identifiers()
	b.money()
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "conversion_id"), identity.Vouch(built.ProviderID))
	b.contents()
	b.page()
	b.Dst = append(b.Dst, '}')
	b.sufficient()
	b.End(&built)
	return built
}

// identify settles by which id X counts the event: the order's for a purchase, as
// the pixel sends it, else the event's own. For how long it recognises the pixel's
// copy is not documented.
func (t *target) identify(built *provider.Built, in *provider.Input) {
	if id := identity.Trim(in.EventID); id != "" {
		built.ProviderID, built.ClaimID = id, id
	}
	if id := identity.Trim(built.TransactionID); id != "" && t.order {
		built.ProviderID, built.ClaimID, built.DuplicateReason = id, id, decision.DuplicateTransaction
		built.DedupRisk = false
	}
	web := in.Event.EffectiveSource() == event.SourceWeb
	switch reported, tag := in.Event.BrowserReported, t.account.browserTag; {
	case reported.Set && reported.Value, !reported.Set && web && tag != nil && *tag:
		built.DedupUntil = in.Event.Time + dedupWindow
	case !reported.Set && web && tag == nil:
		built.DedupRisk = true
	}
}

// page appends where it happened, and the search term where the mapping includes it.
func (b *builder) page() {
	p := &b.Event.Page
	if p.URL != "" && !b.URL("event_source_url", event.Path("page.url"), p.URL) {
		b.Notes.Add(event.Path("page.url"), event.NoteInvalid)
	}
	if b.In.Sensitive {
		return
	}
	if b.target.search {
		b.line("search_string", event.Path("commerce.search_term"), b.Event.Commerce.SearchTerm)
	}
	if f, ok := b.In.Field("description"); ok && f.Value.Kind == event.String {
		b.line("description", event.Member("fields", "description"), f.Value.Str)
	}
}

// line appends text that says something.
func (b *builder) line(key string, at event.At, s string) {
	if s = identity.Trim(s); s == "" {
		return
	}
	if identity.Placeholder(identity.AnyField, s) || identity.Garbled([]byte(s)) {
		b.Notes.Add(at, event.NotePlaceholder)
		return
	}
	b.Text(key, at, s)
}
