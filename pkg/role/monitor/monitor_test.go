package monitor_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/role/monitor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// topic is a diagnostics topic that nothing is written to, until it fails.
type topic struct {
	fail chan error
	from diagnostics.From
}

func (t *topic) Tail(ctx context.Context, from diagnostics.From, _ diagnostics.To) error {
	t.from = from
	select {
	case err := <-t.fail:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stale are tables whose consent was never read to its end.
type stale struct{}

func (stale) Await(ctx context.Context) (gate.View, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (stale) Status() []table.Status {
	return []table.Status{{Name: "resources"}, {Name: "consent", Staleness: -1}}
}

func deps(log *topic) monitor.Deps {
	return monitor.Deps{
		Diagnostics: log, Tables: stale{},
		Statuses: func(context.Context) ([]health.Status, error) { return nil, errors.New("not now") },
		Versions: func([]*resource.Destination) map[string]health.Version { return nil },
	}
}

// Neither tables that are stale nor statuses that cannot be read keep the alert
// about them back.
func TestAStaleConsentTableAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &topic{fail: make(chan error)}
		m := monitor.New(deps(log), nil)
		require.Empty(t, m.Alerts())
		drain, done := make(chan struct{}), make(chan error, 1)
		go func() { done <- m.Run(t.Context(), drain) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		alerts := m.Alerts()
		require.Len(t, alerts, 1)
		require.True(t, alerts[0].Firing)
		require.True(t, log.from.Follow)
		close(drain)
		require.NoError(t, <-done)
	})
}

// A reading that fails ends the role, with its error; the next one says what
// this one said until it has judged itself.
func TestAReadingThatFailsEndsTheRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		log := &topic{fail: make(chan error)}
		m := monitor.New(deps(log), nil)
		done := make(chan error, 1)
		go func() { done <- m.Run(t.Context(), nil) }()
		time.Sleep(10 * time.Minute)
		log.fail <- boom
		require.ErrorIs(t, <-done, boom)
		require.Equal(t, m.Alerts(), monitor.New(deps(log), m).Alerts())
	})
}

func TestAStopIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		m := monitor.New(deps(&topic{fail: make(chan error)}), nil)
		go func() { done <- m.Run(ctx, nil) }()
		cancel()
		require.NoError(t, <-done)
	})
}

// installation is a diagnostics topic, tables and statuses of two destinations
// that get events all day, of which a test changes what it wants.
type installation struct {
	set *resource.Set

	mu       sync.Mutex
	statuses []health.Status
	// late keeps the reader from where the topic ended when it began.
	late chan struct{}
	n    int
}

// usual is how often each destination gets an event.
const usual = 12 * time.Minute

