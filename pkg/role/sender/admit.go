package sender

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// Admit sends a due delivery on its way: into a batch, as the probe of a
// blocked destination, or to a retry topic.
func (l *loop) Admit(ctx context.Context, it *item, now int64) {
	d := l.destinations.Get(it.Destination())
	switch wait := l.longWait(d, it, now); {
	case it.Delivery.NotBefore > now:
		l.moves.enqueue(d, []*item{it}, l.moves.later(it.Delivery.NotBefore, now, decision.Eligible, "waits until the provider takes a click of its age"))
	case d.Flow.Mode == flow.Blocked:
		l.tryOrPark(ctx, d, it, now)
	case wait > 0:
		l.moves.enqueue(d, []*item{it}, l.moves.laterFor(d, wait, now))
	case it.Delivery.Adjust && l.adjusting[it.Delivery.NewestKey] != nil:
		l.moves.enqueue(d, []*item{it}, l.moves.later(now+1, now, decision.Eligible, "waits for another adjustment of the transaction"))
	default:
		if it.Delivery.Adjust {
			l.adjusting[it.Delivery.NewestKey] = it
		}
		l.batchers[it.Delivery.Lane].Add(it.Key(), batchItem{
			ID: it.Delivery.ProviderID, Bytes: len(it.Delivery.Payload) + separatorBytes, Due: l.latest(it, now), Value: it,
		})
	}
}

// separatorBytes stand between two fragments at most.
const separatorBytes = 2

// latest is when a delivery lingers no longer for others to share its request.
func (l *loop) latest(it *item, now int64) int64 {
	if it.Delivery.Lane == decision.LaneRealtime || it.From.Delayed() {
		return now + ms(l.cfg.RealtimeLinger)
	}
	wait := it.Delivery.MaxWaitMS
	if wait <= 0 {
		wait = ms(l.cfg.BatchWait)
	}
	// A backlog has waited already.
	return max(now+ms(l.cfg.RealtimeLinger), min(it.Record.Timestamp.UnixMilli(), now)+wait)
}

// longWait is how much longer the destination needs than deliveries may stay
// in memory; zero while it does not. Where every destination fails, nothing
// moves: Kafka is the buffer.
func (l *loop) longWait(d *destinations.Destination, it *item, now int64) int64 {
	if l.destinations.AllFail(d) {
		return 0
	}
	wait := d.WaitMS(now)
	if wait > ms(l.cfg.LongWait) || (wait > 0 && !it.Fits()) {
		return wait
	}
	return 0
}

// tryOrPark deals with a delivery for a blocked destination: where a probe is
// due and only a real event can be one, it is the probe; else it is parked.
func (l *loop) tryOrPark(ctx context.Context, d *destinations.Destination, it *item, now int64) {
	if d.TriedByEvent(now) && l.pause.until <= now {
		d.WantsEvent = false
		l.send(ctx, &job{key: it.Key(), lane: it.Delivery.Lane, items: []*item{it}}, l.deps.Now())
		return
	}
	l.moves.enqueue(d, []*item{it}, l.moves.parked(d))
}

// Probe asks a blocked destination whether it would take deliveries again.
func (l *loop) Probe(ctx context.Context, d *destinations.Destination) {
	l.start(ctx, d, &job{key: batcher.Key{Destination: d.ID}, intent: toProbe})
}

// Offer gives blocked destinations that can only be tried with a real event
// one from the parked deliveries, where no new one has come.
func (l *loop) Offer(ctx context.Context, now int64) {
	l.intake.OfferParked(
		func(it *item) bool { return l.destinations.Get(it.Destination()).TriedByEvent(now) },
		func(it *item) { l.tryOrPark(ctx, l.destinations.Get(it.Destination()), it, now) })
}

// Release forgets which delivery this process is in charge of.
func (l *loop) Release(it *item) {
	l.intake.Forget(it)
	if key := it.Delivery.NewestKey; it.Delivery.Adjust && l.adjusting[key] == it {
		delete(l.adjusting, key)
	}
}

// Revoked leaves items of revoked partitions out of batches.
func (l *loop) Revoked() {
	for _, b := range l.batchers {
		b.Drain(func(_ batcher.Key, i batchItem) bool { return i.Value.Revoked() })
	}
}

// Busy says whether anything is on its way that will end soon; dispatch has
// started everything that may start.
func (l *loop) Busy() bool { return l.active > 0 || l.settling.busy() }
