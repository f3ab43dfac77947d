package sender

import (
	"context"

	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// end notes what becomes of a delivery. From here on another copy of it may
// be taken charge of: its own copy can be read before its settlement is over.
func (l *loop) end(_ context.Context, e ended) {
	l.release(e.item)
	if e.item.partition.gone && e.outcome.Kind != settle.Delivered {
		return // its new owner decides; only what the provider has must be known
	}
	if len(l.settling) == 0 {
		l.settleBy = l.deps.Now().UnixMilli() + settleWaitMS
	}
	l.settling = append(l.settling, e)
	if e.outcome.Kind == settle.Parked {
		l.destination(e.item.destination()).parked++
	}
}

// What ends while a settlement is under way waits for company until that is
// over, but not for long (one that is stuck must hold up nobody) and not for
// much: small requests would pay a round trip to Redis and one to Kafka each.
const (
	settleWaitMS = 5
	settleAtOnce = 200
)

// flush settles everything that was ended, in one go.
func (l *loop) flush(ctx context.Context) {
	if len(l.settling) == 0 {
		return
	}
	now := l.deps.Now().UnixMilli()
	if hurry := l.draining || len(l.leaving) > 0; !hurry && l.settlements > 0 && len(l.settling) < settleAtOnce && now < l.settleBy {
		l.at(l.settleBy)
		return
	}
	batch := l.settling
	l.settling = nil
	l.settlements++
	entries := make([]settle.Entry, len(batch))
	for i, e := range batch {
		entries[i] = settle.Entry{Delivery: &e.item.delivery, Record: e.item.record, Hop: &e.item.hop, Outcome: e.outcome}
	}
	l.active++
	l.spawn(func() func() {
		ends, err := l.settle.Settle(ctx, entries)
		return func() {
			l.active--
			l.settlements--
			if err != nil {
				return // stopping: read again by whoever is next
			}
			for end, n := range ends {
				l.deps.Meter.Settled(end.Status, end.Reason, n)
			}
			l.countMoves(batch)
			l.finish(batch)
		}
	})
}

// countMoves tells the meter where copies went.
func (l *loop) countMoves(batch []ended) {
	type way struct{ destination, place string }
	counts := make(map[way]int)
	for i := range batch {
		if to := l.places.called(batch[i].outcome); to != "" {
			counts[way{batch[i].item.destination(), to}]++
		}
	}
	for w, n := range counts {
		l.deps.Meter.Moved(w.destination, w.place, n)
	}
}
