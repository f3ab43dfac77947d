package destinations

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// Quota is a budget that several destinations share: requests, not events.
type Quota struct {
	Name   string
	Flow   flow.State
	bucket bucket
	// Requests that this process has made since it started.
	Requests int64
}

// take books one request.
func (q *Quota) take(now time.Time) {
	q.bucket.take(1, now)
	q.Requests++
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
