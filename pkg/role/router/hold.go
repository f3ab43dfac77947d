package router

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
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
	s.rereads.batch(&b)
	for _, record := range b.Records {
		id, _ := b.TopicID(record.Topic)
		if err := s.release(ctx, &p, record, coordinates(record, event.TopicID(id), p.now)); err != nil {
			return nil, err
		}
	}
	return s.finish(ctx, &p)
}

// release decides one held event. at are the coordinates in the hold topic.
func (s *Session) release(ctx context.Context, p *pass, record *kgo.Record, at event.Coordinates) error {
	again := s.rereads.see(record)
	held := &s.held
	if err := s.deps.Holds.Decode(ctx, record.Value, held); err != nil {
		// Somebody else has written to the topic: kept as a dead letter, it
		// is not lost and does not stop what was held behind it.
		return s.unreadable(p, record, at, err)
	}
	if held.Sealed != nil {
		if opened, err := s.openHeld(p, record, at.AppendTime); err != nil || !opened {
			return err
		}
	}
	original := originalRecord(held)
	if err := s.deps.Events.Decode(ctx, held.Value, &s.event); err != nil {
		return s.unreadableHeld(p, record, original, err)
	}
	s.destroyKey(record, held.Sealed)
	s.event.Origin = held.Source
	s.prepared = gate.Prepare(&s.event)
	routes := p.set.Match(s.event.CustomerID, s.event.Name)
	for _, key := range held.Mappings {
		route, ok := routeOf(routes, key)
		if !ok {
			destination, mapping := splitMappingKey(key)
			s.decision = s.deps.Recorder.Gone(&s.prepared, destination, mapping, p.now)
			s.describe(s.add(original))
			continue
		}
		if _, err := s.decide(p, original, route, again); err != nil {
			return err
		}
	}
	return nil
}

// unreadableHeld ends every mapping that waited for an event that can no
// longer be read, with one dead letter between them.
func (s *Session) unreadableHeld(p *pass, record, original *kgo.Record, err error) error {
	var bad *codec.DecodeError
	if !errors.As(err, &bad) {
		return fmt.Errorf("%w: %w", transact.ErrWait, wrap(original, err))
	}
	for i, key := range s.held.Mappings {
		destination, mapping := splitMappingKey(key)
		s.decision = s.deps.Recorder.Unread(s.held.Source, p.stage, destination, mapping, bad.Reason, bad.Detail, p.now)
		it := s.add(original)
		if i == 0 {
			if err := s.heldLetter(p, record, it); err != nil {
				return err
			}
		}
		s.describe(it)
	}
	return nil
}

// originalRecord is the input record that a hold record keeps.
func originalRecord(h *codec.Hold) *kgo.Record {
	r := &kgo.Record{Topic: h.Source.Topic, Partition: h.Source.Partition, Offset: h.Source.Offset, Key: h.Key, Value: h.Value}
	for _, header := range h.Headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: header.Key, Value: header.Value})
	}
	return r
}

// mappingKey names a mapping record as its topic does: names alone are unique
// within a destination only.
func mappingKey(destination, mapping string) string { return destination + "/" + mapping }

func splitMappingKey(key string) (destination, mapping string) {
	destination, mapping, _ = strings.Cut(key, "/")
	return destination, mapping
}

// routeOf finds the held mapping among today's routes of the event.
func routeOf(routes []*resource.Route, key string) (*resource.Route, bool) {
	destination, mapping := splitMappingKey(key)
	for _, route := range routes {
		if route.Mapping.DestinationID == destination && route.Mapping.Name == mapping {
			return route, true
		}
	}
	return nil, false
}
