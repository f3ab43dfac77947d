package google

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Limits of age and clock, in milliseconds.
const (
	day = 24 * 3600_000
	// maxClickAge: a conversion is taken up to 90 days after its click.
	maxClickAge = 90 * day
	// maxIdentifierAge: identifiers are matched up to 63 days after the last
	// click, which is not known here; the event's own age stands for it.
	maxIdentifierAge = 63 * day
	// maxAnalyticsAge: Google Analytics takes events of the last 72 hours.
	maxAnalyticsAge = 3 * day
	futureTolerance = 5 * 60_000
)

// build is one call of Build: what was found, before anything is written.
type build struct {
	in  *provider.Input
	e   *event.Event
	a   *account
	t   *target
	buf []byte // scratch for one normalised value at a time

	source string // Google's eventSource, empty where there is none
	online bool

	tx      string // the transactionId
	derived bool   // tx is derived

	users   users
	signals signals
	money   money

	present  decision.KindSet
	dropped  [32]decision.Dropped
	nDropped int
	unsafe   int32
	notes    event.Notes
	relies   consent.PurposeSet
}

// Build implements provider.Target.
func (t *target) Build(dst []byte, in *provider.Input) provider.Built {
	b := build{in: in, e: in.Event, a: t.account, t: t}
	out := provider.Built{Fragment: dst, Restrictable: true, FutureTolerance: futureTolerance}
	if in.Scratch != nil {
		b.buf = in.Scratch.Buf[:0]
	}
	b.source = sources[sourceIndex(b.e.EffectiveSource())].google
	b.online = b.t.action.kind == kindOnline || b.t.action.kind == kindAuto && b.e.EffectiveSource() == event.SourceWeb
	b.identify()
	b.collect()
	b.price()
	b.ids(&out)
	b.limits(&out)
	out.IdentifierReason, out.Detail = b.judge()
	if out.IdentifierReason == decision.ReasonNone {
		out.PreflightReason, out.Detail = b.preflight(&out)
	}
	if out.IdentifierReason == decision.ReasonNone && out.PreflightReason == decision.ReasonNone {
		out.Fragment = b.payload(dst)
	}
	b.finish(&out)
	if in.Scratch != nil {
		in.Scratch.Buf = b.buf[:0]
	}
	return out
}

// limits says until when and from when the event may be sent.
func (b *build) limits(out *provider.Built) {
	at := b.e.Time
	clicked := at
	if c := b.signals.clickedAt; c > 0 {
		clicked = min(c, at)
	}
	switch {
	case b.a.analytics():
		out.NotAfter = at + maxAnalyticsAge
	case b.signals.hasClick() && b.users.none():
		out.NotAfter, out.AgedSince = clicked+maxClickAge, clicked
	case b.signals.hasClick():
		// Whichever of the two ways to match is open longer.
		if out.NotAfter = at + maxIdentifierAge; clicked+maxClickAge > out.NotAfter {
			out.NotAfter, out.AgedSince = clicked+maxClickAge, clicked
		}
	default:
		out.NotAfter = at + maxIdentifierAge
	}
	if !b.a.analytics() && !b.online && b.signals.hasClick() && b.a.minClickAge > 0 {
		// A younger click is refused hours later, when nothing can be done.
		out.NotBefore = clicked + b.a.minClickAge
	}
}

// judge is gate 6.
func (b *build) judge() (decision.Reason, string) {
	strong := !b.users.none() || b.signals.hasClick() || len(b.signals.session) > 0
	contextual := b.signals.ip.IsValid() || !b.signals.userAgent.IsZero()
	switch {
	case b.a.analytics() && b.signals.client.IsZero() && b.signals.appInstance.IsZero():
		detail := b.withoutClient()
		if b.present == 0 {
			return decision.IdentifiersNone, detail
		}
		return decision.IdentifiersInsufficient, detail
	case b.a.analytics() || strong:
	case !contextual:
		return decision.IdentifiersNone, b.removed("no identifier is left")
	case !b.a.contextual:
		return decision.IdentifiersInsufficient, b.removed("contextual signals alone")
	case !b.signals.ip.IsValid():
		return decision.IdentifiersInsufficient, "Google takes no event with a user agent alone"
	}
	return b.unsafeID()
}

