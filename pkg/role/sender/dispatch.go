package sender

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
)

type batchItem = batcher.Item[*item]

// envelopeBytes is more than any provider puts around the fragments.
const envelopeBytes = 16 << 10

// newBatchers makes a batcher for each lane. most is how many events of a
// destination may share a request.
func newBatchers(spec provider.Spec, most func(destination string, lane decision.Lane) int) map[decision.Lane]*batcher.Batcher[*item] {
	size := spec.MaxBytes - envelopeBytes
	of := func(lane decision.Lane, events int) *batcher.Batcher[*item] {
		of := func(k batcher.Key) int { return min(events, most(k.Destination, lane)) }
		return batcher.New[*item](lane, batcher.Limits{Events: events, Bytes: size, Most: of})
	}
	return map[decision.Lane]*batcher.Batcher[*item]{
		decision.LaneRealtime: of(decision.LaneRealtime, spec.RealtimeBatch),
		decision.LaneBatch:    of(decision.LaneBatch, spec.MaxBatch),
		decision.LaneReplay:   of(decision.LaneReplay, spec.MaxBatch),
	}
}

// dispatch starts every request that may start now.
func (l *loop) dispatch(ctx context.Context, now time.Time) {
	clock := now.UnixMilli()
	if l.pause.until > clock {
		l.tasks.At(l.pause.until)
		return
	}
	if l.pause.until != 0 {
		l.pause.until, l.pause.ended = 0, clock
	}
	l.retry(ctx, now)
	horizon := clock
	if l.draining || l.intake.Leaving() {
		horizon += time.Hour.Milliseconds() * 24 // nothing lingers any more
	}
	for _, lane := range lanes {
		b := l.batchers[lane]
		ready := func(k batcher.Key) bool {
			ok, at := l.destinations.ReadyAt(l.destinations.Get(k.Destination), lane, now)
			if !ok && at > clock {
				l.tasks.At(at)
			}
			return ok
		}
		for {
			batch, ok := b.Take(horizon, ready)
			if !ok {
				break
			}
			l.send(ctx, &job{key: batch.Key, lane: lane, items: values(batch.Items)}, now)
		}
		l.offloadSlow(b, clock)
		if due, ok := b.Due(ready); ok {
			l.tasks.At(due)
		}
	}
}

// offloadSlow moves away what a slow destination keeps waiting for long, so
// that the partitions' other deliveries go on. An only destination has no
// neighbours, and what waits for the whole provider waits in Kafka.
func (l *loop) offloadSlow(b *batcher.Batcher[*item], now int64) {
	patience := ms(l.cfg.LongWait)
	if l.destinations.Len() < 2 || now-l.pause.ended < patience || l.draining {
		return
	}
	for _, k := range b.Overdue(now - patience) {
		d := l.destinations.Get(k.Destination)
		if !d.Described || d.Flow.Mode != flow.Open || now-d.OpenSince < patience || l.destinations.AllFail(d) {
			continue
		}
		items := b.Drain(func(other batcher.Key, _ batchItem) bool { return other == k })
		l.moves.enqueue(d, values(items), l.moves.laterFor(d, patience, now))
	}
}

// retry starts what must be sent again as it is.
func (l *loop) retry(ctx context.Context, now time.Time) {
	for d, jobs := range l.retries {
		for len(jobs) > 0 {
			j := jobs[len(jobs)-1]
			if j.items = intake.Owned(j.items); len(j.items) > 0 {
				ok, at := l.destinations.ReadyAt(d, j.lane, now)
				if !ok {
					if at > 0 {
						l.tasks.At(at)
					}
					break
				}
				l.send(ctx, j, now)
			}
			jobs = jobs[:len(jobs)-1]
		}
		if l.retries[d] = jobs; len(jobs) == 0 {
			delete(l.retries, d)
		}
	}
}

// retryLater keeps a job's deliveries together for another try.
func (l *loop) retryLater(d *destinations.Destination, j *job, items []*item) {
	if j.intent == toProbe {
		d.Probing = false
		return
	}
	again := *j
	again.items, again.counted = items, false
	l.retries[d] = append(l.retries[d], &again)
}

// takeAll takes everything of a destination out of batches and retries.
func (l *loop) takeAll(d *destinations.Destination) []*item {
	var out []*item
	for _, b := range l.batchers {
		out = append(out, values(b.Drain(func(k batcher.Key, _ batchItem) bool { return k.Destination == d.ID }))...)
	}
	for _, j := range l.retries[d] {
		out = append(out, intake.Owned(j.items)...)
	}
	delete(l.retries, d)
	return out
}

// parkAll parks everything of a destination that has been blocked.
func (l *loop) parkAll(d *destinations.Destination) {
	l.moves.enqueue(d, l.takeAll(d), l.moves.parked(d))
}

// send starts one request.
func (l *loop) send(ctx context.Context, j *job, now time.Time) {
	d := l.destinations.Get(j.key.Destination)
	if d.Flow.Mode == flow.Blocked {
		d.Probing = true
	}
	l.destinations.Begin(d, j.lane, len(j.items), now)
	j.counted = true
	l.start(ctx, d, j)
}

func (l *loop) start(ctx context.Context, d *destinations.Destination, j *job) {
	j.epoch = d.Epoch
	l.active++
	l.tasks.Spawn(func() func() {
		r := l.worker.work(ctx, j)
		return func() {
			l.active--
			l.answered(ctx, d, j, r)
		}
	})
}

func values(items []batchItem) []*item {
	out := make([]*item, len(items))
	for i := range items {
		out[i] = items[i].Value
	}
	return out
}
