package transact_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/lifecycle"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

var _ lifecycle.Role = (*transact.Loop)(nil)

func TestLoopCopiesEveryRecordOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 5000)
	l := b.run(b.config("t-0"), transact.Deps{})
	<-l.Ready()
	b.await(l.seen, func() bool { return l.seen.read == 5000 })
	snap := l.Snapshot()
	require.True(t, snap.Ready)
	require.Equal(t, transact.Assignment{input: {0, 1, 2}}, snap.Assignment)
	require.Empty(t, snap.LastError)
	require.NoError(t, l.end())
	require.Equal(t, "stopped", l.Snapshot().State)
	b.once(output, 5000)
	require.Empty(t, l.seen.aborts)
}

func TestDrainCommitsTheBatchInHand(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 100)
	inHand, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	l := b.run(b.config("t-0"), transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		once.Do(func() {
			close(inHand)
			<-goOn
		})
		return copies(ctx, batch)
	}})
	<-inHand
	close(l.drain)
	close(goOn)
	require.NoError(t, <-l.done)
	require.Positive(t, l.seen.read)
	require.Len(t, l.seen.commits, 1, "nothing is polled after a drain")

	rest := b.run(b.config("t-0"), transact.Deps{})
	b.await(rest.seen, func() bool { return l.seen.read+rest.seen.read == 100 })
	require.NoError(t, rest.end())
	b.once(output, 100)
}

func TestErrWaitRewindsAndLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 500)
	var attempts []int
	l := b.run(b.config("t-0"), transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		attempts = append(attempts, batch.Attempt)
		if len(attempts) <= 3 {
			return nil, transact.ErrWait
		}
		return copies(ctx, batch)
	}})
	b.await(l.seen, func() bool { return l.seen.read == 500 })
	require.NoError(t, l.end())
	require.Equal(t, 3, l.seen.gaveUp)
	require.Equal(t, []int{1, 2, 3, 4}, attempts[:4])
	require.Empty(t, l.seen.rebuilt, "giving up must not need a new client")
	b.once(output, 500)
}

func TestAnotherErrorOfWorkEndsTheLoop(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 1)
	l := b.run(b.config("t-0"), transact.Deps{Work: func(context.Context, transact.Batch) ([]*kgo.Record, error) {
		return nil, context.DeadlineExceeded
	}})
	require.ErrorIs(t, <-l.done, context.DeadlineExceeded)
}

func TestStartPositionIsDecidedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 50)
	cfg := b.config("t-0")
	cfg.Start = kafka.Latest()
	l := b.run(cfg, transact.Deps{})
	<-l.Ready()
	require.NoError(t, l.end())
	b.produce(0, 70)
	l = b.run(cfg, transact.Deps{})
	b.await(l.seen, func() bool { return l.seen.read == 70 })
	require.NoError(t, l.end())
	b.once(output, 70)
}

func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 1000)
	cfg := b.config("t-0")
	cfg.MaxRecords, cfg.MaxWait = 64, 5*time.Millisecond
	largest := 0
	l := b.run(cfg, transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		largest = max(largest, len(batch.Records))
		id, ok := batch.TopicID(input)
		if !ok || id == (transact.TopicID{}) || !batch.Assignment.Has(input, batch.Records[0].Partition) {
			t.Error("a batch must know its topic's id and its assignment")
		}
		return copies(ctx, batch)
	}})
	b.await(l.seen, func() bool { return l.seen.read == 1000 })
	require.NoError(t, l.end())
	require.Equal(t, 64, largest)
	b.once(output, 1000)
}

// A machine that is too slow for a whole batch within the time that Redis or
// the tables allow commits smaller ones instead of nothing at all.
func TestABatchThatIsGivenUpComesBackSmaller(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 3000)
	l := b.run(b.config("t-0"), transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		if len(batch.Records) > 200 {
			return nil, transact.ErrWait
		}
		return copies(ctx, batch)
	}})
	b.await(l.seen, func() bool { return l.seen.read == 3000 })
	require.NoError(t, l.end())
	b.once(output, 3000)
	require.Positive(t, l.seen.gaveUp)
}
