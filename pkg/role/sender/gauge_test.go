package sender_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// tally counts what a sender measures.
type tally struct {
	mu    sync.Mutex
	lost  int64
	moved map[string]int
}

func (m *tally) Request(sender.Measurement)                     {}
func (m *tally) Settled(decision.Status, decision.Reason, int)  {}
func (m *tally) Delivered(string, decision.Lane, time.Duration) {}

func (m *tally) Moved(destination, place string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moved[destination+" "+place] += n
}

func (m *tally) Lost(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost += n
}

func (m *tally) gone() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost
}

func (m *tally) went(where string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moved[where]
}

// What autoscaling follows: how long the oldest delivery has been due. It does
// not grow while a provider is down, while deliveries are parked, or while a
// lane lingers for more, because more senders would not help; it does where
// there is more to send than one sender can.
func TestTheOldestThatIsDue(t *testing.T) {
	bubble(t, 2, func(r *harness) {
		meter := &tally{moved: map[string]int{}}
		s := r.start(func(c *sender.Config, d *sender.Deps) { c.InFlight, d.Meter = 1, meter })
		most := func(d time.Duration) (oldest time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); {
				r.pass(time.Second)
				oldest = max(oldest, s.Status().Oldest)
			}
			return oldest
		}
		r.order(0, "view", ids("company", 5)...) // their mapping waits for 10 s
		require.Less(t, most(30*time.Second), 2*time.Second, "a lane's wait is no backlog")

		require.NoError(t, r.box.Script(sandbox.Rule{Do: sandbox.Unavailable, Until: sandbox.Duration(5 * time.Minute)}))
		r.order(0, "order", ids("down", 5)...)
		require.Less(t, most(4*time.Minute), 5*time.Second, "a provider that is down")
		r.awaitFor(time.Hour, func() bool { return r.counts()["delivered delivered"] == 10 }, "healed")

		r.secrets.set("file:c0-d0", "ended")
		r.order(0, "order", ids("parked", 5)...)
		r.await(func() bool { return r.counts()["parked credentials.invalid"] == 5 }, "parked")
		require.Less(t, most(5*time.Minute), 2*time.Second, "a destination that is blocked")
		require.Equal(t, 5, meter.went("d0 parked"))
		require.Equal(t, 5, s.Status().Destinations[0].ParkedHere)
		require.Positive(t, s.Status().Destinations[0].ParkedBytes)

		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(1), Do: sandbox.Slow, Delay: sandbox.Duration(20 * time.Second)}))
		r.order(1, "order", ids("busy", 450)...)
		require.Greater(t, most(time.Minute), 10*time.Second, "more than one sender can send")
		r.stop(s)
	})
}

// A budget that destinations share is reported with what was used of it.
func TestQuotasAreReported(t *testing.T) {
	bubble(t, 2, func(r *harness) {
		r.open(2, func(_ *resource.Destination, a provider.Account) provider.Account { return budgeted{a, "project"} })
		s := r.start()
		r.order(0, "order", ids("a", 3)...)
		r.order(1, "order", ids("b", 3)...)
		r.await(func() bool { return r.counts()["delivered delivered"] == 6 && len(s.Status().Quotas) == 1 }, "delivered")
		r.pass(2 * time.Second)
		require.Equal(t, sender.QuotaStatus{
			Name: "project", Mode: "open", Requests: int64(len(r.wire.requests())), PerMinute: 300, PerDay: 100_000,
		}, s.Status().Quotas[0])
		r.stop(s)
	})
}
