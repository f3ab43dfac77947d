package boot

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
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
	done, err := e.RebuildClaims(ctx, store, false)
	switch {
	case err != nil && ctx.Err() == nil:
		e.Log.Error("claims could not be rebuilt; trying again", "error", err)
	case err == nil && !done.Skipped:
		m.ClaimsLost(ctx, int64(done.Lost))
		e.claimState.lost.Add(int64(done.Lost))
		e.claimState.measured = time.Time{}
		e.Log.Info("claims are rebuilt", "claims", done.Claims, "marks", done.Marks, "claims_lost", done.Lost)
	}
}

// RebuildClaims restores every claim and mark that the diagnostics of the last
// window speak of. A first installation is a rebuild of an empty topic.
func (e *Env) RebuildClaims(ctx context.Context, store *dedup.Store, force bool) (dedup.Rebuilt, error) {
	lost := 0
	since, err := e.claimsSince(ctx)
	if err != nil {
		return dedup.Rebuilt{}, err
	}
	done, err := store.Rebuild(ctx, force, e.claimHistory(ctx, since, &lost))
	done.Lost = lost
	if err != nil {
		return done, fmt.Errorf("rebuilding claims from %s: %w", e.Names.Diagnostics(), err)
	}
	return done, nil
}

// claimsSince is when the oldest claim that may still live was taken: by the
// longest window of any destination. Where the diagnostics do not reach back
// as far, claims are missing afterwards, and nobody can say how many.
func (e *Env) claimsSince(ctx context.Context) (time.Time, error) {
	resources, _, err := Applier(e).Current(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("finding the longest dedup.window: %w", err)
	}
	window := dedup.LongestWindow
	for _, d := range resources.Destinations {
		window = max(window, time.Duration(d.Dedup.WindowMS)*time.Millisecond)
	}
	since := e.Now().Add(-window)
	admin, err := e.Cluster.Admin(ctx)
	if err != nil {
		return since, err
	}
	starts, err := reader.Starts(ctx, admin, e.Names.Diagnostics())
	if err != nil {
		return since, err
	}
	then, err := reader.AtTime(ctx, admin, since, e.Names.Diagnostics())
	if err != nil {
		return since, err
	}
	for p, start := range starts {
		if start > 0 && then[p] <= start {
			e.Log.Warn("the diagnostics do not reach back as far as claims live: older claims are lost, and cannot be counted",
				"topic", p.Topic, "partition", p.Number, "claim_window", window.String(),
				"fix", "keep the diagnostics longer than the longest dedup.window")
		}
	}
	return since, nil
}

// claimHistory folds the diagnostics since then to what each claim should be
// now, and counts in lost those that nobody can read.
func (e *Env) claimHistory(ctx context.Context, since time.Time, lost *int) iter.Seq2[dedup.Entry, error] {
	return func(yield func(dedup.Entry, error) bool) {
		latest := map[dedup.Key]dedup.Entry{}
		var err error
		var log *diagnostics.Log
		if log, err = e.Diagnostics(); err != nil {
			yield(dedup.Entry{}, err)
			return
		}
		*lost, err = log.Each(ctx, since, func(d *decision.Decision) {
			foldClaim(latest, d, e.Now())
		})
		if err != nil {
			yield(dedup.Entry{}, err)
			return
		}
		for _, entry := range latest {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// foldClaim applies one decision: an event that was routed is claimed, one
// that was delivered is marked, one that ended otherwise is free again.
func foldClaim(latest map[dedup.Key]dedup.Entry, d *decision.Decision, now time.Time) {
	owner, err := dedup.NewOwner([16]byte(d.Source.TopicID), d.Source.Partition, d.Source.Offset)
	if err != nil {
		return // such a record never had a claim
	}
	left := time.UnixMilli(d.Time).Add(time.Duration(d.ClaimWindowMS) * time.Millisecond).Sub(now)
	for _, key := range [...][16]byte{d.ClaimKey, d.AlsoKey} {
		if key != ([16]byte{}) {
			foldKey(latest, key, owner, d.Status, left)
		}
	}
}

func foldKey(latest map[dedup.Key]dedup.Entry, key dedup.Key, owner dedup.Owner, status decision.Status, left time.Duration) {
	known, exists := latest[key]
	switch status {
	case decision.Queued, decision.Shadowed, decision.Retrying, decision.Parked:
		if !exists {
			latest[key] = dedup.Entry{Key: key, Owner: owner, TTL: left}
		} else if known.Owner.Same(owner) {
			known.TTL = max(known.TTL, left)
			latest[key] = known
		}
	case decision.Delivered:
		latest[key] = dedup.Entry{Key: key, Owner: owner.Mark(), TTL: left}
	case decision.DeadLettered, decision.Revoked, decision.Expired, decision.Refused:
		if exists && known.Owner.Same(owner) {
			delete(latest, key)
		}
	case decision.StatusNone, decision.Skipped, decision.Held, decision.Rejected, decision.Duplicate, decision.Confirmed:
	}
}
