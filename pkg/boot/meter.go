package boot

import (
	"context"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

// Moved implements sender.Meter.
func (s senderMeter) Moved(destination, place string, n int) {
	s.m.Destination(s.provider, destination).Moved(context.Background(), place, n)
}

// Lost implements sender.Meter.
func (s senderMeter) Lost(n int64) {
	s.m.LostRecords(context.Background(), decision.StageSender, n)
}

// quotas are the budgets of requests that destinations share.
func (o *observed) quotas() []telemetry.Quota {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []telemetry.Quota
	for _, s := range o.senders {
		status := s.Status()
		for _, q := range status.Quotas {
			all = append(all, telemetry.Quota{
				Provider: status.Provider, Project: q.Name, Requests: q.Requests, PerMinute: int64(q.PerMinute), PerDay: int64(q.PerDay),
			})
		}
	}
	return all
}

// windowEvery is how often the claim window is measured.
const windowEvery = time.Minute

// measureWindow finds out how far back claims reach, now and then.
func (e *Env) measureWindow(ctx context.Context, store *dedup.Store) {
	now := e.Now()
	if now.Sub(e.claimState.measured) < windowEvery {
		return
	}
	e.claimState.measured = now
	window, err := store.Window(ctx, now, dedup.LongestWindow)
	if err != nil {
		return // whoever needs claims says so
	}
	if window < dedup.LongestWindow && e.claimState.window.Swap(int64(window)) != int64(window) {
		e.Log.Warn("Redis evicts claims before their time: older copies of an event would be sent again",
			"claim_window", window.String(), "fix", "give Redis more memory, or shorten dedup.window of the destinations")
	}
	e.claimState.window.Store(int64(window))
}

// replicaPatience is how long a replica may take to have a claim. A round trip
// to it takes a millisecond or so; one that needs longer loses claims when it is
// promoted.
const replicaPatience = 100 * time.Millisecond

// measureReplicas finds out whether the replicas of Redis keep up.
func (e *Env) measureReplicas(ctx context.Context, store *dedup.Store) {
	r, err := store.Replicated(ctx, replicaPatience)
	if err != nil {
		e.claimState.behind.Store(0) // INFO or WAIT is not permitted, or Redis is away, which others say
		return
	}
	behind := int64(r.Connected - r.Current)
	if before := e.claimState.behind.Swap(behind + 1); behind > 0 && before <= 1 {
		e.Log.Warn("replicas of Redis do not have the newest claims: a failover now would lose some, and wait until they are rebuilt",
			"replicas", r.Connected, "behind", behind, "fix", "look at the replicas; min-replicas-to-write 1 and min-replicas-max-lag 2 bound what a failover loses")
	}
}

func (e *Env) replicasBehind() (int64, bool) {
	behind := e.claimState.behind.Load()
	return behind - 1, behind > 0
}

func (e *Env) claimWindow() (time.Duration, bool) {
	window := e.claimState.window.Load()
	return time.Duration(window), window > 0
}

// ClaimsLost is how many claims rebuilds of this process could not restore.
func (e *Env) ClaimsLost() int { return int(e.claimState.lost.Load()) }