// withoutClient says why there is no client id: what a gate has removed is not
// missing, and sending it again would help nobody.
func (b *build) withoutClient() string {
	field := "analytics.client_id"
	if b.a.app {
		field = "analytics.app_instance_id"
	}
	for _, d := range b.dropped[:b.nDropped] {
		if d.Kind != decision.KindBrowserID {
			continue
		}
		switch d.Reason {
		case decision.DropConsent:
			return field + " is there and may not be used: analytics_storage is not granted, which TC and GPP strings never do"
		case decision.DropNotAllowed:
			return field + " is there and may not be used: browser_id is not among the destination's identifiers"
		case decision.DropInvalid:
			return field + " is there and is no client id"
		}
	}
	return "Google Analytics needs " + field
}

// removed adds to a message what was left out of the event.
func (b *build) removed(message string) string {
	var dropped [decision.KindCount]decision.DropReason
	for _, d := range b.dropped[:b.nDropped] {
		if d.Reason != decision.DropUnsupported {
			dropped[d.Kind] = d.Reason
		}
	}
	return payload.Removed(dropped[:], message)
}

// finish fills in what describes the event whatever became of it.
func (b *build) finish(out *provider.Built) {
	out.Group = b.t.group
	out.Value, out.Currency = b.money.value, b.money.currency
	out.ReliesOn = b.relies
	if !b.in.Restricted {
		out.ReliesOn |= consent.AdUserData
		if b.personalization() == consent.Granted {
			// The bytes say so: they are untrue once it is revoked.
			out.ReliesOn |= consent.AdPersonalization
		}
	}
	s := &out.Identifiers
	s.Present = b.present.List()
	if b.nDropped > 0 {
		s.Dropped = append([]decision.Dropped(nil), b.dropped[:b.nDropped]...)
	}
	s.UnsafeDropped, s.Notes = b.unsafe, b.notes
	s.MatchQuality = b.quality()
}

// drop notes once why a kind was left out.
func (b *build) drop(kind decision.Kind, reason decision.DropReason) {
	d := decision.Dropped{Kind: kind, Reason: reason}
	for i := range b.nDropped {
		if b.dropped[i] == d {
			return
		}
	}
	if b.nDropped < len(b.dropped) {
		b.dropped[b.nDropped] = d
		b.nDropped++
	}
}

// may reports whether identifiers of a kind may be used, and notes why not.
// Restricted deliveries keep click ids and Analytics' own ids only.
func (b *build) may(kind decision.Kind, purpose consent.PurposeSet) bool {
	switch {
	case !b.in.Route.Kinds.Has(kind):
		b.drop(kind, decision.DropNotAllowed)
	case b.in.Restricted && purpose == consent.AdUserData:
		b.drop(kind, decision.DropRestricted)
	case !b.in.Usable.Has(purpose):
		b.drop(kind, decision.DropConsent)
	default:
		return true
	}
	return false
}

// clean passes text that does not look like personal data, and counts what
// does.
func (b *build) clean(at event.At, s string) (identity.Clean, bool) {
	c, ok := identity.CleanText(s)
	if !ok {
		b.refused(at)
	}
	return c, ok && s != ""
}

// refused counts and names a value that looks like personal data.
func (b *build) refused(at event.At) {
	b.unsafe++
	b.notes.Add(at, event.NoteUnsafe)
}

// sources are the event sources that an event can have, and what Google calls them.
var sources = [...]struct{ name, google string }{
	{"", ""},
	{event.SourceWeb, "WEB"},
	{event.SourceApp, "APP"},
	{event.SourceInStore, "IN_STORE"},
	{event.SourcePhone, "PHONE"},
	{event.SourceChat, "MESSAGE"},
	{event.SourceEmail, "OTHER"},
	{event.SourceSystem, "OTHER"},
	{event.SourceOther, "OTHER"},
}

func sourceIndex(name string) int {
	for i := range sources {
		if sources[i].name == name {
			return i
		}
	}
	return 0
}
