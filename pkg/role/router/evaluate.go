package router

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
)

// item is one decision that was taken: where its records stand, and what is
// needed where it has to be changed afterwards (see rewriteDecision). All else is encoded
// already and is read no more, which is why an item is small: a batch of whole
// decisions is far larger than the processor's caches.
type item struct {
	// record is the input record, also where the event was held in between.
	record *kgo.Record
	// diagnostic is the place of the item's diagnostic in Session.out. other is
	// that of its delivery, its dead letter, or the event's hold record, and
	// -1 where it has none.
	diagnostic, other int
	status            decision.Status
	// duplicate is what a foreign claim means for this item.
	duplicate decision.Reason
}

// pass is one walk over a batch: what its steps share.
type pass struct {
	view  gate.View
	set   *resource.Set
	now   int64
	stage decision.Stage
}

// Route is the work function of the input topic.
func (s *Session) Route(ctx context.Context, b transact.Batch) ([]*kgo.Record, error) {
	s.begin()
	p, err := s.pass(ctx, decision.StageRouter)
	if err != nil {
		return nil, err
	}
	s.rereads.batch(&b)
	for i, record := range b.Records {
		s.tally.Record(len(record.Value))
		id, _ := b.TopicID(record.Topic)
		if err := s.read(ctx, &p, record, coordinates(record, event.TopicID(id), p.now)); err != nil {
			s.askAhead(ctx, b.Records[i+1:], err)
			return nil, err
		}
	}
	return s.finish(ctx, &p)
}

// askAhead asks the registry for the schemas of the rest of a batch that waits
// for one. Each id has a minute to become known, and it begins when the id is
// asked for: asked one after the other, four unknown ids hold the partitions of
// every customer for four minutes.
func (s *Session) askAhead(ctx context.Context, rest []*kgo.Record, err error) {
	if !codec.IsUnknownSchema(err) {
		return
	}
	for _, record := range rest {
		_, err := s.deps.Events.Head(ctx, record.Value)
		if errors.Is(err, codec.ErrSchemaPending) && !codec.IsUnknownSchema(err) {
			return // the registry itself does not answer any more
		}
	}
}

// pass takes the view that every decision of the batch is made with.
func (s *Session) pass(ctx context.Context, stage decision.Stage) (pass, error) {
	waiting, cancel := context.WithTimeout(ctx, s.cfg.TableWait)
	defer cancel()
	view, err := s.deps.Tables.Await(waiting)
	if err != nil {
		return pass{}, fmt.Errorf("%w: waiting for fresh tables: %w", transact.ErrWait, err)
	}
	return pass{view: view, set: view.Resources(), now: s.deps.Now().UnixMilli(), stage: stage}, nil
}

// read decides one record: by its head alone where no mapping names it.
func (s *Session) read(ctx context.Context, p *pass, record *kgo.Record, at event.Coordinates) error {
	again := s.rereads.see(record)
	head, err := s.deps.Events.Head(ctx, record.Value)
	if err != nil {
		return s.unreadable(p, record, at, err)
	}
	routes := p.set.Match(head.CustomerID, head.EventName)
	if len(routes) == 0 {
		return s.unmappedEvent(ctx, p, record, at, head)
	}
	if err := s.deps.Events.Decode(ctx, record.Value, &s.event); err != nil {
		return s.unreadable(p, record, at, err)
	}
	if member := s.event.Consent.UnknownMember; member != "" {
		s.tally.UnknownMember(member)
	}
	s.event.Origin = at
	s.prepared = gate.Prepare(&s.event)
	end := s.follow(ctx, record)
	defer end()
	return s.decideAll(p, record, routes, again)
}

// decideAll runs every mapping of the event in s.event. Those that are held
// wait in one record.
func (s *Session) decideAll(p *pass, record *kgo.Record, routes []*resource.Route, again bool) error {
	var held []string
	var first int
	var reason decision.Reason
	for _, route := range routes {
		status, err := s.decide(p, record, route, again)
		if err != nil {
			return err
		}
		if status == decision.Held {
			if held == nil {
				first, reason = len(s.items)-1, s.decision.Reason
			}
			held = append(held, mappingKey(route.Mapping.DestinationID, route.Mapping.Name))
		}
	}
	if held != nil {
		return s.hold(p, &s.items[first], reason, held)
	}
	return nil
}

// decide runs the gates for one mapping and notes what came of it. again: a
// claim of an earlier reading may exist.
func (s *Session) decide(p *pass, record *kgo.Record, route *resource.Route, again bool) (decision.Status, error) {
	s.scratch.Payload = s.scratch.Payload[:0] // the last case's is encoded
	s.one = gate.Case{Prepared: &s.prepared, Route: route, View: p.view, Now: p.now, LastCall: p.stage == decision.StageHold}
	c := &s.one
	r := gate.Evaluate(c, &s.scratch)
	s.decision = s.deps.Recorder.Decision(c, r, p.stage, "")
	it := s.add(record)
	if r.Status != decision.Queued && r.Status != decision.Shadowed {
		if again {
			s.releaseStale(c)
		}
		s.describe(it)
		return r.Status, nil
	}
	it.duplicate = r.Built.DuplicateReason
	owner, err := s.claim(c, r)
	switch {
	case err != nil:
		return r.Status, err
	case r.Status == decision.Queued:
		return r.Status, s.deliver(it, c, r, owner)
	}
	s.describe(it)
	return r.Status, nil
}

// unreadable sends a record that is no event to the dead letters, or gives the
// batch up where only the registry can say what the record is.
func (s *Session) unreadable(p *pass, record *kgo.Record, at event.Coordinates, err error) error {
	var bad *codec.DecodeError
	if !errors.As(err, &bad) {
		return fmt.Errorf("%w: %w", transact.ErrWait, wrap(record, err))
	}
	s.decision = s.deps.Recorder.Unread(at, p.stage, "", "", bad.Reason, bad.Detail, p.now)
	it := s.add(record)
	if err := s.deadLetter(p, it); err != nil {
		return err
	}
	s.describe(it)
	return nil
}

// sampled picks evenly: the n-th event whenever n times the rate reaches the
// next whole number.
func (s *Session) sampled() bool {
	n := float64(s.unmapped)
	return int64(n*s.cfg.SampleRate) > int64((n-1)*s.cfg.SampleRate)
}

// unmappedEvent counts, and publishes only what was asked for.
func (s *Session) unmappedEvent(ctx context.Context, p *pass, record *kgo.Record, at event.Coordinates, head codec.Head) error {
	s.unmapped++
	switch {
	case s.cfg.Unmapped == CountUnmapped,
		s.cfg.Unmapped == SampleUnmapped && !s.sampled():
		s.tally.Count(decision.Skipped, decision.MappingNone)
		return nil
	}
	err := s.deps.Events.Decode(ctx, record.Value, &s.event)
	var bad *codec.DecodeError
	switch {
	case errors.As(err, &bad):
		// Its head has said enough: what nothing wants is no dead letter, or
		// what becomes of an event would depend on what is published of it.
		s.event.Reset()
		s.event.CustomerID, s.event.Name = head.CustomerID, head.EventName
	case err != nil:
		return fmt.Errorf("%w: %w", transact.ErrWait, wrap(record, err))
	}
	s.event.Origin = at
	s.prepared = gate.Prepare(&s.event)
	s.decision = s.deps.Recorder.Unmapped(&s.prepared, decision.MappingNone, "", p.now)
	s.describe(s.add(record))
	return nil
}
