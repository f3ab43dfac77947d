package sender

import (
	"context"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// Some providers do not recognise a second copy (Delivery.ResendUnsafe). What
// is sent to them is marked as begun first, under a key of its own, and the
// mark goes once the answer says for certain that nothing was taken. Where a
// process dies in between, whoever reads the delivery again finds the mark:
// nobody knows what became of it, and it is not sent a second time.

// begin marks unsafe deliveries, and ends those that are marked already. Where
// that cannot be known, or the view has ended meanwhile, nothing is sent.
func (w *worker) begin(ctx context.Context, view gate.View, items []*item, r *result) []*item {
	requests := begun(items)
	if len(requests) == 0 {
		return items
	}
	claims, err := w.deps.Claims.Claim(ctx, requests)
	if err != nil {
		r.unavailable = fmt.Errorf("marking what is begun: %w", err)
		return nil
	}
	keep := make([]*item, 0, len(items))
	n := 0
	for _, it := range items {
		if it.Delivery.ResendUnsafe {
			state := claims.Results[n].State
			n++
			if state != dedup.Taken {
				r.ended = append(r.ended, ended{it, outcomeUnknown(settle.Evidence{}, "a request with it was begun before, and its answer is not known")})
				continue
			}
		}
		keep = append(keep, it)
	}
	if late := view.Err(); late != nil {
		w.release(ctx, keep)
		r.unavailable = late
		return nil
	}
	return keep
}

// notBegun takes the marks of deliveries back that the provider certainly has
// not taken. Where that fails they stay, and the deliveries end unsent.
func (w *worker) notBegun(ctx context.Context, items []*item, a *answer) {
	var free []*item
	for i, it := range items {
		if notTaken(a, i) {
			free = append(free, it)
		}
	}
	w.release(ctx, free)
}

func (w *worker) release(ctx context.Context, items []*item) {
	requests := begun(items)
	if len(requests) == 0 {
		return
	}
	if err := w.deps.Claims.Release(ctx, requests); err != nil {
		w.deps.Log.WarnContext(ctx, "sender: deliveries that were not taken cannot be tried again, because their marks stay", "error", err)
	}
}

// notTaken reports whether an answer says for certain that an item of its
// request was not taken.
func notTaken(a *answer, index int) bool {
	if a.Unsure {
		return false
	}
	switch a.Class {
	case provider.Transient, provider.Throttled, provider.Credentials, provider.Configuration:
		return true
	case provider.Invalid:
		for i := range a.Faults {
			if f := &a.Faults[i]; f.Index == index {
				return f.Means() != provider.DuplicateDelivery && f.Means() != provider.UnknownOutcome
			}
		}
		return !a.RestDelivered && !a.SomeDelivered
	default:
		return false
	}
}

func begun(items []*item) []dedup.Request {
	var requests []dedup.Request
	for _, it := range items {
		if d := &it.Delivery; d.ResendUnsafe {
			requests = append(requests, dedup.Request{
				Key: dedup.BegunKey(dedup.Key(d.ClaimKey), d.Source.String(), d.ReplayID), Owner: dedup.Owner(d.ClaimOwner), TTL: settle.ClaimWindow(d),
			})
		}
	}
	return requests
}

// outcomeUnknown ends a delivery that may have arrived. Its claim stays, so
// that no other copy is sent either.
func outcomeUnknown(e settle.Evidence, why string) *settle.Outcome {
	return &settle.Outcome{
		Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.ProviderOutcomeUnknown, Detail: why, KeepClaim: true, Evidence: e,
	}
}

// endUnknown ends those items that must not be sent again after an answer that
// leaves open whether they arrived, and gives the others.
func (u *judgement) endUnknown(items []*item) (rest []*item) {
	for _, it := range items {
		if it.Delivery.ResendUnsafe {
			u.End(it, outcomeUnknown(evidence(u.r.answer), "the provider may have it, and would count a second copy"))
			continue
		}
		rest = append(rest, it)
	}
	return rest
}
