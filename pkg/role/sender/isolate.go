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
func (u *judgement) invalid(ctx context.Context) {
	a, d, j, r := u.r.answer, u.d, u.j, u.r
	if a.Unmapped && !j.retried {
		j.retried = true
		u.retryLater(d, j, r.left)
		return
	}
	faulty, others := split(r.left, a)
	switch {
	case j.intent == toProbe:
		u.advance(ctx, 1, 1)
	case len(faulty) == 0 && a.RestDelivered:
		// Some were taken and nobody knows which: a second copy would count.
		for _, it := range others {
			u.End(it, outcomeUnknown(evidence(a), "the provider took some events of the request and does not say which"))
		}
	case len(faulty) > 0:
		u.faults(ctx, faulty)
		switch {
		case len(others) == 0:
		case a.RestDelivered:
			u.restDelivered(ctx, others)
		default:
			u.resend(others)
		}
	default:
		if a.SomeDelivered {
			others = u.endUnknown(others)
		}
		// The half that goes on the pile last is sent first.
		for _, half := range [...][]*item{others[len(others)/2:], others[:len(others)/2]} {
			if len(half) > 0 {
				u.resend(half)
			}
		}
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
func (u *judgement) restDelivered(ctx context.Context, others []*item) {
	taken, said := *u.r, *u.r.answer
	said.Class = provider.Accepted
	taken.answer, taken.left = &said, others
	u.accepted(ctx, &taken)
}

// faults ends or puts off each faulty event by what its fault means.
func (u *judgement) faults(ctx context.Context, faulty []invalidItem) {
	var invalid []invalidItem
	for _, c := range faulty {
		if c.fault.Means() == provider.Invalid {
			invalid = append(invalid, c)
			continue
		}
		u.End(c.item, u.faultOutcome(c))
		if c.fault.Means() == provider.DuplicateDelivery {
			u.deps.Meter.Delivered(u.d.ID, c.item.Delivery.Lane, time.Duration(u.now-c.item.Delivery.Facts.StoredAt)*time.Millisecond)
		}
	}
	if len(invalid) > 0 {
		u.deadLetterInvalid(ctx, invalid)
	}
}

// faultOutcome is what becomes of an event whose fault is not its own.
func (u *judgement) faultOutcome(c invalidItem) *settle.Outcome {
	e := faultEvidence(u.r.answer, &c.fault)
	e.Class = c.fault.Means().String()
	switch class := c.fault.Means(); class {
	case provider.DuplicateDelivery:
		return &settle.Outcome{Kind: settle.Delivered, Reason: decision.ReasonDelivered, Detail: "the provider says that it has the event already", Evidence: e}
	case provider.Configuration, provider.Credentials:
		return &settle.Outcome{
			Kind: settle.Parked, Reason: decision.ProviderMisconfigured, Topic: u.topics.Parked.Name, Evidence: e,
			Detail: "the provider refuses what the mapping names; other mappings go on",
		}
	case provider.UnknownOutcome:
		if c.item.Delivery.ResendUnsafe {
			return outcomeUnknown(e, "the provider may have it, and would count a second copy")
		}
		fallthrough
	default:
		reason := decision.ProviderUnavailable
		if class == provider.Throttled {
			reason = decision.ProviderThrottled
		}
		if u.now-c.item.Hop.FirstHandover >= u.d.RetryForMS() {
			return &settle.Outcome{Kind: settle.Ended, Status: decision.DeadLettered, Reason: reason, Detail: "tried for longer than delivery.retry_for", Evidence: e}
		}
		to := u.topics.Next(c.item.From, c.fault.WaitMS)
		return &settle.Outcome{Kind: settle.Later, Reason: reason, Until: u.now + max(to.DelayMS(), c.fault.WaitMS), Topic: to.Name, Evidence: e}
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
func (u *judgement) deadLetterInvalid(ctx context.Context, invalid []invalidItem) {
	n := len(invalid)
	h := u.destinations.Happening(u.d, &u.r.answer.Answer, n, n, u.now)
	h.Fix = cmp.Or(h.Fix, u.worker.spec.Fix(invalid[0].fault.Code, ""))
	if u.destinations.Advance(ctx, u.d, h, u.now) {
		u.parkAll(u.d)
	}
	for _, c := range invalid {
		o := &settle.Outcome{Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.ProviderRejected, Evidence: faultEvidence(u.r.answer, &c.fault)}
		if u.d.Flow.Mode == flow.Blocked {
			o.Kind, o.Topic = settle.Parked, u.topics.Parked.Name
			o.Detail = "most events are refused, so it is not the events"
		}
		u.End(c.item, o)
	}
}

// resend sends part of a request again, alone.
func (u *judgement) resend(items []*item) {
	if u.d.Flow.Mode == flow.Blocked {
		u.moves.enqueue(u.d, items, u.moves.parked(u.d))
		return
	}
	part := *u.j
	part.retried = false
	u.retryLater(u.d, &part, items)
}
