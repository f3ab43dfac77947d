package router

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
)

// want is one item's wish for its claims: one request, or two where the
// destination also deduplicates by transaction. The item is queued only if
// all of them turn out to be its own.
type want struct {
	item     int // in Session.items
	requests int // how many of Session.requests, in order
}

// claim notes that the last item, an eligible case, wants its claims, and gives
// their owner. The keys are the same
// for every record that means the same thing to the provider, the owner is this
// record: reading it again after a crash finds its own claims and goes on.
func (s *Session) claim(c *gate.Case, r *gate.Result) (dedup.Owner, error) {
	owner, err := ownerOf(c.Event.Origin)
	if err != nil {
		return 0, err
	}
	window := dedup.Window(c.Route.Destination)
	from := len(s.requests)
	s.requests = dedup.AppendCase(s.requests, c, &r.Built, owner)
	w := want{item: len(s.items) - 1, requests: len(s.requests) - from}
	s.wants = append(s.wants, w)

	d := &s.decision
	d.ClaimKey, d.ClaimWindowMS = [16]byte(s.requests[from].Key), window.Milliseconds()
	if w.requests > 1 {
		d.AlsoKey = [16]byte(s.requests[from+1].Key)
	}
	return owner, nil
}

func ownerOf(at event.Coordinates) (dedup.Owner, error) {
	owner, err := dedup.NewOwner([16]byte(at.TopicID), at.Partition, at.Offset)
	if err != nil {
		return 0, fmt.Errorf("naming the owner of %s: %w", at, err)
	}
	return owner, nil
}

// takeClaims asks Redis once for the whole batch and turns what others own
// into duplicates. Claims come after every gate and before the transaction.
//
// It asks again only where an item of this batch lost to another of this
// batch that then lost itself, on its other claim: what that one gave back is
// free, and calling the item its duplicate would lose an event.
func (s *Session) takeClaims(ctx context.Context) error {
	if err := s.giveBack(ctx, s.stale); err != nil {
		return s.unavailable(err)
	}
	for len(s.requests) > 0 {
		claimed, err := s.deps.Claims.Claim(ctx, s.requests)
		if err != nil {
			return s.unavailable(err)
		}
		s.claimed = append(s.claimed, claimed)
		if err := s.sortOut(ctx, claimed.Results); err != nil {
			return s.unavailable(err)
		}
	}
	return nil
}

// sortOut applies the answers to the wants and keeps, as wants and requests,
// only what has to be asked again.
func (s *Session) sortOut(ctx context.Context, results []dedup.Result) error {
	lost := s.lost[:0]
	at := 0
	for _, w := range s.wants {
		lost = appendLost(lost, s.requests[at:at+w.requests], results[at:at+w.requests])
		at += w.requests
	}
	s.lost = lost
	if err := s.giveBack(ctx, lost); err != nil {
		return err
	}
	wants, requests := s.wants[:0], s.requests[:0]
	at = 0
	for _, w := range s.wants {
		asked, answers := s.requests[at:at+w.requests], results[at:at+w.requests]
		at += w.requests
		i := foreign(answers)
		switch {
		case i < 0:
		case answers[i].State == dedup.Unreadable:
			if err := s.undecidable(w.item); err != nil {
				return err
			}
		case slices.ContainsFunc(lost, func(r dedup.Request) bool { return r.Key == asked[i].Key && r.Owner == answers[i].Holder }):
			wants, requests = append(wants, w), append(requests, asked...)
		default:
			reason := s.items[w.item].duplicateReason(i, answers[i].State)
			if err := s.duplicate(w.item, reason, answers[i].Holder); err != nil {
				return err
			}
		}
	}
	s.wants, s.requests = wants, requests
	return nil
}

// appendLost appends what an item has to give back because its other claim is
// not its own. Beside its own mark it keeps everything: it was delivered.
func appendLost(dst, asked []dedup.Request, answers []dedup.Result) []dedup.Request {
	if i := foreign(answers); i < 0 || answers[i].State == dedup.OwnDelivered {
		return dst
	}
	for i := range asked {
		if answers[i].State == dedup.Taken || answers[i].State == dedup.Own {
			dst = append(dst, asked[i])
		}
	}
	return dst
}

// foreign finds the first claim that is not the item's own to go on with; -1:
// there is none.
func foreign(results []dedup.Result) int {
	return slices.IndexFunc(results, func(r dedup.Result) bool { return r.State != dedup.Taken && r.State != dedup.Own })
}

// duplicateReason says what a foreign claim or a mark on the item's i-th claim
// means.
func (it *item) duplicateReason(i int, state dedup.State) decision.Reason {
	switch {
	case state == dedup.OwnDelivered, state == dedup.Delivered && i == 0:
		return decision.DuplicateDelivered
	case i > 0:
		return decision.DuplicateTransaction
	default:
		return it.duplicate
	}
}

func (s *Session) giveBack(ctx context.Context, requests []dedup.Request) error {
	if len(requests) == 0 {
		return nil
	}
	return s.deps.Claims.Release(ctx, requests)
}

// BeforeCommit asks whether the claims of the batch still stand: Redis may
// have been emptied since, and then others may own the same events.
func (s *Session) BeforeCommit(ctx context.Context) error {
	for _, claimed := range s.claimed {
		if err := s.deps.Claims.Check(ctx, claimed); err != nil {
			return s.unavailable(err)
		}
	}
	if err := s.giveBack(ctx, s.refused); err != nil {
		return s.unavailable(err)
	}
	return nil
}

// unavailable applies the installation's choice: wait, or go on and say so.
func (s *Session) unavailable(err error) error {
	if s.cfg.Bypass && errors.Is(err, dedup.ErrUnavailable) {
		s.deps.Log.Warn("routing without claims: Redis is unavailable and dedup.on_unavailable is bypass", "error", err)
		return nil
	}
	return fmt.Errorf("%w: claiming events: %w", transact.ErrWait, err)
}

// releaseStale gives back claims that this very record may hold from an
// earlier reading, whose batch died after claiming: today nothing is queued,
// and a corrected copy must be able to pass.
func (s *Session) releaseStale(c *gate.Case) {
	built, ok := gate.ClaimOf(c, &s.scratch)
	if !ok {
		return
	}
	owner, err := ownerOf(c.Event.Origin)
	if err != nil {
		return // an owner that cannot be named has never claimed
	}
	s.stale = dedup.AppendCase(s.stale, c, &built, owner)
}
