package sender

import (
	"time"

	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// oldestEveryMS bounds how often everything in memory is looked through.
const oldestEveryMS = 1000

// detail fills in what takes longer to find out.
func (b *board) detail(l *loop, s *Status, now int64) {
	s.Bytes, s.Paused = l.intake.Memory()
	for _, b := range l.batchers {
		s.Batched += b.Len()
	}
	if now >= b.nextOldest {
		b.nextOldest, b.oldest = now+oldestEveryMS, longestDue(l, now)
	}
	s.Oldest = time.Duration(b.oldest) * time.Millisecond
	piles, oldest := l.intake.Parked(now)
	for _, p := range piles {
		s.Parked += p.N
		s.ParkedBytes += p.Bytes
	}
	s.ParkedOldest = time.Duration(now-oldest) * time.Millisecond
	for _, d := range l.destinations.List() {
		one := destinationStatus(d, now)
		one.ParkedHere, one.ParkedBytes = piles[d.ID].N, piles[d.ID].Bytes
		s.Destinations = append(s.Destinations, one)
	}
	for _, q := range l.destinations.Quotas() {
		one := QuotaStatus{Name: q.Name, Mode: q.Flow.Mode.String(), Requests: q.Requests, PerMinute: l.cfg.QuotaPerMinute, PerDay: l.cfg.QuotaPerDay}
		if q.Flow.Mode != flow.Open {
			one.Until = q.Flow.Until
		}
		s.Quotas = append(s.Quotas, one)
	}
}

// longestDue is for how long, in milliseconds, the delivery that is due
// longest has waited for a request. It tells how far behind the senders are,
// so what no sender can hasten does not count: destinations that are blocked
// or told to wait, and the linger of a lane.
func longestDue(l *loop, now int64) int64 {
	longest := int64(0)
	l.intake.Each(func(it *item) {
		due := it.Due
		if !it.From.Delayed() {
			due = l.latest(it, min(it.Record.Timestamp.UnixMilli(), now))
		}
		if now-due > longest && l.destinations.Unhindered(it.Destination(), now) {
			longest = now - due
		}
	})
	return longest
}

func destinationStatus(d *destinations.Destination, now int64) DestinationStatus {
	held := d.Held(now)
	s := DestinationStatus{ID: d.ID, Mode: held.Mode.String(), Message: held.Detail, Until: held.Until, Rate: d.Flow.Rate, InFlight: d.Requests(), Parked: d.Parked}
	if held.Mode != flow.Open {
		s.Reason = held.Cause.String()
	}
	return s
}
