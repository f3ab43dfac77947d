package sender_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// I2, I4, I5, I6: processes die at random while the provider throttles, fails,
// loses answers and refuses events. Every event is delivered or dead-lettered
// in the end, and no event has more copies at the provider than there were
// kills and lost answers.
func TestNothingIsLostInChaos(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			bubble(t, 3, func(r *harness) {
				r.inside.KeepFetches(9 * time.Second) // its retries take hours
				chaos(r, rand.New(rand.NewPCG(seed, 1)))
			})
		})
	}
}

func chaos(r *harness, random *rand.Rand) {
	const events, kills = 600, 6
	minutes := func(n float64) sandbox.Duration { return sandbox.Duration(n * float64(time.Minute)) }
	require.NoError(r.t, r.box.Script(
		sandbox.Rule{Name: "throttle", Do: sandbox.Throttle, Code: 80004, Minutes: 1, Every: 5, Until: minutes(4)},
		sandbox.Rule{Name: "outage", Do: sandbox.Unavailable, From: minutes(1), Until: minutes(2)},
		sandbox.Rule{Name: "lost", Do: sandbox.LostAnswer, Every: 7, Until: minutes(5)},
		sandbox.Rule{Name: "reset", Do: sandbox.Reset, Every: 6, Until: minutes(5)},
		sandbox.Rule{Name: "slow", Do: sandbox.Slow, Delay: sandbox.Duration(3 * time.Second), Every: 3, Until: minutes(5)},
	))
	r.wire.poison("e-3")
	r.wire.poison("e-77")
	name := func(i int) (string, string) {
		if i%2 == 0 {
			return "view", "ViewContent"
		}
		return "order", "Lead"
	}
	s := r.start()
	for kill := range kills {
		records, claims := make([]*kgo.Record, events/kills), make([]dedup.Request, events/kills)
		for j := range records {
			i := kill*events/kills + j
			event, _ := name(i)
			records[j], claims[j] = r.routed(i%3, event, fmt.Sprintf("e-%d", i), r.next())
		}
		r.write(records, claims)
		r.pass(time.Duration(random.IntN(20_000)) * time.Millisecond)
		if kill%3 == 2 {
			r.stop(s)
		} else {
			r.kill(s)
		}
		s = r.start(func(c *sender.Config, _ *sender.Deps) { c.Instance = fmt.Sprintf("sender-%d", kill) })
	}
	r.awaitFor(6*time.Hour, func() bool {
		c := r.counts()
		return r.lag() == 0 && c["delivered delivered"]+c["dead_lettered provider.rejected"] == events
	}, "everything has ended")
	hits := r.box.Report().Faults
	for i := range events {
		_, target := name(i)
		id := fmt.Sprintf("e-%d", i)
		copies := r.accepted(i%3, target, id)
		if id == "e-3" || id == "e-77" {
			require.Zero(r.t, copies)
			continue
		}
		require.GreaterOrEqual(r.t, copies, 1, id)
		require.LessOrEqual(r.t, copies, 1+kills+hits["lost"], id)
	}
	require.Equal(r.t, 2, r.counts()["dead_lettered provider.rejected"])
	r.stop(s)
}
