package sender

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// gates asks the recheckable gates again, with the view of this moment: consent,
// destination, mapping, age. It returns the deliveries that pass, puts the
// others into r, and says when the last of those that end here was read: the
// router had decided by then.
func (w *worker) gates(view gate.View, items []*item, r *result) (keep []*item, refused time.Time) {
	now := w.deps.Now().UnixMilli()
	guard := gate.NewGuard(view, now)
	keep = make([]*item, 0, len(items))
	for _, it := range items {
		o := w.recheck(it, guard, now)
		if o == nil {
			keep = append(keep, it)
			continue
		}
		if o.Kind == settle.Ended && it.Read.After(refused) {
			refused = it.Read
		}
		r.ended = append(r.ended, ended{it, o})
	}
	return keep, refused
}

// check asks Redis whether the deliveries may go, with a view that must still
// be valid after it, and puts those that may not into r.
func (w *worker) check(ctx context.Context, view gate.View, items []*item, r *result) []*item {
	now := w.deps.Now().UnixMilli()
	keep, err := w.claim(ctx, items, r)
	if err == nil {
		keep, err = w.adjust(ctx, keep, now, r)
	}
	if late := view.Err(); late != nil {
		r.unavailable = late // whatever was decided with it is void
		return nil
	}
	switch {
	case err == nil:
	case w.cfg.Bypass && errors.Is(err, dedup.ErrUnavailable):
		w.deps.Log.WarnContext(ctx, "sending without claims: Redis is unavailable and dedup.on_unavailable is bypass", "error", err)
	default:
		r.unavailable = err
	}
	return keep
}

// recheck runs the gates again; nil: the delivery may go.
func (w *worker) recheck(it *item, guard *gate.Guard, now int64) *settle.Outcome {
	if now-it.Hop.FirstHandover >= ms(w.cfg.MaxAge) {
		return &settle.Outcome{
			Kind: settle.Ended, Status: decision.Expired, Reason: decision.ProviderTooOld,
			Detail: "handed over more than " + w.cfg.MaxAge.String() + " ago",
		}
	}
	v := guard.Recheck(&it.Delivery.Facts)
	switch v.Status {
	case decision.StatusNone:
		return nil
	case decision.Parked:
		return &settle.Outcome{Kind: settle.Parked, Reason: v.Reason, Detail: v.Detail, Topic: w.cfg.Topics.Parked(w.spec.Name)}
	default:
		return &settle.Outcome{Kind: settle.Ended, Status: v.Status, Reason: v.Reason, Detail: v.Detail}
	}
}

// claim is the same operation as the router's, in the name of the same input
// record: the claim by id first and then, for those that have it, the one by
// transaction. In this order a delivery that lost the first never takes the
// second from the one that won. On an error it returns items as they are.
func (w *worker) claim(ctx context.Context, items []*item, r *result) ([]*item, error) {
	keep, err := w.ask(ctx, items, r, func(d *decision.Delivery) [16]byte { return d.ClaimKey }, true)
	if err != nil {
		return items, err
	}
	return w.ask(ctx, keep, r, func(d *decision.Delivery) [16]byte { return d.AlsoKey }, false)
}

// ask takes or renews one claim of every delivery that has it, and ends those
// whose claim is somebody else's by now. keepClaim is false where an ended
// delivery has another claim to give back.
func (w *worker) ask(ctx context.Context, items []*item, r *result, key func(*decision.Delivery) [16]byte, keepClaim bool) ([]*item, error) {
	requests := make([]dedup.Request, 0, len(items))
	for _, it := range items {
		d := &it.Delivery
		if k := key(d); k != ([16]byte{}) {
			requests = append(requests, dedup.Request{Key: dedup.Key(k), Owner: dedup.Owner(d.ClaimOwner), TTL: settle.ClaimWindow(d), Renew: true})
		}
	}
	if len(requests) == 0 {
		return items, nil
	}
	claims, err := w.deps.Claims.Claim(ctx, requests)
	if err != nil {
		return items, fmt.Errorf("checking claims: %w", err)
	}
	keep := make([]*item, 0, len(items))
	n := 0
	for _, it := range items {
		if key(&it.Delivery) == ([16]byte{}) {
			keep = append(keep, it)
			continue
		}
		o := claimed(claims.Results[n])
		n++
		if o == nil {
			keep = append(keep, it)
			continue
		}
		o.KeepClaim = o.KeepClaim && keepClaim
		r.ended = append(r.ended, ended{it, o})
	}
	return keep, nil
}

// claimed says what a claim's state means for a delivery; nil: it may go.
func claimed(c dedup.Result) *settle.Outcome {
	switch c.State {
	case dedup.Taken, dedup.Own:
		return nil
	case dedup.OwnDelivered:
		return &settle.Outcome{Kind: settle.Delivered, Reason: decision.ReasonDelivered, Recovered: true, Detail: "found by its mark"}
	case dedup.Delivered:
		return duplicate(decision.DuplicateDelivered, c.Holder)
	case dedup.Unreadable:
		return &settle.Outcome{Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.DuplicateUnknown, KeepClaim: true}
	default:
		return duplicate(decision.DuplicateSuperseded, c.Holder)
	}
}

func duplicate(reason decision.Reason, holder dedup.Owner) *settle.Outcome {
	return &settle.Outcome{Kind: settle.Ended, Status: decision.Duplicate, Reason: reason, DuplicateOf: holder.String(), KeepClaim: true}
}

// adjust holds adjustments back until the transaction itself is delivered,
// and drops those that are older than one that was sent.
func (w *worker) adjust(ctx context.Context, items []*item, now int64, r *result) ([]*item, error) {
	var plain, newest []dedup.Key
	for _, it := range items {
		if it.Delivery.Adjust {
			plain = append(plain, dedup.Key(it.Delivery.PlainKey))
			newest = append(newest, dedup.Key(it.Delivery.NewestKey))
		}
	}
	if len(plain) == 0 {
		return items, nil
	}
	pending, err := w.deps.Claims.Pending(ctx, plain)
	if err != nil {
		return items, fmt.Errorf("checking the transactions of adjustments: %w", err)
	}
	sent, err := w.deps.Claims.Newest(ctx, newest)
	if err != nil {
		return items, fmt.Errorf("checking earlier adjustments: %w", err)
	}
	keep := items[:0:len(items)]
	n := 0
	for _, it := range items {
		if !it.Delivery.Adjust {
			keep = append(keep, it)
			continue
		}
		if o := w.adjustable(it, pending[n], sent[n], now); o == nil {
			keep = append(keep, it)
		} else {
			r.ended = append(r.ended, ended{it, o})
		}
		n++
	}
	return keep, nil
}

// adjustable says what keeps an adjustment back; nil: it may go.
func (w *worker) adjustable(it *item, pending bool, newest time.Time, now int64) *settle.Outcome {
	if pending {
		return &settle.Outcome{
			Kind: settle.Later, Reason: decision.Eligible, Detail: "waits until the transaction that it adjusts is delivered",
			Until: now + ms(w.cfg.Delays.Retry[0]), Topic: w.cfg.Topics.Retry(w.spec.Name, intake.Tiers[0]),
		}
	}
	if !newest.IsZero() && newest.UnixMilli() > it.Delivery.Facts.EventTime {
		return &settle.Outcome{
			Kind: settle.Ended, Status: decision.Duplicate, Reason: decision.DuplicateSuperseded,
			Detail: "a newer adjustment of the transaction was sent",
		}
	}
	return nil
}
