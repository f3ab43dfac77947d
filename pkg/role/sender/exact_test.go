package sender_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exact_diagnostics: a request holds one event, from the first one on, and
// the neighbour's requests are as full as ever.
func TestExactDiagnosticsSendsOneEventARequest(t *testing.T) {
	bubble(t, 2, func(r *harness) {
		r.apply(strings.Replace(resources(2), "  secret: file:c0-d0", "  secret: file:c0-d0\n  delivery: {exact_diagnostics: true}", 1))
		r.order(0, "view", ids("a", 12)...)
		r.order(1, "view", ids("b", 12)...)
		s := r.start()
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
		require.Equal(t, map[string]int{"delivered delivered": 24}, r.counts())
		alone := 0
		for _, e := range r.wire.requests() {
			if strings.Contains(e.URL, dataset(0)) {
				require.Equal(t, 1, strings.Count(e.Body, `"event_id"`))
				alone++
			}
		}
		require.Equal(t, 12, alone)
		require.LessOrEqual(t, len(r.wire.requests())-alone, 2, "at most one a partition")
		r.stop(s)
	})
}

// The rate of a destination holds for its first requests too: nothing is sent
// before it is known.
func TestTheFirstRequestKnowsTheRate(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.apply(strings.Replace(resources(1), "  secret: file:c0-d0", "  secret: file:c0-d0\n  delivery: {rate: 1/s, exact_diagnostics: true}", 1))
		r.order(0, "order", ids("a", 10)...)
		s := r.start()
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
		for i := 1; i < len(r.wire.requests()); i++ {
			require.GreaterOrEqual(t, r.wire.at(i).Sub(r.wire.at(i-1)).Milliseconds(), int64(900))
		}
		r.stop(s)
	})
}
