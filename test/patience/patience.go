// Package patience lets tests and load programs wait for conditions instead of
// for spans that somebody guessed on another machine, or on an idle one.
//
// A test's wait ends when its condition holds, and fails only when the time of
// the whole test process is over (go test -timeout): however slow a machine is,
// a wait is never what a test fails of. It fails a little before that end, so
// that the test says what it waited for, and its processes and logs are taken
// care of.
//
// In a bubble of testing/synctest nothing is slow: a wait there may take an hour
// of the bubble's own time.
package patience

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// ofNoDeadline is what is left where a process has no end (-timeout 0, a
	// benchmark).
	ofNoDeadline = time.Hour
	// between two looks at a condition.
	between = 20 * time.Millisecond
)

// Left is how long a test may wait from now on: what its process has left,
// less a tenth and at most 30 s to tell and to clean up. It is zero or more.
func Left(t testing.TB) time.Duration {
	t.Helper()
	end, ok := deadline(t)
	if !ok {
		return ofNoDeadline
	}
	left := time.Until(end)
	return max(0, left-min(left/10, 30*time.Second))
}

// deadline is when the process has to end, where it has to. Asking for it panics
// in a bubble, whose clock knows nothing of it.
func deadline(t testing.TB) (end time.Time, ok bool) {
	t.Helper()
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	test, is := t.(interface{ Deadline() (time.Time, bool) })
	if !is {
		return end, false
	}
	return test.Deadline()
}

// Context ends when the test may not wait any longer. It does not end with the
// test, so that it serves cleaning up too.
func Context(t testing.TB) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(context.Background(), Left(t))
}

// Until waits, in the test's own goroutine, until a condition holds; it may
// require things too.
func Until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(between)
	defer tick.Stop()
	over := time.NewTimer(Left(t))
	defer over.Stop()
	began := time.Now()
	for !condition() {
		select {
		case <-tick.C:
		case <-over.C:
			require.Fail(t, "waited in vain", "for %s, %.0f s", what, time.Since(began).Seconds())
		}
	}
}

// Receive waits for a value of a channel, or its end.
func Receive[T any](t testing.TB, from <-chan T, what string) T {
	t.Helper()
	over := time.NewTimer(Left(t))
	defer over.Stop()
	began := time.Now()
	select {
	case v := <-from:
		return v
	case <-over.C:
		require.Fail(t, "waited in vain", "for %s, %.0f s", what, time.Since(began).Seconds())
		return *new(T)
	}
}
