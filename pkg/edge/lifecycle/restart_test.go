package lifecycle_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
)

var errBoom = errors.New("boom")

// fragile builds a role that runs for a while and then fails, as often as there
// are spans; after the last it is polite.
func fragile(ended *notes, spans ...time.Duration) lifecycle.Build {
	built := 0
	return func(context.Context) (lifecycle.Role, func() error, error) {
		i := built
		built++
		release := func() error { ended.add("released"); return nil }
		if i >= len(spans) {
			return polite("b", time.Second, ended), release, nil
		}
		return lifecycle.Func("b", nil, func(ctx context.Context, drain <-chan struct{}) error {
			select {
			case <-time.After(spans[i]):
				return errBoom
			case <-drain:
				return nil
			case <-ctx.Done():
				return nil
			}
		}), release, nil
	}
}

func restart(t *testing.T, cfg lifecycle.Restarts, build lifecycle.Build) *lifecycle.Restarting {
	t.Helper()
	r, err := lifecycle.Restart(t.Context(), cfg, build)
	require.NoError(t, err)
	return r
}

func TestARoleThatFailsIsStartedAgainAndTakesNoOtherWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended, failed := &notes{}, &notes{}
		r := restart(t, lifecycle.Restarts{Min: time.Second, Max: time.Minute, Failed: func(_ context.Context, role string) { failed.add(role) }},
			fragile(ended, 10*time.Second, 10*time.Second))
		g := group(t, lifecycle.Config{}, polite("a", time.Second, ended), r)
		drain := make(chan struct{})
		done := make(chan error, 1)
		go func() { done <- g.Run(t.Context(), drain) }()
		<-g.Ready()
		synctest.Wait()
		require.True(t, g.States()[1].Ready)

		time.Sleep(10*time.Second + 100*time.Millisecond)
		synctest.Wait()
		waiting := g.States()[1]
		require.False(t, waiting.Ready)
		require.False(t, waiting.Running)
		require.Equal(t, 1, waiting.Restarts)
		require.Equal(t, "boom; it is started again", waiting.Error)
		require.True(t, g.States()[0].Ready, "the other goes on")

		time.Sleep(time.Minute)
		synctest.Wait()
		healed := g.States()[1]
		require.Equal(t, lifecycle.State{Name: "b", Running: true, Ready: true, Restarts: 2}, healed)
		close(drain)
		require.NoError(t, <-done)
		require.Equal(t, []string{"b", "b"}, failed.all())
		require.Equal(t, []string{"released", "released"}, ended.all()[:2])
		require.ElementsMatch(t, []string{"a drained", "b drained"}, ended.all()[2:])
		require.NoError(t, r.Close())
		require.NoError(t, r.Close())
		require.Len(t, ended.all(), 5, "the last is released once")
	})
}

// The waits double, are bounded, hold some chance, and begin anew once a role
// has run well.
func TestWaitsBetweenStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans := []time.Duration{0, 0, 0, 0, 0, time.Hour, 0}
		var starts []time.Time
		build := fragile(&notes{}, spans...)
		r := restart(t, lifecycle.Restarts{Min: time.Second, Max: 8 * time.Second, Well: time.Minute}, func(ctx context.Context) (lifecycle.Role, func() error, error) {
			starts = append(starts, time.Now())
			return build(ctx)
		})
		drain := make(chan struct{})
		time.AfterFunc(2*time.Hour, func() { close(drain) })
		require.NoError(t, r.Run(t.Context(), drain))
		require.Len(t, starts, len(spans)+1)
		for i, seconds := range []int{1, 2, 4, 8, 8, 1, 2} {
			most := time.Duration(seconds) * time.Second
			wait := starts[i+1].Sub(starts[i]) - spans[i]
			require.True(t, wait >= most/2 && wait <= most, "wait %d was %s, of at most %s", i, wait, most)
		}
	})
}

func TestARoleThatCannotBeBuiltAgainIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := &notes{}
		inner, tries := fragile(ended, time.Second), 0
		r := restart(t, lifecycle.Restarts{}, func(ctx context.Context) (lifecycle.Role, func() error, error) {
			if tries++; tries == 2 || tries == 3 {
				return nil, nil, errBoom
			}
			return inner(ctx)
		})
		drain := make(chan struct{})
		time.AfterFunc(time.Hour, func() { close(drain) })
		require.NoError(t, r.Run(t.Context(), drain))
		require.Equal(t, 4, tries)
		require.Equal(t, []string{"released", "b drained"}, ended.all())
	})
}

func TestWhatCannotHealEndsTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, lifecycle.Permanent(nil))
		_, err := lifecycle.Restart(t.Context(), lifecycle.Restarts{}, func(context.Context) (lifecycle.Role, func() error, error) { return nil, nil, errBoom })
		require.ErrorIs(t, err, errBoom, "what is wrong from the start")

		ended := &notes{}
		r := restart(t, lifecycle.Restarts{}, func(context.Context) (lifecycle.Role, func() error, error) {
			return lifecycle.Func("b", nil, func(context.Context, <-chan struct{}) error { return lifecycle.Permanent(errBoom) }), nil, nil
		})
		err = group(t, lifecycle.Config{}, polite("a", time.Second, ended), r).Run(t.Context(), nil)
		require.ErrorIs(t, err, errBoom)
		require.Equal(t, []string{"a drained"}, ended.all())
		require.NoError(t, r.Close())
	})
}

func TestAWaitForTheNextStartEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, end := range map[string]func(cancel context.CancelFunc, drain chan struct{}){
			"drain": func(_ context.CancelFunc, drain chan struct{}) { close(drain) },
			"stop":  func(cancel context.CancelFunc, _ chan struct{}) { cancel() },
		} {
			r := restart(t, lifecycle.Restarts{Min: time.Hour, Max: time.Hour}, fragile(&notes{}, 0))
			ctx, cancel := context.WithCancel(t.Context())
			drain := make(chan struct{})
			time.AfterFunc(time.Second, func() { end(cancel, drain) })
			began := time.Now()
			require.NoError(t, r.Run(ctx, drain), name)
			require.Equal(t, time.Second, time.Since(began), name)
			cancel()
		}
	})
}

// A role that returns without being told to has failed too.
func TestARoleThatEndsByItselfIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		r := restart(t, lifecycle.Restarts{}, func(context.Context) (lifecycle.Role, func() error, error) {
			return lifecycle.Func("b", nil, func(context.Context, <-chan struct{}) error { runs++; return nil }), nil, nil
		})
		drain := make(chan struct{})
		time.AfterFunc(time.Minute, func() { close(drain) })
		require.NoError(t, r.Run(t.Context(), drain))
		require.Greater(t, runs, 3)
	})
}

// TestADrainEndsABuildThatWaits: a role that failed and waits for something
// before it can run again has nothing to finish.
func TestADrainEndsABuildThatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		built, waits := 0, make(chan struct{})
		r, err := lifecycle.Restart(t.Context(), lifecycle.Restarts{}, func(ctx context.Context) (lifecycle.Role, func() error, error) {
			if built++; built > 1 {
				close(waits)
				<-ctx.Done()
				return nil, nil, context.Cause(ctx)
			}
			return lifecycle.Func("b", nil, func(context.Context, <-chan struct{}) error { return errBoom }), nil, nil
		})
		require.NoError(t, err)
		drain, done := make(chan struct{}), make(chan error, 1)
		go func() { done <- r.Run(t.Context(), drain) }()
		<-waits
		close(drain)
		require.NoError(t, <-done)
		require.Equal(t, 2, built)
	})
}
