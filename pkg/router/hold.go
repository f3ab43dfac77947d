package router

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/gate"
	"github.com/sluicehq/sluice/pkg/kafka/transact"
	"github.com/sluicehq/sluice/pkg/resource"
)

// Release is the work function of the hold topic: the loop has waited until
// every record of the batch is due, and now the mappings that were held, and
// only those, are decided for good. Claims are taken in the name of the
// original record, so a held event is the same event.
func (s *Session) Release(ctx context.Context, b transact.Batch) ([]*kgo.Record, error) {
	s.begin()
	p, err := s.pass(ctx, decision.StageHold)
	if err != nil {
		return nil, err
	}
	s.fresh.batch(&b)
	for _, record := range b.Records {
		if err := s.release(ctx, &p, record); err != nil {
			return nil, err
		}
	}
	return s.finish(ctx, &p)
}

func (s *Session) release(ctx context.Context, p *pass, record *kgo.Record) error {
	held := &s.hold
	if err := s.deps.Holds.Decode(ctx, record.Value, held); err != nil {
		// Only this binary writes the topic: a record that does not read is a
		// broken installation, and going on would lose it.
		return fmt.Errorf("%w: reading a held event: %w", transact.ErrWait, wrap(record, err))
	}
	if err := s.deps.Events.Decode(ctx, held.Value, &s.event); err != nil {
		original := &kgo.Record{Topic: held.Source.Topic, Partition: held.Source.Partition, Offset: held.Source.Offset, Key: held.Key, Value: held.Value, Headers: record.Headers}
		return s.unreadable(p, original, held.Source, err)
	}
	s.event.Origin = held.Source
	prepared := gate.Prepare(&s.event)
	for _, name := range held.Mappings {
		route, ok := routeNamed(p.set.Match(s.event.CustomerID, s.event.Name), name)
		if !ok {
			it := s.add(record)
			it.decision = s.deps.Recorder.Unmapped(&prepared, decision.MappingNone, "the mapping is gone", p.now)
			it.decision.Stage, it.decision.Mapping = decision.StageHold, name
			it.decision.ID = decision.NewID(held.Source, "", name, decision.StageHold, it.decision.Status, "", 0)
			continue
		}
		if _, err := s.decide(p, record, &gate.Case{Prepared: &prepared, Route: route, View: p.view, Now: p.now, LastCall: true}); err != nil {
			return err
		}
	}
	return nil
}

// routeNamed finds the held mapping among today's routes of the event.
func routeNamed(routes []*resource.Route, mapping string) (*resource.Route, bool) {
	for _, route := range routes {
		if route.Mapping.Name == mapping {
			return route, true
		}
	}
	return nil, false
}
