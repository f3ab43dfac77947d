package cluster_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

const day = 24 * time.Hour

// open starts a broker with a topic of each kind.
func open(t *testing.T) *cluster.Cluster {
	t.Helper()
	services, err := embedded.Start(t.Context(), embedded.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, services.Close()) })
	c := cluster.New(cluster.Config{
		Kafka: func() (kafka.Config, error) { return services.Kafka(), nil }, Input: "input",
		Log: func() *slog.Logger { return slog.New(slog.DiscardHandler) },
	})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	admin, err := c.Admin(t.Context())
	require.NoError(t, err)
	for topic, settings := range map[string]map[string]string{
		"events":  {"cleanup.policy": "delete", "retention.ms": "86400000"},
		"forever": {"cleanup.policy": "delete", "retention.ms": "-1"},
		"table":   {"cleanup.policy": "compact", "min.compaction.lag.ms": "7200000"},
		"young":   {"cleanup.policy": "compact", "min.compaction.lag.ms": "3600000"},
	} {
		values := map[string]*string{}
		for key, value := range settings {
			values[key] = &value
		}
		_, err := admin.CreateTopic(t.Context(), 1, 1, values, topic)
		require.NoError(t, err)
	}
	return c
}

func TestMissingTopicsAreNamedWithWhatToDo(t *testing.T) {
	t.Parallel()
	c := open(t)
	require.NoError(t, c.RequireTopics(t.Context(), "events", "table"))
	for fix, topics := range map[string][]string{
		"run `sluice topology apply`": {"events", "gone", "input"},
		"create the analytics topic, or correct topics.input; Sluice never creates it": {"input"},
	} {
		var missing *unready.Error
		require.ErrorAs(t, c.RequireTopics(t.Context(), topics...), &missing)
		require.Equal(t, fix, missing.Fix)
		require.NotContains(t, missing.What, "events")
	}
}

func TestHowLongTopicsKeepWhatTheyHold(t *testing.T) {
	t.Parallel()
	c := open(t)
	kept, err := c.Retentions(t.Context(), "table", "events", "forever")
	require.NoError(t, err)
	require.Len(t, kept, 3)
	require.Equal(t, cluster.Retention{Topic: "events", Keeps: day}, kept[1])
	require.True(t, kept[0].Forever, "compaction removes nothing by age")
	require.True(t, kept[2].Forever)
	lag, err := c.VersionsKept(t.Context(), "table", "young")
	require.NoError(t, err)
	require.Equal(t, time.Hour, lag, "the shortest counts")
	lag, err = c.VersionsKept(t.Context(), "table", "events")
	require.NoError(t, err)
	require.Zero(t, lag)
}

// TestOnlyTheLatestWriterOfAnIDWrites: two commands of a kind do not write over
// each other.
func TestOnlyTheLatestWriterOfAnIDWrites(t *testing.T) {
	t.Parallel()
	c := open(t)
	first, err := c.Transaction(t.Context(), "id")
	require.NoError(t, err)
	defer first.Close()
	require.NoError(t, first.Write(t.Context(), &kgo.Record{Topic: "table", Key: []byte("a"), Value: []byte("1")}))
	second, err := c.Transaction(t.Context(), "id")
	require.NoError(t, err)
	defer second.Close()
	err = first.Write(t.Context(), &kgo.Record{Topic: "table", Key: []byte("a"), Value: []byte("2")})
	require.Error(t, err)
	require.True(t, cluster.Fenced(err), "%v", err)
	require.NoError(t, second.Write(t.Context(), &kgo.Record{Topic: "table", Key: []byte("a"), Value: []byte("3")}))
	var values []string
	require.NoError(t, c.EachRecord(t.Context(), "table", time.UnixMilli(0), func(r *kgo.Record) error {
		values = append(values, string(r.Value))
		return nil
	}))
	require.Equal(t, []string{"1", "3"}, values)
	ends, err := c.StableEnds(t.Context(), "table")
	require.NoError(t, err)
	require.Len(t, ends, 1)
}
