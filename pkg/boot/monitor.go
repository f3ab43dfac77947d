package boot

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

const (
	// monitorEvery is how often alerts are judged.
	monitorEvery = 15 * time.Second
	// monitorRepeats is for how long repeats of a decision are recognised: a
	// crash leaves them behind within minutes, and ids cost memory.
	monitorRepeats = 15 * time.Minute
)

// monitor follows the diagnostics and judges alerts. One per installation is
// enough; a second says the same.
type monitor struct {
	env    *Env
	tables *table.Tables

	began time.Time
	set   *resource.Set // as of the last look; the loop of judge alone uses it

	mu       sync.Mutex
	observer *health.Observer
	alerts   []telemetry.Alert
}

// monitorRole makes the alert states of every destination metrics. One that is
// started again reads the diagnostics again; what the last one said stands
// until it has.
func (e *Env) monitorRole(ctx context.Context, tables *table.Tables, tel *telemetry.Telemetry) (lifecycle.Role, error) {
	var now atomic.Pointer[monitor]
	role, err := e.restarting(ctx, tel, func(context.Context) (lifecycle.Role, func() error, error) {
		m := &monitor{env: e, tables: tables, began: e.Now(), observer: health.NewObserver(health.Config{
			Keep: health.RecentSpan + health.BaselineSpan + time.Hour, Repeats: monitorRepeats,
		})}
		if before := now.Swap(m); before != nil {
			m.began, m.alerts = before.began, before.current()
		}
		return lifecycle.Func("monitor", nil, m.run), nil, nil
	})
	if err != nil {
		return nil, err
	}
	stop, err := tel.Metrics.WatchAlerts(func() []telemetry.Alert { return now.Load().current() })
	if err != nil {
		return nil, fmt.Errorf("making the monitor: %w", err)
	}
	e.OnClose(stop)
	return role, nil
}

func (m *monitor) current() []telemetry.Alert {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.alerts
}

// run follows until drain is closed or ctx ends: there is nothing to finish.
func (m *monitor) run(ctx context.Context, drain <-chan struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	var judge sync.WaitGroup
	defer judge.Wait()
	defer stop() // before the wait: nothing else ends the judging when the reading fails
	judge.Go(func() {
		tick := time.NewTicker(monitorEvery)
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
	since := m.env.Now().Add(-health.RecentSpan - health.BaselineSpan)
	err := m.env.TailDiagnostics(ctx, TailFrom{Since: since, Follow: true}, TailTo{
		Take: func(d *decision.Decision) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.observer.Add(d)
			return nil
		},
		Bad:  func(err error) { m.env.Log.Warn("alerts do without some diagnostics", "error", err) },
		Idle: func() error { return nil },
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// judge brings the alerts up to date. Senders' words that cannot be read now
// are asked for again with the next tick.
func (m *monitor) judge(ctx context.Context) {
	statuses, err := m.env.DestinationStatuses(ctx)
	if err != nil && ctx.Err() == nil {
		m.env.Log.Warn("what senders say about destinations cannot be read; alerts do without it", "error", err)
	}
	// Stale tables must not keep the alert about them back.
	soon, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if view, err := m.tables.Await(soon); err == nil {
		m.set = view.Resources()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	situation := m.observer.Situation(m.env.Now().UnixMilli(), statuses)
	destinations := m.destinations()
	situation.Versions = m.env.apiVersions(destinations)
	var alerts []telemetry.Alert
	add := func(a health.Alert) {
		alerts = append(alerts, telemetry.Alert{
			Name: string(a.Name), Destination: a.Destination, Customer: a.Customer, Provider: a.Provider, Owner: a.Owner, Runbook: a.Runbook, Firing: a.Firing,
		})
	}
	for _, t := range m.tables.Status() {
		if t.Name == "consent" {
			staleness := t.Staleness
			if staleness < 0 {
				staleness = m.env.Now().Sub(m.began) // its end was never reached
			}
			add(health.JudgeConsent(t.Ready, staleness))
		}
	}
	for _, d := range destinations {
		for _, a := range situation.Judge(d) {
			add(a)
		}
	}
	m.alerts = alerts
}

// destinations are those of the last look.
func (m *monitor) destinations() []*resource.Destination {
	var all []*resource.Destination
	for _, endpoint := range m.set.Destinations() {
		if endpoint.Destination != nil {
			all = append(all, endpoint.Destination)
		}
	}
	return all
}
