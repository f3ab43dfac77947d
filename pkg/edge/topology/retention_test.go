package topology_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/test/patience"
)

const day = 24 * time.Hour

// TestRetentionIsSetByTopic: one provider's topic before those of its kind, and
// the others as declared.
func TestRetentionIsSetByTopic(t *testing.T) {
	t.Parallel()
	kept := map[string]string{}
	for _, topic := range declared(t, topology.Options{Retention: map[string]time.Duration{"diagnostics": 400 * day, "deadletter.{provider}": 30 * day, "deadletter.meta": 20 * day}}) {
		kept[topic.Name] = topic.Configs["retention.ms"]
	}
	require.Equal(t, "34560000000", kept["sluice.diagnostics"])
	require.Equal(t, "1728000000", kept["sluice.deadletter.meta"])
	require.Equal(t, "2592000000", kept["sluice.deadletter.google"])
	require.Equal(t, "604800000", kept["sluice.deadletter.events"], "as declared")
	require.Empty(t, kept["sluice.consent"])
}

// TestRetentionHasBounds: what waits is not deleted before it expires, personal
// data in clear is not archived, and a table has no age.
func TestRetentionHasBounds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keeps     time.Duration
		rule, fix string
	}{
		"diagnostics":               {keeps: 3650 * day},
		"hold":                      {keeps: 90 * day},
		"delivery.meta.batch":       {7 * day, "must be at least 8d", "must not be deleted before"},
		"delivery.{provider}.batch": {4000 * day, "must be at most 3650d", "docs/operations.md"},
		"parked.google":             {0, "must be at least 8d", "after seven days"},
		"deadletter.events":         {91 * day, "must be at most 90d", "archive"},
		"consent":                   {30 * day, "is of a compacted topic", "remove it"},
		"diagnostic":                {30 * day, "must be a topic that keeps records for a time", "did you mean diagnostics?"},
		"sluice.hold.x":             {30 * day, "must be a topic that keeps records for a time", "without prefix"},
		"deadletter.nobody":         {30 * day, "must be a topic that keeps records for a time", ""},
	} {
		problems, err := topology.CheckRetention(map[string]time.Duration{name: c.keeps})
		require.NoError(t, err)
		if c.rule == "" {
			require.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		require.Contains(t, problems[0].Rule, c.rule, name)
		require.Contains(t, problems[0].Fix, c.fix, name)
	}
	// Every topic that keeps records for a time says how short that may be.
	for _, topic := range declared(t, topology.Options{}) {
		if topic.Configs["retention.ms"] != "" {
			problems, err := topology.CheckRetention(map[string]time.Duration{topic.Declared: time.Hour})
			require.NoError(t, err)
			require.Len(t, problems, 1, topic.Name)
			require.Contains(t, problems[0].Rule, "must be at least ", topic.Name)
		}
	}
}

// TestALongerRetentionIsNotShortened unless somebody says so: what is older than
// the declared time would be deleted.
func TestALongerRetentionIsNotShortened(t *testing.T) {
	t.Parallel()
	ctx, client, prefix := broker(t)
	topics := declared(t, topology.Options{Prefix: prefix, Partitions: 3, Replication: 1})
	plan, err := topology.Diff(ctx, client, topics, false)
	require.NoError(t, err)
	require.NoError(t, topology.Apply(ctx, client, plan))
	names := topology.Names{Prefix: prefix}
	for _, longer := range []struct{ keeps, said string }{{"34560000000", "for 400d, longer than 30d"}, {"-1", "for ever, longer than 30d"}} {
		_, err = kadm.NewClient(client).AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &longer.keeps}}, names.Diagnostics())
		require.NoError(t, err)
		patience.Until(t, "the change to show", func() bool {
			plan, err = topology.Diff(ctx, client, topics, false)
			return err != nil || strings.Contains(find(t, plan, names.Diagnostics()).Note, longer.said)
		})
		require.NoError(t, err)
		require.False(t, plan.Pending())
		require.NoError(t, topology.Apply(ctx, client, plan))
	}
	plan, err = topology.Diff(ctx, client, topics, true)
	require.NoError(t, err)
	require.Equal(t, []string{"retention.ms: -1 -> 2592000000"}, find(t, plan, names.Diagnostics()).Details)
	require.NoError(t, topology.Apply(ctx, client, plan))
	patience.Until(t, "the shorter time to show", func() bool {
		plan, err = topology.Diff(ctx, client, topics, true)
		return err != nil || !plan.Pending()
	})
	require.NoError(t, err)
}
