package dedup_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// benchStore is a ready store for benchmarks.
func benchStore(b *testing.B) *dedup.Store {
	b.Helper()
	server := miniredis.RunT(b)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	b.Cleanup(func() { _ = client.Close() })
	s, err := dedup.New(client, dedup.Config{Instance: "bench"})
	require.NoError(b, err)
	_, err = s.Rebuild(b.Context(), false, entries())
	require.NoError(b, err)
	return s
}

func TestRebuildRestoresClaimsAndMarks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.store("a")
	_, err := s.Claim(t.Context(), []dedup.Request{b.request(1, 10)})
	require.ErrorIs(t, err, dedup.ErrEmpty, "a first installation is empty")
	var es []dedup.Entry
	for i := range 2500 {
		es = append(es, dedup.Entry{Key: key(i), Owner: owner(t, int64(i)), TTL: time.Hour})
	}
	es = append(es,
		dedup.Entry{Key: key(7), Owner: owner(t, 7).Mark(), TTL: time.Hour}, // delivered later
		dedup.Entry{Key: key(7), Owner: owner(t, 7), TTL: time.Hour},        // a claim never replaces a mark
		dedup.Entry{Key: key(8), Owner: owner(t, 99), TTL: time.Hour},       // nor another's claim
		dedup.Entry{Key: key(9000), Owner: owner(t, 1), TTL: -time.Second},  // over
	)
	done, err := s.Rebuild(t.Context(), false, entries(es...))
	require.NoError(t, err)
	require.Equal(t, dedup.Rebuilt{Claims: 2502, Marks: 1}, done)
	_, states := b.claim(s, b.request(7, 7), b.request(8, 8), b.request(8, 99), b.request(2499, 2499), b.request(9000, 5))
	require.Equal(t, []dedup.State{dedup.OwnDelivered, dedup.Own, dedup.Duplicate, dedup.Own, dedup.Taken}, states)

	done, err = s.Rebuild(t.Context(), false, entries(es...))
	require.NoError(t, err)
	require.True(t, done.Skipped, "ready: nothing to do")
	done, err = s.Rebuild(t.Context(), true, entries())
	require.NoError(t, err)
	require.Equal(t, dedup.Rebuilt{}, done)
}

func TestOnlyOneRebuilds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.store("first"), b.store("second")
	started, goOn := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := first.Rebuild(t.Context(), false, func(func(dedup.Entry, error) bool) {
			close(started)
			<-goOn
		})
		done <- err
	}()
	<-started
	_, err := second.Rebuild(t.Context(), false, entries())
	var by *dedup.RebuildingError
	require.ErrorAs(t, err, &by)
	require.Contains(t, by.By, "first")
	_, err = second.Claim(t.Context(), []dedup.Request{b.request(1, 1)})
	require.ErrorIs(t, err, dedup.ErrUnavailable)
	close(goOn)
	require.NoError(t, <-done)
	_, states := b.claim(second, b.request(1, 1))
	require.Equal(t, []dedup.State{dedup.Taken}, states)
}

func TestALostLeaseEndsARebuild(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, other := b.store("slow"), b.store("other")
	_, err := s.Rebuild(t.Context(), false, func(yield func(dedup.Entry, error) bool) {
		b.server.FastForward(time.Minute) // the lease runs out, as for a process that was stopped
		_, err := other.Rebuild(t.Context(), false, entries())
		require.NoError(t, err)
		for i := range 1500 {
			if !yield(dedup.Entry{Key: key(i), Owner: owner(t, 1), TTL: time.Hour}, nil) {
				return
			}
		}
	})
	require.ErrorIs(t, err, dedup.ErrLeaseLost)
	require.NoError(t, other.Status(t.Context()), "the other's rebuild stands")
}

func TestAFailedRebuildLeavesClaimsUnavailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.store("a")
	boom := errors.New("the topic cannot be read")
	var source iter.Seq2[dedup.Entry, error] = func(yield func(dedup.Entry, error) bool) { yield(dedup.Entry{}, boom) }
	_, err := s.Rebuild(context.Background(), false, source)
	require.ErrorIs(t, err, boom)
	require.ErrorIs(t, s.Status(t.Context()), dedup.ErrUnavailable)
	b.server.FastForward(time.Minute)
	_, err = s.Rebuild(t.Context(), false, entries())
	require.NoError(t, err, "the lease expires and another starts over")
}
