package dedup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// TestOneGarbageClaimIsOneKey: whatever another program left there, the other
// claims of the batch are judged, and a forced rebuild mends it.
func TestOneGarbageClaimIsOneKey(t *testing.T) {
	t.Parallel()
	garbage := map[string]func(b *bench, key string){
		"text":          func(b *bench, key string) { require.NoError(b.t, b.server.Set(key, "garbage")) },
		"empty":         func(b *bench, key string) { require.NoError(b.t, b.server.Set(key, "")) },
		"too large":     func(b *bench, key string) { require.NoError(b.t, b.server.Set(key, "92233720368547758070")) },
		"a list":        func(b *bench, key string) { _, err := b.server.Push(key, "x"); require.NoError(b.t, err) },
		"a hash":        func(b *bench, key string) { b.server.HSet(key, "a", "1") },
		"a sorted set":  func(b *bench, key string) { _, err := b.server.ZAdd(key, 1, "x"); require.NoError(b.t, err) },
		"a fraction":    func(b *bench, key string) { require.NoError(b.t, b.server.Set(key, "1.5")) },
		"trailing line": func(b *bench, key string) { require.NoError(b.t, b.server.Set(key, "17\n")) },
	}
	for name, put := range garbage {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s := b.ready("a")
			k := key(1)
			put(b, string(k[:]))
			for _, renew := range []bool{false, true} {
				bad := b.request(1, 10)
				bad.Renew = renew
				_, states := b.claim(s, b.request(2, 20), bad, b.request(3, 30))
				require.Equal(t, dedup.Unreadable, states[1])
				require.NotContains(t, []dedup.State{states[0], states[2]}, dedup.Unreadable)
			}
			looked, err := s.Look(t.Context(), []dedup.Request{b.request(1, 10)})
			require.NoError(t, err)
			require.Equal(t, dedup.Unreadable, looked[0].State)
			pending, err := s.Pending(t.Context(), []dedup.Key{k})
			require.NoError(t, err)
			require.Equal(t, []bool{true}, pending)
			require.NoError(t, s.Release(t.Context(), []dedup.Request{b.request(1, 10)}), "it is nobody's to give back")

			names, err := s.Unreadable(t.Context())
			require.NoError(t, err)
			require.Len(t, names, 1)
			require.Regexp(t, `^"(\\x[0-9a-f]{2}){16}"$`, names[0])

			done, err := s.Rebuild(t.Context(), true, entries(dedup.Entry{Key: k, Owner: owner(t, 10), TTL: time.Hour}))
			require.NoError(t, err)
			require.Equal(t, 1, done.Claims)
			names, err = s.Unreadable(t.Context())
			require.NoError(t, err)
			require.Empty(t, names)
			_, states := b.claim(b.store("b"), b.request(1, 10))
			require.Equal(t, []dedup.State{dedup.Own}, states)
		})
	}
}

// TestAGarbageTimeOfAnAdjustmentIsReplaced: nothing is known to be newer.
func TestAGarbageTimeOfAnAdjustmentIsReplaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.ready("a")
	k := key(1)
	_, err := b.server.Push(string(k[:]), "x")
	require.NoError(t, err)
	newest, err := s.Newest(t.Context(), []dedup.Key{k})
	require.NoError(t, err)
	require.True(t, newest[0].IsZero())
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	require.NoError(t, s.Advance(t.Context(), []dedup.Adjustment{{Key: k, Time: at, TTL: time.Hour}}))
	newest, err = s.Newest(t.Context(), []dedup.Key{k})
	require.NoError(t, err)
	require.Equal(t, []time.Time{at}, newest)
}
