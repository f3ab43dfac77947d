package destinations

import (
	"math"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
)

// Destination is what the loop knows about one destination. Only the loop
// touches it.
type Destination struct {
	ID      string
	Flow    flow.State
	bucket  bucket // events
	replays bucket // events of the replay lane: its share of the rate
	quota   *Quota // nil where the provider has none
	// Probing: a request that may open a blocked destination is on its way.
	Probing bool
	// WantsEvent: the provider has no other probe than one real event.
	WantsEvent bool
	// Epoch counts how often the credentials were read again.
	Epoch int
	// FailingSince is the first of the transient failures in a row, epoch ms.
	FailingSince int64
	OpenSince    int64 // when the flow last opened
	// Described: the resources were looked at, so that the rate and the size of
	// requests are known.
	Described bool
	// Parked counts deliveries that were parked since the start.
	Parked int64

	inFlight int
	rate     throughput
	// What the last look at the resources found.
	spec   *resource.Destination
	secret string // version
	ends   int64  // of that secret; zero: not known
	since  int64  // of the mode

	published published
}

// published is the status that was published last.
type published struct {
	underWay bool
	said     said
	at       int64
}

// said is what of a status is published as soon as it changes.
type said struct {
	mode                      flow.Mode
	cause                     decision.Reason
	until, healthySince, ends int64
}

// requestSpan is how long one request may use up a destination's rate. The next
// one has to wait for as long, and so has what that one would say: a full
// request at a low rate would stop a destination for minutes.
const requestSpan = 5 * time.Second

// maxEvents is how many events may share a request; replays have their share of
// the rate.
func (d *Destination) maxEvents(lane decision.Lane, replayShare float64) int {
	switch {
	case d.spec != nil && d.spec.Delivery.ExactDiagnostics:
		// The destination has asked for a request to each event, so that what the
		// provider says later about the request is about the event.
		return 1
	case d.Flow.Rate == 0:
		return math.MaxInt
	}
	rate := d.Flow.Rate
	if lane == decision.LaneReplay {
		rate *= replayShare
	}
	return int(min(rate*requestSpan.Seconds(), math.MaxInt32))
}

const defaultRetryFor = 24 * 3600_000

// RetryForMS is for how long a delivery is tried, in milliseconds.
func (d *Destination) RetryForMS() int64 {
	if d.spec != nil && d.spec.Delivery.RetryForMS > 0 {
		return d.spec.Delivery.RetryForMS
	}
	return defaultRetryFor
}

// Ready says whether the destination takes requests at all now.
func (d *Destination) Ready(now int64) bool {
	return d.Flow.Ready(now) && (d.quota == nil || d.quota.Flow.Ready(now))
}

// WaitMS is how long the destination lets nothing pass.
func (d *Destination) WaitMS(now int64) int64 {
	until := int64(0)
	if !d.Flow.Ready(now) {
		until = d.Flow.Until
	}
	if d.quota != nil && !d.quota.Flow.Ready(now) {
		until = max(until, d.quota.Flow.Until)
	}
	return max(0, until-now)
}

// Unhindered says whether requests are held back by nothing but work.
func (d *Destination) Unhindered(now int64) bool {
	free := func(s flow.State) bool { return s.Mode == flow.Open || (s.Mode == flow.Waiting && s.Ready(now)) }
	return free(d.Flow) && (d.quota == nil || free(d.quota.Flow))
}

// throttleQuota takes a throttle where requests share a quota,
// and says whether it did.
func (d *Destination) throttleQuota(h flow.Happening, now int64) bool {
	q := d.quota
	if q == nil {
		return false
	}
	h.Observed = q.Flow.Rate
	q.Flow, _ = flow.Next(q.Flow, h, now)
	return true
}

// TriedByEvent says whether it is blocked, due for a probe, and only a real
// event can be one.
func (d *Destination) TriedByEvent(now int64) bool {
	return d.Flow.Mode == flow.Blocked && d.Flow.Ready(now) && !d.Probing && (d.WantsEvent || d.Flow.Cause == decision.ProviderRejected)
}
