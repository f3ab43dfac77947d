package claims_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/ops/claims"
)

const diagnosticsTopic = "sluice.diagnostics"

// environment is an Env on embedded services, whose Redis is empty.
func environment(t *testing.T) *boot.Env {
	t.Helper()
	services, err := embedded.Start(t.Context(), embedded.Config{Topics: []embedded.Topic{
		{Name: diagnosticsTopic, Partitions: 1}, {Name: "sluice.destinations"}, {Name: "sluice.mappings"}, {Name: "sluice.policies"},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, services.Close()) })
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Registry.URL, cfg.Redis.Address = services.Kafka().Brokers, services.RegistryURL(), services.RedisOptions().Addr
	e, err := boot.NewEnv(cfg, boot.Options{Version: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// rebuild rebuilds the claims of an installation that lost them.
func rebuild(t *testing.T, e *boot.Env, store *dedup.Store) (claims.Answer, error) {
	t.Helper()
	r, err := boot.ClaimsRebuilder(e, store)
	if err != nil {
		return claims.Answer{}, err
	}
	return r.Rebuild(t.Context(), claims.Request{})
}

// queued is the diagnostic of an event that took a claim.
func queued(t *testing.T, e *boot.Env, offset int64) (kgo.Record, dedup.Key) {
	t.Helper()
	w, err := e.Writer(t.Context())
	require.NoError(t, err)
	key := dedup.NewKey(false, "acme", "d", "Purchase", string(rune('a'+offset)))
	d := decision.Decision{
		ID: string(rune('a' + offset)), Time: time.Now().UnixMilli(), Stage: decision.StageRouter, Status: decision.Queued, Reason: decision.Eligible,
		CustomerID: "acme", DestinationID: "d", Mapping: "m", Source: event.Coordinates{Topic: "in", Offset: offset},
		ClaimKey: [16]byte(key), ClaimWindowMS: time.Hour.Milliseconds(),
	}
	return kgo.Record{Topic: diagnosticsTopic, Value: w.AppendDiagnostic(nil, &d)}, key
}

// A record that nobody can read must not keep claims away for ever: it is
// counted as lost, and what the others say is restored.
func TestARebuildPassesOverWhatItCannotRead(t *testing.T) {
	t.Parallel()
	e := environment(t)
	client, err := e.Cluster.Client(t.Context())
	require.NoError(t, err)
	before, _ := queued(t, e, 1)
	after, key := queued(t, e, 2)
	junk := kgo.Record{Topic: diagnosticsTopic, Value: []byte("not a diagnostic")}
	require.NoError(t, client.ProduceSync(t.Context(), &before, &junk, &after).FirstErr())

	store, err := e.Claims()
	require.NoError(t, err)
	done, err := rebuild(t, e, store)
	require.NoError(t, err)
	require.Equal(t, claims.Answer{Rebuilt: true, Claims: 2, Lost: 1}, done)
	pending, err := store.Pending(t.Context(), []dedup.Key{key})
	require.NoError(t, err)
	require.Equal(t, []bool{true}, pending)
}

// A transaction that a router is just committing when Redis is emptied is
// waited for: its events are queued, and without their claims a copy of each
// would be queued as well.
func TestARebuildWaitsForOpenTransactions(t *testing.T) {
	t.Parallel()
	e := environment(t)
	record, key := queued(t, e, 1)
	cfg, err := e.Cluster.Kafka()
	require.NoError(t, err)
	router, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...), kgo.TransactionalID("router"))
	require.NoError(t, err)
	t.Cleanup(router.Close)
	require.NoError(t, router.BeginTransaction())
	require.NoError(t, router.ProduceSync(t.Context(), &record).FirstErr())

	store, err := e.Claims()
	require.NoError(t, err)
	_, err = e.Cluster.Client(t.Context())
	require.NoError(t, err)
	rebuilt := make(chan error, 1)
	go func() {
		_, err := rebuild(t, e, store)
		rebuilt <- err
	}()
	select {
	case err := <-rebuilt:
		require.NoError(t, err)
		require.Fail(t, "Redis was declared ready while an event was being queued")
	case <-time.After(300 * time.Millisecond):
	}
	require.NoError(t, router.EndTransaction(t.Context(), kgo.TryCommit))
	require.NoError(t, <-rebuilt)
	pending, err := store.Pending(t.Context(), []dedup.Key{key})
	require.NoError(t, err)
	require.Equal(t, []bool{true}, pending)
}

// The longest window of any destination says how far back a rebuild reads: a
// mark of three weeks ago still stops a copy where the window is a month.
func TestARebuildReadsAsFarBackAsClaimsLive(t *testing.T) {
	t.Parallel()
	for window, want := range map[time.Duration]int{30 * 24 * time.Hour: 1, 9 * 24 * time.Hour: 0} {
		e := environment(t)
		client, err := e.Cluster.Client(t.Context())
		require.NoError(t, err)
		w, err := e.Writer(t.Context())
		require.NoError(t, err)
		d := resource.Destination{ID: "d", Customer: "acme", Provider: "meta", Dedup: resource.DedupSpec{WindowMS: window.Milliseconds()}}
		old := time.Now().Add(-21 * 24 * time.Hour)
		mark := w.AppendDiagnostic(nil, &decision.Decision{
			ID: "x", Time: old.UnixMilli(), Stage: decision.StageSender, Status: decision.Delivered, Reason: decision.ReasonDelivered,
			CustomerID: "acme", DestinationID: "d", Mapping: "m", Source: event.Coordinates{Topic: "in", Offset: 1},
			ClaimKey: [16]byte{1}, ClaimWindowMS: window.Milliseconds(),
		})
		require.NoError(t, client.ProduceSync(t.Context(),
			&kgo.Record{Topic: "sluice.destinations", Key: []byte("d"), Value: w.AppendDestination(nil, &d)},
			&kgo.Record{Topic: diagnosticsTopic, Value: mark, Timestamp: old},
		).FirstErr())
		store, err := e.Claims()
		require.NoError(t, err)
		done, err := rebuild(t, e, store)
		require.NoError(t, err)
		require.Equal(t, want, done.Marks, window)
	}
}
