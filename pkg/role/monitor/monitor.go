// Package monitor follows the diagnostics and judges the alerts of every
// destination. One per installation is enough; a second says the same.
package monitor

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/edge/table"
)

const (
	// every is how often alerts are judged.
	every = 15 * time.Second
	// repeats is for how long repeats of a decision are recognised: a crash
	// leaves them behind within minutes, and ids cost memory.
	repeats = 15 * time.Minute
	// tablesWithin is how long a judgement waits for fresh tables: stale ones
	// must not keep the alert about them back.
	tablesWithin = 2 * time.Second
)

// follower is the diagnostics topic while it grows.
type follower interface {
	Tail(ctx context.Context, from diagnostics.From, to diagnostics.To) error
}

// tables are the applied resources, and how fresh tables are.
type tables interface {
	Await(ctx context.Context) (gate.View, error)
	Status() []table.Status
}

// Deps of a Monitor; all but Log and Now are needed.
type Deps struct {
	Diagnostics follower
	Tables      tables
	// Statuses reads what senders say about destinations now.
	Statuses func(ctx context.Context) ([]health.Status, error)
	// Versions gives the API versions that destinations' requests name, as far
	// as their end is known.
	Versions func([]*resource.Destination) map[string]health.Version
	Log      *slog.Logger
	Now      func() time.Time
}

// Monitor runs once.
type Monitor struct {
	deps Deps

	began time.Time
	set   *resource.Set // as of the last look; the loop of judge alone uses it

	mu       sync.Mutex
	observer *health.Observer
	// complete: the observer has seen every decision that was there when the
	// reading began. Until then much looks silent that is not.
	complete bool
	alerts   []health.Alert
}

// New makes a Monitor. before is one that failed, whose alerts stand until the
// new one has judged; nil for none.
func New(deps Deps, before *Monitor) *Monitor {
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	m := &Monitor{deps: deps, began: deps.Now(), observer: health.NewObserver(health.Config{
		Keep: health.RecentSpan + health.BaselineSpan + time.Hour, Repeats: repeats,
	})}
	if before != nil {
		m.began, m.alerts = before.began, before.Alerts()
	}
	return m
}

// Alerts are those of the last judgement, firing or not. They may be asked for
// by any goroutine and are not to be changed.
func (m *Monitor) Alerts() []health.Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.alerts
}

// Run follows until drain is closed or ctx ends: there is nothing to finish.
func (m *Monitor) Run(ctx context.Context, drain <-chan struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	var judge sync.WaitGroup
	defer judge.Wait()
	defer stop() // before the wait: nothing else ends the judging when the reading fails
	judge.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			m.judge(ctx)
			select {
			case <-drain:
				stop()
				return
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	since := m.deps.Now().Add(-health.RecentSpan - health.BaselineSpan)
	err := m.deps.Diagnostics.Tail(ctx, diagnostics.From{Since: since, Follow: true}, diagnostics.To{
		Take: func(d *decision.Decision) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.observer.Add(d)
			return nil
		},
		CaughtUp: func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.complete = true
		},
		Bad: func(err error) { m.deps.Log.Warn("alerts do without some diagnostics", "error", err) },
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// judge brings the alerts up to date; those of destinations stand until the
// diagnostics are read. Statuses that cannot be read now are
// asked for again with the next tick.
func (m *Monitor) judge(ctx context.Context) {
	statuses, err := m.deps.Statuses(ctx)
	if err != nil && ctx.Err() == nil {
		m.deps.Log.Warn("what senders say about destinations cannot be read; alerts do without it", "error", err)
	}
	soon, cancel := context.WithTimeout(ctx, tablesWithin)
	defer cancel()
	if view, err := m.deps.Tables.Await(soon); err == nil {
		m.set = view.Resources()
	}
	destinations := m.destinations()
	versions := m.deps.Versions(destinations)
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.deps.Now()
	situation := m.observer.Situation(now.UnixMilli(), statuses)
	situation.Versions = versions
	var alerts []health.Alert
	if !m.complete {
		alerts = slices.DeleteFunc(slices.Clone(m.alerts), func(a health.Alert) bool { return a.Name == health.ConsentTableStale })
		destinations = nil
	}
	for _, t := range m.deps.Tables.Status() {
		if t.Name == "consent" {
			staleness := t.Staleness
			if staleness < 0 {
				staleness = now.Sub(m.began) // its end was never reached
			}
			alerts = append(alerts, health.JudgeConsent(t.Ready, staleness))
		}
	}
	for _, d := range destinations {
		alerts = append(alerts, situation.Judge(d)...)
	}
	m.alerts = alerts
}

// destinations are those of the last look.
func (m *Monitor) destinations() []*resource.Destination {
	var all []*resource.Destination
	for _, endpoint := range m.set.Destinations() {
		if endpoint.Destination != nil {
			all = append(all, endpoint.Destination)
		}
	}
	return all
}
