package sender

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// answered takes a job's result: what the checks ended is settled, what was
// sent is judged by the answer, and what was not sent goes again.
func (l *loop) answered(ctx context.Context, d *destination, j *job, r result) {
	if j.counted {
		d.inFlight--
		l.inFlight--
	}
	if ctx.Err() != nil {
		return // stopping at once: nothing of it is finished
	}
	now := l.deps.Now()
	l.learn(d, &r)
	l.holding = l.holding && r.unavailable != nil
	for _, e := range r.ended {
		l.end(ctx, e)
	}
	defer l.flush(ctx)
	switch {
	case r.noProbe:
		d.probing, d.wantsEvent = false, true
	case r.unavailable != nil:
		l.pause(ctx, r.unavailable, now)
		if j.intent == toMove {
			l.put(d, r.left, j.outcome)
		} else {
			l.repeatLater(d, j, r.left)
		}
	case r.answer == nil: // nothing was left to send
		d.probing = false
	default:
		l.judge(ctx, d, j, &r, now)
	}
}

// holdMS is how long nothing starts after tables or claims were unavailable.
// Both wait by themselves; this only keeps a failing one from spinning.
const holdMS = 250

func (l *loop) pause(ctx context.Context, err error, now time.Time) {
	if !l.holding {
		l.deps.Log.WarnContext(ctx, "sender: nothing is sent until tables and claims can be relied on", "error", err)
	}
	l.hold, l.holding = now.UnixMilli()+holdMS, true
}

// repeatLater keeps a job's deliveries together for another try.
func (l *loop) repeatLater(d *destination, j *job, items []*item) {
	if j.intent == toProbe {
		d.probing = false
		return
	}
	again := *j
	again.items, again.counted = items, false
	d.again = append(d.again, &again)
	l.again[d] = struct{}{}
}

// judge turns an answer into outcomes.
func (l *loop) judge(ctx context.Context, d *destination, j *job, r *result, now time.Time) {
	a, clock := r.answer, now.UnixMilli()
	d.probing = false
	if refusal(a.Class) && j.epoch != d.epoch {
		// It began with credentials that have been read again since.
		l.repeatLater(d, j, r.left)
		return
	}
	if !a.denied {
		for _, it := range r.left {
			it.hop.Attempt++
			it.hop.LastAttempt = clock
		}
	}
	switch a.Class {
	case provider.Accepted, provider.AcceptedWithWarnings, provider.DuplicateDelivery:
		l.accepted(ctx, d, r, clock)
	case provider.Throttled:
		l.throttled(ctx, d, j, r, clock)
	case provider.Transient, provider.UnknownOutcome:
		l.failed(ctx, d, j, r, clock)
	case provider.Credentials, provider.Configuration:
		l.refused(ctx, d, j, r, clock)
	default:
		l.invalid(ctx, d, j, r, clock)
	}
	l.rates(d, now)
}

func refusal(c provider.Class) bool {
	return c == provider.Credentials || c == provider.Configuration
}

func (l *loop) happening(d *destination, a *answer, events, invalid int, now int64) flow.Happening {
	return flow.Happening{
		Class: a.Class, Detail: a.Message, Fix: l.worker.spec.Fix(a.Code, a.Subcode), WaitMS: a.WaitMS, Usage: a.Usage, Events: events, Invalid: invalid,
		Observed: max(d.rate.perSecond(now), float64(events)), Jitter: l.deps.Random(), ProbeEveryMS: ms(l.cfg.ProbeEvery),
	}
}

// accepted: the provider has them.
func (l *loop) accepted(ctx context.Context, d *destination, r *result, now int64) {
	n := len(r.left)
	d.rate.add(n, now)
	d.failingSince = 0
	was := l.lastSuccess
	l.lastSuccess = now
	l.advance(ctx, d, l.happening(d, r.answer, n, 0, now), now)
	if q := d.quota; q != nil {
		q.flow, _ = flow.Next(q.flow, l.happening(d, r.answer, n, 0, now), now)
	}
	l.relax(d, was, now)
	o := settle.Outcome{Kind: settle.Delivered, Reason: decision.ReasonDelivered, Evidence: evidence(r.answer)}
	o.Verdict = l.worker.spec.Asynchronous && r.answer.Class != provider.DuplicateDelivery && r.answer.RequestID != ""
	if r.answer.Class == provider.DuplicateDelivery {
		o.Detail = "the provider says that it has the event already"
	}
	for _, it := range r.left {
		l.end(ctx, it.entry(&o))
		l.deps.Meter.Delivered(d.id, it.delivery.Lane, time.Duration(now-it.delivery.Facts.StoredAt)*time.Millisecond)
	}
}

