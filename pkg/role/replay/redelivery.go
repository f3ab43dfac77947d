package replay

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// redelivery decides a delivery of a delivery or dead-letter topic: its payload
// is sent as it was, if today's recheckable gates let it pass.
func (s *session) redelivery(ctx context.Context, r *kgo.Record, report *Report) error {
	it := &item{key: r.Key, trace: codec.TraceParent(r.Headers)}
	q := &it.delivery
	if err := s.deps.Deliveries.Decode(ctx, r.Value, q); err != nil {
		return err
	}
	if !s.cfg.Definition.Filter.about(q.Facts.Customer, q.SourceEvent) {
		return nil
	}
	q.Lane, q.ReplayID = decision.LaneReplay, s.cfg.ID
	q.Facts.PastDedupWindow = s.cfg.Definition.PastDedupWindow
	status, reason, detail := s.recheck(it)
	it.decision = s.deps.Recorder.Sent(q, decision.StageReplay, status, reason, detail, 0, s.now)
	if !s.chosen(&it.decision, s.proof(r), report) {
		return nil
	}
	if it.queued {
		owner, ttl := dedup.Owner(q.ClaimOwner), time.Duration(q.ClaimWindowMS)*time.Millisecond
		it.requests = append(it.requests, dedup.Request{Key: dedup.Key(q.ClaimKey), Owner: owner, TTL: ttl})
		if q.AlsoKey != ([16]byte{}) {
			it.requests = append(it.requests, dedup.Request{Key: dedup.Key(q.AlsoKey), Owner: owner, TTL: ttl})
		}
	}
	s.items = append(s.items, it)
	return nil
}

// recheck asks the sender's gates. What would only wait is queued: the sender
// lets it wait.
func (s *session) recheck(it *item) (decision.Status, decision.Reason, string) {
	v := gate.Recheck(&it.delivery.Facts, s.view, s.now)
	if it.queued = v.OK() || v.Status == decision.Parked; !it.queued {
		return v.Status, v.Reason, v.Detail
	}
	it.waits = v.Status == decision.Parked
	return decision.Queued, decision.Eligible, "the payload as it was built before"
}

// proof is what the record itself says where the diagnostics are gone: a dead
// letter has failed.
func (s *session) proof(r *kgo.Record) history.Outcome {
	if s.cfg.Definition.From != FromDeadLetters {
		return history.Outcome{}
	}
	fate := history.Outcome{State: history.Failed, Status: decision.DeadLettered, Time: r.Timestamp.UnixMilli()}
	if hop, err := codec.ParseHop(r.Headers); err == nil {
		fate.Reason = hop.Cause
	}
	return fate
}
