// Package settle acts on what became of a delivery, and nothing else in the
// sender does: it alone republishes deliveries, sets marks, gives claims back and
// publishes diagnostics.
//
// The order is what keeps the guarantees. A copy is acknowledged before the
// claim changes and before the offset is finished, so a crash in between
// leaves a second copy with the same bytes and ids; the mark, checked before
// every attempt, stops it. A diagnostic is acknowledged before the offset is
// finished, so no decision is ever missing; a second one has the same id.
package settle

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Kind is what becomes of a delivery after an attempt.
type Kind uint8

// The kinds of outcome.
const (
	// Delivered: the provider has it. Its claim becomes a mark.
	Delivered Kind = iota + 1
	// Later: it is republished to a retry topic and tried again.
	Later
	// Parked: it is copied to the parked topic until its destination is
	// healthy.
	Parked
	// Ended: it will never be sent.
	Ended
	// Kept: it stays with this process, which tries it again. Only the attempt is
	// told.
	Kept
)

// Outcome of one attempt. Times are epoch milliseconds.
type Outcome struct {
	Kind   Kind
	Status decision.Status // of Ended; the other kinds have their own
	Reason decision.Reason
	Detail string // in words, without personal data
	// Until is the next attempt, of Later and Kept.
	Until int64
	// Topic of the retry topic, of Later and Parked.
	Topic string
	// KeepClaim: the claim is somebody else's, or another copy's, to settle.
	KeepClaim bool
	// DuplicateOf names who has the event instead.
	DuplicateOf string
	// Recovered: found delivered by its own mark.
	Recovered bool
	// Verdict: the provider took the request of Evidence.RequestID and says
	// later what became of it.
	Verdict bool
	// Evidence is what the provider said, where it was asked.
	Evidence Evidence
}

// Evidence is what a provider said about a request, redacted.
type Evidence struct {
	Class     string
	Status    int32
	Code      string
	Subcode   string
	Message   string
	RequestID string
	Warnings  []string
	LatencyMS int64
}

// Entry is one delivery to settle.
type Entry struct {
	Delivery *decision.Delivery
	// Record is the delivery as it was read: its key and value are what is
	// copied.
	Record *kgo.Record
	// Hop is what its headers say next: attempts and times up to now.
	Hop *codec.Hop
	// Outcome may be shared by entries; it is not changed.
	*Outcome
}

// End is a way in which deliveries end.
type End struct {
	Status decision.Status
	Reason decision.Reason
}

// status gives the diagnostic's status.
func (o *Outcome) status() decision.Status {
	switch o.Kind {
	case Delivered:
		return decision.Delivered
	case Later, Kept:
		return decision.Retrying
	case Parked:
		return decision.Parked
	default:
		return o.Status
	}
}