// relax ends the waits of an outage that is over: the first success after
// everything failed lets the others try within two seconds instead of minutes.
func (l *loop) relax(healthy *destination, lastSuccess, now int64) {
	for _, d := range l.destinations {
		if d == healthy || d.flow.Mode != flow.Waiting || d.flow.Cause != decision.ProviderUnavailable || d.failingSince <= lastSuccess {
			continue
		}
		d.flow.Until = min(d.flow.Until, now+int64(l.deps.Random()*2000))
	}
}

// allFail says whether, as far as is known, it is the whole provider: nobody
// was sent to successfully since this destination began to fail.
func (l *loop) allFail(d *destination) bool {
	return d.failingSince > 0 && l.lastSuccess < d.failingSince
}

// throttled: nothing goes before the time that the provider named.
func (l *loop) throttled(ctx context.Context, d *destination, j *job, r *result, now int64) {
	h := l.happening(d, r.answer, len(r.left), 0, now)
	if q := d.quota; q != nil {
		h.Observed = q.flow.Rate
		q.flow, _ = flow.Next(q.flow, h, now)
	} else {
		l.advance(ctx, d, h, now)
	}
	if wait := l.waitOf(d, now); wait > ms(l.cfg.LongWait) {
		l.evacuate(d, j, r.left, wait, now)
		return
	}
	l.repeatLater(d, j, r.left)
}

// failed: the same bytes again, in place while everything fails, else on the
// ladder once it takes longer.
func (l *loop) failed(ctx context.Context, d *destination, j *job, r *result, now int64) {
	if d.failingSince == 0 {
		d.failingSince = now
	}
	l.advance(ctx, d, l.happening(d, r.answer, 0, 0, now), now)
	left := r.left
	if r.answer.Class == provider.UnknownOutcome {
		left = l.endUnknown(ctx, r, left)
	}
	var stay []*item
	for _, it := range left {
		switch {
		case now-it.hop.FirstHandover >= l.retryFor(d):
			l.end(ctx, it.entry(&settle.Outcome{
				Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.ProviderUnavailable,
				Detail: "tried for longer than delivery.retry_for", Evidence: evidence(r.answer),
			}))
		case l.allFail(d) || d.flow.Failures <= inPlace:
			stay = append(stay, it)
		default:
			at := l.places.next(it.place, l.waitOf(d, now))
			l.end(ctx, it.entry(&settle.Outcome{
				Kind: settle.Later, Reason: decision.ProviderUnavailable, Until: now + at.delay, Topic: at.topic, Evidence: evidence(r.answer),
			}))
		}
	}
	if len(stay) > 0 || j.intent == toProbe {
		l.repeatLater(d, j, stay)
	}
	if wait := l.waitOf(d, now); wait > ms(l.cfg.LongWait) && !l.allFail(d) {
		l.evacuate(d, nil, nil, wait, now)
	}
}

// inPlace is how many failures in a row a delivery is repeated where it is,
// although others succeed meanwhile.
const inPlace = 3

const defaultRetryFor = 24 * 3600_000

func (l *loop) retryFor(d *destination) int64 {
	if d.spec != nil && d.spec.Delivery.RetryForMS > 0 {
		return d.spec.Delivery.RetryForMS
	}
	return defaultRetryFor
}

// evacuate moves everything of a destination that would wait for long, so
// that its neighbours in the partitions go on. No attempt is counted.
func (l *loop) evacuate(d *destination, j *job, items []*item, wait, now int64) {
	if j != nil && j.intent == toProbe {
		d.probing = false
		return
	}
	l.put(d, append(l.drain(d), items...), l.laterFor(d, wait, now))
}

// drain takes everything of a destination out of batches and repetitions.
func (l *loop) drain(d *destination) []*item {
	var out []*item
	for _, b := range l.batchers {
		out = append(out, values(b.Drain(func(k batcherKey, _ batcherItem) bool { return k.Destination == d.id }))...)
	}
	for _, j := range d.again {
		out = append(out, own(j.items)...)
	}
	d.again = nil
	delete(l.again, d)
	return out
}

func evidence(a *answer) settle.Evidence {
	return settle.Evidence{
		Class: a.Class.String(), Status: int32(a.status), Code: a.Code, Subcode: a.Subcode, Message: a.Message,
		RequestID: a.RequestID, Warnings: a.Warnings, LatencyMS: a.took.Milliseconds(),
	}
}
