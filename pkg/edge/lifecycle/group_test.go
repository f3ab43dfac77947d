package lifecycle_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// notes is what the roles say, in order.
type notes struct {
	mu   sync.Mutex
	said []string
}

func (n *notes) add(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said = append(n.said, s)
}

func (n *notes) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.said)
}

// polite ends when it is told to, after a while.
func polite(name string, took time.Duration, ended *notes) lifecycle.Role {
	return lifecycle.Func(name, nil, func(ctx context.Context, drain <-chan struct{}) error {
		select {
		case <-drain:
			select {
			case <-time.After(took):
				ended.add(name + " drained")
			case <-ctx.Done():
				ended.add(name + " stopped")
			}
			return nil
		case <-ctx.Done():
			ended.add(name + " stopped")
			return ctx.Err()
		}
	})
}

func group(t *testing.T, cfg lifecycle.Config, roles ...lifecycle.Role) *lifecycle.Group {
	t.Helper()
	g, err := lifecycle.New("g", cfg, roles...)
	require.NoError(t, err)
	return g
}

func TestDrainLetsEveryRoleFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := &notes{}
		g := group(t, lifecycle.Config{}, polite("a", time.Second, ended), polite("b", 2*time.Second, ended))
		drain := make(chan struct{})
		go func() {
			<-g.Ready()
			close(drain)
		}()
		require.NoError(t, g.Run(t.Context(), drain))
		require.Equal(t, []string{"a drained", "b drained"}, ended.all())
		for _, s := range g.States() {
			require.True(t, s.Ready && !s.Running && s.Error == "", s.Name)
		}
	})
}

func TestAStopDoesNotWaitForTheDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := &notes{}
		ctx, cancel := context.WithCancel(t.Context())
		drain := make(chan struct{})
		close(drain)
		time.AfterFunc(time.Second, cancel)
		g := group(t, lifecycle.Config{}, polite("a", time.Hour, ended))
		began := time.Now()
		require.NoError(t, g.Run(ctx, drain))
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, []string{"a stopped"}, ended.all())
	})
}

func TestADrainThatTakesTooLongBecomesAStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := &notes{}
		drain := make(chan struct{})
		close(drain)
		g := group(t, lifecycle.Config{DrainTimeout: time.Minute}, polite("a", time.Hour, ended))
		require.NoError(t, g.Run(t.Context(), drain))
		require.Equal(t, []string{"a stopped"}, ended.all())
	})
}

func TestAStopHonoursItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		stuck := lifecycle.Func("deaf", nil, func(context.Context, <-chan struct{}) error {
			<-free
			return nil
		})
		began := time.Now()
		err := group(t, lifecycle.Config{StopTimeout: 3 * time.Second}, stuck).Run(ctx, nil)
		var e *lifecycle.StuckError
		require.ErrorAs(t, err, &e)
		require.Equal(t, []string{"deaf"}, e.Roles)
		require.Equal(t, 3*time.Second, time.Since(began))
		close(free)
		synctest.Wait()
	})
}

func TestAFailureDrainsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		for name, tt := range map[string]struct{ returns, want error }{
			"error": {boom, boom}, "nothing": {nil, lifecycle.ErrEnded},
		} {
			ended := &notes{}
			g := group(t, lifecycle.Config{}, polite("a", time.Second, ended),
				lifecycle.Func("b", make(chan struct{}), func(context.Context, <-chan struct{}) error { return tt.returns }))
			err := g.Run(t.Context(), nil)
			require.ErrorIs(t, err, tt.want, name)
			require.Equal(t, []string{"a drained"}, ended.all(), name)
			require.NotEmpty(t, g.States()[1].Error)
			select {
			case <-g.Ready():
				t.Error("a group with a role that never was ready must not be ready")
			default:
			}
		}
	})
}

func TestGroupsAreRoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := &notes{}
		inner := group(t, lifecycle.Config{}, polite("a", time.Second, ended))
		outer := group(t, lifecycle.Config{}, inner)
		drain := make(chan struct{})
		time.AfterFunc(time.Minute, func() { close(drain) })
		require.NoError(t, outer.Run(t.Context(), drain))
		require.Equal(t, []string{"a drained"}, ended.all())
	})
}

func TestGroupsAreChecked(t *testing.T) {
	ended := &notes{}
	_, err := lifecycle.New("g", lifecycle.Config{})
	require.Error(t, err)
	_, err = lifecycle.New("g", lifecycle.Config{}, polite("a", 0, ended), polite("a", 0, ended))
	require.ErrorContains(t, err, `"a"`)
}
