package sender_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// I2, I11: one destination fails for a day while its neighbour works. Its
// deliveries climb the retry tiers, byte for byte, and end as dead letters.
func TestTheLadderEndsAfterADay(t *testing.T) {
	longBubble(t, 2, func(r *harness) {
		quick := func(c *sender.Config, _ *sender.Deps) { c.WatchEvery = time.Hour }
		r.apply(strings.Replace(resources(2), "  secret: file:c0-d0", "  secret: file:c0-d0\n  delivery: {retry_for: 3h}", 1))
		s := r.start(quick)
		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(0), Do: sandbox.Unavailable}))
		r.order(0, "order", "a")
		for i := 0; r.counts()["dead_lettered provider.unavailable"] == 0; i++ {
			require.Less(t, i, 300, "given up")
			r.order(1, "order", fmt.Sprintf("b-%d", i))
			r.pass(min(time.Duration(i+1)*5*time.Second, 2*time.Minute))
		}
		lane, first := r.read(r.names.Delivery("meta", decision.LaneRealtime)), r.read(r.names.Retry("meta", "1m"))
		require.Len(t, first, 1)
		require.NotEmpty(t, r.read(r.names.Retry("meta", "10m")))
		require.NotEmpty(t, r.read(r.names.Retry("meta", "1h")))
		found := false
		for _, record := range lane {
			found = found || string(record.Value) == string(first[0].Value) && string(record.Key) == string(first[0].Key)
		}
		require.True(t, found, "a move copies the bytes")
		attempts := map[int32]bool{}
		for _, d := range r.decisions() {
			if d.Status == decision.Retrying {
				require.Greater(t, d.NextAttempt, d.Time)
				require.Equal(t, int32(503), d.HTTPStatus)
				attempts[d.Attempts] = true
			}
		}
		require.GreaterOrEqual(t, len(attempts), 4)
		require.Zero(t, r.accepted(0, "Lead", "a"))
		r.stop(s)
	})
}

// I8: what waits too long is not sent any more.
func TestParkedDeliveriesExpire(t *testing.T) {
	longBubble(t, 1, func(r *harness) {
		r.secrets.set("file:c0-d0", "ended")
		s := r.start(func(c *sender.Config, _ *sender.Deps) {
			c.MaxAge, c.Delays.Parked, c.WatchEvery = time.Hour, 20*time.Minute, time.Minute
		})
		r.order(0, "order", "a")
		r.awaitFor(3*time.Hour, func() bool { return r.counts()["expired provider.too_old"] == 1 }, "expired")
		require.Zero(t, r.accepted(0, "Lead", "a"))
		r.stop(s)
	})
}

// A delivery that is useless before a time is moved, uncounted, to the
// shortest waiting place that is not shorter.
func TestNotBefore(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start()
		began := time.Now()
		r.route(0, "order", "a", r.next(), func(d *decision.Delivery) { d.NotBefore = began.Add(8 * time.Minute).UnixMilli() })
		r.await(func() bool { return r.accepted(0, "Lead", "a") == 1 }, "sent")
		require.GreaterOrEqual(t, time.Since(began), 8*time.Minute)
		require.Len(t, r.read(r.names.Retry("meta", "10m")), 1)
		require.Empty(t, r.read(r.names.Retry("meta", "1m")))
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "said")
		for _, d := range r.decisions() {
			if d.Status == decision.Delivered {
				require.Equal(t, int32(1), d.Attempts)
			}
		}
		r.stop(s)
	})
}

// I2, I11: the owner pauses a destination and resumes it: deliveries wait meanwhile
// and come back at once.
func TestPauseAndResume(t *testing.T) { bubble(t, 2, pauseAndResume) }

func pauseAndResume(r *harness) {
	s := r.start()
	r.apply(strings.Replace(resources(2), "  active: true", "  active: true\n  paused: true", 1))
	r.order(0, "order", ids("a", 3)...)
	r.order(1, "order", ids("b", 3)...)
	r.await(func() bool {
		return r.counts()["parked destination.paused"] == 3 && r.counts()["delivered delivered"] == 3
	}, "parked")
	r.awaitFor(time.Minute, func() bool { return s.Status().Parked > 0 }, "held in the parked topic, as far as it is read")
	began := time.Now()
	r.apply(resources(2))
	r.await(func() bool { return r.counts()["delivered delivered"] == 6 }, "resumed")
	require.Less(r.t, time.Since(began), 10*time.Second)
	r.stop(s)
}

