package sender_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/consent"
)

// I2: a router may have decided with consent that has only just come, which
// the sender's tables have yet to read. Their older answer must not end the
// delivery: nobody would send it again.
func TestARefusalByOlderTablesIsNone(t *testing.T) {
	bubble(t, 1, func(r *rig) {
		says := func(word string) {
			r.world.consents["c0:s-a"] = consent.NormaliseRecord(consent.Record{
				Input: consent.Input{AdUserData: consent.Text(word)}, UpdatedAt: time.Now().UnixMilli(),
			}, time.Now().UnixMilli())
		}
		r.order(0, "order", "a", "b")
		r.world.change(func() {
			says("denied")
			r.world.unread = func() { says("granted") }
		})
		s := r.start()
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
		require.Equal(t, map[string]int{"delivered delivered": 2}, r.counts())
		require.Equal(t, 1, r.accepted(0, "Lead", "a"))
		require.Equal(t, 1, r.accepted(0, "Lead", "b"))
		r.stop(s)
	})
}
