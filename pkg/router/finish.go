package router

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/kafka/transact"
)

// finish claims, counts and encodes what the batch came to.
func (s *Session) finish(ctx context.Context, p *pass) ([]*kgo.Record, error) {
	if err := s.takeClaims(ctx); err != nil {
		return nil, err
	}
	// Claiming may have taken long: decisions on stale tables never count.
	if err := p.view.Err(); err != nil {
		return nil, fmt.Errorf("%w: deciding a batch: %w", transact.ErrWait, err)
	}
	for i := range s.items {
		it := &s.items[i]
		s.tally.Count(it.decision.Status, it.decision.Reason)
		if err := s.emit(p, it); err != nil {
			return nil, err
		}
	}
	s.forgetEvent()
	return s.out.list(), nil
}

// Committed is told when the batch's transaction has committed: only then do
// its decisions count.
func (s *Session) Committed(ctx context.Context) {
	s.deps.Meter.AddTally(ctx, s.tally)
	s.tally.Reset()
	s.forget()
}

// emit writes the records of one item.
func (s *Session) emit(p *pass, it *item) error {
	o, w, to := &s.out, s.deps.Writer, &s.cfg.Outlets
	trace := it.trace
	if trace == nil {
		trace = o.copy(codec.TraceParent(it.record.Headers))
	}
	switch {
	case it.queued:
		d := &it.delivery
		topic, ok := to.Delivery[d.Provider][d.Lane]
		if !ok {
			return wrap(it.record, fmt.Errorf("no delivery topic for provider %s, lane %s", d.Provider, d.Lane))
		}
		key := o.bytes(func(b []byte) []byte {
			return event.Key(b, d.Facts.Customer, d.Facts.Subject.Reveal(), d.EventID)
		})
		value := o.bytes(func(b []byte) []byte { return w.AppendDelivery(b, d) })
		o.add(topic, key, value, trace)
	case it.dead:
		value := o.bytes(func(b []byte) []byte {
			return w.AppendDeadEvent(b, it.record, it.decision.Source, it.decision.Reason, it.decision.Message, p.now)
		})
		o.add(to.DeadEvents, o.copy(it.record.Key), value, trace)
	}
	if len(it.held) > 0 {
		value := o.bytes(func(b []byte) []byte {
			return w.AppendHold(b, it.record, it.decision.Source, it.decision.Reason, it.held, p.now)
		})
		o.add(to.Hold, it.heldKey, value, trace)
	}
	key := o.bytes(func(b []byte) []byte {
		b = append(b, it.decision.DestinationID...)
		b = append(b, ':')
		return append(b, it.decision.EventID...)
	})
	value := o.bytes(func(b []byte) []byte { return w.AppendDiagnostic(b, &it.decision) })
	it.diagnostic = len(o.records)
	o.add(to.Diagnostics, key, value, trace)
	return nil
}

// output collects the records of a batch in memory that is used again: one
// arena for keys and values, one slice of records.
type output struct {
	arena   []byte
	records []kgo.Record
	refs    []*kgo.Record
	headers []kgo.RecordHeader
}

func (o *output) reset() {
	o.arena = o.arena[:0]
	clear(o.records)
	o.records = o.records[:0]
	clear(o.headers)
	o.headers = o.headers[:0]
}

// bytes appends to the arena and returns what was added. When the arena grows
// it moves, and what was returned before keeps the old memory alive.
func (o *output) bytes(add func([]byte) []byte) []byte {
	start := len(o.arena)
	o.arena = add(o.arena)
	return o.arena[start:len(o.arena):len(o.arena)]
}

// copy keeps nil, which is a null key or no header, apart from empty.
func (o *output) copy(b []byte) []byte {
	if b == nil {
		return nil
	}
	return o.bytes(func(dst []byte) []byte { return append(dst, b...) })
}

func (o *output) add(topic string, key, value []byte, trace []byte) {
	r := kgo.Record{Topic: topic, Key: key, Value: value}
	if trace != nil {
		start := len(o.headers)
		o.headers = append(o.headers, kgo.RecordHeader{Key: codec.HeaderTraceParent, Value: trace})
		r.Headers = o.headers[start:len(o.headers):len(o.headers)]
	}
	o.records = append(o.records, r)
}

// list gives the records once all are there: only then do they stand still.
func (o *output) list() []*kgo.Record {
	o.refs = o.refs[:0]
	for i := range o.records {
		o.refs = append(o.refs, &o.records[i])
	}
	return o.refs
}
