package dedup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

func TestClaimSaysWhoseTheEventIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	_, states := b.claim(s, b.request(1, 10), b.request(1, 10), b.request(1, 11), b.request(2, 0))
	require.Equal(t, []dedup.State{dedup.Taken, dedup.Own, dedup.Duplicate, dedup.Taken}, states)

	require.NoError(t, s.Mark(t.Context(), []dedup.Request{b.request(1, 10), b.request(2, 0)}))
	c, states := b.claim(s, b.request(1, 10), b.request(1, 11), b.request(2, 0), b.request(2, 1))
	require.Equal(t, []dedup.State{dedup.OwnDelivered, dedup.Delivered, dedup.OwnDelivered, dedup.Delivered}, states)
	require.Equal(t, owner(t, 10), c.Results[1].Holder, "the diagnostic names the first")
	require.NoError(t, s.Check(t.Context(), c))
}

func TestALostReplyLosesNoEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	_, states := b.claim(s, b.request(0, 9))
	require.Equal(t, []dedup.State{dedup.Taken}, states)
	b.loseReply.Store(true)
	_, err := s.Claim(t.Context(), []dedup.Request{b.request(1, 10)})
	require.ErrorIs(t, err, dedup.ErrUnavailable)
	require.False(t, b.loseReply.Load(), "the reply must have been lost")
	k := key(1)
	value, err := b.server.Get(string(k[:]))
	require.NoError(t, err, "the server has acted")
	require.NotEmpty(t, value)
	_, states = b.claim(s, b.request(1, 10))
	require.Equal(t, []dedup.State{dedup.Own}, states)
}

func TestReleaseDeletesOnlyTheOwnersClaim(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	b.claim(s, b.request(1, 10), b.request(2, 20), b.request(3, 30))
	require.NoError(t, s.Mark(t.Context(), []dedup.Request{b.request(3, 30)}))
	require.NoError(t, s.Release(t.Context(), []dedup.Request{b.request(1, 10), b.request(2, 21), b.request(3, 30), b.request(4, 1)}))
	_, states := b.claim(s, b.request(1, 11), b.request(2, 22), b.request(3, 30))
	require.Equal(t, []dedup.State{dedup.Taken, dedup.Duplicate, dedup.OwnDelivered}, states)
}

// More than one round trip's worth: what was given back before one failed is
// not asked for in vain, and the rest follows when it is asked for again.
func TestManyClaimsAreGivenBackInPieces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	var mine, others []dedup.Request
	for n := range 600 {
		mine, others = append(mine, b.request(n, 10)), append(others, b.request(n, 11))
	}
	b.claim(s, mine...)
	b.loseReply.Store(true)
	require.ErrorIs(t, s.Release(t.Context(), mine), dedup.ErrUnavailable)
	left := len(b.server.Keys())
	require.Less(t, left, 600, "something was given back")
	require.Greater(t, left, 300, "nobody asked for the last pieces yet")
	require.NoError(t, s.Release(t.Context(), mine))
	_, states := b.claim(s, others...)
	require.NotContains(t, states, dedup.Duplicate)
}

func TestForgetDeletesTheOwnersMarkToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	b.claim(s, b.request(1, 10), b.request(2, 20), b.request(3, 30), b.request(4, 0))
	require.NoError(t, s.Mark(t.Context(), []dedup.Request{b.request(1, 10), b.request(2, 20), b.request(4, 0)}))
	forget := []dedup.Request{b.request(1, 10), b.request(2, 21), b.request(3, 30), b.request(4, 0), b.request(5, 1)}
	require.NoError(t, s.Forget(t.Context(), forget))
	_, states := b.claim(s, b.request(1, 11), b.request(2, 22), b.request(3, 31), b.request(4, 1))
	require.Equal(t, []dedup.State{dedup.Taken, dedup.Delivered, dedup.Taken, dedup.Taken}, states)
	require.NoError(t, s.Forget(t.Context(), forget), "what others have taken since stays theirs")
	_, states = b.claim(s, b.request(1, 11), b.request(3, 31))
	require.Equal(t, []dedup.State{dedup.Own, dedup.Own}, states)
	require.NoError(t, s.Forget(t.Context(), nil))
	b.server.FlushAll()
	require.ErrorIs(t, s.Forget(t.Context(), forget), dedup.ErrUnavailable)
}

func TestClaimsExpireUnlessRenewed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	renewing := b.request(3, 30)
	renewing.Renew = true
	b.claim(s, b.request(1, 10), b.request(2, 20), renewing)
	b.server.FastForward(50 * time.Minute)
	require.NoError(t, s.Renew(t.Context(), []dedup.Request{b.request(2, 20)}))
	b.claim(s, renewing)
	b.server.FastForward(50 * time.Minute)
	_, states := b.claim(s, b.request(1, 11), b.request(2, 21), b.request(3, 31))
	require.Equal(t, []dedup.State{dedup.Taken, dedup.Duplicate, dedup.Duplicate}, states)
}

