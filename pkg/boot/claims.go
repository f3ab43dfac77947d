package boot

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

// claimState is what a process knows about the claims beside the store.
type claimState struct {
	measured time.Time // of the window; only its keeper touches it
	window   atomic.Int64
	lost     atomic.Int64
	// behind is how many replicas lack claims, plus one; 0: not known.
	behind atomic.Int64
}

// meteredClaims is the claim store with its round trips measured.
type meteredClaims struct {
	*dedup.Store
	metrics *telemetry.Metrics
}

// outcomes are the metric's words for what a claim turned out to be.
var outcomes = map[dedup.State]telemetry.ClaimOutcome{
	dedup.Taken: telemetry.ClaimTaken, dedup.Own: telemetry.ClaimOwn, dedup.OwnDelivered: telemetry.ClaimDelivered,
	dedup.Duplicate: telemetry.ClaimDuplicate, dedup.Delivered: telemetry.ClaimDelivered, dedup.Unreadable: telemetry.ClaimUnreadable,
}

// Claim takes claims and counts what they turned out to be.
func (c meteredClaims) Claim(ctx context.Context, requests []dedup.Request) (dedup.Claims, error) {
	began := time.Now()
	claims, err := c.Store.Claim(ctx, requests)
	c.metrics.ClaimRoundTrip(ctx, time.Since(began))
	if err != nil {
		c.metrics.Claims(ctx, telemetry.ClaimUnavailable, int64(len(requests)))
		return claims, err
	}
	var counts [dedup.States]int64
	for _, r := range claims.Results {
		counts[r.State]++
	}
	for state, outcome := range outcomes {
		c.metrics.Claims(ctx, outcome, counts[state])
	}
	return claims, nil
}

// Mark turns claims into marks and counts them.
func (c meteredClaims) Mark(ctx context.Context, requests []dedup.Request) error {
	return c.counted(ctx, telemetry.ClaimMarked, len(requests), c.Store.Mark(ctx, requests))
}

// Release gives claims back and counts them.
func (c meteredClaims) Release(ctx context.Context, requests []dedup.Request) error {
	return c.counted(ctx, telemetry.ClaimReleased, len(requests), c.Store.Release(ctx, requests))
}

func (c meteredClaims) counted(ctx context.Context, outcome telemetry.ClaimOutcome, n int, err error) error {
	if err != nil {
		outcome = telemetry.ClaimUnavailable
	}
	c.metrics.Claims(ctx, outcome, int64(n))
	return err
}
