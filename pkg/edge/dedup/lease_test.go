package dedup_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// One holder at a time; who comes second is told who has it, and gets it once
// the first has given it back.
func TestALeaseHasOneHolder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.ready("first"), b.store("second")
	held, lease, err := first.Lease(t.Context(), "replay", "replay r1 on first")
	require.NoError(t, err)
	require.NoError(t, held.Err())

	_, _, err = second.Lease(t.Context(), "replay", "replay r2 on second")
	var leased *dedup.LeasedError
	require.ErrorAs(t, err, &leased)
	require.Equal(t, "replay r1 on first", leased.By)

	require.NoError(t, lease.Release(t.Context()))
	require.NoError(t, lease.Release(t.Context()))
	_, again, err := second.Lease(t.Context(), "replay", "replay r2 on second")
	require.NoError(t, err)
	require.NoError(t, again.Release(t.Context()))
}

// A lease that is lost ends what it was for, and its late release takes nothing
// from the next holder.
func TestALostLeaseEndsItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("first")
	held, lease, err := s.Lease(t.Context(), "replay", "mine")
	require.NoError(t, err)
	require.NoError(t, b.server.Set("sluice:lease:replay", "another's"))
	<-held.Done()
	require.ErrorIs(t, context.Cause(held), dedup.ErrLeaseLost)
	require.NoError(t, lease.Release(t.Context()))
	value, err := b.server.Get("sluice:lease:replay")
	require.NoError(t, err)
	require.Equal(t, "another's", value)
}

// Look answers like Claim and takes nothing.
func TestLookTakesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("first")
	request := func(id string, offset int64) dedup.Request {
		owner, err := dedup.NewOwner([16]byte{1}, 0, offset)
		require.NoError(t, err)
		return dedup.Request{Key: dedup.NewKey(false, "acme", "d", "Purchase", id), Owner: owner, TTL: time.Hour}
	}
	taken, delivered := request("taken", 1), request("delivered", 2)
	_, err := s.Claim(t.Context(), []dedup.Request{taken})
	require.NoError(t, err)
	require.NoError(t, s.Mark(t.Context(), []dedup.Request{delivered}))

	asked := []dedup.Request{taken, request("taken", 9), delivered, request("delivered", 9), request("free", 3)}
	for range 2 {
		results, err := s.Look(t.Context(), asked)
		require.NoError(t, err)
		var states []dedup.State
		for _, r := range results {
			states = append(states, r.State)
		}
		require.Equal(t, []dedup.State{dedup.Own, dedup.Duplicate, dedup.OwnDelivered, dedup.Delivered, dedup.Taken}, states)
	}
	none, err := s.Look(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, none)
}
