package router

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// Oversized replaces a record of the batch in hand that its topic refuses by a
// dead letter that says how large the original was and begins like it, and
// corrects what the batch says about the event: what is not written is not
// queued and not held. It is called between work and commit, any number of
// times.
func (s *Session) Oversized(refused *kgo.Record) (*kgo.Record, error) {
	for i := range s.items {
		if at := s.items[i].other; at != none && refused == &s.out.records[at] {
			return s.replace(i, refused.Topic)
		}
	}
	return nil, fmt.Errorf("replacing a record for %s: it is no delivery, hold or dead letter of this batch, and nothing else may be left out", refused.Topic)
}

// replace gives the dead letter for the i-th item's record for a topic.
func (s *Session) replace(i int, topic string) (*kgo.Record, error) {
	it := &s.items[i]
	if err := s.readBack(i); err != nil {
		return nil, err
	}
	source, reason, detail := s.rewritten.Source, s.rewritten.Reason, s.rewritten.Message
	if it.status != decision.DeadLettered {
		reason, detail = decision.EventTooLarge, "topic "+topic+" refuses a record of this size"
		waiting := it.status == decision.Held
		if err := s.tooLarge(i, detail); err != nil {
			return nil, err
		}
		for j := i + 1; waiting && j < len(s.items) && s.items[j].record == it.record; j++ {
			if s.items[j].status != decision.Held {
				continue
			}
			if err := s.tooLarge(j, detail); err != nil {
				return nil, err
			}
		}
	}
	letter := codec.DeadEvent(codec.OriginalOf(it.record, source), reason, detail, s.deps.Now().UnixMilli())
	letter.Truncate()
	key := it.record.Key
	if s.deps.Seals.Seals() {
		// Size and hash are kept, and nothing that an erasure would have to reach:
		// a letter that is cut is never sent again.
		key, letter.Key, letter.Value = nil, nil, nil
	}
	return &kgo.Record{Topic: s.cfg.Outlets.DeadEvents, Key: key, Value: s.deps.Writer.AppendDeadLetter(nil, &letter)}, nil
}

// tooLarge makes the i-th item a dead letter of too large an event, and gives
// the claims of a delivery back.
func (s *Session) tooLarge(i int, detail string) error {
	if err := s.readBack(i); err != nil {
		return err
	}
	d := &s.rewritten
	if d.Status == decision.Queued {
		owner, err := ownerOf(d.Source)
		if err != nil {
			return err
		}
		for _, key := range [...][16]byte{d.ClaimKey, d.AlsoKey} {
			if key != ([16]byte{}) {
				s.refused = append(s.refused, dedup.Request{Key: dedup.Key(key), Owner: owner})
			}
		}
	}
	s.rewriteDecision(i, decision.DeadLettered, decision.EventTooLarge, detail)
	return nil
}
