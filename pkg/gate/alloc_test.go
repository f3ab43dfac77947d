package gate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/gate"
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
		var r gate.Result
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
