package transact_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
)

// topicID is the cluster's id of a topic.
func (b *bench) topicID(topic string) transact.TopicID {
	b.t.Helper()
	m, err := b.admin.Metadata(b.ctx(), topic)
	require.NoError(b.t, err)
	return transact.TopicID(m.Topics[topic].ID)
}

// recreate deletes the input topic and creates it again. The producer has to
// forget the old one.
func (b *bench) recreate() {
	b.t.Helper()
	require.NoError(b.t, b.services.Cluster().DeleteTopic(input))
	require.NoError(b.t, b.services.Cluster().CreateTopic(input, 3, nil))
	b.producer.Client().PurgeTopicsFromClient(input)
}

func TestALostRangeIsReportedAtStart(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 300)
	l := b.run(b.config("t-0"), transact.Deps{})
	b.await(l.seen, func() bool { return l.seen.read == 300 })
	require.NoError(t, l.end())
	ends, err := b.admin.ListEndOffsets(b.ctx(), input)
	require.NoError(t, err)
	was, _ := ends.Lookup(input, 1)
	b.produce(300, 300) // what retention takes before it is read
	ends, err = b.admin.ListEndOffsets(b.ctx(), input)
	require.NoError(t, err)
	is, _ := ends.Lookup(input, 1)
	require.NoError(t, b.services.Cluster().DeleteRecords(input, 1, is.Offset-5))

	l = b.run(b.config("t-0"), transact.Deps{})
	want := 300 - int(is.Offset-5-was.Offset)
	b.await(l.seen, func() bool { return l.seen.read == want })
	require.NoError(t, l.end())
	require.Equal(t, []transact.LostRange{{Topic: input, Partition: 1, From: was.Offset, To: is.Offset - 5}}, l.seen.lost)

	l = b.run(b.config("t-0"), transact.Deps{})
	<-l.Ready()
	require.NoError(t, l.end())
	require.Empty(t, l.seen.lost, "said once")
}

func TestALostRangeIsReportedWhileReading(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 30)
	inHand, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	cfg := b.config("t-0")
	l := b.run(cfg, transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		once.Do(func() {
			close(inHand)
			<-goOn
		})
		return copies(ctx, batch)
	}})
	<-inHand
	// More than one fetch holds, so that the reader is overtaken.
	big := make([]byte, 900<<10)
	for range 40 {
		require.NoError(t, b.producer.Produce(b.ctx(), &kgo.Record{Topic: input, Key: []byte("k"), Value: big}))
	}
	ends, err := b.admin.ListEndOffsets(b.ctx(), input)
	require.NoError(t, err)
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			require.NoError(t, b.services.Cluster().DeleteRecords(input, o.Partition, o.Offset))
		}
	})
	close(goOn)
	b.produce(1000, 30)
	b.await(l.seen, func() bool { return len(l.seen.lost) > 0 && lag(b) == 0 })
	require.NoError(t, l.end())
	for _, r := range l.seen.lost {
		require.Less(t, r.From, r.To)
	}
}

func TestARecreatedTopicIsReadFromItsBeginningWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setupIn(t, embedded.Config{Virtual: true})
		b.produce(0, 300)
		cfg := b.config("t-0")
		cfg.Start = kafka.Latest() // the beginning of a new topic must win over it
		first := b.run(b.config("t-0"), transact.Deps{})
		b.await(first.seen, func() bool { return first.seen.read == 300 })
		require.NoError(t, first.end())
		l := b.run(cfg, transact.Deps{})
		<-l.Ready()
		old := b.topicID(input)
		b.recreate()
		b.produce(300, 50)
		b.await(l.seen, func() bool { return l.seen.read == 50 })
		require.NoError(t, l.end())
		require.Equal(t, []transact.Recreated{{Topic: input, Old: old, New: b.topicID(input)}}, l.seen.recreated)
		b.once(output, 350)
		b.close()
	})
}

// Each loop of a group notices it by itself, and does not wait for refused
// fetches, which take twelve seconds to become an error.
func TestEveryLoopNoticesARecreatedTopic(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	loops := []*running{b.run(b.config("t-0"), transact.Deps{}), b.run(b.config("t-1"), transact.Deps{})}
	b.produce(0, 300)
	patience.Until(t, "everything is read", func() bool { return lag(b) == 0 })
	b.recreate()
	b.produce(300, 60)
	for _, l := range loops {
		b.await(l.seen, func() bool { return len(l.seen.rebuilt) > 0 })
	}
	patience.Until(t, "the new topic is read", func() bool { return lag(b) == 0 })
	for _, l := range loops {
		require.NoError(t, l.end())
		var again *kafka.RecreatedError
		require.ErrorAs(t, errors.Join(l.seen.rebuilt...), &again)
		require.Equal(t, input, again.Topic)
	}
	b.once(output, 360)
}

