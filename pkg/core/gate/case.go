package gate

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Prepared is what all mappings of one event share, so that consent strings
// are read and ids derived once an event and not once a mapping.
type Prepared struct {
	Event    *event.Event
	ID       string
	IDSource event.IDSource
	Snapshot consent.Statement
	Place    consent.Place

	subject string // the pseudonym, once a Recorder has made it
}

// Prepare reads what the gates need from e.
func Prepare(e *event.Event) Prepared {
	id, source := e.EffectiveID()
	said := e.Consent
	said.Copied = copiesConsent(e.EffectiveSource())
	return Prepared{
		Event: e, ID: id, IDSource: source,
		Snapshot: consent.Normalise(said, e.Time, e.Origin.AppendTime),
		Place: consent.Place{
			Location: consent.NewJurisdiction(e.Location.Country, e.Location.Region),
			Identity: consent.DeclaredJurisdiction(e.Identity.Country.Reveal(), e.Identity.Region.Reveal()),
		},
	}
}

// copiesConsent tells whether events of a source carry consent that was asked for
// at another time: nobody was asked by a system, a phone call or an e-mail.
func copiesConsent(source string) bool {
	return source == event.SourceSystem || source == event.SourcePhone || source == event.SourceEmail
}

// notes puts what was noted while the event was read in front of what its
// provider noted.
func (p *Prepared) notes(built event.Notes) event.Notes {
	e := p.Event
	unnamed := e.ID != "" && p.IDSource == event.IDDerived
	unpaid := e.Commerce.TransactionID != "" && identity.Placeholder(identity.AnyField, e.Commerce.TransactionID)
	if len(e.Notes) == 0 && !unnamed && !unpaid {
		return built
	}
	all := append(make(event.Notes, 0, len(e.Notes)+len(built)+2), e.Notes...)
	if unnamed {
		all.Add(event.Path("event_id"), event.NotePlaceholder)
	}
	if unpaid {
		all.Add(event.Path("commerce.transaction_id"), event.NotePlaceholder)
	}
	for _, n := range built {
		all.Add(event.Path(n.Path), n.Code)
	}
	return all
}

// Case is one (event, mapping) pair to decide.
type Case struct {
	*Prepared
	Route *resource.Route
	View  View
	Now   int64 // epoch ms
	// LastCall: the event was held before, so unknown consent is now final.
	LastCall bool
	// PastDedupWindow is a replay's named choice.
	PastDedupWindow bool
}

// Scratch is reused memory, one a session. What Evaluate returns stands in it
// until the next call, and Result.Payload until the next Reset, which forgets
// the last case, too.
type Scratch struct {
	// Provider is the provider's own scratch.
	Provider provider.Scratch
	// Payload collects the fragments of a batch.
	Payload []byte
	fields  []resource.Field
	itemIDs []string
	// now is the evaluation in progress: gates are called through a table, so
	// what they are given would be allocated anew for every case.
	now evaluation
}

// evaluation is what the gates of one case share.
type evaluation struct {
	recheck recheck
	event   eventCheck
	input   provider.Input
	result  Result
}

// Reset forgets everything and keeps the memory.
func (s *Scratch) Reset() {
	clear(s.fields[:cap(s.fields)])
	clear(s.itemIDs[:cap(s.itemIDs)])
	s.Payload, s.fields, s.itemIDs = s.Payload[:0], s.fields[:0], s.itemIDs[:0]
	s.now = evaluation{}
}

// Result is the decision before the claim.
type Result struct {
	Status decision.Status
	Reason decision.Reason
	// Detail says what exactly, without personal data.
	Detail string
	// Facts travel with the delivery.
	Facts decision.Facts
	// Built is the provider's answer; its Fragment is the payload alone, an
	// alias of the scratch. It is empty where a gate before it failed.
	Built   provider.Built
	Payload []byte
	Consent consent.Outcome
	// Passed is the number of gates that passed, in table order; the gate that
	// failed, if any, is the next one.
	Passed int
}

// Restricted reports whether the delivery was reduced because of a choice.
func (r *Result) Restricted() bool { return r.Facts.Restricted }

// outcome is what one gate says.
type outcome struct {
	reason decision.Reason // ReasonNone: passed
	status decision.Status // StatusNone: the reason's own
	detail string
}

func pass() outcome { return outcome{} }

func fail(r decision.Reason, detail string) outcome { return outcome{reason: r, detail: detail} }

func (o outcome) failed() bool { return o.reason != decision.ReasonNone }
