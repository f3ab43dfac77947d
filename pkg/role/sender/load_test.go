package sender_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// I4, I5: a second sender joins and leaves while deliveries flow; batches are
// flushed before partitions go, so nothing is sent twice.
func TestRebalanceHandsOverCleanly(t *testing.T) { bubble(t, 1, handOver) }

func handOver(r *harness) {
	one := r.start()
	r.order(0, "order", ids("a", 200)...)
	two := r.start(func(c *sender.Config, _ *sender.Deps) { c.Instance = "two" })
	r.order(0, "view", ids("b", 200)...)
	r.stop(one)
	r.order(0, "order", ids("c", 200)...)
	r.await(func() bool { return two.Status().Idle() && r.lag() == 0 }, "idle")
	require.Equal(r.t, 600, r.counts()["delivered delivered"])
	report := r.box.Report().Providers["meta"]
	require.Equal(r.t, 600, report.Accepted)
	require.Zero(r.t, report.Duplicates)
	r.stop(two)
}

// I11: a destination with a rate of one event a second has a backlog. It
// waits in the retry topic, and its neighbour behind it in the same
// partitions is not delayed.
func TestABacklogOfOneDestinationMakesRoom(t *testing.T) {
	longBubble(t, 2, func(r *harness) {
		r.apply(strings.Replace(resources(2), "  secret: file:c0-d0", "  secret: file:c0-d0\n  delivery: {rate: 1/s}", 1))
		s := r.start(func(c *sender.Config, _ *sender.Deps) { c.WindowBytes, c.PollRecords = 1, 50 })
		r.order(1, "order", "first")
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "first")
		r.order(0, "order", ids("slow", 600)...)
		r.order(1, "order", ids("fast", 10)...)
		r.await(func() bool { return r.accepted(1, "Lead", "fast-9") == 1 }, "the neighbour")
		for _, d := range r.decisions() {
			if d.DestinationID == "d1" && d.Status == decision.Delivered {
				require.Less(t, d.LatencyMS, int64(3*60_000))
			}
		}
		r.await(func() bool { return r.counts()["delivered delivered"] == 611 && r.lag() == 0 }, "everything")
		r.stop(s)
	})
}

// A rate that is raised counts at once, also for what waited under the old one.
func TestARaisedRateCountsAtOnce(t *testing.T) {
	longBubble(t, 1, func(r *harness) {
		slow := strings.Replace(resources(1), "  secret: file:c0-d0", "  secret: file:c0-d0\n  delivery: {rate: 1/m}", 1)
		r.apply(slow)
		s := r.start()
		r.order(0, "order", ids("first", 60)...)
		r.await(func() bool { return r.counts()["delivered delivered"] == 60 }, "the first, in debt")
		r.order(0, "order", ids("second", 60)...)
		began := time.Now()
		r.apply(strings.Replace(slow, "rate: 1/m", "rate: 200/s", 1))
		r.await(func() bool { return r.counts()["delivered delivered"] == 120 }, "the second")
		require.Less(t, time.Since(began), time.Minute)
		r.stop(s)
	})
}

// A partition that was paused when it was taken away is read again when it
// comes back.
func TestPausedPartitionsComeBack(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.secrets.set("file:c0-d0", "ended")
		one := r.start()
		r.order(0, "order", ids("a", 20)...)
		r.await(func() bool { return one.Status().Parked == 20 }, "parked, and their partitions paused")
		two := r.start(func(c *sender.Config, _ *sender.Deps) { c.Instance = "two" })
		r.await(func() bool { return one.Status().Parked+two.Status().Parked == 20 && two.Status().Partitions > 0 }, "shared")
		r.stop(two)
		r.await(func() bool { return one.Status().Parked == 20 }, "taken back")
		r.secrets.set("file:c0-d0", token(0))
		r.await(func() bool { return r.counts()["delivered delivered"] == 20 && r.lag() == 0 }, "healed")
		r.stop(one)
	})
}

