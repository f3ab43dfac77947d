package gate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/gate"
)

// The gates run for every mapped event. What a provider needs to build a
// payload is asserted beside each provider.
func TestGatesHardlyAllocate(t *testing.T) {
	const sentence = 3 // of a refusal: who said what, under which rules, joined
	for _, c := range []struct {
		name   string
		spoil  func(w *world)
		status decision.Status
		most   float64
	}{
		{"every gate passes", func(*world) {}, decision.Queued, 0},
		{"denied", (*world).denied, decision.Skipped, sentence},
		{"unknown", (*world).silent, decision.Skipped, sentence},
	} {
		w := newWorld()
		c.spoil(w)
		one, scratch := w.testCase(), &gate.Scratch{}
		var r *gate.Result
		run := func() {
			scratch.Reset()
			w.provider.inputs = w.provider.inputs[:0]
			r = gate.Evaluate(one, scratch)
		}
		run()
		require.LessOrEqual(t, testing.AllocsPerRun(100, run), c.most, c.name)
		require.Equal(t, c.status, r.Status, c.name)
	}
}

// A sender asks for every delivery, so a guard works in one piece of memory;
// and what it found for one delivery says nothing about the next.
func TestAGuardDoesNotAllocate(t *testing.T) {
	tables := newCompiled()
	tables.needs |= consent.AnalyticsStorage // today's tables ask for more
	one, other := facts(), facts()
	more := one
	more.Snapshot.Said.Granted |= consent.AnalyticsStorage
	other.NotAfter = now - 1
	v := &view{set: tables.set()}
	guard := gate.NewGuard(v, now)
	for range 2 {
		for _, f := range []*decision.Facts{&more, &one, &other} {
			require.Equal(t, gate.Recheck(f, v, now), guard.Recheck(f))
		}
	}
	require.True(t, guard.Recheck(&more).OK())
	require.False(t, guard.Recheck(&one).OK())
	require.Zero(t, testing.AllocsPerRun(100, func() { guard.Recheck(&more) }))
}
