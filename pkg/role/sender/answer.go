package sender

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// answered takes a job's result: what the checks ended is settled, what was
// sent is judged by the answer, and what was not sent goes again.
func (l *loop) answered(ctx context.Context, d *destinations.Destination, j *job, r result) {
	if j.counted {
		l.destinations.Finish(d)
	}
	if ctx.Err() != nil {
		return // stopping at once: nothing of it is finished
	}
	now := l.deps.Now()
	l.destinations.Learn(d, r.endpoint, r.version, r.ends)
	l.pause.on = l.pause.on && r.unavailable != nil
	for _, e := range r.ended {
		l.End(e.item, e.outcome)
	}
	defer l.settle(ctx)
	switch {
	case r.noProbe:
		d.Probing, d.WantsEvent = false, true
	case r.unavailable != nil:
		l.suspend(ctx, r.unavailable, now)
		if j.intent == toMove {
			l.moves.enqueue(d, r.left, j.outcome)
		} else {
			l.retryLater(d, j, r.left)
		}
	case r.answer == nil: // nothing was left to send
		d.Probing = false
	default:
		(&judgement{loop: l, d: d, j: j, r: &r, clock: now, now: now.UnixMilli()}).judge(ctx)
	}
}

// pauseMS is how long nothing starts after tables or claims were unavailable.
// Both wait by themselves; this only keeps a failing one from spinning.
const pauseMS = 250

func (l *loop) suspend(ctx context.Context, err error, now time.Time) {
	if !l.pause.on {
		l.deps.Log.WarnContext(ctx, "sender: nothing is sent until tables and claims can be relied on", "error", err)
	}
	l.pause.until, l.pause.on = now.UnixMilli()+pauseMS, true
}

// judgement turns one answer into outcomes.
type judgement struct {
	*loop
	d *destinations.Destination
	j *job
	r *result

	clock time.Time
	now   int64 // of the clock, epoch ms
}

func (u *judgement) judge(ctx context.Context) {
	a := u.r.answer
	u.d.Probing = false
	if refusal(a.Class) && u.j.epoch != u.d.Epoch {
		// It began with credentials that have been read again since.
		u.retryLater(u.d, u.j, u.r.left)
		return
	}
	if !a.denied {
		for _, it := range u.r.left {
			it.Hop.Attempt++
			it.Hop.LastAttempt = u.now
		}
	}
	switch a.Class {
	case provider.Accepted, provider.AcceptedWithWarnings, provider.DuplicateDelivery:
		u.accepted(ctx, u.r)
	case provider.Throttled:
		u.throttled(ctx)
	case provider.Transient, provider.UnknownOutcome:
		u.failed(ctx)
	case provider.Credentials, provider.Configuration:
		u.refused(ctx)
	default:
		u.invalid(ctx)
	}
	u.destinations.SetRates(u.d, u.clock)
}

func refusal(c provider.Class) bool {
	return c == provider.Credentials || c == provider.Configuration
}

// advance moves the destination on by the answer, of which so many events are
// valid and so many are not.
func (u *judgement) advance(ctx context.Context, events, invalid int) {
	if u.destinations.Advance(ctx, u.d, u.destinations.Happening(u.d, &u.r.answer.Answer, events, invalid, u.now), u.now) {
		u.parkAll(u.d)
	}
}

// accepted: the provider has them.
func (u *judgement) accepted(ctx context.Context, r *result) {
	if u.destinations.Accept(ctx, u.d, &r.answer.Answer, len(r.left), u.now) {
		u.parkAll(u.d)
	}
	o := settle.Outcome{Kind: settle.Delivered, Reason: decision.ReasonDelivered, Evidence: evidence(r.answer)}
	o.Verdict = u.worker.spec.Asynchronous && r.answer.Class != provider.DuplicateDelivery && r.answer.RequestID != ""
	if r.answer.Class == provider.DuplicateDelivery {
		o.Detail = "the provider says that it has the event already"
	}
	for _, it := range r.left {
		u.End(it, &o)
		u.deps.Meter.Delivered(u.d.ID, it.Delivery.Lane, time.Duration(u.now-it.Delivery.Facts.StoredAt)*time.Millisecond)
	}
}

