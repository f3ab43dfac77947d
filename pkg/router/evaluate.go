package router

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/gate"
	"github.com/sluicehq/sluice/pkg/kafka/transact"
	"github.com/sluicehq/sluice/pkg/resource"
)

// item is one decision on its way out, and what goes with it.
type item struct {
	record   *kgo.Record
	decision decision.Decision
	// delivery is meant where queued is true.
	delivery decision.Delivery
	queued   bool
	// dead: the record itself goes to the dead letters.
	dead bool
	// held are the mappings that wait for consent; one hold record an event.
	held    []string
	heldKey []byte
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
	s.fresh.batch(&b)
	for _, record := range b.Records {
		s.tally.Record(len(record.Value))
		id, _ := b.TopicID(record.Topic)
		if err := s.read(ctx, &p, record, event.TopicID(id)); err != nil {
			return nil, err
		}
	}
	return s.finish(ctx, &p)
}

// pass takes the view that every decision of the batch is made with.
func (s *Session) pass(ctx context.Context, stage decision.Stage) (pass, error) {
	view, err := s.deps.Tables.Await(ctx)
	if err != nil {
		return pass{}, fmt.Errorf("%w: waiting for fresh tables: %w", transact.ErrWait, err)
	}
	return pass{view: view, set: view.Resources(), now: s.deps.Now().UnixMilli(), stage: stage}, nil
}

// read decides one record: by its head alone where no mapping names it.
func (s *Session) read(ctx context.Context, p *pass, record *kgo.Record, id event.TopicID) error {
	at := coordinates(record, id)
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
	s.event.Origin = at
	prepared := gate.Prepare(&s.event)
	var held []string
	for _, route := range routes {
		status, err := s.decide(p, record, &gate.Case{Prepared: &prepared, Route: route, View: p.view, Now: p.now})
		if err != nil {
			return err
		}
		if status == decision.Held {
			held = append(held, route.Mapping.Name)
		}
	}
	if held != nil {
		last := &s.items[len(s.items)-1]
		last.held = held
		last.heldKey = s.out.bytes(func(b []byte) []byte {
			return event.Key(b, s.event.CustomerID, s.event.SubjectID.Reveal(), prepared.ID)
		})
	}
	return nil
}

// decide runs the gates for one mapping and notes what came of it.
func (s *Session) decide(p *pass, record *kgo.Record, c *gate.Case) (decision.Status, error) {
	r := gate.Evaluate(c, &s.scratch)
	it := s.add(record)
	it.decision = s.deps.Recorder.Decision(c, &r, p.stage, "")
	switch r.Status {
	case decision.Queued, decision.Shadowed:
		it.duplicate = r.Built.DuplicateReason
		it.queued = r.Status == decision.Queued
		if it.queued {
			it.delivery = s.deps.Recorder.Delivery(c, &r, c.Route.Mapping.Lane, "")
		}
		if err := s.claim(it, c, &r); err != nil {
			return 0, err
		}
	case decision.Held:
	default:
		if s.fresh.maybeClaimed(record) {
			s.releaseStale(c)
		}
	}
	return r.Status, nil
}

func (s *Session) add(record *kgo.Record) *item {
	s.items = append(s.items, item{record: record})
	return &s.items[len(s.items)-1]
}

// unreadable sends a record that is no event to the dead letters, or gives the
// batch up where only the registry can say what the record is.
func (s *Session) unreadable(p *pass, record *kgo.Record, at event.Coordinates, err error) error {
	var bad *codec.DecodeError
	if !errors.As(err, &bad) {
		return fmt.Errorf("%w: %w", transact.ErrWait, wrap(record, err))
	}
	it := s.add(record)
	it.dead = true
	it.decision = s.deps.Recorder.Undecodable(at, bad.Reason, bad.Detail, p.now)
	return nil
}

// unmappedEvent counts, and publishes only what was asked for.
func (s *Session) unmappedEvent(ctx context.Context, p *pass, record *kgo.Record, at event.Coordinates, head codec.Head) error {
	s.tally.Count(decision.Skipped, decision.MappingNone)
	s.unmapped++
	switch {
	case s.cfg.Unmapped == CountUnmapped,
		s.cfg.Unmapped == SampleUnmapped && s.unmapped%sampleEvery != 0:
		return nil
	}
	if err := s.deps.Events.Decode(ctx, record.Value, &s.event); err != nil {
		return s.unreadable(p, record, at, err)
	}
	s.event.Origin = at
	prepared := gate.Prepare(&s.event)
	it := s.add(record)
	it.decision = s.deps.Recorder.Unmapped(&prepared, decision.MappingNone, "", p.now)
	return nil
}
