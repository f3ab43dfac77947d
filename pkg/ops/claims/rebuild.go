// Package claims restores the claims and marks of a Redis that is new or was
// emptied, from the diagnostics.
package claims

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

// topics are the cluster's.
type topics interface {
	RequireTopics(ctx context.Context, names ...string) error
	Starts(ctx context.Context, topics ...string) (reader.Offsets, error)
	AtTime(ctx context.Context, at time.Time, topics ...string) (reader.Offsets, error)
}

// diagnosticsLog is the topic of decisions.
type diagnosticsLog interface {
	Each(ctx context.Context, since time.Time, take func(*decision.Decision)) (unreadable int, err error)
}

// store is the store of claims.
type store interface {
	Rebuild(ctx context.Context, force bool, entries iter.Seq2[dedup.Entry, error]) (dedup.Rebuilt, error)
}

// Deps of a Rebuilder; all are needed.
type Deps struct {
	Topics topics
	// Topic is that of the diagnostics.
	Topic       string
	Diagnostics diagnosticsLog
	Store       store
	// Applied is what is applied now.
	Applied func(ctx context.Context) (*resource.Resources, []resource.Problem, error)
	Log     func() *slog.Logger
	Now     func() time.Time
}

// Rebuilder holds nothing open and is safe for concurrent use.
type Rebuilder struct{ deps Deps }

// New makes a Rebuilder.
func New(deps Deps) *Rebuilder { return &Rebuilder{deps} }

// Request says whether claims are rebuilt although they are complete.
type Request struct{ Force bool }

// Answer is what was restored. Its JSON is that of `sluice claims rebuild
// --output json`.
type Answer struct {
	// Rebuilt is false where nothing had to be done.
	Rebuilt bool `json:"rebuilt"`
	Claims  int  `json:"claims"`
	Marks   int  `json:"marks"`
	// Lost are diagnostics that cannot be read: claims may be lost with them.
	Lost int `json:"claims_lost"`
}

// Rebuild restores every claim and mark that the diagnostics of the last window
// speak of. A first installation is a rebuild of an empty topic.
func (r *Rebuilder) Rebuild(ctx context.Context, q Request) (Answer, error) {
	if err := r.deps.Topics.RequireTopics(ctx, r.deps.Topic); err != nil {
		return Answer{}, err
	}
	lost := 0
	since, err := r.since(ctx)
	if err != nil {
		return Answer{}, err
	}
	done, err := r.deps.Store.Rebuild(ctx, q.Force, r.history(ctx, since, &lost))
	answer := Answer{Rebuilt: !done.Skipped, Claims: done.Claims, Marks: done.Marks, Lost: lost}
	if err != nil {
		return answer, fmt.Errorf("rebuilding claims from %s: %w", r.deps.Topic, err)
	}
	return answer, nil
}

// since is when the oldest claim that may still live was taken: by the
// longest window of any destination. Where the diagnostics do not reach back
// as far, claims are missing afterwards, and nobody can say how many.
func (r *Rebuilder) since(ctx context.Context) (time.Time, error) {
	resources, _, err := r.deps.Applied(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("finding the longest dedup.window: %w", err)
	}
	window := dedup.LongestWindow
	for _, d := range resources.Destinations {
		window = max(window, time.Duration(d.Dedup.WindowMS)*time.Millisecond)
	}
	since := r.deps.Now().Add(-window)
	starts, err := r.deps.Topics.Starts(ctx, r.deps.Topic)
	if err != nil {
		return since, err
	}
	then, err := r.deps.Topics.AtTime(ctx, since, r.deps.Topic)
	if err != nil {
		return since, err
	}
	for p, start := range starts {
		if start > 0 && then[p] <= start {
			r.deps.Log().Warn("the diagnostics do not reach back as far as claims live: older claims are lost, and cannot be counted",
				"topic", p.Topic, "partition", p.Number, "claim_window", window.String(),
				"fix", "keep the diagnostics longer than the longest dedup.window")
		}
	}
	return since, nil
}

// history folds the diagnostics since then to what each claim should be
// now, and counts in lost those that nobody can read.
func (r *Rebuilder) history(ctx context.Context, since time.Time, lost *int) iter.Seq2[dedup.Entry, error] {
	return func(yield func(dedup.Entry, error) bool) {
		latest := map[dedup.Key]dedup.Entry{}
		var err error
		*lost, err = r.deps.Diagnostics.Each(ctx, since, func(d *decision.Decision) {
			foldClaim(latest, d, r.deps.Now())
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
