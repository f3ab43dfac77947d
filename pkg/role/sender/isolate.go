package sender

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/flow"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// invalid finds the events that the provider refuses, so that each is
// dead-lettered alone and its neighbours are delivered. Where the answer
// names them, one more request sends the others; where it does not, the
// request is halved: for one bad event in n that is at most 2·ceil(log2 n)
// requests more, and one before if the answer stands in no table.
func (l *loop) invalid(ctx context.Context, d *destination, j *job, r *result, now int64) {
	a := r.answer
	if a.Unmapped && !j.retried {
		j.retried = true
		l.repeatLater(d, j, r.left)
		return
	}
	culprits, others := split(r.left, a)
	switch {
	case j.intent == toProbe:
		l.advance(ctx, d, l.happening(d, a, 1, 1, now), now)
	case len(culprits) > 0:
		l.convict(ctx, d, r, culprits, now)
		if len(others) > 0 {
			l.resend(d, j, others)
		}
	default:
		// The half that goes on the pile last is sent first.
		l.resend(d, j, others[len(others)/2:])
		l.resend(d, j, others[:len(others)/2])
	}
}

// split separates the events that the answer names.
func split(items []*item, a *answer) (culprits []culprit, others []*item) {
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
			culprits = append(culprits, culprit{it, f})
		} else {
			others = append(others, it)
		}
	}
	return culprits, others
}

type culprit struct {
	item  *item
	fault provider.Fault
}

// convict ends refused events, unless so many are refused that it cannot be
// the events: then the destination is blocked and they are parked.
func (l *loop) convict(ctx context.Context, d *destination, r *result, culprits []culprit, now int64) {
	n := len(culprits)
	l.advance(ctx, d, l.happening(d, r.answer, n, n, now), now)
	for _, c := range culprits {
		o := &settle.Outcome{Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.ProviderRejected, Evidence: evidence(r.answer)}
		o.Evidence.Message = c.fault.Message
		if c.fault.Code != "" {
			o.Evidence.Code = c.fault.Code
		}
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
