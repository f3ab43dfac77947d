package replay

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// emit counts what was decided and, unless it is a dry run, makes the records
// that say so.
func (s *session) emit(ctx context.Context, b *batch) error {
	for _, it := range s.items {
		var delivery *kgo.Record
		if it.queued {
			if delivery = s.delivery(it); kafka.RecordSize(delivery) > s.cfg.MaxBytes {
				delivery = nil
				if err := s.tooLarge(ctx, it); err != nil {
					return err
				}
			}
		}
		counts := b.report.destination(it.decision.DestinationID)
		if it.queued {
			counts.Sent++
			if it.waits {
				counts.Waits++
			}
		} else {
			counts.NotSent[Outcome{it.decision.Status, it.decision.Reason}]++
		}
		if s.cfg.DryRun {
			continue
		}
		if delivery != nil {
			b.records = append(b.records, delivery)
		}
		b.records = append(b.records, s.diagnostic(it))
	}
	return nil
}

// tooLarge ends an item whose delivery fits into no topic.
func (s *session) tooLarge(ctx context.Context, it *item) error {
	it.become(decision.DeadLettered, decision.EventTooLarge)
	if s.cfg.DryRun {
		return nil
	}
	if err := s.deps.Claims.Release(ctx, it.requests); err != nil {
		return fmt.Errorf("%w: giving back the claims of what is too large: %w", errAgain, err)
	}
	return nil
}

func (s *session) delivery(it *item) *kgo.Record {
	hop := codec.Hop{ReplayID: s.cfg.ID, Traceparent: string(it.trace)}
	return &kgo.Record{
		Topic: s.cfg.Topics.Delivery(it.delivery.Provider, decision.LaneReplay), Key: it.key,
		Value: s.deps.Writer.AppendDelivery(nil, &it.delivery), Headers: hop.Append(nil),
	}
}

func (s *session) diagnostic(it *item) *kgo.Record {
	d := &it.decision
	r := &kgo.Record{
		Topic: s.cfg.Topics.Diagnostics(), Key: []byte(d.DestinationID + ":" + d.EventID),
		Value: s.deps.Writer.AppendDiagnostic(nil, d),
	}
	if it.trace != nil {
		r.Headers = []kgo.RecordHeader{{Key: codec.HeaderTraceParent, Value: it.trace}}
	}
	return r
}

// check asks right before a commit whether the batch's claims still stand.
func (s *session) check(ctx context.Context, b *batch) error {
	for _, claimed := range b.claimed {
		if err := s.deps.Claims.Check(ctx, claimed); err != nil {
			return fmt.Errorf("%w: checking claims: %w", errAgain, err)
		}
	}
	return nil
}

// done remembers what a batch has queued.
func (s *session) done(b *batch) {
	for _, it := range b.queued {
		if it.queued {
			s.sent[it.delivery.ClaimKey] = int64(dedup.Owner(it.delivery.ClaimOwner))
		}
	}
}
