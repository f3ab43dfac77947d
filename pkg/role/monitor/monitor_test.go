package monitor_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

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