// I10: a backlog behind a slow provider pauses partitions and not the group;
// memory stays within the budget.
func TestByteBudgetPausesPartitions(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.order(0, "order", ids("a", 1500)...)
		require.NoError(t, r.box.Script(sandbox.Rule{Do: sandbox.Slow, Delay: sandbox.Duration(20 * time.Second), Times: 12}))
		s := r.start(func(c *sender.Config, _ *sender.Deps) { c.WindowBytes, c.PollRecords, c.InFlight = 1, 50, 1 })
		most, paused := 0, false
		r.await(func() bool {
			status := s.Status()
			most, paused = max(most, status.Bytes), paused || status.Paused > 0
			return r.lag() == 0 && status.Idle()
		}, "idle")
		require.True(t, paused)
		require.Less(t, most, 2*(256<<10)+2*50*4096, "two partitions of the smallest budget, and one poll more")
		require.Equal(t, 1500, r.counts()["delivered delivered"])
		r.stop(s)
	})
}

// I2, I14: a provider that suddenly refuses everything is not the events' fault: most
// of them are parked and come back.
func TestSystemicBreaker(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		var log bytes.Buffer
		s := r.start(func(c *sender.Config, d *sender.Deps) {
			c.ProbeEvery, d.Log = 10*time.Minute, slog.New(slog.NewTextHandler(&log, nil))
		})
		r.wire.poisonAll()
		r.order(0, "view", ids("a", 400)...)
		r.await(func() bool { return s.Status().Idle() && r.counts()["parked provider.rejected"] > 300 }, "parked")
		dead := r.counts()["dead_lettered provider.rejected"]
		require.LessOrEqual(t, dead, 25)
		require.Equal(t, "blocked", s.Status().Destinations[0].Mode)
		r.wire.heal()
		r.await(func() bool { return r.counts()["delivered delivered"] == 400-dead }, "healed")
		r.stop(s)
		require.Contains(t, log.String(), "reason=provider.rejected")
		require.Contains(t, log.String(), `fix="Correct the field at the producer or in the mapping;`, "what the provider's table says")
	})
}

// A record that is no delivery is kept among the dead letters and stops nobody.
func TestUnreadableRecord(t *testing.T) { bubble(t, 1, readNonsense) }

func readNonsense(r *harness) {
	require.NoError(r.t, r.producer.Produce(r.t.Context(), &kgo.Record{Topic: r.names.Delivery("meta", decision.LaneRealtime), Key: []byte("k"), Value: []byte("nonsense")}))
	r.order(0, "order", "a")
	s := r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	require.Equal(r.t, map[string]int{"delivered delivered": 1, "dead_lettered event.undecodable": 1}, r.counts())
	dead := r.read(r.names.DeadDeliveries("meta"))
	require.Len(r.t, dead, 1)
	require.Equal(r.t, "nonsense", string(dead[0].Value))
	r.stop(s)
}

// I2, decision 11: retention has overtaken the sender; it says what is lost,
// in log, metric and status, and goes on.
func TestLostRange(t *testing.T) { bubble(t, 1, loseARange) }

func loseARange(r *harness) {
	s := r.start()
	r.order(0, "order", ids("a", 10)...)
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	r.stop(s)
	r.order(0, "order", ids("b", 10)...)
	ends, err := r.admin.ListEndOffsets(r.t.Context(), r.names.Delivery("meta", decision.LaneRealtime))
	require.NoError(r.t, err)
	_, err = r.admin.DeleteRecords(r.t.Context(), ends.Offsets())
	require.NoError(r.t, err)
	r.order(0, "order", ids("c", 10)...)
	meter := &tally{moved: map[string]int{}}
	var log bytes.Buffer
	s = r.start(func(_ *sender.Config, d *sender.Deps) {
		d.Meter, d.Log = meter, slog.New(slog.NewTextHandler(&log, nil))
	})
	r.await(func() bool { return r.counts()["delivered delivered"] == 20 && r.lag() == 0 }, "going on")
	require.EqualValues(r.t, 10, meter.gone())
	r.await(func() bool { return s.Status().Lost == 10 }, "shown")
	r.stop(s)
	require.Contains(r.t, log.String(), "reason=source.lost")
}

// Starting, stopping and ending at once leave nothing behind, in any order.
func TestLifecycle(t *testing.T) { bubble(t, 1, startAndStop) }

func startAndStop(r *harness) {
	s := r.start()
	s.Drain()
	s.Drain()
	require.NoError(r.t, <-s.done)
	require.Error(r.t, s.Run(r.t.Context()), "not twice")
	require.True(r.t, s.Status().Stopped)
	r.kill(r.start())
	_, err := sender.New(sender.Config{}, sender.Deps{})
	require.ErrorContains(r.t, err, "the provider is missing")
}
