package window_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/edge/kafka/window"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCommitsFollowTheFinishedPrefix(t *testing.T) {
	t.Parallel()
	w := window.New(window.Config{})
	for _, o := range []int64{5, 6, 9, 12} { // holes: compaction, transaction markers
		require.NoError(t, w.Add(o, 10, "a"))
	}
	_, moved := w.Committable()
	require.False(t, moved)
	require.True(t, w.Finish(9))
	_, moved = w.Committable()
	require.False(t, moved)
	require.True(t, w.Finish(5))
	require.False(t, w.Finish(5), "once is enough")
	require.False(t, w.Finish(7), "never read")
	o, moved := w.Committable()
	require.True(t, moved)
	require.EqualValues(t, 6, o)
	require.True(t, w.Holds(6))
	require.True(t, w.Finish(6))
	o, _ = w.Committable()
	require.EqualValues(t, 10, o)
	require.Equal(t, window.State{Unfinished: 1, Bytes: 10, Next: 10, Oldest: 12}, w.State())
	require.ErrorIs(t, w.Add(12, 1, "a"), window.ErrOrder)
}

func TestAFullWindowPausesOnceAndResumesOnce(t *testing.T) {
	t.Parallel()
	w := window.New(window.Config{MaxBytes: 100})
	require.NoError(t, w.Add(0, 60, "a"))
	pause, resume := w.Pressure()
	require.False(t, pause || resume)
	require.NoError(t, w.Add(1, 20, "b"))
	require.NoError(t, w.Add(2, 40, "b"))
	pause, _ = w.Pressure()
	require.True(t, pause)
	pause, _ = w.Pressure()
	require.False(t, pause, "said once")
	w.Finish(2)
	_, resume = w.Pressure()
	require.False(t, resume, "more than three quarters are still held")
	w.Finish(1)
	_, resume = w.Pressure()
	require.True(t, resume)
}

func TestOneDestinationHoldsAQuarter(t *testing.T) {
	t.Parallel()
	w := window.New(window.Config{MaxBytes: 100})
	require.True(t, w.Fits("a", 1000), "one record must always be possible")
	require.NoError(t, w.Add(0, 20, "a"))
	require.True(t, w.Fits("a", 5))
	require.False(t, w.Fits("a", 6))
	require.True(t, w.Fits("b", 6))
	w.Finish(0)
	require.True(t, w.Fits("a", 25))
}

func TestARevokedWindowIgnoresLateFinishes(t *testing.T) {
	t.Parallel()
	w := window.New(window.Config{})
	for o := range int64(3) {
		require.NoError(t, w.Add(o, 10, "a"))
	}
	w.Finish(0)
	require.Equal(t, 2, w.Revoke())
	require.Zero(t, w.Revoke())
	require.False(t, w.Finish(1))
	_, moved := w.Committable()
	require.False(t, moved)
	require.NoError(t, w.Add(3, 10, "a"))
	require.Equal(t, window.State{Next: 1, Oldest: -1, Revoked: true}, w.State())
}

// I5: the two properties that everything rests on, against a model that keeps a
// set of everything.
func TestCommitsNeverPassUnfinishedWorkAndNeverGoBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := window.New(window.Config{MaxBytes: 200})
		var open []int64
		bytes := map[int64]int{}
		next, last, total := int64(0), int64(-1), 0
		paused := false
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				next += rapid.Int64Range(0, 3).Draw(t, "hole")
				n := rapid.IntRange(0, 60).Draw(t, "bytes")
				require.NoError(t, w.Add(next, n, strconv.Itoa(n%3)))
				open, bytes[next], total = append(open, next), n, total+n
				next++
			},
			"finish": func(t *rapid.T) {
				if len(open) == 0 {
					return
				}
				i := rapid.IntRange(0, len(open)-1).Draw(t, "which")
				require.True(t, w.Finish(open[i]))
				total -= bytes[open[i]]
				open = slices.Delete(open, i, i+1)
			},
			"pressure": func(t *rapid.T) {
				pause, resume := w.Pressure()
				require.Equal(t, !paused && total >= 200, pause)
				require.Equal(t, paused && total <= 150, resume)
				paused = paused && !resume || pause
			},
			"": func(t *rapid.T) {
				o, _ := w.Committable()
				require.GreaterOrEqual(t, o, last, "went back")
				last = o
				require.Equal(t, total, w.State().Bytes)
				if len(open) > 0 {
					require.LessOrEqual(t, o, open[0], "passed unfinished work")
				} else if next > 0 {
					require.Equal(t, next, o, "everything is finished")
				}
			},
		})
	})
}

func TestFinishingFromManyGoroutines(t *testing.T) {
	t.Parallel()
	w := window.New(window.Config{})
	const n = 5000
	for o := range int64(n) {
		require.NoError(t, w.Add(o, 1, "a"))
	}
	var wg sync.WaitGroup
	for g := range int64(4) {
		wg.Go(func() {
			for o := g; o < n; o += 4 {
				w.Finish(o)
			}
		})
	}
	wg.Wait()
	o, moved := w.Committable()
	require.True(t, moved)
	require.EqualValues(t, n, o)
}
