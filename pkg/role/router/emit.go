package router

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// Everything that a decision writes is encoded as soon as it is taken, while
// event, payload and decision are still in the processor's caches, and not once
// the claims are answered. The few that turn out otherwise are rewritten.

// add begins the item of a decision about a record.
func (s *Session) add(record *kgo.Record) *item {
	s.items = append(s.items, item{record: record, other: none})
	return &s.items[len(s.items)-1]
}

// none is the place of a record that there is not.
const none = -1

// traceOf is what the records of an item carry: the router's span where
// somebody follows the event, else what the record itself carried.
func (s *Session) traceOf(it *item) []byte {
	if s.trace != nil {
		return s.trace
	}
	return s.out.copy(codec.TraceParent(it.record.Headers))
}

// deliver writes the delivery of the case in hand and the decision to queue it,
// which says what is claimed.
func (s *Session) deliver(it *item, c *gate.Case, r *gate.Result, owner dedup.Owner) error {
	s.delivery = s.deps.Recorder.Delivery(c, r, c.Route.Mapping.Lane, "")
	d := &s.delivery
	d.ClaimKey, d.AlsoKey, d.ClaimOwner, d.ClaimWindowMS = s.decision.ClaimKey, s.decision.AlsoKey, int64(owner), s.decision.ClaimWindowMS
	if r.Built.Adjust {
		plain, newest := dedup.AdjustmentKeys(c, &r.Built)
		d.PlainKey, d.NewestKey = [16]byte(plain), [16]byte(newest)
	}
	topic, ok := s.cfg.Outlets.Delivery[d.Provider][d.Lane]
	if !ok {
		return wrap(it.record, fmt.Errorf("no delivery topic for provider %s, lane %s", d.Provider, d.Lane))
	}
	key := s.eventKey()
	var second int
	start := len(s.out.arena)
	both := s.out.bytes(func(b []byte) []byte {
		b, second = s.deps.Writer.AppendQueued(b, d, &s.decision)
		return b
	})
	second -= start
	it.other = s.out.add(topic, key, both[:second:second], s.traceOf(it))
	s.publish(it, both[second:])
	return nil
}

// eventKey is the key of what goes on as the event in hand.
func (s *Session) eventKey() []byte {
	return s.out.bytes(func(b []byte) []byte {
		return event.Key(b, s.event.CustomerID, s.event.SubjectID.Reveal(), s.prepared.ID)
	})
}

// hold writes the one record in which the mappings of the event in hand wait
// for consent. It belongs to the first item of those.
func (s *Session) hold(p *pass, it *item, reason decision.Reason, mappings []string) error {
	key := s.eventKey()
	h := codec.Hold{Original: codec.OriginalOf(it.record, s.event.Origin), Reason: reason, Mappings: mappings, HeldAt: p.now}
	if s.deps.Seals.Seals() {
		if err := s.sealHold(&h, key); err != nil {
			return wrap(it.record, err)
		}
	}
	value := s.out.bytes(func(b []byte) []byte { return s.deps.Writer.AppendHold(b, &h) })
	it.other = s.out.add(s.cfg.Outlets.Hold, key, value, s.traceOf(it))
	return nil
}

// deadLetter writes the dead letter of a record that is no event, as s.decision says.
func (s *Session) deadLetter(p *pass, it *item) error {
	d, key := &s.decision, it.record.Key
	letter := codec.DeadEvent(codec.OriginalOf(it.record, d.Source), d.Reason, d.Message, p.now)
	if s.deps.Seals.Seals() {
		sealed, err := s.deps.Seals.ToInstallation(d.Source, s.content(&letter.Original))
		if err != nil {
			return wrap(it.record, err)
		}
		// Whoever wrote the record may have put anything into its key.
		letter.Sealed, key = sealed, nil
	}
	value := s.out.bytes(func(b []byte) []byte { return s.deps.Writer.AppendDeadLetter(b, &letter) })
	it.other = s.out.add(s.cfg.Outlets.DeadEvents, s.out.copy(key), value, s.traceOf(it))
	return nil
}

// describe writes the diagnostic of s.decision, which is what the item came to.
func (s *Session) describe(it *item) {
	s.publish(it, s.out.bytes(func(b []byte) []byte { return s.deps.Writer.AppendDiagnostic(b, &s.decision) }))
}

// publish adds the diagnostic of s.decision, and counts the decision.
func (s *Session) publish(it *item, diagnostic []byte) {
	d := &s.decision
	it.status = d.Status
	s.tally.Count(d.Status, d.Reason)
	if s.span != nil {
		tell(s.span, d)
	}
	key := s.out.bytes(func(b []byte) []byte {
		b = append(b, d.DestinationID...)
		b = append(b, ':')
		return append(b, d.EventID...)
	})
	it.diagnostic = s.out.add(s.cfg.Outlets.Diagnostics, key, diagnostic, s.traceOf(it))
}
