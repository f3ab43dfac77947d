package embedded_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// What somebody is told is committed stands in the log, also where two have one
// transactional id. An earlier owner must never write under the epoch of the
// next one: the broker would take its records for repeats of the other's.
func TestTwoOwnersOfOneIDNeverShareAnEpoch(t *testing.T) {
	services, err := embedded.Start(t.Context(), embedded.Config{Brokers: 3, Topics: []embedded.Topic{{Name: "out"}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, services.Close()) }()
	open := func(more ...kgo.Opt) *kgo.Client {
		opts, err := kafka.Options(services.Kafka())
		require.NoError(t, err)
		client, err := kgo.NewClient(append(opts, more...)...)
		require.NoError(t, err)
		t.Cleanup(client.Close)
		return client
	}
	write := func(c *kgo.Client, value string) error {
		return c.ProduceSync(t.Context(), &kgo.Record{Topic: "out", Value: []byte(value)}).FirstErr()
	}
	first, second := open(kgo.TransactionalID("one")), open(kgo.TransactionalID("one"))
	require.NoError(t, first.BeginTransaction())
	require.NoError(t, write(first, "given up"))
	_, _, err = second.ProducerID(t.Context()) // takes the id over
	require.NoError(t, err)

	promised := map[string]bool{}
	_ = first.EndTransaction(t.Context(), kgo.TryAbort) // fenced or not, it goes on
	require.NoError(t, second.BeginTransaction())
	require.NoError(t, write(second, "second"))
	if first.BeginTransaction() == nil && write(first, "first") == nil && first.EndTransaction(t.Context(), kgo.TryCommit) == nil {
		promised["first"] = true
	}
	if second.EndTransaction(t.Context(), kgo.TryCommit) == nil {
		promised["second"] = true
	}
	require.NotEmpty(t, promised, "one of them owns the id")

	third := open(kgo.TransactionalID("marker"))
	require.NoError(t, third.BeginTransaction())
	require.NoError(t, write(third, "end"))
	require.NoError(t, third.EndTransaction(t.Context(), kgo.TryCommit))
	reader := open(append(kafka.ReaderOptions(kafka.Earliest()), kgo.ConsumeTopics("out"))...)
	seen := map[string]bool{}
	for !seen["end"] {
		fetches := reader.PollFetches(t.Context())
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) { seen[string(r.Value)] = true })
	}
	delete(seen, "end")
	require.Equal(t, promised, seen)
}
