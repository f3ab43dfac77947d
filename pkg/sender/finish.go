package sender

import (
	"context"

	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/sender/settle"
)

// end notes what becomes of a delivery. From here on another copy of it may
// be taken charge of: its own copy can be read before its settlement is over.
func (l *loop) end(_ context.Context, e ended) {
	l.release(e.item)
	if e.item.partition.gone && e.outcome.Kind != settle.Delivered {
		return // its new owner decides; only what the provider has must be known
	}
	l.settling = append(l.settling, e)
	if e.outcome.Kind == settle.Parked {
		l.destination(e.item.destination()).parked++
	}
}

// flush settles everything that was ended, in one go.
func (l *loop) flush(ctx context.Context) {
	if len(l.settling) == 0 {
		return
	}
	batch := l.settling
	l.settling = nil
	entries := make([]settle.Entry, len(batch))
	items := make([]*item, len(batch))
	for i, e := range batch {
		items[i] = e.item
		entries[i] = settle.Entry{Delivery: &e.item.delivery, Record: e.item.record, Hop: e.item.hop, Outcome: e.outcome}
	}
	l.active++
	l.spawn(func() func() {
		decisions, err := l.settle.Settle(ctx, entries)
		return func() {
			l.active--
			if err != nil {
				return // stopping: read again by whoever is next
			}
			l.count(decisions)
			l.countMoves(batch)
			l.finish(items)
		}
	})
}

// countMoves tells the meter where copies went.
func (l *loop) countMoves(batch []ended) {
	type way struct{ destination, place string }
	counts := make(map[way]int)
	for i := range batch {
		if to := l.places.called(&batch[i].outcome); to != "" {
			counts[way{batch[i].item.destination(), to}]++
		}
	}
	for w, n := range counts {
		l.deps.Meter.Moved(w.destination, w.place, n)
	}
}

// count tells the meter, once per kind of end.
func (l *loop) count(decisions []decision.Decision) {
	type end struct {
		status decision.Status
		reason decision.Reason
	}
	counts := make(map[end]int)
	for i := range decisions {
		counts[end{decisions[i].Status, decisions[i].Reason}]++
	}
	for e, n := range counts {
		l.deps.Meter.Settled(e.status, e.reason, n)
	}
}