// throttled: nothing goes before the time that the provider named. The attempt
// is told, whether its deliveries wait here or in a topic.
func (u *judgement) throttled(ctx context.Context) {
	if u.destinations.Throttle(ctx, u.d, &u.r.answer.Answer, len(u.r.left), u.now) {
		u.parkAll(u.d)
	}
	if u.j.intent == toProbe {
		u.d.Probing = false
		return
	}
	wait := u.d.WaitMS(u.now)
	o := settle.Outcome{Kind: settle.Kept, Reason: decision.ProviderThrottled, Until: u.now + wait, Evidence: evidence(u.r.answer)}
	if wait <= ms(u.cfg.LongWait) {
		u.keep(ctx, u.d, u.j, u.r.left, &o)
		return
	}
	u.moveAll(nil, wait)
	o.Kind, o.Topic = settle.Later, u.topics.ForWait(wait).Name
	for _, it := range u.r.left {
		u.End(it, &o)
	}
}

// failed: the same bytes again, in place while everything fails, else on the
// backoff schedule once it takes longer.
func (u *judgement) failed(ctx context.Context) {
	d, now := u.d, u.now
	if d.FailingSince == 0 {
		d.FailingSince = now
	}
	u.advance(ctx, 0, 0)
	left := u.r.left
	if u.r.answer.Class == provider.UnknownOutcome || u.r.answer.Unsure {
		left = u.endUnknown(left)
	}
	var stay []*item
	for _, it := range left {
		switch {
		case now-it.Hop.FirstHandover >= d.RetryForMS():
			u.End(it, &settle.Outcome{
				Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.ProviderUnavailable,
				Detail: "tried for longer than delivery.retry_for", Evidence: evidence(u.r.answer),
			})
		case u.destinations.AllFail(d) || d.Flow.Failures <= inPlace:
			stay = append(stay, it)
		default:
			to := u.topics.Next(it.From, d.WaitMS(now))
			u.End(it, &settle.Outcome{
				Kind: settle.Later, Reason: decision.ProviderUnavailable, Until: now + to.DelayMS(), Topic: to.Name, Evidence: evidence(u.r.answer),
			})
		}
	}
	if len(stay) > 0 || u.j.intent == toProbe {
		u.retryLater(d, u.j, stay)
	}
	if wait := d.WaitMS(now); wait > ms(u.cfg.LongWait) && !u.destinations.AllFail(d) {
		u.moveAll(nil, wait)
	}
}

// inPlace is how many failures in a row a delivery is repeated where it is,
// although others succeed meanwhile.
const inPlace = 3

// refused: the credentials or the configuration. The secret is read again
// once, because a rotated one is the common cause; then the destination is
// blocked at once.
func (u *judgement) refused(ctx context.Context) {
	a := u.r.answer
	h := u.destinations.Happening(u.d, &a.Answer, 0, 0, u.now)
	if a.Code == decision.CredentialsMissing.String() {
		h.Cause = decision.CredentialsMissing
	}
	if u.destinations.Advance(ctx, u.d, h, u.now) {
		u.parkAll(u.d)
	}
	if u.d.Flow.Mode != flow.Blocked {
		u.retryLater(u.d, u.j, u.r.left)
		return
	}
	o := u.moves.parked(u.d)
	o.Evidence = evidence(a)
	for _, it := range u.r.left {
		u.End(it, &o)
	}
}

// moveAll moves items and everything else of the destination that would wait
// for long, so that its neighbours in the partitions go on. No attempt is
// counted.
func (u *judgement) moveAll(items []*item, wait int64) {
	u.moves.enqueue(u.d, append(u.takeAll(u.d), items...), u.moves.laterFor(u.d, wait, u.now))
}

func evidence(a *answer) settle.Evidence {
	return settle.Evidence{
		Class: a.Class.String(), Status: int32(a.status), Code: a.Code, Subcode: a.Subcode, Message: a.Message,
		RequestID: a.RequestID, Warnings: a.Warnings, LatencyMS: a.took.Milliseconds(),
	}
}
