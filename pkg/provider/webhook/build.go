package webhook

import (
	"math/bits"

	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// builder is the state of one Build. It lives on the stack: nothing below may
// store a pointer to it.
type builder struct {
	in      *provider.Input
	ev      *event.Event
	dest    *destination
	mapping *mapping

	dst     []byte
	scratch []byte // for one value at a time

	urls     identity.URLPolicy
	value    event.Opt[float64]
	currency string

	present decision.KindSet
	dropped [decision.KindCount]decision.DropReason
	relies  consent.PurposeSet
	quality float64
	unsafe  int32

	identifiers, preflight      decision.Reason
	identifierWhy, preflightWhy string
}

// Build implements provider.Provider. There is no reduced form: an event
// without ad_user_data is nothing that the receiver may use.
func (p *Provider) Build(dst []byte, in *provider.Input) provider.Built {
	built := provider.Built{
		Fragment:        dst,
		Restrictable:    !in.Restricted,
		ProviderID:      in.EventID,
		ClaimID:         in.EventID,
		DuplicateReason: decision.DuplicateEventID,
		TransactionID:   in.Event.Commerce.TransactionID,
		NotAfter:        in.Event.Time + maxAge,
		FutureTolerance: futureTolerance,
		DedupRisk:       in.EventIDSource == event.IDDerived,
	}
	b := builder{in: in, ev: in.Event, dst: dst}
	b.dest, _ = in.Route.Compiled.(*destination)
	b.mapping, _ = in.Route.Target.Data.(*mapping)
	if b.dest == nil || b.mapping == nil {
		built.PreflightReason, built.Detail = decision.ProviderFieldInvalid, "destination and mapping are not a webhook's"
		return built
	}
	if in.Restricted {
		return built
	}
	if in.Scratch != nil {
		b.scratch = in.Scratch.Buf[:0]
	}
	b.urls = b.mapping.urls
	if in.Sensitive {
		b.urls.Mode = identity.URLOrigin
	}
	b.ids()
	b.money()
	b.event()
	b.finish(dst, &built)
	if in.Scratch != nil {
		in.Scratch.Buf = b.scratch[:0]
	}
	return built
}

// refuse notes why the event must not leave as it is; the reason that comes
// first in the order of the gates table is the one reported.
func (b *builder) refuse(r decision.Reason, detail string) {
	if b.preflight == decision.ReasonNone || r < b.preflight {
		b.preflight, b.preflightWhy = r, detail
	}
}

// insufficient notes why the identifiers do not do, in the same way.
func (b *builder) insufficient(r decision.Reason, detail string) {
	if b.identifiers == decision.ReasonNone || r < b.identifiers {
		b.identifiers, b.identifierWhy = r, detail
	}
}

// finish fills the answer. An event that is refused leaves no bytes.
func (b *builder) finish(dst []byte, built *provider.Built) {
	built.IdentifierReason, built.PreflightReason = b.identifiers, b.preflight
	built.Identifiers = b.status()
	built.Value, built.Currency = b.value, b.currency
	built.ReliesOn = b.relies&b.in.Usable | consent.AdUserData
	switch {
	case b.identifiers != decision.ReasonNone:
		built.Detail = b.identifierWhy
	case b.preflight != decision.ReasonNone:
		built.Detail = b.preflightWhy
	default:
		built.Fragment = b.dst
		return
	}
	built.Fragment = b.dst[:len(dst)]
}

// status reports the identifiers: the only lists that Build allocates.
func (b *builder) status() decision.IdentifierStatus {
	s := decision.IdentifierStatus{UnsafeDropped: b.unsafe, MatchQuality: min(b.quality, 10)}
	if n := bits.OnesCount32(uint32(b.present)); n > 0 {
		s.Present = make([]decision.Kind, 0, n)
	}
	for k := range decision.KindCount {
		if b.present.Has(k) {
			s.Present = append(s.Present, k)
		}
		if why := b.dropped[k]; why != "" {
			s.Dropped = append(s.Dropped, decision.Dropped{Kind: k, Reason: why})
		}
	}
	return s
}
