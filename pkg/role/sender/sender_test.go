package sender_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// I2, I4, I5: everything is delivered once; marks and diagnostics are there
// before the offsets are committed.
func TestDeliversOnceWithMarksAndDiagnostics(t *testing.T) { bubble(t, 2, deliversOnce) }

func deliversOnce(r *harness) {
	s := r.start()
	r.order(0, "order", ids("a", 30)...)
	r.order(1, "view", ids("b", 30)...)
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	for _, id := range ids("a", 30) {
		require.Equal(r.t, 1, r.accepted(0, "Lead", id))
	}
	for _, id := range ids("b", 30) {
		require.Equal(r.t, 1, r.accepted(1, "ViewContent", id))
	}
	require.Equal(r.t, map[string]int{"delivered delivered": 60}, r.counts())
	r.stop(s)
}

// I14: one poison event in a thousand. Meta does not name it, so the request
// is halved; the neighbours are delivered within the bound.
func TestPoisonIsIsolatedByBisection(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start()
		r.wire.poison("view-417")
		r.order(0, "view", ids("view", 1000)...)
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 && r.counts()["delivered delivered"] == 999 }, "neighbours delivered")
		require.Equal(t, 1, r.counts()["dead_lettered provider.rejected"])
		require.LessOrEqual(t, len(r.wire.requests()), 4+2*10+1, "1000 events are a few requests; one holds the bad event")
		dead := r.read(r.names.DeadDeliveries("meta"))
		require.Len(t, dead, 1)
		hop, err := codec.ParseHop(dead[0].Headers)
		require.NoError(t, err)
		require.Equal(t, "invalid", hop.Class)
		require.Equal(t, "d0", hop.Destination)
		require.Equal(t, decision.ProviderRejected, hop.Cause)
		require.NotZero(t, hop.Attempt)
		r.stop(s)
	})
}

// I2, I6: the provider is down for half an hour; nothing is lost, nothing is
// moved away, and everything is delivered soon after.
func TestOutageHealsInPlace(t *testing.T) {
	longBubble(t, 2, func(r *harness) {
		s := r.start()
		require.NoError(t, r.box.Script(sandbox.Rule{Do: sandbox.Unavailable, Until: sandbox.Duration(30 * time.Minute)}))
		r.order(0, "order", ids("a", 20)...)
		r.order(1, "order", ids("b", 20)...)
		began := time.Now()
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "delivered")
		require.Equal(t, map[string]int{"delivered delivered": 40}, r.counts())
		require.Less(t, time.Since(began), 40*time.Minute)
		require.Less(t, len(r.wire.requests()), 60, "an outage is not hammered")
		require.Empty(t, r.read(r.names.Retry("meta", "1m")))
		r.stop(s)
	})
}

// I13: no request before the time that the provider named.
func TestThrottleWaitsAsTold(t *testing.T) {
	bubble(t, 2, func(r *harness) {
		s := r.start()
		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(0), Do: sandbox.Throttle, Code: 80004, Minutes: 5, Times: 1}))
		began := time.Now()
		r.order(0, "order", ids("a", 5)...)
		r.order(1, "order", ids("b", 5)...)
		r.await(func() bool { return r.accepted(1, "Lead", "b-4") == 1 }, "the neighbour is not delayed")
		require.Less(t, time.Since(began), 5*time.Second)
		r.await(func() bool { return s.Status().Idle() && r.counts()["delivered delivered"] == 10 }, "delivered")
		first := true
		for i, e := range r.wire.requests() {
			if !strings.Contains(e.URL, dataset(0)) {
				continue
			}
			if !first {
				require.GreaterOrEqual(t, r.wire.at(i).Sub(began), 5*time.Minute)
			}
			first = false
		}
		require.Equal(t, 5, r.counts()["retrying provider.throttled"], "five minutes are waited for in a topic")
		for _, d := range r.decisions() {
			if d.Reason == decision.ProviderThrottled && d.Attempts == 1 {
				require.Equal(t, "80004", d.ProviderCode, "the attempt leaves what the provider said")
			}
		}
		r.stop(s)
	})
}

// I6: after throttles a full request at the low rate would be worth minutes in
// which nothing is sent and nothing regained.
func TestABacklogMovesAfterThrottles(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start()
		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(0), Do: sandbox.Throttle, Times: 6}))
		r.order(0, "order", ids("a", 10)...)
		r.await(func() bool { return r.counts()["delivered delivered"] == 10 }, "throttled and delivered")
		began := time.Now()
		r.order(0, "order", ids("b", 400)...)
		r.await(func() bool { return s.Status().Idle() && r.counts()["delivered delivered"] == 410 }, "the backlog is delivered")
		require.Less(t, time.Since(began), 3*time.Minute)
		last := began
		for i := range r.wire.requests() {
			if at := r.wire.at(i); at.After(began) {
				require.Less(t, at.Sub(last), 10*time.Second)
				last = at
			}
		}
		r.stop(s)
	})
}

// I4: the answer is lost, so the same bytes go again: one distinct event.
func TestLostAnswerSendsTheSameBytes(t *testing.T) { bubble(t, 1, loseTheAnswer) }

