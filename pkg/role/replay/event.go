package replay

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/seal"
)

// input decides a record of the input topic: every gate again.
func (s *session) input(ctx context.Context, r *kgo.Record, report *Report) error {
	head, err := s.deps.Events.Head(ctx, r.Value)
	if err != nil {
		return err
	}
	if !s.cfg.Definition.Filter.about(head.CustomerID, head.EventName) || len(s.view.Resources().Match(head.CustomerID, head.EventName)) == 0 {
		return nil
	}
	var e event.Event
	if err := s.deps.Events.Decode(ctx, r.Value, &e); err != nil {
		return err
	}
	e.Origin = event.Coordinates{Topic: r.Topic, TopicID: s.cfg.InputID, Partition: r.Partition, Offset: r.Offset, AppendTime: s.stored(r)}
	s.decide(&e, r, history.Outcome{}, report)
	return nil
}

// stored is when the broker stored a record (epoch ms). Where the topic keeps
// the producers' clocks, one that is ahead counts as now, as in the router.
func (s *session) stored(r *kgo.Record) int64 {
	const byBroker = 1 // kgo.RecordAttrs.TimestampType: LogAppendTime
	at := r.Timestamp.UnixMilli()
	if at <= 0 || at > s.now && r.Attrs.TimestampType() != byBroker {
		return s.now
	}
	return at
}

// deadEvent decides the original of a record that the router could not read or
// route: what was wrong, such as a registry without its schema, may be mended.
func (s *session) deadEvent(ctx context.Context, r *kgo.Record, report *Report) error {
	var letter codec.DeadLetter
	if err := s.deps.DeadLetters.Decode(ctx, r.Value, &letter); err != nil {
		return err
	}
	if letter.Truncated {
		report.Unreadable++ // only its beginning is left
		return nil
	}
	if letter.Sealed != nil {
		if err := s.open(r, &letter); err != nil {
			return err
		}
	}
	var e event.Event
	if err := s.deps.Events.Decode(ctx, letter.Value, &e); err != nil {
		return err
	}
	if !s.cfg.Definition.Filter.about(e.CustomerID, e.Name) {
		return nil
	}
	e.Origin = letter.Source
	seen := history.Outcome{State: history.Failed, Status: decision.DeadLettered, Reason: letter.Reason, Time: letter.Time}
	s.decide(&e, r, seen, report)
	return nil
}

// open opens a sealed letter. What nobody opens, and what nobody may because the
// subject was erased, counts as unreadable.
func (s *session) open(r *kgo.Record, letter *codec.DeadLetter) error {
	if _, own := seal.Subject(letter.Sealed); own {
		subject, _ := seal.SubjectOf(r.Key, letter.CustomerID)
		if said, ok := s.view.Consent(letter.CustomerID, subject); ok && said.Erased {
			return &codec.DecodeError{Reason: decision.ConsentErased, Detail: "the subject was erased"}
		}
	}
	if s.deps.Seals == nil {
		return &codec.DecodeError{Reason: decision.EventSealed, Detail: "erase.keys is empty"}
	}
	plain, err := s.deps.Seals.Open(letter.Sealed, string(r.Key), letter.Source, s.deps.SubjectKeys)
	if err != nil {
		return &codec.DecodeError{Reason: decision.EventSealed, Detail: err.Error()}
	}
	return codec.DecodeContent(&letter.Original, plain)
}

// decide runs the gates for every mapping of an event that is meant.
func (s *session) decide(e *event.Event, r *kgo.Record, seen history.Outcome, report *Report) {
	prepared := gate.Prepare(e)
	for _, route := range s.view.Resources().Match(e.CustomerID, e.Name) {
		c := gate.Case{
			Prepared: &prepared, Route: route, View: s.view, Now: s.now, LastCall: true,
			PastDedupWindow: s.cfg.Definition.PastDedupWindow,
		}
		result := gate.Evaluate(&c, &s.scratch)
		it := &item{decision: s.deps.Recorder.Decision(&c, result, decision.StageReplay, s.cfg.ID), trace: codec.TraceParent(r.Headers)}
		it.decision.Lane = decision.LaneReplay
		if !s.chosen(&it.decision, seen, report) {
			continue
		}
		if it.queued = result.Status == decision.Queued; it.queued {
			it.waits = route.Destination.Paused
			it.delivery = s.deps.Recorder.Delivery(&c, result, decision.LaneReplay, s.cfg.ID)
			if it.own(&c, result) != nil {
				report.Unreadable++ // coordinates that no record can have
				continue
			}
			it.key = event.Key(nil, e.CustomerID, e.SubjectID.Reveal(), prepared.ID)
		}
		s.items = append(s.items, it)
	}
}

// own names the claims that the item needs, in the name of the input record.
func (it *item) own(c *gate.Case, r *gate.Result) error {
	owner, err := dedup.NewOwner([16]byte(c.Event.Origin.TopicID), c.Event.Origin.Partition, c.Event.Origin.Offset)
	if err != nil {
		return err
	}
	it.requests = dedup.AppendCase(nil, c, &r.Built, owner)
	d, q := &it.decision, &it.delivery
	d.ClaimKey, d.ClaimWindowMS = [16]byte(it.requests[0].Key), dedup.Window(c.Route.Destination).Milliseconds()
	if len(it.requests) > 1 {
		d.AlsoKey = [16]byte(it.requests[1].Key)
	}
	q.ClaimKey, q.AlsoKey, q.ClaimOwner, q.ClaimWindowMS = d.ClaimKey, d.AlsoKey, int64(owner), d.ClaimWindowMS
	if r.Built.Adjust {
		plain, newest := dedup.AdjustmentKeys(c, &r.Built)
		q.PlainKey, q.NewestKey = [16]byte(plain), [16]byte(newest)
	}
	return nil
}
