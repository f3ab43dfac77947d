package patience_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/patience"
)

// short is a test whose process ends soon.
type short struct {
	testing.TB
	end  time.Time
	said string
}

func (s *short) Deadline() (time.Time, bool)       { return s.end, true }
func (s *short) Helper()                           {}
func (s *short) Errorf(format string, args ...any) { s.said += fmt.Sprintf(format, args...) }
func (s *short) FailNow()                          { runtime.Goexit() }

// in runs what may end its goroutine.
func in(do func()) (ended bool) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		do()
		ended = true
	}()
	<-over
	return ended
}

func TestAWaitEndsWithItsCondition(t *testing.T) {
	t.Parallel()
	n := 0
	patience.Until(t, "three looks", func() bool { n++; return n == 3 })
	require.Equal(t, 3, n)
	c := make(chan int, 1)
	c <- 7
	require.Equal(t, 7, patience.Receive(t, c, "a value"))
	close(c)
	require.Zero(t, patience.Receive(t, c, "the end"))
}

func TestAWaitFailsBeforeTheProcessEnds(t *testing.T) {
	t.Parallel()
	s := &short{TB: t, end: time.Now().Add(200 * time.Millisecond)}
	require.False(t, in(func() { patience.Until(s, "what never comes", func() bool { return false }) }))
	require.Contains(t, s.said, "what never comes")
	require.True(t, time.Now().After(s.end.Add(-30*time.Millisecond)))

	s = &short{TB: t, end: time.Now().Add(50 * time.Millisecond)}
	require.False(t, in(func() { patience.Receive(s, make(chan struct{}), "nobody") }))
	require.Contains(t, s.said, "nobody")
}

func TestLeftLeavesTimeToTell(t *testing.T) {
	t.Parallel()
	left := patience.Left(&short{TB: t, end: time.Now().Add(10 * time.Minute)})
	require.LessOrEqual(t, left, 570*time.Second)
	require.Greater(t, left, 300*time.Second, "unless this test stood still for minutes")
	require.Zero(t, patience.Left(&short{TB: t, end: time.Now().Add(-time.Second)}))
	ctx, cancel := patience.Context(t)
	defer cancel()
	require.NoError(t, ctx.Err())
}

// A machine that does nothing else is about as fast as itself; beside programs
// that use every core it is slower. Neither can be arranged here.
func TestSlownessIsAFactor(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, patience.Slowness(), 1.0)
}