func loseTheAnswer(r *harness) {
	s := r.start()
	require.NoError(r.t, r.box.Script(sandbox.Rule{Do: sandbox.LostAnswer, Times: 1}))
	r.order(0, "order", ids("a", 3)...)
	r.await(func() bool { return s.Status().Idle() && r.counts()["delivered delivered"] == 3 }, "delivered")
	seen := r.wire.requests()
	require.Len(r.t, seen, 2)
	require.Equal(r.t, seen[0].Body, seen[1].Body)
	require.Equal(r.t, 2, r.accepted(0, "Lead", "a-0"))
	r.stop(s)
}

// I2, I6, I11: a token that ended parks the destination within seconds; a rotated secret
// brings everything back by itself, and the neighbour never notices.
func TestBadTokenParksAndHeals(t *testing.T) { bubble(t, 2, endTheToken) }

func endTheToken(r *harness) {
	s := r.start()
	r.secrets.set("file:c0-d0", "ended")
	r.order(0, "order", ids("a", 5)...)
	r.order(1, "order", ids("b", 5)...)
	r.await(func() bool {
		return r.counts()["parked credentials.invalid"] == 5 && r.counts()["delivered delivered"] == 5
	}, "parked")
	r.await(func() bool { return s.Status().Destinations[0].Mode == "blocked" }, "and said so")
	refused := 0
	for _, e := range r.wire.requests() {
		if e.Status != http.StatusOK {
			refused++
		}
	}
	require.Equal(r.t, 2, refused, "one attempt, one after the secret was read again")
	began := time.Now()
	r.secrets.set("file:c0-d0", token(0))
	r.await(func() bool { return r.counts()["delivered delivered"] == 10 && r.lag() == 0 }, "healed")
	require.Less(r.t, time.Since(began), 10*time.Second)
	r.await(func() bool { return s.Status().Destinations[0].Mode == "open" }, "and said so")
	r.stop(s)
}

// I7: consent that was revoked while a delivery waited stops it.
func TestRevokedInTheQueueIsNotSent(t *testing.T) { bubble(t, 1, revokeInTheQueue) }

func revokeInTheQueue(r *harness) {
	r.order(0, "order", "a", "b")
	r.world.change(func() {
		r.world.consents["c0:s-a"] = consent.NormaliseRecord(consent.Record{
			Input: consent.Input{AdUserData: consent.Text("denied")}, UpdatedAt: time.Now().UnixMilli(),
		}, time.Now().UnixMilli())
	})
	s := r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	require.Equal(r.t, map[string]int{"delivered delivered": 1, "revoked consent.revoked": 1}, r.counts())
	require.Zero(r.t, r.accepted(0, "Lead", "a"))
	require.Equal(r.t, 1, r.accepted(0, "Lead", "b"))
	r.stop(s)
}

// I2, I4: the process dies after the provider's answer and before the mark.
func TestKillBetweenAnswerAndMark(t *testing.T) { bubble(t, 1, killBeforeTheMark) }

func killBeforeTheMark(r *harness) {
	blocked := make(chan struct{}, 1)
	s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Claims = &unmarking{Store: r.store, tried: blocked} })
	r.order(0, "order", ids("a", 4)...)
	<-blocked
	r.kill(s)
	require.Equal(r.t, 1, r.accepted(0, "Lead", "a-0"))
	require.Empty(r.t, r.counts())
	s = r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	require.Equal(r.t, map[string]int{"delivered delivered": 4}, r.counts())
	require.Equal(r.t, 2, r.accepted(0, "Lead", "a-0"), "the one copy that a crash at this point costs, with the same id")
	r.stop(s)
}

// I4, I5: the process dies after the mark and before the commit: nothing is
// sent twice, and what was delivered is said so.
func TestRestartRecognisesMarks(t *testing.T) { bubble(t, 1, killBeforeTheCommit) }

func killBeforeTheCommit(r *harness) {
	s := r.start(func(c *sender.Config, _ *sender.Deps) { c.CommitEvery = time.Hour })
	r.order(0, "order", ids("a", 4)...)
	r.await(func() bool { return r.counts()["delivered delivered"] == 4 }, "delivered")
	r.kill(s)
	r.order(0, "order", ids("b", 4)...)
	s = r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	for _, id := range append(ids("a", 4), ids("b", 4)...) {
		require.Equal(r.t, 1, r.accepted(0, "Lead", id))
	}
	require.Equal(r.t, map[string]int{"delivered delivered": 8}, r.counts())
	r.stop(s)
}

// I11: a destination that answers slowly does not hold up the others.
func TestSlowDestinationDelaysNobody(t *testing.T) {
	bubble(t, 2, func(r *harness) {
		s := r.start()
		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(0), Do: sandbox.Slow, Delay: sandbox.Duration(25 * time.Second)}))
		for i := range 20 {
			r.order(0, "order", ids("slow"+string(rune('a'+i)), 2)...)
			r.order(1, "order", ids("fast"+string(rune('a'+i)), 2)...)
			r.pass(time.Second)
		}
		r.await(func() bool { return r.counts()["delivered delivered"] == 80 }, "delivered")
		for _, d := range r.decisions() {
			if d.DestinationID == "d1" {
				require.Less(t, d.LatencyMS, int64(2000))
			}
		}
		r.stop(s)
	})
}
