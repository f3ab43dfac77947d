package sender

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// moves are deliveries on their way to retry topics, in one job for all that go
// the same way.
type moves struct {
	topics  *intake.Topics
	pending map[move]*job
}

// move is deliveries of one destination that go to one retry topic.
type move struct {
	destination *destinations.Destination
	kind        settle.Kind
	topic       string
	reason      decision.Reason
	detail      string
}

// enqueue moves or parks deliveries with the next step.
func (m *moves) enqueue(d *destinations.Destination, items []*item, o settle.Outcome) {
	if items = intake.Owned(items); len(items) == 0 {
		return
	}
	key := move{destination: d, kind: o.Kind, topic: o.Topic, reason: o.Reason, detail: o.Detail}
	j := m.pending[key]
	if j == nil {
		j = &job{key: batcher.Key{Destination: d.ID}, intent: toMove, outcome: o}
		m.pending[key] = j
	}
	j.items = append(j.items, items...)
	j.outcome.Until = max(j.outcome.Until, o.Until)
}

// flush starts the moves. The checks run for them all the same, so that what
// is revoked or too old ends instead of being republished for days.
func (m *moves) flush(start func(*destinations.Destination, *job)) {
	for key, j := range m.pending {
		if j.items = intake.Owned(j.items); len(j.items) > 0 {
			start(key.destination, j)
		}
		delete(m.pending, key)
	}
}

// later is the outcome of a move that counts no attempt.
func (m *moves) later(until, now int64, reason decision.Reason, detail string) settle.Outcome {
	return settle.Outcome{Kind: settle.Later, Reason: reason, Detail: detail, Until: until, Topic: m.topics.ForWait(until - now).Name}
}

// laterFor is later, for what keeps a destination waiting.
func (m *moves) laterFor(d *destinations.Destination, wait, now int64) settle.Outcome {
	cause, detail := d.Flow.Cause, d.Flow.Detail
	if cause == decision.ReasonNone {
		cause, detail = decision.ProviderThrottled, "the destination's share of the queue is used up"
	}
	return m.later(now+wait, now, cause, detail)
}

// parked is the outcome of a delivery whose destination is blocked.
func (m *moves) parked(d *destinations.Destination) settle.Outcome {
	return settle.Outcome{Kind: settle.Parked, Reason: d.Flow.Cause, Detail: d.Flow.Detail, Topic: m.topics.Parked.Name}
}
