package reddit

import (
	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// builder is the state of one Build. It lives on the stack: nothing may keep a
// pointer to it.
type builder struct {
	conversion.Builder
	account *account
	mapping *mapping
	source  string // action_source
}

// website is the one source that has a page.
const website = "WEBSITE"

// sources translate where the action happened.
var sources = [...]struct{ source, action string }{
	{event.SourceWeb, website}, {event.SourceApp, "APP"}, {event.SourceInStore, "PHYSICAL_STORE"}, {event.SourcePhone, "OTHER"},
	{event.SourceEmail, "OTHER"}, {event.SourceChat, "OTHER"}, {event.SourceSystem, "OTHER"}, {event.SourceOther, "OTHER"},
}

// Build implements provider.Target.
func (m *mapping) Build(dst []byte, in *provider.Input) provider.Built {
	built := conversion.Base(dst, in, maxAge, futureTolerance)
	if in.Restricted && (in.Regime != consent.OptOut || in.Place.Location.Country != "US") {
		built.Restrictable = false // Limited Data Use is for US states only
		return built
	}
	b := builder{account: m.account, mapping: m}
	b.Begin(dst, in, conversion.Options{PhoneCountry: m.account.phoneCountry, URLs: m.urls})
	b.preflight()
	b.event()
	b.limits(&built)
	b.End(&built)
	return built
}

// preflight checks that Reddit takes this event under this name.
func (b *builder) preflight() {
	name := b.mapping.key
	switch _, known := findKind(name); {
	case name == resource.NoEvent, known && b.Event.Name == refundedEvent:
		b.Refuse(decision.ProviderUnsupportedEvent, "Reddit has no event that takes a purchase back")
	case name == custom, !known && !plainName(name):
		b.Refuse(decision.ProviderFieldInvalid, "the name of a custom event has 1 to 64 characters")
	}
	given := b.Event.EffectiveSource()
	for _, s := range sources {
		if s.source == given {
			b.source = s.action
		}
	}
	switch {
	case b.source != "":
	case given == "":
		b.Refuse(decision.ProviderSourceMissing, "neither source nor page.url says where it happened")
	default:
		b.Refuse(decision.ProviderFieldInvalid, "source is none of the known values")
	}
	if b.mapping.kind.value {
		b.Money(conversion.Optional)
		b.Negative()
	}
}

// event appends the event, all of it, in a fixed order.
func (b *builder) event() {
	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "event_at"), min(b.Event.Time, b.In.Now))
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "action_source"), identity.Vouch(b.source))
	if b.source == website {
		b.page()
	}
	b.Click("click_id", click.RdtCid, clickWeight)
	kind := b.Object("type")
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "tracking_type"), identity.Vouch(b.mapping.kind.name))
	if b.mapping.kind.name == custom {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "custom_event_name"), b.mapping.own)
	}
	b.Close(kind)
	b.user()
	b.metadata()
	b.Dst = append(b.Dst, '}')
}

// page appends the page's URL, as far as it may leave. Reddit reads its click id
// from there too, so that without ad_storage it has none.
func (b *builder) page() {
	raw := b.Event.Page.URL
	if raw == "" {
		return
	}
	if !b.URL("event_source_url", event.Path("page.url"), raw) {
		b.Notes.Add(event.Path("page.url"), event.NoteInvalid)
		return
	}
	if len(b.URLs.ClickIDs) > 0 && b.URLs.Mode == identity.URLFull {
		if _, has := identity.QueryValue(raw, clickParameter); has {
			b.Relies |= consent.AdStorage
		}
	}
}

// limits sets what the recheckable gates and the sender hold the event against.
func (b *builder) limits(built *provider.Built) {
	// Beyond two days nobody promises that a second copy is recognised.
	built.ResendUnsafe = b.In.Now-b.Event.Time > dedupWindow
	tag := b.In.Route.Destination.BrowserTag
	switch reported := b.Event.BrowserReported; {
	case reported.Set && reported.Value, !reported.Set && b.source == website && tag != nil && *tag:
		built.DedupUntil = b.Event.Time + dedupWindow
	case !reported.Set && b.source == website && tag == nil:
		built.DedupRisk = true
	}
}
