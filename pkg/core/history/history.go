// Package history folds diagnostics to what became of each event at each
// mapping: delivered, pending, failed, or never decided. Whoever has to know
// whether an event still has to be sent asks this one fold, so that no two
// commands answer differently.
package history

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// State is what became of one (mapping, event id).
type State uint8

// The states. The zero State is Never.
const (
	// Never: no diagnostic speaks of it.
	Never State = iota
	// Delivered: the provider has it, and no exact refusal came later.
	Delivered
	// Pending: the newest attempt is queued, held, retrying or parked; it ends
	// by itself.
	Pending
	// Failed: it was decided and is neither delivered nor pending.
	Failed
)

var stateNames = [...]string{"never", "delivered", "pending", "failed"}

// String gives the word used in listings.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "state(?)"
}

// Key names one event at one mapping of a destination. Names of mappings are
// unique within a destination only. The event id is the one that diagnostics
// show.
type Key [16]byte

// KeyOf makes a key. Its parts are hashed behind their lengths.
func KeyOf(destination, mapping, eventID string) Key {
	var stack [256]byte
	b := stack[:0]
	for _, part := range [...]string{destination, mapping, eventID} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	sum := sha256.Sum256(b)
	return Key(sum[:16])
}

// Outcome is what became of one event at one mapping.
type Outcome struct {
	State State
	// Status and Reason of the decision that made it so; zero for Never.
	Status decision.Status
	Reason decision.Reason
	// Time of that decision, epoch ms.
	Time int64
}

// entry is an Outcome and the input record that it speaks of.
type entry struct {
	outcome Outcome
	source  uint64
}

// Fold takes diagnostics one after the other. The zero Fold is empty. It is not
// safe for concurrent use.
type Fold struct{ entries map[Key]entry }

// Len is the number of events at mappings that the fold knows.
func (f *Fold) Len() int { return len(f.entries) }

// Of gives the outcome of a key.
func (f *Fold) Of(k Key) Outcome { return f.entries[k].outcome }

// Add takes the next diagnostic, in the order of the topic. Records that name
// no event at a mapping (unmapped events, records that are no events, verdicts
// about a whole request) say nothing here. Repeats change nothing.
func (f *Fold) Add(d *decision.Decision) {
	if d.DestinationID == "" || d.Mapping == "" || d.EventID == "" {
		return
	}
	if f.entries == nil {
		f.entries = map[Key]entry{}
	}
	k := KeyOf(d.DestinationID, d.Mapping, d.EventID)
	known := f.entries[k]
	next := entry{source: sourceOf(d), outcome: Outcome{Status: d.Status, Reason: d.Reason, Time: d.Time}}
	next.outcome.State = after(known, &next, d)
	if next.outcome.State != Never {
		f.entries[k] = next
	}
}

// after is the state that a decision leads to; Never: it changes nothing.
func after(known entry, next *entry, d *decision.Decision) State {
	switch {
	case d.Status == decision.StatusNone:
		return Never // a newer program's word
	case d.Status == decision.Delivered, d.Status == decision.Confirmed, d.Reason == decision.DuplicateDelivered:
		return Delivered
	case d.Status == decision.Refused:
		return Failed // also after delivered: the provider took it back
	case known.outcome.State == Delivered:
		return Never
	case d.Status.Pending():
		return Pending
	case known.outcome.State == Pending && known.source != next.source:
		// Another record of the same event, such as a copy that was a duplicate
		// or came after a revocation, does not end the one that waits.
		return Never
	case d.Status == decision.Duplicate && known.outcome.State == Failed:
		return Never // why the first failed says more
	default:
		return Failed
	}
}

// sourceOf tells input records apart.
func sourceOf(d *decision.Decision) uint64 {
	var b [28]byte
	copy(b[:16], d.Source.TopicID[:])
	binary.BigEndian.PutUint32(b[16:], uint32(d.Source.Partition))
	binary.BigEndian.PutUint64(b[20:], uint64(d.Source.Offset))
	sum := sha256.Sum256(b[:])
	return binary.BigEndian.Uint64(sum[:8])
}
