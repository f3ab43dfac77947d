package transact_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// plant writes a batch of n records of zeros to a partition of the input, a few
// kilobytes that unpack to too much, and gives its first offset.
func (b *bench) plant(partition int32, n int) int64 {
	b.t.Helper()
	opts, err := kafka.Options(b.services.Kafka())
	require.NoError(b.t, err)
	const room = 1 << 30
	cl, err := kgo.NewClient(append(opts,
		kgo.MaxDecompressBatchBytes(room), kgo.ProducerBatchMaxBytes(room), kgo.BrokerMaxWriteBytes(room), kgo.MaxBufferedBytes(room),
		kgo.ProducerBatchCompression(kgo.ZstdCompression()), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ManualFlushing())...)
	require.NoError(b.t, err)
	defer cl.Close()
	zeros := make([]byte, (kafka.MaxUnpackedBatchBytes+1<<20)/n)
	first := int64(-1)
	for i := range n {
		cl.Produce(b.ctx(), &kgo.Record{Topic: input, Partition: partition, Value: zeros}, func(r *kgo.Record, err error) {
			require.NoError(b.t, err)
			if i == 0 {
				first = r.Offset
			}
		})
	}
	require.NoError(b.t, cl.Flush(b.ctx()))
	return first
}

func letters(_ context.Context, b transact.Bomb) ([]*kgo.Record, error) {
	value := fmt.Sprintf("%s/%d %d records", b.Topic, b.Partition, b.Next-b.First)
	return []*kgo.Record{{Topic: dead, Value: []byte(value)}}, nil
}

// A few kilobytes that unpack to gigabytes neither end the process nor the
// reading of their partition: they become what the hook says, once, and what
// stands before, behind and beside them is read once.
func TestABatchThatUnpacksToTooMuchIsPassedOver(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 50)
	b.plant(0, 3)
	b.produce(50, 50)
	b.plant(2, 1)
	b.plant(0, 2)
	b.produce(100, 50)
	l := b.run(b.config("t-0"), transact.Deps{Bomb: letters})
	b.await(l.seen, func() bool { return l.seen.read == 150 && len(l.seen.bombs) == 3 })
	require.NoError(t, l.end())
	b.once(output, 150)
	require.Equal(t, map[string]int{"in/0 3 records": 1, "in/2 1 records": 1, "in/0 2 records": 1}, b.read(dead, 3))
	require.Zero(t, lag(b), "the offsets behind the last one are committed")
}

// The hook may wait, and a loop that is started again does not say twice what
// was committed.
func TestABatchThatUnpacksToTooMuchIsPassedOverOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.plant(1, 1)
	tries := 0
	l := b.run(b.config("t-0"), transact.Deps{Bomb: func(ctx context.Context, bomb transact.Bomb) ([]*kgo.Record, error) {
		if tries++; tries < 3 {
			return nil, transact.ErrWait
		}
		return letters(ctx, bomb)
	}})
	b.await(l.seen, func() bool { return len(l.seen.bombs) == 1 })
	require.NoError(t, l.end())
	require.Equal(t, 2, l.seen.gaveUp)

	b.produce(0, 10)
	l = b.run(b.config("t-0"), transact.Deps{Bomb: letters})
	b.await(l.seen, func() bool { return l.seen.read == 10 })
	require.NoError(t, l.end())
	require.Empty(t, l.seen.bombs)
	require.Len(t, b.read(dead, 1), 1)
}

// Without a hook the loop ends and says which batch it is and what to do: a
// partition that nobody reads must not look like an empty one.
func TestWithoutAHookABatchThatUnpacksToTooMuchEndsTheLoop(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	at := b.plant(0, 1)
	l := b.run(b.config("t-0"), transact.Deps{})
	require.ErrorContains(t, <-l.done, fmt.Sprintf("the batch of in/0 at offsets %d to %d unpacks to more than 64 MiB, and nobody takes it; delete the records up to offset %d", at, at, at+1))
	l.stop()
}
