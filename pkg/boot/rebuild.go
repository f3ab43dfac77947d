package boot

import (
	"context"
	"errors"
	"time"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/ops/claims"
)

// keepClaims watches the claims' sentinel and, when Redis is new, was emptied or
// failed over, rebuilds the claims from the diagnostics. Several processes may
// notice at once; the lease lets one of them do it.
func (e *Env) keepClaims(ctx context.Context, store *dedup.Store, m *telemetry.Metrics) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		switch err := store.Status(ctx); {
		case err == nil:
			e.measureWindow(ctx, store)
			e.measureReplicas(ctx, store)
		case errors.Is(err, dedup.ErrEmpty), errors.Is(err, dedup.ErrFailedOver):
			e.rebuild(ctx, store, m, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Env) rebuild(ctx context.Context, store *dedup.Store, m *telemetry.Metrics, why error) {
	e.Log.Warn("claims may be missing; rebuilding them from the diagnostics", "reason", why)
	var done claims.Answer
	rebuilder, err := ClaimsRebuilder(e, store)
	if err == nil {
		done, err = rebuilder.Rebuild(ctx, claims.Request{})
	}
	switch {
	case err != nil && ctx.Err() == nil:
		e.Log.Error("claims could not be rebuilt; trying again", "error", err)
	case err == nil && done.Rebuilt:
		m.ClaimsLost(ctx, int64(done.Lost))
		e.claimState.lost.Add(int64(done.Lost))
		e.claimState.measured = time.Time{}
		e.Log.Info("claims are rebuilt", "claims", done.Claims, "marks", done.Marks, "claims_lost", done.Lost)
	}
}
