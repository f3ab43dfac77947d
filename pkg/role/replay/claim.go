package replay

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// claim asks who owns what would be queued: the claim by id first and then, for
// those that have it, the one by transaction. A dry run only looks.
func (s *session) claim(ctx context.Context, b *batch) error {
	mine := map[[16]byte]int64{}
	for _, it := range s.items {
		if !it.queued {
			continue
		}
		key, owner := it.delivery.ClaimKey, it.delivery.ClaimOwner
		first, again := s.sent[key]
		if !again {
			first, again = mine[key]
		}
		switch {
		case !again:
			mine[key] = owner
		default:
			// The same record once more, or another copy of the event: a source
			// may hold several.
			it.decision.DuplicateOf = dedup.Owner(first).String()
			it.become(decision.Duplicate, decision.DuplicateSuperseded)
		}
	}
	for nth := range 2 {
		if err := s.ask(ctx, b, nth); err != nil {
			return err
		}
	}
	for _, it := range s.items {
		if it.queued {
			b.queued = append(b.queued, it)
		}
	}
	return nil
}

// ask takes, or looks at, the nth claim of everything that has it.
func (s *session) ask(ctx context.Context, b *batch, nth int) error {
	var asked []*item
	var requests []dedup.Request
	for _, it := range s.items {
		if it.queued && nth < len(it.requests) {
			asked, requests = append(asked, it), append(requests, it.requests[nth])
		}
	}
	if len(requests) == 0 {
		return nil
	}
	results, err := s.results(ctx, b, requests)
	if err != nil {
		return err
	}
	var back []dedup.Request
	for i, it := range asked {
		switch state := results[i].State; state {
		case dedup.Taken, dedup.Own:
			if state == dedup.Taken {
				b.taken = append(b.taken, requests[i])
			}
			continue
		case dedup.Unreadable:
			it.become(decision.Skipped, decision.DuplicateUnknown)
		case dedup.OwnDelivered, dedup.Delivered:
			it.decision.DuplicateOf = results[i].Holder.String()
			it.become(decision.Duplicate, decision.DuplicateDelivered)
		default:
			it.decision.DuplicateOf = results[i].Holder.String()
			it.become(decision.Duplicate, decision.DuplicateSuperseded)
		}
		if nth > 0 && results[i].State != dedup.OwnDelivered {
			back = append(back, it.requests[0]) // beside its own mark it keeps everything
		}
	}
	if len(back) == 0 || s.cfg.DryRun {
		return nil
	}
	return s.deps.Claims.Release(ctx, back)
}

func (s *session) results(ctx context.Context, b *batch, requests []dedup.Request) ([]dedup.Result, error) {
	if s.cfg.DryRun {
		return s.deps.Claims.Look(ctx, requests)
	}
	claimed, err := s.deps.Claims.Claim(ctx, requests)
	if err != nil {
		return nil, err
	}
	b.claimed = append(b.claimed, claimed)
	return claimed.Results, nil
}