// I7, decision 6: a destination that is re-pointed, shadowed or switched off,
// or a mapping that is disabled, stops what is queued.
func TestWhatChangesStopsTheQueue(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ reason, old, now string }{
		"another account":  {"destination.changed", `dataset_id: "100000"`, `dataset_id: "999"`},
		"another customer": {"destination.changed", "c0", "c9"},
		"shadowed":         {"destination.changed", "active: true", "active: true\n  mode: shadow"},
		"inactive":         {"destination.inactive", "active: true", "active: false"},
		"disabled":         {"mapping.disabled", "order: {", "order: {enabled: false, "},
		"gone":             {"mapping.none", "    order: {provider_event: Lead, lane: realtime}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 1, func(r *harness) {
				r.order(0, "order", "a")
				r.secrets.set("file:c9-d0", token(0))
				r.apply(strings.ReplaceAll(resources(1), change.old, change.now))
				s := r.start()
				r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
				require.Equal(t, map[string]int{"revoked " + change.reason: 1}, r.counts())
				require.Empty(t, r.wire.requests())
				keys, err := r.redis.Keys(r.t.Context(), "*").Result()
				require.NoError(t, err)
				require.Equal(t, []string{"sluice:claims"}, keys, "the claim is given back")
				r.stop(s)
			})
		})
	}
}

// I2, I4, I6: Redis fails: nothing is sent and nothing is lost.
func TestRedisDownPauses(t *testing.T) { bubble(t, 1, cutRedisOff) }

func cutRedisOff(r *harness) {
	s := r.start()
	r.cutRedis(true)
	require.Error(r.t, r.redis.Ping(r.t.Context()).Err())
	r.cutRedis(false)
	r.order(0, "order", "first")
	r.await(func() bool { return r.accepted(0, "Lead", "first") == 1 }, "working")
	r.cutRedis(true)
	r.produceLater(0, "order", "second")
	r.pass(time.Minute)
	r.await(func() bool { return s.Status().Holding }, "it waits")
	require.Zero(r.t, r.accepted(0, "Lead", "second"))
	r.cutRedis(false)
	r.await(func() bool { return r.counts()["delivered delivered"] == 2 }, "healed")
	r.stop(s)
}

// I7, I12: nothing is sent while the tables are stale.
func TestStaleTablesPause(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.order(0, "order", "a")
		r.world.change(func() { r.world.stale = errStale })
		s := r.start()
		r.pass(time.Minute)
		require.Empty(t, r.wire.requests())
		r.world.change(func() { r.world.stale = nil })
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "healed")
		r.stop(s)
	})
}

// I3, I4: a second copy of a delivery that is in the window is dropped.
func TestACopyInTheWindowIsSuperseded(t *testing.T) { bubble(t, 1, meetACopy) }

func meetACopy(r *harness) {
	r.order(0, "view", "a")
	r.copyOf(r.names.Delivery("meta", decision.LaneBatch), r.names.Delivery("meta", decision.LaneBatch))
	s := r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 && len(r.counts()) == 2 }, "idle")
	require.Equal(r.t, map[string]int{"delivered delivered": 1, "duplicate duplicate.superseded": 1}, r.counts())
	require.Equal(r.t, 1, r.accepted(0, "ViewContent", "a"))
	r.stop(s)
}

// I2: an adjustment waits, uncounted, until the transaction itself is delivered;
// one that is older than one that was sent is dropped.
func TestAdjustments(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		began := time.Now()
		plain, newest := dedup.Key{1}, dedup.Key{2}
		require.NoError(t, r.redis.Set(r.t.Context(), string(plain[:]), 77, 0).Err())
		adjust := func(at time.Duration) func(*decision.Delivery) {
			return func(d *decision.Delivery) {
				d.Adjust, d.PlainKey, d.NewestKey = true, [16]byte(plain), [16]byte(newest)
				d.Facts.EventTime = began.Add(at).UnixMilli()
			}
		}
		s := r.start()
		r.route(0, "order", "second", r.next(), adjust(0))
		r.pass(5 * time.Minute)
		require.Empty(t, r.wire.requests())
		require.Equal(t, 1, r.counts()["retrying eligible"], "no attempt is counted, so it is one decision")
		require.NoError(t, r.redis.Set(r.t.Context(), string(plain[:]), -78, 0).Err())
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "delivered")
		r.route(0, "order", "first", r.next(), adjust(-time.Minute))
		r.await(func() bool { return r.counts()["duplicate duplicate.superseded"] == 1 }, "dropped")
		r.route(0, "order", "third", r.next(), adjust(time.Minute))
		r.await(func() bool { return r.counts()["delivered delivered"] == 2 }, "delivered")
		require.Len(t, r.wire.requests(), 2)
		r.stop(s)
	})
}

