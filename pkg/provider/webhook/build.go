package webhook

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// builder is the state of one Build. It lives on the stack: nothing below may
// store a pointer to it.
type builder struct {
	in      *provider.Input
	ev      *event.Event
	dest    *destination
	mapping *mapping

	payload.Writer
	payload.Findings

	value    event.Opt[float64]
	currency string

	relies consent.PurposeSet
}

// Build implements provider.Target. There is no reduced form: an event
// without ad_user_data is nothing that the receiver may use.
func (m *mapping) Build(dst []byte, in *provider.Input) provider.Built {
	built := provider.Built{
		Fragment:        dst,
		Restrictable:    !in.Restricted,
		ProviderID:      in.EventID,
		ClaimID:         in.EventID,
		DuplicateReason: decision.DuplicateEventID,
		TransactionID:   payload.TransactionID(in.Event),
		NotAfter:        in.Event.Time + maxAge,
		FutureTolerance: futureTolerance,
		DedupRisk:       in.EventIDSource == event.IDDerived,
	}
	b := builder{in: in, ev: in.Event, dest: m.account, mapping: m}
	b.Dst = dst
	if in.Restricted {
		return built
	}
	if in.Scratch != nil {
		b.Scratch = in.Scratch.Buf[:0]
	}
	b.URLs = b.mapping.urls
	if in.Sensitive {
		b.URLs.Mode = identity.URLOrigin
	}
	b.CheckIDs(b.in)
	b.money()
	b.event()
	b.finish(dst, &built)
	if in.Scratch != nil {
		in.Scratch.Buf = b.Scratch[:0]
	}
	return built
}

// finish fills the answer. An event that is refused leaves no bytes.
func (b *builder) finish(dst []byte, built *provider.Built) {
	b.Finish(built, &b.Writer, len(dst))
	built.Value, built.Currency = b.value, b.currency
	built.ReliesOn = b.relies&b.in.Usable | consent.AdUserData
}
