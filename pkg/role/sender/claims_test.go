package sender_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// I2: while claims were bypassed, two input records of one event came to be
// queued, and only the second has the claim. Dropping the second because the
// first is in memory, and then the first because the second has the claim,
// would lose the event.
func TestACopyOfAnotherOwnerIsDecidedByItsClaim(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		r.claimless = true
		r.route(0, "order", "a", 1)
		r.claimless = false
		r.route(0, "order", "a", 2)
		s := r.start()
		r.await(func() bool { return len(r.decisions()) == 2 }, "both are decided")
		require.Equal(t, 1, r.counts()["delivered delivered"], r.counts())
		require.Equal(t, 1, r.accepted(0, "Lead", "a"))
		r.stop(s)
	})
}

// The second claim of a delivery, by transaction, shares the fate of the first.
func TestTheSecondClaimFollowsTheFirst(t *testing.T) {
	t.Parallel()
	also := dedup.TransactionKey(false, "c0", "d0", "Lead", "t-1")
	second := func(d *decision.Delivery) { d.AlsoKey = [16]byte(also) }
	owner := func(offset int64) dedup.Owner {
		o, err := dedup.NewOwner([16]byte{}, 0, offset)
		require.NoError(t, err)
		return o
	}
	for name, test := range map[string]struct {
		before func(r *harness)
		counts map[string]int
		after  func(r *harness) // of the second claim
	}{
		"delivered: a mark": {
			counts: map[string]int{"delivered delivered": 1},
			after:  func(r *harness) { require.Equal(t, int64(owner(1).Mark()), r.claim(also)) },
		},
		"refused: given back": {
			before: func(r *harness) { r.wire.poison("a") },
			counts: map[string]int{"dead_lettered provider.rejected": 1},
			after:  func(r *harness) { require.Zero(t, r.claim(also)) },
		},
		"another's: superseded, and the first is given back": {
			before: func(r *harness) { r.hold(also, owner(9)) },
			counts: map[string]int{"duplicate duplicate.superseded": 1},
			after: func(r *harness) {
				require.Equal(t, int64(owner(9)), r.claim(also))
				require.Zero(t, r.claim(r.keys["a"]))
			},
		},
		"another's mark: delivered by it": {
			before: func(r *harness) { r.hold(also, owner(9).Mark()) },
			counts: map[string]int{"duplicate duplicate.delivered": 1},
			after:  func(r *harness) { require.Equal(t, int64(owner(9).Mark()), r.claim(also)) },
		},
		"garbage: nobody knows, so it is not sent and can be replayed": {
			before: func(r *harness) { r.garbage(also) },
			counts: map[string]int{"dead_lettered duplicate.unknown": 1},
			after:  func(r *harness) { require.Zero(t, r.accepted(0, "Lead", "a")) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 1, func(r *harness) {
				r.hold(also, owner(1))
				r.route(0, "order", "a", 1, second)
				if test.before != nil {
					test.before(r)
				}
				s := r.start()
				r.await(func() bool { return len(r.decisions()) > 0 }, "decided")
				r.stop(s)
				require.Equal(t, test.counts, r.counts())
				test.after(r)
			})
		})
	}
}

// hold writes a claim or a mark.
func (r *harness) hold(key dedup.Key, owner dedup.Owner) {
	r.t.Helper()
	require.NoError(r.t, r.redis.Set(r.t.Context(), r.redisPrefix()+string(key[:]), int64(owner), time.Hour).Err())
}

// garbage writes what is no claim.
func (r *harness) garbage(key dedup.Key) {
	r.t.Helper()
	require.NoError(r.t, r.redis.Set(r.t.Context(), r.redisPrefix()+string(key[:]), "garbage", time.Hour).Err())
}

// claim reads one; zero where there is none.
func (r *harness) claim(key dedup.Key) int64 {
	r.t.Helper()
	value, err := r.redis.Get(r.t.Context(), r.redisPrefix()+string(key[:])).Int64()
	if !errors.Is(err, redis.Nil) {
		require.NoError(r.t, err)
	}
	return value
}
