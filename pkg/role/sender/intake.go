package sender

import (
	"context"
	"errors"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// take puts polled records into their windows and on their way.
func (l *loop) take(ctx context.Context, items []*item) {
	now := l.deps.Now().UnixMilli()
	touched := make(map[*partition]struct{})
	for _, it := range items {
		p := l.partitions[spot{it.record.Topic, it.record.Partition}]
		if p == nil {
			continue // rebalances are blocked while records are handed over, so this is the very end
		}
		it.partition, it.place = p, p.place
		if p.window.Add(it.record.Offset, it.bytes, it.destination()) != nil {
			continue // the client went back; the first copy is in the window
		}
		l.held++
		l.press(it.bytes)
		touched[p] = struct{}{}
		p.epoch = it.record.LeaderEpoch
		l.opened(ctx, it, now)
	}
	for p := range touched {
		l.fetching(p)
	}
}

// opened goes on with a record as its bytes allow.
func (l *loop) opened(ctx context.Context, it *item, now int64) {
	if it.place.waits() {
		// A clock that was ahead when it was moved must not hold up the queue.
		it.due = min(it.record.Timestamp.UnixMilli(), now) + it.place.delay
	}
	if _, pending := errors.AsType[*codec.PendingError](it.broken); pending {
		l.puzzles = append(l.puzzles, it)
		return
	}
	if it.broken != nil {
		l.unreadable(ctx, it)
		return
	}
	l.enter(ctx, it, now)
}

// retryPuzzlesMS is how often records that only the registry can explain are
// read again.
const retryPuzzlesMS = 1000

// puzzle reads records again that the registry could not explain before.
func (l *loop) puzzle(ctx context.Context, now int64) {
	if len(l.puzzles) == 0 || l.puzzling {
		return
	}
	if now < l.nextPuzzle {
		l.at(l.nextPuzzle)
		return
	}
	items := own(l.puzzles)
	l.puzzles, l.puzzling = nil, true
	l.spawn(func() func() {
		for _, it := range items {
			it.broken = l.deps.Deliveries.Decode(ctx, it.record.Value, &it.delivery)
		}
		return func() {
			l.puzzling = false
			later := l.deps.Now().UnixMilli()
			l.nextPuzzle = later + retryPuzzlesMS
			for _, it := range own(items) {
				l.opened(ctx, it, later)
			}
		}
	})
}

// unreadable gives up a record that is no delivery. Only router and replay
// write these topics, so it means a broken installation; the bytes are kept
// among the dead letters.
func (l *loop) unreadable(ctx context.Context, it *item) {
	l.deps.Log.ErrorContext(ctx, "sender: a record is not a delivery", "topic", it.record.Topic,
		"partition", it.record.Partition, "offset", it.record.Offset, "error", it.broken)
	it.delivery = decision.Delivery{Provider: l.deps.Provider.Name(), Source: event.Coordinates{
		Topic: it.record.Topic, Partition: it.record.Partition, Offset: it.record.Offset, AppendTime: it.record.Timestamp.UnixMilli(),
	}}
	l.end(ctx, it.entry(&settle.Outcome{
		Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.EventUndecodable,
		Detail: "the record of " + it.record.Topic + " is not a delivery", KeepClaim: true,
	}))
}

// enter takes charge of a delivery. A second copy of one that this process
// already has is dropped: a crash leaves such copies.
func (l *loop) enter(ctx context.Context, it *item, now int64) {
	if !l.copies.add(it) {
		l.end(ctx, it.entry(&settle.Outcome{
			Kind: settle.Ended, Status: decision.Duplicate, Reason: decision.DuplicateSuperseded,
			Detail: "another copy of it is in charge", KeepClaim: true,
		}))
		return
	}
	if it.place.waits() {
		it.partition.queue = append(it.partition.queue, it)
		return
	}
	l.admit(ctx, it, now)
}

// heads handles what is due in the waiting places.
func (l *loop) heads(ctx context.Context, now int64) {
	if l.hold > now {
		return // it would be put off for the same reason
	}
	for _, p := range l.partitions {
		if len(p.queue) == 0 || l.draining || l.isLeaving(p.at) {
			continue
		}
		n := 0
		for n < len(p.queue) && l.dueNow(p.queue[n], now) {
			n++
		}
		due := p.queue[:n]
		p.queue = p.queue[n:]
		for _, it := range due {
			l.admit(ctx, it, now)
		}
		if n > 0 {
			l.fetching(p)
		}
		if len(p.queue) > 0 {
			l.at(p.queue[0].due)
		}
	}
}

// dueNow: its time has come, or a destination of this provider has become
// healthy since it was parked.
func (l *loop) dueNow(it *item, now int64) bool {
	return now >= it.due || (it.place.parked && it.record.Timestamp.UnixMilli() < l.healthySince)
}

// admit sends a due delivery on its way: into a batch, as the probe of a
// blocked destination, or to a waiting place.
func (l *loop) admit(ctx context.Context, it *item, now int64) {
	d := l.destination(it.destination())
	switch wait := l.longWait(d, it, now); {
	case it.delivery.NotBefore > now:
		l.put(d, []*item{it}, l.later(it.delivery.NotBefore, now, decision.Eligible, "waits until the provider takes a click of its age"))
	case d.flow.Mode == blocked:
		l.knock(ctx, d, it, now)
	case wait > 0:
		l.put(d, []*item{it}, l.laterFor(d, wait, now))
	case it.delivery.Adjust && l.adjusting[it.delivery.NewestKey] != nil:
		l.put(d, []*item{it}, l.later(now+1, now, decision.Eligible, "waits for another adjustment of the transaction"))
	default:
		if it.delivery.Adjust {
			l.adjusting[it.delivery.NewestKey] = it
		}
		l.batchers[it.delivery.Lane].Add(it.key(), batcher.Item[*item]{
			ID: it.delivery.ProviderID, Bytes: len(it.delivery.Payload) + separatorBytes, Due: l.latest(it, now), Value: it,
		})
	}
}

// separatorBytes stand between two fragments at most.
const separatorBytes = 2

// latest is when a delivery may wait no longer for company.
func (l *loop) latest(it *item, now int64) int64 {
	if it.delivery.Lane == decision.LaneRealtime || it.place.waits() {
		return now + ms(l.cfg.RealtimeLinger)
	}
	wait := it.delivery.MaxWaitMS
	if wait <= 0 {
		wait = ms(l.cfg.BatchWait)
	}
	// A backlog has waited already.
	return max(now+ms(l.cfg.RealtimeLinger), min(it.record.Timestamp.UnixMilli(), now)+wait)
}

// longWait is how much longer the destination needs than deliveries may stay
// in memory; zero while it does not. Where every destination fails, nothing
// moves: Kafka is the buffer.
func (l *loop) longWait(d *destination, it *item, now int64) int64 {
	if l.allFail(d) {
		return 0
	}
	wait := l.waitOf(d, now)
	if wait > ms(l.cfg.LongWait) || (wait > 0 && !it.partition.window.Fits(it.destination(), 0)) {
		return wait
	}
	return 0
}

// waitOf is how long the destination lets nothing pass.
func (l *loop) waitOf(d *destination, now int64) int64 {
	until := int64(0)
	if !d.flow.Ready(now) {
		until = d.flow.Until
	}
	if d.quota != nil && !d.quota.flow.Ready(now) {
		until = max(until, d.quota.flow.Until)
	}
	return max(0, until-now)
}

// later is the outcome of a move that counts no attempt.
func (l *loop) later(until, now int64, reason decision.Reason, detail string) settle.Outcome {
	return settle.Outcome{Kind: settle.Later, Reason: reason, Detail: detail, Until: until, Topic: l.places.forWait(until - now).topic}
}

func (l *loop) laterFor(d *destination, wait, now int64) settle.Outcome {
	cause, detail := d.flow.Cause, d.flow.Detail
	if cause == decision.ReasonNone {
		cause, detail = decision.ProviderThrottled, "the destination's share of the queue is used up"
	}
	return l.later(now+wait, now, cause, detail)
}