// What is done is done in this order: copy, claim, diagnostic, offset.
func TestTheOrderOfSettling(t *testing.T) { bubble(t, 1, settleInOrder) }

func settleInOrder(r *harness) {
	log := &journal{}
	record := func(c *sender.Config, d *sender.Deps) {
		d.Producer = &noting{log: log, to: r.producer, names: r.names}
		d.Claims = &notingClaims{Store: r.store, log: log}
	}
	r.wire.poison("bad")
	s := r.start(record)
	r.order(0, "order", "bad")
	r.await(func() bool { return r.lag() == 0 && s.Status().Idle() }, "idle")
	require.Equal(r.t, []string{"deadletter", "release", "diagnostics"}, log.read())
	r.order(0, "order", "good")
	r.await(func() bool { return r.lag() == 0 && s.Status().Idle() }, "idle")
	require.Equal(r.t, []string{"mark", "diagnostics"}, log.read())
	r.secrets.set("file:c0-d0", "ended")
	r.order(0, "order", "parked")
	r.await(func() bool { return r.counts()["parked credentials.invalid"] == 1 && s.Status().Idle() }, "parked")
	require.Equal(r.t, []string{"parked", "renew", "diagnostics"}, log.read())
	r.stop(s)
}

// A foreign claim or mark stops a delivery and stays whose it is.
func TestForeignClaims(t *testing.T) { bubble(t, 1, meetForeignClaims) }

func meetForeignClaims(r *harness) {
	r.route(0, "order", "a", 7)
	r.route(0, "order", "b", 8)
	r.own("a", 99, false)
	r.own("b", 98, true)
	s := r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	require.Equal(r.t, map[string]int{"duplicate duplicate.superseded": 1, "duplicate duplicate.delivered": 1}, r.counts())
	for _, d := range r.decisions() {
		require.NotEmpty(r.t, d.DuplicateOf)
	}
	require.Empty(r.t, r.wire.requests())
	r.stop(s)
}

// I2, I6: a secret that is missing parks at once, says so in the status topic, and
// heals when it is put in place.
func TestMissingSecret(t *testing.T) { bubble(t, 1, missASecret) }

func missASecret(r *harness) {
	r.secrets.remove("file:c0-d0")
	s := r.start()
	r.order(0, "order", "a")
	r.await(func() bool { return r.counts()["parked credentials.missing"] == 1 }, "parked")
	require.Empty(r.t, r.wire.requests())
	r.await(func() bool { return r.status("d0").State == "blocked" }, "published")
	require.Equal(r.t, decision.CredentialsMissing, r.status("d0").Reason)
	r.secrets.set("file:c0-d0", token(0))
	r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "healed")
	r.await(func() bool { return r.status("d0").State == "open" && r.status("d0").HealthySince > 0 }, "published")
	r.stop(s)
}

// A restarted sender remembers what it said: a blocked destination is not
// tried again before its time.
func TestRestartRemembersBlockedDestinations(t *testing.T) { bubble(t, 1, rememberBlocked) }

func rememberBlocked(r *harness) {
	listen := func(c *sender.Config, d *sender.Deps) {
		decoder, err := codec.DestinationStatuses(r.registry)
		require.NoError(r.t, err)
		d.Statuses = decoder
	}
	r.secrets.set("file:c0-d0", "ended")
	s := r.start(listen)
	r.order(0, "order", "a")
	r.await(func() bool { return r.status("d0").State == "blocked" }, "published")
	r.stop(s)
	tried := len(r.wire.requests())
	s = r.start(listen)
	r.await(func() bool { return len(s.Status().Destinations) == 1 && s.Status().Destinations[0].Mode == "blocked" }, "remembered")
	r.order(0, "order", "b")
	r.await(func() bool { return r.counts()["parked credentials.invalid"] == 2 }, "parked")
	require.Len(r.t, r.wire.requests(), tried)
	r.stop(s)
}

