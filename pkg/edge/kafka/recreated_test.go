package kafka_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// A topic that is deleted and created again is noticed within a second, and a
// producer writes to the new one as soon as its client has refused once.
func TestATopicThatIsCreatedAgainIsNoticedAndWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		services, err := embedded.Start(t.Context(), embedded.Config{Virtual: true, Topics: []embedded.Topic{{Name: "x", Partitions: 2}}})
		require.NoError(t, err)
		producer, err := kafka.NewProducer(services.Kafka())
		require.NoError(t, err)
		write := func() error { return producer.Produce(t.Context(), &kgo.Record{Topic: "x", Value: []byte("v")}) }
		require.NoError(t, write())
		found := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { found <- kafka.WatchTopicIDs(ctx, producer.Client(), []string{"x", "missing"}) }()
		synctest.Wait()

		require.NoError(t, services.Cluster().DeleteTopic("x"))
		require.NoError(t, services.Cluster().CreateTopic("x", 2, nil))
		time.Sleep(time.Second)
		synctest.Wait()
		var again *kafka.RecreatedError
		require.ErrorAs(t, <-found, &again)
		require.Equal(t, "x", again.Topic)
		require.NotEqual(t, again.Old, again.New)

		refused := 0
		for err := write(); err != nil; err = write() {
			require.ErrorIs(t, err, kerr.UnknownTopicID)
			refused++
			require.LessOrEqual(t, refused, 1)
		}
		ends, err := kadm.NewClient(producer.Client()).ListEndOffsets(t.Context(), "x")
		require.NoError(t, err)
		total := int64(0)
		ends.Each(func(o kadm.ListedOffset) { total += o.Offset })
		require.Equal(t, int64(1), total, "written once")

		go func() { found <- kafka.WatchTopicIDs(ctx, producer.Client(), []string{"x"}) }()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Empty(t, found, "nothing happened since")
		cancel()
		require.NoError(t, <-found)
		require.NoError(t, producer.Close(t.Context()))
		require.NoError(t, services.Close())
	})
}
