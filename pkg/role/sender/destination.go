package sender

import (
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// destination is what the loop knows about one destination. Only the loop
// touches it.
type destination struct {
	id       string
	flow     flow.State
	bucket   bucket // events
	replays  bucket // events of the replay lane: its share of the rate
	quota    *quota // nil where the provider has none
	inFlight int
	// again are jobs whose deliveries were answered and must be sent again as
	// they are; the newest first, so that isolating a bad event goes deep
	// before it goes wide and the breaker sees results early.
	again []*job
	// probing: a request that may open a blocked destination is on its way.
	probing bool
	// wantsEvent: the provider has no other probe than one real event.
	wantsEvent bool
	// epoch counts how often the credentials were read again.
	epoch int
	// failingSince is the first of the transient failures in a row, epoch ms.
	failingSince int64
	openSince    int64 // when the flow last opened
	rate         throughput

	// What the last look at the resources said. described: there was one, so
	// that the rate and the size of requests are known.
	described bool

	spec   *resource.Destination
	secret string // version
	parked int64
	since  int64  // of the mode
	told   string // mode and cause that were published last
	ends   int64  // of that secret; zero: not known

	telling     bool
	toldAt      int64
	toldHealthy int64
}

// quota is a budget that several destinations share: requests, not events.
type quota struct {
	name   string
	flow   flow.State
	bucket bucket
	// requests that this process has made since it started.
	requests int64
}

// take books one request.
func (q *quota) take(now time.Time) {
	q.bucket.take(1, now)
	q.requests++
}

// bucket meters a rate and may go into debt: a request is one piece, and
// what it exceeds the rate by delays the next.
type bucket struct {
	limiter *rate.Limiter
	limit   float64
}

// set changes the rate; zero is no limit.
func (b *bucket) set(perSecond float64, now time.Time) {
	if perSecond == b.limit {
		return
	}
	b.limit = perSecond
	if perSecond <= 0 {
		b.limiter = nil
		return
	}
	burst := max(1, int(perSecond)) // one second's worth
	if b.limiter == nil {
		b.limiter = rate.NewLimiter(rate.Limit(perSecond), burst)
		return
	}
	b.limiter.SetLimitAt(now, rate.Limit(perSecond))
	b.limiter.SetBurstAt(now, burst)
}

// readyAt is when the next request may start, epoch ms; now or earlier: at once.
func (b *bucket) readyAt(now time.Time) int64 {
	if b.limiter == nil {
		return 0
	}
	missing := 1 - b.limiter.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return now.UnixMilli() + 1 + int64(missing/b.limit*1000)
}

// take books n, in pieces that the limiter allows.
func (b *bucket) take(n int, now time.Time) {
	for b.limiter != nil && n > 0 {
		piece := min(n, b.limiter.Burst())
		b.limiter.ReserveN(now, piece)
		n -= piece
	}
}

// throughput is the rate of the last seconds.
type throughput struct {
	from  int64
	count float64
	last  float64
}

const throughputWindowMS = 5_000

func (t *throughput) add(n int, now int64) {
	if now-t.from >= throughputWindowMS {
		t.last = t.perSecond(now)
		t.from, t.count = now, 0
	}
	t.count += float64(n)
}

func (t *throughput) perSecond(now int64) float64 {
	if elapsed := now - t.from; elapsed >= 1000 {
		return t.count * 1000 / float64(elapsed)
	}
	return max(t.last, t.count)
}

// readyAt says whether a request of the lane may start now; where it may not,
// at is when it may, zero when only an answer can tell.
func (l *loop) readyAt(d *destination, lane decision.Lane, now time.Time) (ok bool, at int64) {
	ms := now.UnixMilli()
	if !d.described && !l.draining {
		return false, 0 // the look is under way
	}
	if d.inFlight >= l.cfg.InFlight || l.inFlight >= l.cfg.TotalInFlight {
		return false, 0
	}
	if lane == decision.LaneReplay && d.inFlight >= max(1, l.cfg.InFlight/4) {
		return false, 0
	}
	if !d.flow.Ready(ms) {
		at = d.flow.Until
	}
	if q := d.quota; q != nil {
		if !q.flow.Ready(ms) {
			at = max(at, q.flow.Until)
		}
		at = max(at, q.bucket.readyAt(now))
	}
	at = max(at, d.bucket.readyAt(now))
	if lane == decision.LaneReplay {
		at = max(at, d.replays.readyAt(now))
	}
	return at <= ms, at
}

// book counts a request that starts now.
func (l *loop) book(d *destination, j *job, now time.Time) {
	d.inFlight++
	l.inFlight++
	j.counted = true
	d.bucket.take(len(j.items), now)
	if j.lane == decision.LaneReplay {
		d.replays.take(len(j.items), now)
	}
	if d.quota != nil {
		d.quota.take(now)
	}
}

// rates gives the limiters what the flows say.
func (l *loop) rates(d *destination, now time.Time) {
	ceiling := 0.0
	if d.spec != nil {
		ceiling = d.spec.Delivery.RatePerSecond * l.share
	}
	d.flow = d.flow.Under(ceiling)
	d.bucket.set(d.flow.Rate, now)
	d.replays.set(d.flow.Rate*l.cfg.ReplayShare, now)
	if q := d.quota; q != nil {
		q.flow = q.flow.Under(l.cfg.QuotaPerMinute / 60 * l.share)
		q.bucket.set(q.flow.Rate, now)
	}
}

// destination gives the state of one destination, made on first sight.
func (l *loop) destination(id string) *destination {
	d := l.destinations[id]
	if d == nil {
		d = &destination{id: strings.Clone(id)} // or a record's bytes would be kept as long
		l.destinations[d.id] = d
		l.resources, l.nextWatch = "", 0 // the next look describes it
	}
	return d
}
