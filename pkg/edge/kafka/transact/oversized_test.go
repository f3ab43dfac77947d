package transact_test

import (
	"context"
	"crypto/rand"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// inflate makes the copy of one value too large.
func inflate(value string, size int) transact.Work {
	return func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		out, err := copies(ctx, batch)
		for _, r := range out {
			if string(r.Value) == value {
				r.Value = make([]byte, size)
			}
		}
		return out, err
	}
}

func deadLetter(r *kgo.Record) (*kgo.Record, error) {
	return &kgo.Record{Topic: dead, Key: r.Key, Value: []byte(strconv.Itoa(len(r.Value)))}, nil
}

func TestAnOversizedRecordBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 100)
	l := b.run(b.config("t-0"), transact.Deps{Work: inflate("7", 2<<20), Oversized: deadLetter})
	b.await(l.seen, func() bool { return l.seen.read == 100 })
	require.NoError(t, l.end())
	require.Empty(t, l.seen.aborts, "a size that is known needs no refusal")
	require.Equal(t, map[string]int{strconv.Itoa(2 << 20): 1}, b.read(dead, 1))
	require.Len(t, b.read(output, 99), 99, "its neighbours are written")
}

func TestATopicThatTakesLessThanConfiguredIsLearned(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{Topics: []embedded.Topic{{Name: "small", Partitions: 1, Configs: map[string]string{"max.message.bytes": "5000"}}}})
	b.produce(0, 100)
	l := b.run(b.config("t-0"), transact.Deps{Oversized: deadLetter, Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		out, err := inflate("7", 20_000)(ctx, batch)
		for _, r := range out {
			r.Topic = "small"
			if len(r.Value) > 1000 { // what compresses well would fit
				_, _ = rand.Read(r.Value)
			}
		}
		return out, err
	}})
	b.await(l.seen, func() bool { return l.seen.read == 100 })
	require.NoError(t, l.end())
	require.NotEmpty(t, l.seen.aborts)
	require.Equal(t, "oversized", l.seen.aborts[0].Reason)
	require.Equal(t, map[string]int{"20000": 1}, b.read(dead, 1))
	require.Len(t, b.read("small", 99), 99)
}

func TestWithoutAHookAnOversizedRecordEndsTheLoop(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 10)
	l := b.run(b.config("t-0"), transact.Deps{Work: inflate("7", 2<<20)})
	require.ErrorIs(t, <-l.done, transact.ErrOversized)
}
