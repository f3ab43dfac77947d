package sender_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// I2: a router may have decided with consent that has only just come, which
// the sender's tables have yet to read. Their older answer must not end the
// delivery: nobody would send it again.
func TestARefusalByOlderTablesIsNone(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.order(0, "order", "a", "b")
		r.world.change(func() {
			r.world.says("a", "denied")
			r.world.unread = func() { r.world.says("a", "granted") }
		})
		s := r.start()
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
		require.Equal(t, map[string]int{"delivered delivered": 2}, r.counts())
		require.Equal(t, 1, r.accepted(0, "Lead", "a"))
		require.Equal(t, 1, r.accepted(0, "Lead", "b"))
		r.stop(s)
	})
}

// What newer tables refuse, of a delivery that was read later than the one they
// were waited for, ends as well, and nothing of the batch is forgotten.
func TestNewerTablesMayRefuseALaterDelivery(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.order(0, "view", "a")
		r.world.change(func() {
			r.world.says("a", "denied")
			r.world.unread = func() { r.world.says("a", "granted"); r.world.says("b", "denied") }
		})
		s := r.start()
		r.pass(2 * time.Second) // within the time that the batch waits
		r.order(0, "view", "b")
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
		require.Equal(t, map[string]int{"delivered delivered": 1, "revoked consent.revoked": 1}, r.counts())
		require.Equal(t, 1, r.accepted(0, "ViewContent", "a"))
		r.stop(s)
	})
}

// says is what a subject of c0 answers; the caller holds the lock.
func (w *world) says(subject, word string) {
	now := time.Now().UnixMilli()
	w.consents["c0:s-"+subject] = consent.NormaliseRecord(consent.Record{Input: consent.Input{AdUserData: consent.Text(word)}, UpdatedAt: now}, now)
}
