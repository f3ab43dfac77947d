package sender

import (
	"context"

	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// settling are ends that are not handed to settle yet, and the settlements
// under way.
type settling struct {
	pending []ended
	by      int64 // when they are handed over at the latest, epoch ms
	// underWay are settlements.
	underWay int
}

func (s *settling) busy() bool { return s.underWay > 0 || len(s.pending) > 0 }

// End notes what becomes of a delivery. From here on another copy of it may
// be taken charge of: its own copy can be read before its settlement is over.
func (l *loop) End(it *item, o *settle.Outcome) {
	l.Release(it)
	if it.Revoked() && o.Kind != settle.Delivered {
		return // its new owner decides; only what the provider has must be known
	}
	s := &l.settling
	if len(s.pending) == 0 {
		s.by = l.deps.Now().UnixMilli() + settleWaitMS
	}
	s.pending = append(s.pending, ended{it, o})
	if o.Kind == settle.Parked {
		l.destinations.Get(it.Destination()).Parked++
	}
}

// What ends while a settlement is under way lingers until that is over, but
// not for long (one that is stuck must hold up nobody) and not for much: small
// requests would pay a round trip to Redis and one to Kafka each.
const (
	settleWaitMS = 5
	settleAtOnce = 200
)

// settle settles everything that was ended, in one go.
func (l *loop) settle(ctx context.Context) {
	s := &l.settling
	if len(s.pending) == 0 {
		return
	}
	now := l.deps.Now().UnixMilli()
	if atOnce := l.draining || l.intake.Leaving(); !atOnce && s.underWay > 0 && len(s.pending) < settleAtOnce && now < s.by {
		l.tasks.At(s.by)
		return
	}
	batch := s.pending
	s.pending = nil
	l.carryOut(ctx, batch, func() {
		countMoves(l.deps.Meter, &l.topics, batch)
		l.intake.Finish(itemsOf(batch))
	})
}

// keep tells what an attempt came to whose deliveries stay here, and lets them
// go again once that is acknowledged: what is said about one event stands in
// order.
func (l *loop) keep(ctx context.Context, d *destinations.Destination, j *job, items []*item, o *settle.Outcome) {
	kept := make([]ended, 0, len(items))
	for _, it := range intake.Owned(items) {
		kept = append(kept, ended{it, o})
	}
	if len(kept) == 0 {
		return
	}
	l.carryOut(ctx, kept, func() {
		now := l.deps.Now().UnixMilli()
		switch wait := d.WaitMS(now); {
		case d.Flow.Mode == flow.Blocked:
			l.moves.enqueue(d, itemsOf(kept), l.moves.parked(d))
		case wait > ms(l.cfg.LongWait): // told to wait for longer meanwhile
			l.moves.enqueue(d, itemsOf(kept), l.moves.laterFor(d, wait, now))
		default:
			l.retryLater(d, j, itemsOf(kept))
		}
	})
}

// carryOut hands outcomes to settle, and calls then in the loop once they are
// carried out.
func (l *loop) carryOut(ctx context.Context, batch []ended, then func()) {
	l.settling.underWay++
	entries := make([]settle.Entry, len(batch))
	for i, e := range batch {
		entries[i] = settle.Entry{Delivery: &e.item.Delivery, Record: e.item.Record, Hop: &e.item.Hop, Outcome: e.outcome}
	}
	l.tasks.Spawn(func() func() {
		ends, err := l.settler.Settle(ctx, entries)
		return func() {
			l.settling.underWay--
			if err != nil {
				return // stopping: read again by whoever is next
			}
			for end, n := range ends {
				l.deps.Meter.Settled(end.Status, end.Reason, n)
			}
			then()
		}
	})
}

func itemsOf(batch []ended) []*item {
	items := make([]*item, len(batch))
	for i, e := range batch {
		items[i] = e.item
	}
	return items
}

// countMoves tells the meter where deliveries were republished to.
func countMoves(meter Meter, topics *intake.Topics, batch []ended) {
	type way struct{ destination, topic string }
	counts := make(map[way]int)
	for i := range batch {
		if to := topics.Label(batch[i].outcome); to != "" {
			counts[way{batch[i].item.Destination(), to}]++
		}
	}
	for w, n := range counts {
		meter.Moved(w.destination, w.topic, n)
	}
}
