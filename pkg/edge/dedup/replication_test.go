package dedup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// replicated is a bench whose server tells its replication id, and is ready.
func replicated(t *testing.T) (*bench, *embedded.Replication, *dedup.Store) {
	t.Helper()
	b := setup(t)
	r := embedded.NewReplication(b.server)
	return b, r, b.ready("a")
}

// TestAFailoverIsAnEmptiedRedis: the sentinel reached the replica and the claim
// did not, so every use of claims waits for a rebuild, by whichever process.
func TestAFailoverIsAnEmptiedRedis(t *testing.T) {
	t.Parallel()
	b, r, s := replicated(t)
	other := b.store("b")
	claims, states := b.claim(s, b.request(1, 10))
	require.Equal(t, []dedup.State{dedup.Taken}, states)
	r.Promote(func(key string) bool { return strings.Contains(key, "sluice:claims") })

	require.ErrorIs(t, s.Check(t.Context(), claims), dedup.ErrFailedOver, "a batch that claimed before is not committed")
	for _, store := range []*dedup.Store{s, other} {
		_, err := store.Claim(t.Context(), []dedup.Request{b.request(1, 99)})
		require.ErrorIs(t, err, dedup.ErrFailedOver)
		require.ErrorIs(t, err, dedup.ErrUnavailable)
		require.ErrorIs(t, store.Status(t.Context()), dedup.ErrFailedOver)
		require.ErrorIs(t, store.Mark(t.Context(), []dedup.Request{b.request(2, 20)}), dedup.ErrFailedOver)
	}

	done, err := other.Rebuild(t.Context(), false, entries(dedup.Entry{Key: key(1), Owner: owner(t, 10), TTL: time.Hour}))
	require.NoError(t, err)
	require.Equal(t, dedup.Rebuilt{Claims: 1}, done)
	_, states = b.claim(other, b.request(1, 99), b.request(1, 10))
	require.Equal(t, []dedup.State{dedup.Duplicate, dedup.Own}, states)
	require.ErrorIs(t, s.Check(t.Context(), claims), dedup.ErrChanged)
}

// TestAnIDThatAPrimaryGivesUpLosesNothing: an hour after its last replica went a
// primary takes a new id, with every key still there.
func TestAnIDThatAPrimaryGivesUpLosesNothing(t *testing.T) {
	t.Parallel()
	b, r, s := replicated(t)
	claims, _ := b.claim(s, b.request(1, 10))
	r.Release()
	require.ErrorIs(t, s.Status(t.Context()), dedup.ErrFailedOver)
	done, err := s.Rebuild(t.Context(), false, entries())
	require.NoError(t, err)
	require.True(t, done.Skipped, "nothing is read again")
	require.NoError(t, s.Status(t.Context()))
	require.NoError(t, s.Check(t.Context(), claims), "the ready number is the same")

	r.Promote(func(string) bool { return true })
	done, err = s.Rebuild(t.Context(), false, entries())
	require.NoError(t, err)
	require.False(t, done.Skipped, "a promotion is not taken for that, whatever it kept")
}

// TestAFailoverDuringARebuildStartsItAgain: what was written to the old primary
// may be gone with the lease still standing.
func TestAFailoverDuringARebuildStartsItAgain(t *testing.T) {
	t.Parallel()
	b, r, s := replicated(t)
	_, err := s.Rebuild(t.Context(), true, func(yield func(dedup.Entry, error) bool) {
		r.Promote(func(string) bool { return true })
		yield(dedup.Entry{Key: key(1), Owner: owner(t, 10), TTL: time.Hour}, nil)
	})
	require.ErrorIs(t, err, dedup.ErrFailedOver)
	var rebuilding *dedup.RebuildingError
	require.ErrorAs(t, s.Status(t.Context()), &rebuilding)
	b.server.FastForward(2 * time.Second) // the lease runs out
	require.ErrorIs(t, s.Status(t.Context()), dedup.ErrEmpty)
}

// TestAServerThatRefusesINFOWorks: its failovers go unnoticed, which is a
// warning; allowed later, the id is noted without a rebuild.
func TestAServerThatRefusesINFOWorks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := embedded.NewReplication(b.server)
	r.SetRefused(true)
	s := b.ready("a")
	_, states := b.claim(s, b.request(1, 10))
	require.Equal(t, []dedup.State{dedup.Taken}, states)
	report, err := s.CheckServer(t.Context())
	require.NoError(t, err)
	require.Contains(t, strings.Join(report.Warnings, "\n"), "a failover")

	r.SetRefused(false)
	require.NoError(t, s.Status(t.Context()))
	done, err := s.Rebuild(t.Context(), false, entries())
	require.NoError(t, err)
	require.True(t, done.Skipped)
	r.Promote(func(string) bool { return true })
	require.ErrorIs(t, s.Status(t.Context()), dedup.ErrFailedOver)
}

func TestReplicasThatAreBehindAreSeen(t *testing.T) {
	t.Parallel()
	_, r, s := replicated(t)
	got, err := s.Replicated(t.Context(), 100*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, dedup.Replicas{}, got)
	r.SetReplicas(2, 1)
	got, err = s.Replicated(t.Context(), 100*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, dedup.Replicas{Connected: 2, Current: 1}, got)
	report, err := s.CheckServer(t.Context())
	require.NoError(t, err)
	require.Contains(t, strings.Join(report.Warnings, "\n"), "min-replicas-to-write 1")
}

// TestAClusterIsRefused: one pipeline reaches several primaries there, and one
// sentinel cannot speak for all of them.
func TestAClusterIsRefused(t *testing.T) {
	t.Parallel()
	_, r, s := replicated(t)
	r.SetCluster(true)
	report, err := s.CheckServer(t.Context())
	require.NoError(t, err)
	require.Contains(t, strings.Join(report.Problems, "\n"), "cluster")
	require.ErrorIs(t, report.Refusal(), dedup.ErrCluster)
}
