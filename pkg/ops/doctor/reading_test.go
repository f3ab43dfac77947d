package doctor

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// TestAPartitionThatNobodyReadsIsNamed: beside partitions that are read, one
// that stands still is a problem and no backlog; the end of a transaction that
// stands behind the last record is neither.
func TestAPartitionThatNobodyReadsIsNamed(t *testing.T) {
	t.Parallel()
	const n = 10
	for name, c := range map[string]struct {
		committed map[int32]int64 // by partition; each has n records and the end of a transaction
		want      Finding
	}{
		"all are read": {map[int32]int64{0: n, 1: n, 2: n}, Finding{Level: Fine, Detail: "3 events to be read"}},
		"one never was": {map[int32]int64{0: n, 1: n}, Finding{
			Level: Problem, Detail: "not read for 5m0s, while other partitions are: events/2",
			Fix: "look into the log and /statusz of the router that it is assigned to, and restart that one",
		}},
		"one stands still": {map[int32]int64{0: n, 1: n - 1, 2: n}, Finding{
			Level: Problem, Detail: "not read for 5m0s, while other partitions are: events/1",
			Fix: "look into the log and /statusz of the router that it is assigned to, and restart that one",
		}},
		"none keeps up": {map[int32]int64{0: 1, 1: 1, 2: 1}, Finding{
			Level: Warning, Detail: "30 events to be read, some of them for 5m0s and longer", Fix: "see docs/runbooks/not-keeping-up.md",
		}},
		"nothing ever was": {nil, Finding{
			Level: Warning, Detail: "the group routers has never committed: no event was decided yet", Fix: "start `sluice router`",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			services, err := embedded.Start(t.Context(), embedded.Config{Topics: []embedded.Topic{{Name: "events", Partitions: 3}}})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, services.Close()) })
			kafkaOf := services.Kafka()
			produce(t, kafkaOf, n)
			all := cluster.New(cluster.Config{
				Kafka: func() (kafka.Config, error) { return kafkaOf, nil }, Input: "events", Log: func() *slog.Logger { return slog.New(slog.DiscardHandler) },
			})
			t.Cleanup(func() { require.NoError(t, all.Close()) })
			admin, err := all.Admin(t.Context())
			require.NoError(t, err)
			offsets := kadm.Offsets{}
			for p, at := range c.committed {
				offsets.AddOffset("events", p, at, -1)
			}
			require.NoError(t, admin.CommitAllOffsets(t.Context(), "routers", offsets))

			deps := bare()
			deps.Cluster, deps.Now = all, func() time.Time { return time.Now().Add(2 * unreadAfter) }
			deps.Config.Topics.Input, deps.Config.Router = "events", config.Router{Group: "routers"}
			d := &visit{deps: &deps}
			d.groups(t.Context())
			c.want.Area = "router"
			require.Equal(t, []Finding{c.want}, d.findings)
		})
	}
}

// produce writes n records to each partition, in a transaction.
func produce(t *testing.T, cfg kafka.Config, n int) {
	t.Helper()
	opts, err := kafka.Options(cfg)
	require.NoError(t, err)
	client, err := kgo.NewClient(append(opts, kgo.TransactionalID("producer"), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.BeginTransaction())
	var records []*kgo.Record
	for i := range 3 * n {
		records = append(records, &kgo.Record{Topic: "events", Partition: int32(i % 3), Value: []byte(fmt.Sprint(i))})
	}
	require.NoError(t, client.ProduceSync(context.WithoutCancel(t.Context()), records...).FirstErr())
	require.NoError(t, client.EndTransaction(t.Context(), kgo.TryCommit))
}
