package topology_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/place"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broker starts a broker with nothing on it, or takes the environment's. Its
// topics are to begin with the prefix.
func broker(t *testing.T) (ctx context.Context, client *kgo.Client, prefix string) {
	t.Helper()
	ctx, cancel := patience.Context(t)
	services := place.Open(t, embedded.Config{})
	client, err := kgo.NewClient(kgo.SeedBrokers(services.Kafka().Brokers...))
	require.NoError(t, err)
	t.Cleanup(func() {
		client.Close()
		cancel()
	})
	prefix = services.Prefix()
	if prefix == "" {
		prefix = "acme" // not the default, which a name could have by accident
	}
	return ctx, client, prefix
}

func declared(t *testing.T, o topology.Options) []topology.Topic {
	t.Helper()
	topics, _, err := topology.Declared(o)
	require.NoError(t, err)
	return topics
}

func TestApplyCreatesEveryTopicOnce(t *testing.T) {
	t.Parallel()
	ctx, a, prefix := broker(t)
	topics := declared(t, topology.Options{Prefix: prefix, Partitions: 3, Replication: 1})
	plan, err := topology.Diff(ctx, a, topics, false)
	require.NoError(t, err)
	require.Len(t, plan, len(topics))
	for _, c := range plan {
		require.Equal(t, topology.Create, c.Action, c.Topic)
	}
	require.NoError(t, topology.Apply(ctx, a, plan))

	again, err := topology.Diff(ctx, a, topics, false)
	require.NoError(t, err)
	require.False(t, again.Pending(), "%+v", again)
	asDeclared, err := topology.Diff(ctx, a, declared(t, topology.Options{Prefix: prefix, Partitions: 3}), false)
	require.NoError(t, err)
	require.False(t, asDeclared.Pending(), "a laptop's single replica is no drift: %+v", asDeclared)
	names := topology.Names{Prefix: prefix}
	found, err := kadm.NewClient(a).ListTopics(ctx, names.Consent(), names.Hold(), names.Destinations())
	require.NoError(t, err)
	require.Len(t, found[names.Consent()].Partitions, 3)
	require.Len(t, found[names.Destinations()].Partitions, 1)
}

func TestDriftIsMendedAndPartitionsAreNot(t *testing.T) {
	t.Parallel()
	ctx, a, prefix := broker(t)
	topics := declared(t, topology.Options{Prefix: prefix, Partitions: 3, Replication: 1})
	plan, err := topology.Diff(ctx, a, topics, false)
	require.NoError(t, err)
	require.NoError(t, topology.Apply(ctx, a, plan))

	hold := topology.Names{Prefix: prefix}.Hold()
	short := "60000"
	_, err = kadm.NewClient(a).AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &short}}, hold)
	require.NoError(t, err)
	// A real cluster has agreed to the change before its brokers show it.
	patience.Until(t, "the change to show", func() bool {
		plan, err = topology.Diff(ctx, a, topics, false)
		return err != nil || plan.Pending()
	})
	require.NoError(t, err)
	change := find(t, plan, hold)
	require.Equal(t, topology.Alter, change.Action)
	require.Equal(t, []string{"retention.ms: 60000 -> 691200000"}, change.Details)
	require.NoError(t, topology.Apply(ctx, a, plan))
	plan, err = topology.Diff(ctx, a, topics, false)
	require.NoError(t, err)
	require.False(t, plan.Pending())

	plan, err = topology.Diff(ctx, a, declared(t, topology.Options{Prefix: prefix, Partitions: 6, Replication: 1}), false)
	require.NoError(t, err)
	require.Equal(t, topology.Refuse, find(t, plan, hold).Action)
	require.ErrorContains(t, topology.Apply(ctx, a, plan), "would move subjects between partitions")
}

func find(t *testing.T, plan topology.Plan, topic string) topology.Change {
	t.Helper()
	for _, c := range plan {
		if c.Topic == topic {
			return c
		}
	}
	t.Fatalf("no change for topic %s", topic)
	return topology.Change{}
}

func TestDeclarationKeepsItsPromises(t *testing.T) {
	t.Parallel()
	topics, roles, err := topology.Declared(topology.Options{InputMaxBytes: 2 << 20})
	require.NoError(t, err)
	byName := map[string]topology.Topic{}
	for _, topic := range topics {
		require.NotEmpty(t, topic.Why, topic.Name)
		require.NotContains(t, byName, topic.Name)
		byName[topic.Name] = topic
	}
	names := topology.Names{}
	require.Equal(t, "2162688", byName[names.Hold()].Configs["max.message.bytes"], "input's plus 64 KiB")
	require.Equal(t, "2162688", byName[names.DeadEvents()].Configs["max.message.bytes"])
	for _, provider := range []string{"meta", "google"} {
		require.Equal(t, "2097152", byName[names.Delivery(provider, decision.LaneBatch)].Configs["max.message.bytes"])
		for _, waiting := range []string{names.Retry(provider, "1h"), names.Parked(provider), names.DeadDeliveries(provider)} {
			require.Equal(t, "2162688", byName[waiting].Configs["max.message.bytes"], "a delivery's plus its headers")
		}
	}
	require.True(t, byName[names.Hold()].PersonalData)
	require.Equal(t, byName[names.Consent()].Partitions, byName[names.Parked("google")].Partitions)
	require.Contains(t, roles, "router")
	require.Contains(t, roles, "sender")

	require.Equal(t, "1814400000", byName[names.Consent()].Configs["min.compaction.lag.ms"], "21 days of changes")
	for _, keep := range []struct {
		said time.Duration
		want string
	}{{time.Hour, "3600000"}, {-1, "0"}} {
		topics, _, err := topology.Declared(topology.Options{ConsentHistory: keep.said, Prefix: "acme"})
		require.NoError(t, err)
		for _, topic := range topics {
			switch topic.Name {
			case "acme.consent":
				require.Equal(t, keep.want, topic.Configs["min.compaction.lag.ms"])
			case "acme.mappings":
				require.Equal(t, "7776000000", topic.Configs["min.compaction.lag.ms"], "resources have their own")
			}
		}
	}

	_, _, err = topology.Declared(topology.Options{Partitions: topology.MaxPartitions + 1})
	require.ErrorContains(t, err, "16384")
}
