package meta

import (
	"math/bits"

	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// builder is the state of one Build. It lives on the stack: nothing below may
// store a pointer to it or call through it indirectly.
type builder struct {
	in      *provider.Input
	ev      *event.Event
	dest    *destination
	mapping *mapping
	hints   Hints

	dst     []byte
	scratch []byte // for one value at a time

	action   string // action_source
	channel  string // messaging_channel, where action is business_messaging
	urls     identity.URLPolicy
	value    event.Opt[float64]
	currency string

	keys    keySet // identifiers written
	present decision.KindSet
	dropped [decision.KindCount]decision.DropReason
	click   bool // click ids may be used
	relies  consent.PurposeSet
	quality float64
	unsafe  int32
	warned  int32

	identifiers, preflight      decision.Reason
	identifierWhy, preflightWhy string
}

// refuse notes why Meta would not take the event; the reason that comes first
// in the order of the gates table is the one reported.
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

// drop notes that an identifier was there and is left out.
func (b *builder) drop(k decision.Kind, why decision.DropReason) { b.dropped[k] = why }

// status reports the identifiers: the only lists that Build allocates.
func (b *builder) status() decision.IdentifierStatus {
	s := decision.IdentifierStatus{UnsafeDropped: b.unsafe, Warnings: b.warned, MatchQuality: min(b.quality, 10)}
	if n := bits.OnesCount32(uint32(b.present)); n > 0 {
		s.Present = make([]decision.Kind, 0, n)
	}
	n := 0
	for k := range decision.KindCount {
		if b.present.Has(k) {
			s.Present = append(s.Present, k)
		}
		if b.dropped[k] != "" {
			n++
		}
	}
	if n > 0 {
		s.Dropped = make([]decision.Dropped, 0, n)
		for k, why := range b.dropped {
			if why != "" {
				s.Dropped = append(s.Dropped, decision.Dropped{Kind: decision.Kind(k), Reason: why})
			}
		}
	}
	return s
}

// actionSource translates where the action happened. A conversation that
// carries messaging ids is business messaging.
func actionSource(e *event.Event) (action, channel string) {
	source := e.EffectiveSource()
	if e.Messaging.Channel != "" && (source == "" || source == event.SourceChat || source == event.SourceOther) {
		return "business_messaging", e.Messaging.Channel
	}
	for _, s := range actionSources {
		if s.source == source {
			return s.action, ""
		}
	}
	return "", ""
}
