package sender_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// I2, I4, I5: everything is delivered once; marks and diagnostics are there
// before the offsets are committed.
func TestDeliversOnceWithMarksAndDiagnostics(t *testing.T) {
	bubble(t, 2, func(r *rig) {
		s := r.start()
		r.order(0, "order", ids("a", 30)...)
		r.order(1, "view", ids("b", 30)...)
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
		for _, id := range ids("a", 30) {
			require.Equal(t, 1, r.accepted(0, "Lead", id))
		}
		for _, id := range ids("b", 30) {
			require.Equal(t, 1, r.accepted(1, "ViewContent", id))
		}
		require.Equal(t, map[string]int{"delivered delivered": 60}, r.counts())
		r.stop(s)
	})
}