func (i *installation) Tail(ctx context.Context, _ diagnostics.From, to diagnostics.To) error {
	if i.late != nil {
		select {
		case <-i.late:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	to.CaughtUp()
	tick := time.NewTicker(usual)
	defer tick.Stop()
	for {
		for _, e := range i.set.Destinations() {
			i.n++
			at := time.Now().UnixMilli()
			for _, d := range []decision.Decision{
				{Stage: decision.StageRouter, Status: decision.Queued, Reason: decision.Eligible, Time: at},
				{Stage: decision.StageSender, Status: decision.Delivered, Reason: decision.ReasonDelivered, Time: at + 300, LatencyMS: 300},
			} {
				d.DestinationID, d.Mapping, d.EventID, d.SourceEvent = e.Destination.ID, "m", strconv.Itoa(i.n), "purchase"
				d.ID = d.EventID + d.Status.String()
				if err := to.Take(&d); err != nil {
					return err
				}
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// view has resources and nothing else.
type view struct {
	gate.View
	set *resource.Set
}

func (v view) Resources() *resource.Set { return v.set }

func (i *installation) Await(context.Context) (gate.View, error) { return view{set: i.set}, nil }

func (i *installation) Status() []table.Status {
	return []table.Status{{Name: "resources", Ready: true}, {Name: "consent", Ready: true}}
}

// said are statuses as senders refresh them, in an order that changes.
func (i *installation) said(context.Context) ([]health.Status, error) {
	i.mu.Lock()
	all := slices.Clone(i.statuses)
	i.mu.Unlock()
	for n := range all {
		all[n].UpdatedAt = time.Now().Add(-time.Duration(n) * time.Minute).UnixMilli()
	}
	if time.Now().Unix()/15%2 == 0 {
		slices.Reverse(all)
	}
	return all, nil
}

// newInstallation is one of two senders that begins now, in a bubble. Meta's
// secret ends in two months; what Google gives renews itself.
func newInstallation() *installation {
	b := resource.NewBuilder(resource.Installation{})
	for _, id := range []string{"acme-google", "acme-meta"} {
		b.PutDestination(id, &resource.Destination{
			ID: id, Customer: "acme", Active: true, Stored: time.Now().UnixMilli(),
			Objectives: resource.Objectives{SLAMS: 60_000, ExpectedPerDay: map[string]int64{"purchase": 120}},
		}, 1)
	}
	i := &installation{}
	i.set, _ = b.Build()
	for _, sender := range []string{"one", "two"} {
		i.statuses = append(i.statuses,
			health.Status{Destination: "acme-google", Sender: sender, State: "open"},
			health.Status{Destination: "acme-meta", Sender: sender, State: "open", CredentialExpires: time.Now().Add(60 * 24 * time.Hour).UnixMilli()})
	}
	return i
}

func (i *installation) deps() monitor.Deps {
	return monitor.Deps{
		Diagnostics: i, Tables: i, Statuses: i.said,
		Versions: func([]*resource.Destination) map[string]health.Version { return nil },
	}
}

func firing(m *monitor.Monitor) []string {
	found := []string{}
	for _, a := range m.Alerts() {
		if a.Firing {
			found = append(found, a.Destination+" "+string(a.Name))
		}
	}
	return found
}

// A healthy installation is silent from its first minute on, for more than a day; a secret
// that a person has to renew alerts a week before its end, all the time and
// alone, and no longer once every sender has another.
func TestAHealthyInstallationIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation()
		m := monitor.New(i.deps(), nil)
		drain, done := make(chan struct{}), make(chan error, 1)
		go func() { done <- m.Run(t.Context(), drain) }()
		pass := func(span time.Duration, want ...string) {
			t.Helper()
			for until := time.Now().Add(span); time.Now().Before(until); time.Sleep(10 * time.Minute) {
				synctest.Wait()
				require.ElementsMatch(t, want, firing(m))
			}
		}
		ends := func(at time.Time) { // of the secret that the first sender has
			i.mu.Lock()
			defer i.mu.Unlock()
			i.statuses[1].CredentialExpires = at.UnixMilli()
		}
		pass(26 * time.Hour)
		require.NotEmpty(t, m.Alerts())

		ends(time.Now().Add(6 * 24 * time.Hour))
		time.Sleep(time.Minute)
		pass(time.Hour, "acme-meta credentials")
		ends(time.Now().Add(60 * 24 * time.Hour))
		time.Sleep(time.Minute)
		pass(time.Hour)
		close(drain)
		require.NoError(t, <-done)
	})
}

// What has not been read yet is not missing: a monitor that begins judges once
// it has caught up.
func TestAMonitorThatBeginsWaitsUntilItHasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(30 * 24 * time.Hour)
		i := newInstallation()
		for _, e := range i.set.Destinations() {
			e.Destination.Stored = time.Now().Add(-30 * 24 * time.Hour).UnixMilli()
		}
		i.late = make(chan struct{})
		m := monitor.New(i.deps(), nil)
		drain, done := make(chan struct{}), make(chan error, 1)
		go func() { done <- m.Run(t.Context(), drain) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Len(t, m.Alerts(), 1, "that about consent")
		require.Empty(t, firing(m))
		close(i.late)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.ElementsMatch(t, []string{"acme-google coverage_drop", "acme-meta coverage_drop"}, firing(m))
		close(drain)
		require.NoError(t, <-done)
	})
}
