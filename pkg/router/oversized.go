package router

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/dedup"
)

// Oversized replaces a record of the batch in hand that its topic refuses by a
// dead letter that says how large the original was and begins like it, and
// corrects what the batch says about the event: what is not written is not
// queued and not held. It is called between work and commit, any number of
// times.
func (s *Session) Oversized(refused *kgo.Record) (*kgo.Record, error) {
	o := &s.out
	for i := range s.items {
		it := &s.items[i]
		first := 0
		if i > 0 {
			first = s.items[i-1].diagnostic + 1
		}
		for at := first; at < it.diagnostic; at++ {
			if refused == &o.records[at] {
				return s.replace(i, refused.Topic), nil
			}
		}
	}
	return nil, fmt.Errorf("replacing a record for %s: it is no delivery, hold or dead letter of this batch, and nothing else may be left out", refused.Topic)
}

// replace gives the dead letter for the i-th item's record for a topic.
func (s *Session) replace(i int, topic string) *kgo.Record {
	it := &s.items[i]
	detail := it.decision.Message
	if !it.dead {
		detail = "topic " + topic + " refuses a record of this size"
		s.bury(i, detail)
		for j := i + 1; len(it.held) > 0 && j < len(s.items) && s.items[j].record == it.record; j++ {
			if s.items[j].decision.Status == decision.Held {
				s.bury(j, detail)
			}
		}
	}
	now := s.deps.Now().UnixMilli()
	letter := codec.DeadEvent(codec.OriginalOf(it.record, it.decision.Source), it.decision.Reason, detail, now)
	letter.Truncate()
	return &kgo.Record{Topic: s.cfg.Outlets.DeadEvents, Key: it.record.Key, Value: s.deps.Writer.AppendDeadLetter(nil, &letter)}
}

// bury makes the i-th item a dead letter of too large an event: its diagnostic
// is written anew in its place, and its claims are given back.
func (s *Session) bury(i int, detail string) {
	it := &s.items[i]
	d := &it.decision
	s.tally.Add(d.Status, d.Reason, -1)
	it.become(decision.DeadLettered, decision.EventTooLarge, detail)
	s.tally.Count(d.Status, d.Reason)
	if it.queued {
		owner := dedup.Owner(it.delivery.ClaimOwner)
		for _, key := range [...][16]byte{it.delivery.ClaimKey, it.delivery.AlsoKey} {
			if key != ([16]byte{}) {
				s.refused = append(s.refused, dedup.Request{Key: dedup.Key(key), Owner: owner})
			}
		}
		it.queued = false
	}
	s.out.records[it.diagnostic].Value = s.out.bytes(func(b []byte) []byte { return s.deps.Writer.AppendDiagnostic(b, d) })
}
