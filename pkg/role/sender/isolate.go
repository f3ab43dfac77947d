package sender

import (
	"cmp"
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// invalid finds the events that the provider refuses, so that each is
// dead-lettered alone and its neighbours are delivered. Where the answer
// names them, one more request sends the others, unless the provider took them
// already; where it does not, the request is halved: for one bad event in n
// that is at most 2·ceil(log2 n) requests more, and one before if the answer
// stands in no table.
func (l *loop) invalid(ctx context.Context, d *destination, j *job, r *result, now int64) {
	a := r.answer
	if a.Unmapped && !j.retried {
		j.retried = true
		l.repeatLater(d, j, r.left)
		return
	}
	faulty, others := split(r.left, a)
	switch {
	case j.intent == toProbe:
		l.advance(ctx, d, l.happening(d, a, 1, 1, now), now)
	case len(faulty) == 0 && a.RestDelivered:
		// Some were taken and nobody knows which: a second copy would count.
		for _, it := range others {
			l.end(ctx, it.entry(outcomeUnknown(evidence(a), "the provider took some events of the request and does not say which")))
		}
	case len(faulty) > 0:
		l.faults(ctx, d, r, faulty, now)
		switch {
		case len(others) == 0:
		case a.RestDelivered:
			l.restDelivered(ctx, d, r, others, now)
		default:
			l.resend(d, j, others)
		}
	default:
		// The half that goes on the pile last is sent first.
		l.resend(d, j, others[len(others)/2:])
		l.resend(d, j, others[:len(others)/2])
	}
}

// invalidItem is an event of which the answer says what is wrong.
type invalidItem struct {
	item  *item
	fault provider.Fault
}

// split separates the events that the answer names.
func split(items []*item, a *answer) (faulty []invalidItem, others []*item) {
	faults := make(map[int]provider.Fault, len(a.Faults))
	for _, f := range a.Faults {
		if f.Index >= 0 && f.Index < len(items) {
			faults[f.Index] = f
		}
	}
	if len(items) == 1 {
		if _, named := faults[0]; !named {
			faults[0] = provider.Fault{Code: a.Code, Message: a.Message}
		}
	}
	for i, it := range items {
		if f, bad := faults[i]; bad {
			faulty = append(faulty, invalidItem{it, f})
		} else {
			others = append(others, it)
		}
	}
	return faulty, others
}

// restDelivered counts the events that no fault names as accepted.
func (l *loop) restDelivered(ctx context.Context, d *destination, r *result, others []*item, now int64) {
	taken, said := *r, *r.answer
	said.Class = provider.Accepted
	taken.answer, taken.left = &said, others
	l.accepted(ctx, d, &taken, now)
}

// faults ends or puts off each faulty event by what its fault means.
func (l *loop) faults(ctx context.Context, d *destination, r *result, faulty []invalidItem, now int64) {
	var invalid []invalidItem
	for _, c := range faulty {
		if c.fault.Means() == provider.Invalid {
			invalid = append(invalid, c)
			continue
		}
		l.end(ctx, c.item.entry(l.faultOutcome(d, r, c, now)))
		if c.fault.Means() == provider.DuplicateDelivery {
			l.deps.Meter.Delivered(d.id, c.item.delivery.Lane, time.Duration(now-c.item.delivery.Facts.StoredAt)*time.Millisecond)
		}
	}
	if len(invalid) > 0 {
		l.deadLetterInvalid(ctx, d, r, invalid, now)
	}
}

// faultOutcome is what becomes of an event whose fault is not its own.
func (l *loop) faultOutcome(d *destination, r *result, c invalidItem, now int64) *settle.Outcome {
	e := faultEvidence(r.answer, &c.fault)
	e.Class = c.fault.Means().String()
	switch class := c.fault.Means(); class {
	case provider.DuplicateDelivery:
		return &settle.Outcome{Kind: settle.Delivered, Reason: decision.ReasonDelivered, Detail: "the provider says that it has the event already", Evidence: e}
	case provider.Configuration, provider.Credentials:
		return &settle.Outcome{
			Kind: settle.Parked, Reason: decision.ProviderMisconfigured, Topic: l.places.parked.topic, Evidence: e,
			Detail: "the provider refuses what the mapping names; other mappings go on",
		}
	case provider.UnknownOutcome:
		if c.item.delivery.ResendUnsafe {
			return outcomeUnknown(e, "the provider may have it, and would count a second copy")
		}
		fallthrough
	default:
		reason := decision.ProviderUnavailable
		if class == provider.Throttled {
			reason = decision.ProviderThrottled
		}
		if now-c.item.hop.FirstHandover >= l.retryFor(d) {
			return &settle.Outcome{Kind: settle.Ended, Status: decision.DeadLettered, Reason: reason, Detail: "tried for longer than delivery.retry_for", Evidence: e}
		}
		at := l.places.next(c.item.place, c.fault.WaitMS)
		return &settle.Outcome{Kind: settle.Later, Reason: reason, Until: now + max(at.delay, c.fault.WaitMS), Topic: at.topic, Evidence: e}
	}
}

func faultEvidence(a *answer, f *provider.Fault) settle.Evidence {
	e := evidence(a)
	e.Message = f.Message
	if f.Code != "" {
		e.Code = f.Code
	}
	return e
}

// deadLetterInvalid ends refused events, unless so many are refused that it
// cannot be the events: then the destination is blocked and they are parked.
func (l *loop) deadLetterInvalid(ctx context.Context, d *destination, r *result, invalid []invalidItem, now int64) {
	n := len(invalid)
	h := l.happening(d, r.answer, n, n, now)
	h.Fix = cmp.Or(h.Fix, l.worker.spec.Fix(invalid[0].fault.Code, ""))
	l.advance(ctx, d, h, now)
	for _, c := range invalid {
		o := &settle.Outcome{Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.ProviderRejected, Evidence: faultEvidence(r.answer, &c.fault)}
		if d.flow.Mode == flow.Blocked {
			o.Kind, o.Topic = settle.Parked, l.places.parked.topic
			o.Detail = "most events are refused, so it is not the events"
		}
		l.end(ctx, c.item.entry(o))
	}
}

// resend sends part of a request again, alone.
func (l *loop) resend(d *destination, j *job, items []*item) {
	if d.flow.Mode == flow.Blocked {
		l.put(d, items, l.parked(d))
		return
	}
	part := *j
	part.retried = false
	l.repeatLater(d, &part, items)
}