// Those that are gone are taken, in the order of the requests, although they
// are found out about in another round trip than those that stand.
func TestRenewingTakesWhatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	b.claim(s, b.request(1, 10), b.request(2, 20), b.request(4, 40))
	require.NoError(t, s.Mark(t.Context(), []dedup.Request{b.request(2, 20)}))
	renewing := func(k int, o int64) dedup.Request {
		r := b.request(k, o)
		r.Renew = true
		return r
	}
	c, states := b.claim(s, renewing(3, 30), renewing(1, 10), renewing(3, 31), renewing(2, 20), b.request(5, 50), b.request(4, 41), renewing(5, 51))
	require.Equal(t, []dedup.State{
		dedup.Taken, dedup.Own, dedup.Duplicate, dedup.OwnDelivered, dedup.Taken, dedup.Duplicate, dedup.Duplicate,
	}, states)
	require.Equal(t, owner(t, 30), c.Results[2].Holder)
	require.NoError(t, s.Check(t.Context(), c))
	_, states = b.claim(s, renewing(3, 30), renewing(2, 21))
	require.Equal(t, []dedup.State{dedup.Own, dedup.Delivered}, states)
}

func TestAnEmptiedServerIsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	c, _ := b.claim(s, b.request(1, 10))
	b.server.FlushAll()
	require.ErrorIs(t, s.Check(t.Context(), c), dedup.ErrEmpty)
	_, err := s.Claim(t.Context(), []dedup.Request{b.request(2, 20)})
	require.ErrorIs(t, err, dedup.ErrUnavailable)
	require.Empty(t, b.server.Keys(), "the batch's new claims must be gone")
	require.ErrorIs(t, s.Status(t.Context()), dedup.ErrEmpty)
}

func TestARebuiltServerNeedsAnotherAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, other := b.ready("a"), b.store("b")
	c, _ := b.claim(s, b.request(1, 10))
	b.server.FlushAll()
	_, err := other.Rebuild(t.Context(), false, entries(dedup.Entry{Key: key(5), Owner: owner(t, 50).Mark(), TTL: time.Hour}))
	require.NoError(t, err)

	_, err = s.Claim(t.Context(), []dedup.Request{b.request(2, 20), b.request(5, 51)})
	require.ErrorIs(t, err, dedup.ErrChanged)
	require.Len(t, b.server.Keys(), 2, "only the sentinel and what was rebuilt")
	require.ErrorIs(t, s.Check(t.Context(), c), dedup.ErrChanged, "claims of the old number stay void although the new one is known")
	c, states := b.claim(s, b.request(1, 10), b.request(5, 51))
	require.Equal(t, []dedup.State{dedup.Taken, dedup.Delivered}, states)
	require.NoError(t, s.Check(t.Context(), c))
}

func TestAServerThatIsDownIsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	c, _ := b.claim(s, b.request(1, 10))
	b.server.SetError("LOADING Redis is loading the dataset in memory")
	_, err := s.Claim(t.Context(), []dedup.Request{b.request(1, 10)})
	require.ErrorIs(t, err, dedup.ErrUnavailable)
	require.ErrorIs(t, s.Check(t.Context(), c), dedup.ErrUnavailable)
	require.ErrorIs(t, s.Mark(t.Context(), []dedup.Request{b.request(1, 10)}), dedup.ErrUnavailable)
	require.ErrorIs(t, s.Release(t.Context(), []dedup.Request{b.request(1, 10)}), dedup.ErrUnavailable)
	b.server.SetError("")
	_, states := b.claim(s, b.request(1, 10))
	require.Equal(t, []dedup.State{dedup.Own}, states)
}

func TestAdjustmentsKeepTheNewest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	k := dedup.AdjustmentKey("acme", "g-1", "refund", "tx-1")
	at := time.UnixMilli(1_790_000_000_123).UTC()
	got, err := s.Newest(t.Context(), []dedup.Key{k})
	require.NoError(t, err)
	require.True(t, got[0].IsZero())
	for _, d := range []time.Duration{0, time.Minute, -time.Minute} {
		require.NoError(t, s.Advance(t.Context(), []dedup.Adjustment{{Key: k, Time: at.Add(d), TTL: time.Hour}}))
	}
	got, err = s.Newest(t.Context(), []dedup.Key{k, key(1)})
	require.NoError(t, err)
	require.Equal(t, []time.Time{at.Add(time.Minute), {}}, got)
}

func TestCheckServerSaysWhatItCouldNotFindOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.ready("a").CheckServer(t.Context())
	require.NoError(t, err)
	require.Equal(t, "unknown", r.Policy)
	require.Equal(t, "unknown", r.Version)
	require.Empty(t, r.Problems)
	require.Len(t, r.Warnings, 3)
}

func BenchmarkClaim(b *testing.B) {
	server := benchStore(b)
	reqs := make([]dedup.Request, 1000)
	for i := range reqs {
		reqs[i] = dedup.Request{Key: key(i), Owner: owner(b, int64(i)), TTL: time.Hour}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := server.Claim(b.Context(), reqs); err != nil {
			b.Fatal(err)
		}
	}
}
