package sender

import (
	"sort"
	"time"

	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// oldestEveryMS bounds how often everything in memory is looked through.
const oldestEveryMS = 1000

// detail fills in what takes longer to find out.
func (l *loop) detail(s *Status, now time.Time) {
	for _, p := range l.partitions {
		s.Bytes += p.window.State().Bytes
		if p.paused {
			s.Paused++
		}
	}
	for _, b := range l.batchers {
		s.Batched += b.Len()
	}
	at := now.UnixMilli()
	if at >= l.nextOldest {
		l.nextOldest, l.oldest = at+oldestEveryMS, l.longestDue(at)
	}
	s.Oldest = time.Duration(l.oldest) * time.Millisecond
	here := l.parkedHere(s, at)
	for _, d := range l.destinations {
		one := d.status()
		one.ParkedHere, one.ParkedBytes = here[d.id].n, here[d.id].bytes
		s.Destinations = append(s.Destinations, one)
	}
	sort.Slice(s.Destinations, func(i, k int) bool { return s.Destinations[i].ID < s.Destinations[k].ID })
	for _, q := range l.quotas {
		one := QuotaStatus{Name: q.name, Mode: q.flow.Mode.String(), Requests: q.requests, PerMinute: l.cfg.QuotaPerMinute, PerDay: l.cfg.QuotaPerDay}
		if q.flow.Mode != flow.Open {
			one.Until = q.flow.Until
		}
		s.Quotas = append(s.Quotas, one)
	}
	sort.Slice(s.Quotas, func(i, k int) bool { return s.Quotas[i].Name < s.Quotas[k].Name })
}

type pile struct{ n, bytes int }

// parkedHere sums up what was read ahead of the parked topic.
func (l *loop) parkedHere(s *Status, now int64) map[string]pile {
	here := make(map[string]pile)
	oldest := now
	for _, p := range l.partitions {
		if !p.place.parked {
			continue
		}
		for _, it := range p.queue {
			sum := here[it.destination()]
			here[it.destination()] = pile{sum.n + 1, sum.bytes + it.bytes}
			s.ParkedBytes += it.bytes
			oldest = min(oldest, it.record.Timestamp.UnixMilli())
		}
		s.Parked += len(p.queue)
	}
	s.ParkedOldest = time.Duration(now-oldest) * time.Millisecond
	return here
}

// longestDue is for how long, in milliseconds, the delivery that is due
// longest has waited for a request. It tells how far behind the senders are,
// so what no sender can hasten does not count: destinations that are blocked
// or told to wait, and company that a lane may wait for.
func (l *loop) longestDue(now int64) int64 {
	longest := int64(0)
	l.copies.each(func(it *item) {
		if it.partition.gone {
			return
		}
		due := it.due
		if !it.place.waits() {
			due = l.latest(it, min(it.record.Timestamp.UnixMilli(), now))
		}
		if now-due > longest && l.takes(it.destination(), now) {
			longest = now - due
		}
	})
	return longest
}

// takes says whether requests to a destination are held back by nothing but
// work.
func (l *loop) takes(id string, now int64) bool {
	d := l.destinations[id]
	if d == nil {
		return true
	}
	free := func(s flow.State) bool { return s.Mode == flow.Open || (s.Mode == flow.Waiting && s.Ready(now)) }
	return free(d.flow) && (d.quota == nil || free(d.quota.flow))
}

func (d *destination) status() DestinationStatus {
	s := DestinationStatus{ID: d.id, Mode: d.flow.Mode.String(), Rate: d.flow.Rate, InFlight: d.inFlight, Parked: d.parked}
	if d.flow.Mode != flow.Open {
		s.Reason, s.Message, s.Until = d.flow.Cause.String(), d.flow.Detail, d.flow.Until
	}
	return s
}
