package telemetry_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/test/patience"
)

// TestKafkaHooksMeasureAndShowNoKeys produces to an in-process broker with a
// key that must not appear anywhere.
func TestKafkaHooksMeasureAndShowNoKeys(t *testing.T) {
	t.Parallel()
	tel, _ := setup(t, nil)
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "t"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.WithHooks(tel.KafkaHooks()...))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	record := &kgo.Record{Topic: "t", Key: []byte(canary), Value: []byte("v")}
	require.NoError(t, client.ProduceSync(t.Context(), record).FirstErr())

	// The client counts a batch right after it has told us about it.
	patience.Until(t, "the client's metrics", func() bool { return strings.Contains(scrape(t, tel), "messaging_kafka_produce_records") })
	assert.NotContains(t, scrape(t, tel), canary)
	assert.Empty(t, record.Headers, "a hook wrote into the record: copies would no longer be identical")
}