// A transaction that writes to a topic made anew is given up once, and begun
// with a client that knows the new one.
func TestARecreatedOutputTopicIsWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setupIn(t, embedded.Config{Virtual: true})
		l := b.run(b.config("t-0"), transact.Deps{})
		b.produce(0, 30)
		b.await(l.seen, func() bool { return lag(b) == 0 })
		require.NoError(t, b.services.Cluster().DeleteTopic(output))
		require.NoError(t, b.services.Cluster().CreateTopic(output, 3, nil))
		began := time.Now()
		b.produce(30, 30)
		b.await(l.seen, func() bool { return lag(b) == 0 })
		require.Less(t, time.Since(began), 10*time.Second)
		require.NoError(t, l.end())
		ends, err := b.admin.ListCommittedOffsets(b.ctx(), output)
		require.NoError(t, err)
		written := int64(0)
		ends.Each(func(o kadm.ListedOffset) { written += o.Offset })
		require.GreaterOrEqual(t, written, int64(30), "with the transactions' markers")
		b.close()
	})
}

func TestARecreatedTopicIsNoticedByItsCommits(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 300)
	l := b.run(b.config("t-0"), transact.Deps{})
	b.await(l.seen, func() bool { return l.seen.read == 300 })
	require.NoError(t, l.end())
	// A broker that keeps the commits of a topic that is deleted.
	commits, err := b.admin.FetchOffsets(b.ctx(), "g")
	require.NoError(t, err)
	old := b.topicID(input)
	b.recreate()
	commits.Each(func(o kadm.OffsetResponse) {
		require.Equal(t, "sluice/1 "+old.String(), o.Metadata, "the topic's id stands in the commit")
	})
	require.NoError(t, b.admin.CommitAllOffsets(b.ctx(), "g", commits.Offsets()))
	b.produce(300, 50)
	l = b.run(b.config("t-0"), transact.Deps{})
	b.await(l.seen, func() bool { return l.seen.read == 50 })
	require.NoError(t, l.end())
	require.Equal(t, []transact.Recreated{{Topic: input, Old: old, New: b.topicID(input)}}, l.seen.recreated)
	require.Empty(t, l.seen.lost)
	b.once(output, 350)
}

func TestAnAbortBeforeTheFirstCommitSkipsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	cfg := b.config("t-0")
	cfg.Start = kafka.Latest()
	tries := 0
	l := b.run(cfg, transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		if tries++; tries == 1 {
			b.produce(50, 50)
			return nil, transact.ErrWait
		}
		return copies(ctx, batch)
	}})
	<-l.Ready()
	b.produce(0, 50)
	b.await(l.seen, func() bool { return l.seen.read == 100 })
	require.NoError(t, l.end())
	b.once(output, 100)
}

func TestAnAddedPartitionIsReadFromItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := setupIn(t, embedded.Config{Virtual: true})
		cfg := b.config("t-0")
		cfg.Start, cfg.SessionTimeout = kafka.Latest(), 10*time.Second
		b.produce(0, 30) // before the first start: "latest" is meant for these
		l := b.run(cfg, transact.Deps{})
		<-l.Ready()
		_, err := b.admin.UpdatePartitions(b.ctx(), 30, input)
		require.NoError(t, err)
		p, err := kafka.NewProducer(b.services.Kafka()) // one that sees all partitions
		require.NoError(t, err)
		for i := range 60 {
			v := []byte(strconv.Itoa(i))
			require.NoError(t, p.Produce(b.ctx(), &kgo.Record{Topic: input, Key: v, Value: v}))
		}
		require.NoError(t, p.Close(b.ctx()))
		time.Sleep(2 * time.Minute) // the group reads metadata once a minute
		require.Equal(t, 60, l.seen.reads())
		require.Len(t, l.Assignment()[input], 30)
		require.NoError(t, l.end())
		b.once(output, 60)
		b.close()
	})
}
