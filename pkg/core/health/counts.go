package health

import (
	"math"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// Counts is what happened at one destination in some span of time. Each
// decision counts once, however often it was published.
type Counts struct {
	// Eligible passed every gate: queued by the router or after a hold. Replays
	// are left out, or what is sent again would look like new events.
	Eligible int
	// Delivered to the provider, of which a browser reported the same event
	// (Both), reported nothing (Recovered), or nobody knows.
	Delivered, Both, Recovered int
	// Recognisable are those of Both that carry an id of the event's own, by
	// which the provider can tell the two copies of one event.
	Recognisable int
	// Reported are events that a browser reported and Sluice did not send.
	Reported int
	// Ends other than delivered, and attempts that were put off.
	Skipped, Rejected, Duplicates, DeadLettered, Expired, Revoked, Shadowed, Retried int
	// Confirmed and Refused later by the provider; Announced are refusals that
	// were to be expected.
	Confirmed, Refused, Announced int

	Reasons map[decision.Reason]int
	// Events counts delivered or browser-reported events by source event.
	Events map[string]int

	QualitySum float64 // over Delivered, 0 to 10 each
	Kinds      [decision.KindCount]int
	Latency    Latency

	// LastDelivered and LastCredentials are when an event was last delivered,
	// and last put off because of the credentials; epoch ms.
	LastDelivered, LastCredentials int64
}

// add counts one decision.
func (c *Counts) add(d *decision.Decision) {
	if c.Reasons == nil {
		c.Reasons, c.Events = map[decision.Reason]int{}, map[string]int{}
	}
	c.Reasons[d.Reason]++
	reported := d.BrowserReported.Set && d.BrowserReported.Value
	switch d.Status {
	case decision.Queued:
		c.Eligible++
		return
	case decision.Delivered:
		c.delivered(d, reported)
		return
	case decision.Retrying, decision.Parked:
		if d.Status == decision.Retrying {
			c.Retried++
		}
		if d.Reason == decision.CredentialsInvalid || d.Reason == decision.CredentialsMissing {
			c.LastCredentials = max(c.LastCredentials, d.Time)
		}
		return
	case decision.Held, decision.StatusNone:
		return
	case decision.Confirmed, decision.Refused:
		c.judged(d)
		return
	}
	c.ended(d.Status, 1)
	// What the browser reported is known to the provider, sent or not. A
	// duplicate's event was counted with its first record.
	if reported && d.Status != decision.Duplicate {
		c.Reported++
		c.Events[d.SourceEvent]++
	}
}

func (c *Counts) delivered(d *decision.Decision, reported bool) {
	c.Delivered++
	c.Events[d.SourceEvent]++
	c.LastDelivered = max(c.LastDelivered, d.Time)
	switch {
	case reported:
		c.Both++
		if !d.DedupRisk {
			c.Recognisable++
		}
	case d.BrowserReported.Set:
		c.Recovered++
	}
	c.QualitySum += d.Identifiers.MatchQuality
	for _, k := range d.Identifiers.Present {
		if k < decision.KindCount {
			c.Kinds[k]++
		}
	}
	if d.ReplayID == "" {
		c.Latency.add(d.LatencyMS)
	}
}

// takeBack is for an end that was none: the event was replayed, and counts as
// what it ends as then.
func (c *Counts) takeBack(f *failure) {
	c.ended(f.status, -1)
	if c.Reasons[f.reason]--; c.Reasons[f.reason] == 0 {
		delete(c.Reasons, f.reason)
	}
	if f.reported != "" {
		c.Reported--
		c.Events[f.reported]--
	}
}

func (c *Counts) ended(s decision.Status, n int) {
	switch s {
	case decision.Skipped:
		c.Skipped += n
	case decision.Rejected:
		c.Rejected += n
	case decision.Duplicate:
		c.Duplicates += n
	case decision.DeadLettered:
		c.DeadLettered += n
	case decision.Expired:
		c.Expired += n
	case decision.Revoked:
		c.Revoked += n
	case decision.Shadowed:
		c.Shadowed += n
	}
}

// judged counts what a provider said later. A verdict about a whole request
// has the number of its events; where the provider gave none, it counts as one.
func (c *Counts) judged(d *decision.Decision) {
	n := 1
	if d.EventID == "" {
		n = max(1, int(d.Events))
	}
	switch {
	case d.Status == decision.Confirmed:
		c.Confirmed += n
	case d.Reason == decision.VerdictConsentDenied:
		c.Announced += n
	default:
		c.Refused += n
	}
}

// merge adds what happened in another span.
func (c *Counts) merge(o *Counts) {
	if c.Reasons == nil {
		c.Reasons, c.Events = map[decision.Reason]int{}, map[string]int{}
	}
	c.Eligible += o.Eligible
	c.Delivered += o.Delivered
	c.Both += o.Both
	c.Recovered += o.Recovered
	c.Recognisable += o.Recognisable
	c.Reported += o.Reported
	c.Skipped += o.Skipped
	c.Rejected += o.Rejected
	c.Duplicates += o.Duplicates
	c.DeadLettered += o.DeadLettered
	c.Expired += o.Expired
	c.Revoked += o.Revoked
	c.Shadowed += o.Shadowed
	c.Retried += o.Retried
	c.Confirmed += o.Confirmed
	c.Refused += o.Refused
	c.Announced += o.Announced
	c.QualitySum += o.QualitySum
	for r, n := range o.Reasons {
		c.Reasons[r] += n
	}
	for e, n := range o.Events {
		c.Events[e] += n
	}
	for k, n := range o.Kinds {
		c.Kinds[k] += n
	}
	c.Latency.merge(&o.Latency)
	c.LastDelivered = max(c.LastDelivered, o.LastDelivered)
	c.LastCredentials = max(c.LastCredentials, o.LastCredentials)
}

// MatchQuality is the mean estimate of what was delivered, 0 to 10; false
// where nothing was.
func (c *Counts) MatchQuality() (float64, bool) {
	if c.Delivered == 0 {
		return 0, false
	}
	return c.QualitySum / float64(c.Delivered), true
}

// Passed is the share of decided events that were sent or are on their way;
// false where nothing was decided. Duplicates count as neither.
func (c *Counts) Passed() (float64, bool) {
	lost := c.Skipped + c.Rejected + c.DeadLettered + c.Expired + c.Revoked
	if c.Eligible+c.Skipped+c.Rejected == 0 {
		return 0, false
	}
	return math.Max(0, 1-float64(lost)/float64(max(c.Eligible+c.Skipped+c.Rejected, lost))), true
}

// spent counts what uses the error budget up, events that missed the
// objective (0: there is none), were dead-lettered or expired, and all of which
// those are a part.
func (c *Counts) spent(slaMS int64) (late, failed, all int) {
	if slaMS > 0 {
		late = c.Latency.n - c.Latency.Within(slaMS)
	}
	failed = c.DeadLettered + c.Expired
	return late, failed, c.Delivered + failed
}

// latencyBuckets cover a millisecond to about a month in steps of a tenth.
const (
	latencyBuckets = 240
	latencyStep    = 1.1
)

// Latency is a histogram of milliseconds, exact to a tenth.
type Latency struct {
	n       int
	buckets map[int]int
}

func (l *Latency) add(ms int64) {
	if l.buckets == nil {
		l.buckets = map[int]int{}
	}
	l.n++
	l.buckets[bucketOf(ms)]++
}

func bucketOf(ms int64) int {
	if ms <= 1 {
		return 0
	}
	return min(int(math.Ceil(math.Log(float64(ms))/math.Log(latencyStep))), latencyBuckets)
}

func (l *Latency) merge(o *Latency) {
	if l.buckets == nil {
		l.buckets = map[int]int{}
	}
	l.n += o.n
	for b, n := range o.buckets {
		l.buckets[b] += n
	}
}

// Quantile is the latency in milliseconds that a share of the events (0 to 1)
// did not exceed; false where there are none.
func (l *Latency) Quantile(share float64) (int64, bool) {
	if l.n == 0 {
		return 0, false
	}
	rank, seen := int(math.Ceil(share*float64(l.n))), 0
	for b := 0; b <= latencyBuckets; b++ {
		if seen += l.buckets[b]; seen >= rank && seen > 0 {
			return int64(math.Round(math.Pow(latencyStep, float64(b)))), true
		}
	}
	return int64(math.Pow(latencyStep, latencyBuckets)), true
}

// Within counts the events that took no longer than some milliseconds.
func (l *Latency) Within(ms int64) int {
	n := 0
	for b, count := range l.buckets {
		if b <= bucketOf(ms) {
			n += count
		}
	}
	return n
}