// What it said later counts as well: a destination that healed before the
// restart is not blocked again by the older word, which stands in the topic
// until it is compacted.
func TestRestartRemembersThatADestinationHealed(t *testing.T) { bubble(t, 1, rememberHealed) }

func rememberHealed(r *harness) {
	listen := func(_ *sender.Config, d *sender.Deps) {
		decoder, err := codec.DestinationStatuses(r.registry)
		require.NoError(r.t, err)
		d.Statuses = decoder
	}
	r.secrets.set("file:c0-d0", "ended")
	s := r.start(listen)
	r.order(0, "order", "a")
	r.await(func() bool { return r.status("d0").State == "blocked" }, "published")
	r.secrets.set("file:c0-d0", token(0))
	r.await(func() bool { return r.counts()["delivered delivered"] == 1 && r.status("d0").State == "open" }, "healed")
	r.stop(s)
	s = r.start(listen)
	r.order(0, "order", "b")
	r.awaitFor(5*time.Minute, func() bool { return r.counts()["delivered delivered"] == 2 }, "delivered after the restart")
	r.stop(s)
}

// A sender whose clock was ahead has moved a delivery. It and what stands
// behind it wait for the place's delay, not until the clock comes true.
func TestATimestampFromTheFutureWaitsNoLongerThanTheDelay(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.order(0, "order", "a")
		lane, retry := r.names.Delivery("meta", decision.LaneRealtime), r.names.Retry("meta", "1m")
		for _, record := range r.read(lane) {
			require.NoError(t, r.producer.Produce(r.t.Context(), &kgo.Record{
				Topic: retry, Key: record.Key, Value: record.Value, Timestamp: time.Now().Add(6 * time.Hour),
			}))
		}
		ends, err := r.admin.ListEndOffsets(r.t.Context(), lane)
		require.NoError(t, err)
		_, err = r.admin.DeleteRecords(r.t.Context(), ends.Offsets())
		require.NoError(t, err)
		s := r.start()
		r.awaitFor(3*time.Minute, func() bool { return r.accepted(0, "Lead", "a") == 1 }, "sent")
		r.stop(s)
	})
}

// I6: what the router can write, the sender can move: with the headers of a
// move the largest delivery is larger still, and a copy that no topic takes
// would hold its partition for ever.
func TestTheLargestDeliveryCanBeMoved(t *testing.T) { bubble(t, 1, moveTheLargest) }

func moveTheLargest(r *harness) {
	r.route(0, "order", "a", r.next(), func(d *decision.Delivery) {
		largest := int(r.services.Kafka().MaxMessageBytes())
		for size := largest; ; size-- {
			d.Payload = append([]byte(`{"pad":"`), bytes.Repeat([]byte("x"), size-10)...)
			d.Payload = append(d.Payload, `"}`...)
			record := kgo.Record{Key: []byte("c0:s-a"), Value: r.writer.AppendDelivery(nil, d)}
			if over := kafka.RecordSize(&record) - largest; over > 1 {
				size -= over - 1
			} else if over <= 0 {
				return
			}
		}
	})
	r.apply(strings.Replace(resources(1), "  active: true", "  active: true\n  paused: true", 1))
	s := r.start()
	r.await(func() bool { return r.counts()["parked destination.paused"] == 1 }, "parked")
	require.Len(r.t, r.read(r.names.Parked("meta")), 1)
	r.stop(s)
}

// I14: an event that is larger than a request may be is refused for what it
// is. Taken for an outage, it would keep its destination waiting for a day.
func TestAnEventTooLargeForTheProviderStopsNobody(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start()
		r.route(0, "order", "a", r.next(), func(d *decision.Delivery) {
			d.Payload = append([]byte(`{"pad":"`), bytes.Repeat([]byte("x"), 1<<20)...)
			d.Payload = append(d.Payload, `"}`...)
		})
		r.order(0, "order", ids("b", 3)...)
		r.awaitFor(time.Minute, func() bool { return r.counts()["delivered delivered"] == 3 }, "its neighbours are delivered")
		r.await(func() bool { return r.counts()["dead_lettered provider.rejected"] == 1 }, "it is a dead letter")
		r.stop(s)
	})
}
