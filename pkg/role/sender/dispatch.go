package sender

import (
	"context"
	"math"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/batcher"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

const blocked = flow.Blocked

type (
	batcherKey  = batcher.Key
	batcherItem = batcher.Item[*item]
)

// envelopeBytes is more than any provider puts around the fragments.
const envelopeBytes = 16 << 10

func (l *loop) newBatchers(spec provider.Spec) map[decision.Lane]*batcher.Batcher[*item] {
	size := spec.MaxBytes - envelopeBytes
	of := func(lane decision.Lane, events int) *batcher.Batcher[*item] {
		most := func(k batcherKey) int { return min(events, l.most(k, lane)) }
		return batcher.New[*item](lane, batcher.Limits{Events: events, Bytes: size, Most: most})
	}
	return map[decision.Lane]*batcher.Batcher[*item]{
		decision.LaneRealtime: of(decision.LaneRealtime, spec.RealtimeBatch),
		decision.LaneBatch:    of(decision.LaneBatch, spec.MaxBatch),
		decision.LaneReplay:   of(decision.LaneReplay, spec.MaxBatch),
	}
}

// requestSpan is how long one request may use up a destination's rate. The next
// one has to wait for as long, and so has what that one would say: a full
// request at a low rate would stop a destination for minutes.
const requestSpan = 5 * time.Second

// most is how many events of a key may share a request.
func (l *loop) most(k batcherKey, lane decision.Lane) int {
	d := l.destinations[k.Destination]
	switch {
	case d == nil:
		return math.MaxInt
	case d.spec != nil && d.spec.Delivery.ExactDiagnostics:
		// The destination has asked for a request to each event, so that what the
		// provider says later about the request is about the event.
		return 1
	case d.flow.Rate == 0:
		return math.MaxInt
	}
	rate := d.flow.Rate
	if lane == decision.LaneReplay {
		rate *= l.cfg.ReplayShare
	}
	return int(min(rate*requestSpan.Seconds(), math.MaxInt32))
}

// dispatch starts every request that may start now.
func (l *loop) dispatch(ctx context.Context, now time.Time) {
	clock := now.UnixMilli()
	if l.hold > clock {
		l.at(l.hold)
		return
	}
	if l.hold != 0 {
		l.hold, l.resumed = 0, clock
	}
	l.repeat(ctx, now)
	horizon := clock
	if l.draining || len(l.leaving) > 0 {
		horizon += time.Hour.Milliseconds() * 24 // nobody waits for company any more
	}
	for _, lane := range lanes {
		b := l.batchers[lane]
		ready := func(k batcher.Key) bool {
			ok, at := l.readyAt(l.destination(k.Destination), lane, now)
			if !ok && at > clock {
				l.at(at)
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
		l.relieve(b, clock)
		if due, ok := b.Due(ready); ok {
			l.at(due)
		}
	}
}

// relieve moves away what a slow destination keeps waiting for long, so that
// the partitions' other deliveries go on. An only destination has no
// neighbours, and what waits for the whole provider waits in Kafka.
func (l *loop) relieve(b *batcher.Batcher[*item], now int64) {
	patience := ms(l.cfg.LongWait)
	if len(l.destinations) < 2 || now-l.resumed < patience || l.draining {
		return
	}
	for _, k := range b.Overdue(now - patience) {
		d := l.destination(k.Destination)
		if !d.described || d.flow.Mode != flow.Open || now-d.openSince < patience || l.allFail(d) {
			continue
		}
		items := b.Drain(func(other batcherKey, _ batcherItem) bool { return other == k })
		l.put(d, values(items), l.laterFor(d, patience, now))
	}
}

// repeat starts what must be sent again as it is.
func (l *loop) repeat(ctx context.Context, now time.Time) {
	for d := range l.again {
		for len(d.again) > 0 {
			j := d.again[len(d.again)-1]
			if j.items = own(j.items); len(j.items) > 0 {
				ok, at := l.readyAt(d, j.lane, now)
				if !ok {
					if at > 0 {
						l.at(at)
					}
					break
				}
				l.send(ctx, j, now)
			}
			d.again = d.again[:len(d.again)-1]
		}
		if len(d.again) == 0 {
			delete(l.again, d)
		}
	}
}

// send starts one request.
func (l *loop) send(ctx context.Context, j *job, now time.Time) {
	d := l.destination(j.key.Destination)
	if d.flow.Mode == blocked {
		d.probing = true
	}
	l.book(d, j, now)
	l.start(ctx, d, j)
}

// move is a pile of deliveries of one destination that go to a waiting place.
type move struct {
	destination *destination
	kind        settle.Kind
	topic       string
	reason      decision.Reason
	detail      string
}

// put moves or parks deliveries with the next step, in one job for all that
// go the same way.
func (l *loop) put(d *destination, items []*item, o settle.Outcome) {
	if items = own(items); len(items) == 0 {
		return
	}
	m := move{destination: d, kind: o.Kind, topic: o.Topic, reason: o.Reason, detail: o.Detail}
	j := l.moves[m]
	if j == nil {
		j = &job{key: batcherKey{Destination: d.id}, intent: toMove, outcome: o}
		l.moves[m] = j
	}
	j.items = append(j.items, items...)
	j.outcome.Until = max(j.outcome.Until, o.Until)
}

// carry starts the moves. The checks run for them all the same, so that what
// is revoked or too old ends instead of being copied for days.
func (l *loop) carry(ctx context.Context, now int64) {
	if l.hold > now {
		return
	}
	for m, j := range l.moves {
		if j.items = own(j.items); len(j.items) > 0 {
			l.start(ctx, m.destination, j)
		}
		delete(l.moves, m)
	}
}

func (l *loop) start(ctx context.Context, d *destination, j *job) {
	j.epoch = d.epoch
	l.active++
	l.spawn(func() func() {
		r := l.worker.work(ctx, j)
		return func() {
			l.active--
			l.answered(ctx, d, j, r)
		}
	})
}

// own leaves out what belongs to somebody else by now.
func own(items []*item) []*item {
	kept := items[:0:0]
	for _, it := range items {
		if !it.partition.gone {
			kept = append(kept, it)
		}
	}
	return kept
}

func values(items []batcher.Item[*item]) []*item {
	out := make([]*item, len(items))
	for i := range items {
		out[i] = items[i].Value
	}
	return out
}
