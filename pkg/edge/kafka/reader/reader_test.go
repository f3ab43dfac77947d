package reader_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
)

func TestAReaderByTimeEndsWhereTheLogEnds(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 4)
		b.pass(time.Minute)
		middle := time.Now()
		b.write(5, 9)
		b.pass(time.Minute)
		late := time.Now()
		b.write(10, 14)
		for name, c := range map[string]struct {
			cfg  reader.Config
			want []int
		}{
			"all":            {reader.Config{To: reader.Stable}, span(0, 14)},
			"from a time":    {reader.Config{From: kafka.At(middle), To: reader.Stable}, span(5, 14)},
			"between times":  {reader.Config{From: kafka.At(middle), To: reader.Stable, Until: late}, span(5, 9)},
			"the future":     {reader.Config{From: kafka.At(late.Add(time.Hour)), To: reader.Stable}, nil},
			"other parts":    {reader.Config{To: reader.Stable, Only: func(reader.Partition, int) bool { return false }}, nil},
			"a part":         {reader.Config{Ranges: reader.Ranges{only: {From: 3, To: 6}}}, span(3, 5)},
			"nothing at all": {reader.Config{Ranges: reader.Ranges{}}, nil},
		} {
			if c.cfg.Ranges == nil {
				c.cfg.Topics = []string{topic}
			}
			r := b.open(c.cfg)
			require.Equal(b.t, c.want, b.rest(r), name)
			r.Close()
		}
		require.Empty(b.t, b.notices)
	})
}

func TestAReaderWithoutAnEndFollows(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 4)
		all, late := b.follow(kafka.Earliest()), b.follow(kafka.Latest())
		defer all.Close()
		defer late.Close()
		b.write(5, 6)
		require.Equal(b.t, span(0, 6), b.next(all, 7))
		require.Equal(b.t, span(5, 6), b.next(late, 2))
		require.Equal(b.t, int64(7), late.Position(only))
		ctx, cancel := context.WithTimeout(b.ctx(), time.Minute)
		defer cancel()
		for err := error(nil); !errors.Is(err, context.DeadlineExceeded); {
			_, err = late.Poll(ctx, 0)
			require.True(b.t, err == nil || errors.Is(err, context.DeadlineExceeded), "%v", err)
		}
	})
}

// A reader that follows says once that it has given what was there when it
// began, also where that is nothing, or ends with the end of a transaction.
func TestAReaderThatFollowsSaysWhenItHasCaughtUp(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		caughtUp := 0
		open := func() *reader.Reader {
			caughtUp = 0
			return b.open(reader.Config{Topics: []string{topic}, CaughtUp: func() { caughtUp++ }})
		}
		polled := func(r *reader.Reader) {
			ctx, cancel := context.WithTimeout(b.ctx(), time.Minute)
			defer cancel()
			for err := error(nil); err == nil; {
				_, err = r.Poll(ctx, 0)
			}
		}
		empty := open()
		defer empty.Close()
		polled(empty)
		require.Equal(b.t, 1, caughtUp)

		b.write(0, 4)
		b.transaction(5, 6)(true)
		r := open()
		defer r.Close()
		b.next(r, 7)
		polled(r)
		require.Equal(b.t, 1, caughtUp)
		b.write(7, 8)
		require.Equal(b.t, span(7, 8), b.next(r, 2))
		polled(r)
		require.Equal(b.t, 1, caughtUp)

		behind := open()
		defer behind.Close()
		_, err := behind.Poll(b.ctx(), 1)
		require.NoError(b.t, err)
		require.Zero(b.t, caughtUp, "one of nine")
	})
}

// A range that begins in front of the log's start is what a reader meets that
// retention overtook between asking for offsets and its first fetch.
func TestRetentionOvertakesAReaderThatBegins(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 9)
		require.NoError(b.t, b.services.Cluster().DeleteRecords(topic, 0, 6))
		r := b.open(reader.Config{Ranges: reader.Ranges{only: {From: 2, To: 10}}})
		defer r.Close()
		require.Equal(b.t, span(6, 9), b.rest(r))
		require.Equal(b.t, []string{"t/0: offsets 2 to 5 were deleted before they were read"}, b.notices)
	})
}

func TestRetentionOvertakesAReaderAtWork(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 2)
		follow, bounded := b.follow(kafka.Earliest()), b.open(reader.Config{Ranges: reader.Ranges{only: {To: 10}}})
		defer follow.Close()
		defer bounded.Close()
		require.Equal(b.t, span(0, 2), b.next(follow, 3))
		require.Equal(b.t, span(0, 2), b.next(bounded, 3))
		held := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.NotLeaderForPartition, Count: -1})
		b.pass(time.Second) // the fetches that wait at the broker come back
		b.write(3, 9)
		require.NoError(b.t, b.services.Cluster().DeleteRecords(topic, 0, 8))
		held.Remove()
		require.Equal(b.t, span(8, 9), b.next(follow, 2))
		require.Equal(b.t, span(8, 9), b.rest(bounded))
		lost := "t/0: offsets 3 to 7 were deleted before they were read"
		require.Equal(b.t, []string{lost, lost}, b.notices)
	})
}

// Everything up to the end is deleted: no fetch ever reaches it.
func TestTheWholeRangeIsDeleted(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 9)
		require.NoError(b.t, b.services.Cluster().DeleteRecords(topic, 0, 10))
		r := b.open(reader.Config{Ranges: reader.Ranges{only: {From: 2, To: 8}}})
		defer r.Close()
		require.Empty(b.t, b.rest(r))
		require.Equal(b.t, []string{"t/0: offsets 2 to 7 were deleted before they were read"}, b.notices)
	})
}

func TestALogThatWasCutOffEndsWhereItEnds(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 4)
		r := b.open(reader.Config{Ranges: reader.Ranges{only: {To: 50}}})
		defer r.Close()
		require.Equal(b.t, span(0, 4), b.rest(r))
		require.Equal(b.t, []string{"t/0: the log was cut off at 5, and was read to 50 before"}, b.notices)
	})
}

// The broker says that an offset is out of range that was in the log a moment
// ago: it lost its end, and was written to again. What comes again is what
// stands at the time of the last record.
func TestAReaderGoesOnWhereALogWasCutOff(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		r := b.follow(kafka.Earliest())
		defer r.Close()
		for i := range 5 {
			b.write(i, i)
			b.pass(time.Second)
		}
		require.Equal(b.t, span(0, 4), b.next(r, 5))
		fault := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: kerr.OffsetOutOfRange, Count: 1})
		require.NoError(b.t, fault.Wait(b.ctx(), 1))
		b.write(5, 6)
		require.Equal(b.t, span(4, 6), b.next(r, 3))
		require.Equal(b.t, []string{"t/0: the log was cut off at 4, and was read to 5 before"}, b.notices)
	})
}

func TestAbortedTransactionsAreNoRecordsAndNoEndlessWait(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 2)
		b.transaction(3, 5)(false) // and its marker is the end of the log
		for _, end := range []reader.End{reader.Stable, reader.Written} {
			r := b.open(reader.Config{Topics: []string{topic}, To: end})
			require.Equal(b.t, span(0, 2), b.rest(r))
			require.Equal(b.t, int64(7), r.Position(only))
			r.Close()
		}
		r := b.open(reader.Config{Ranges: reader.Ranges{only: {From: 4, To: 7}}})
		defer r.Close()
		require.Empty(b.t, b.rest(r))
	})
}

// An offset behind the last stable one is out of reach until its transaction is
// decided.
func TestOpenTransactions(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 2)
		b.pass(time.Second)
		began := time.Now()
		end := b.transaction(3, 5)
		stable := b.open(reader.Config{Topics: []string{topic}, To: reader.Stable})
		defer stable.Close()
		require.Equal(b.t, span(0, 2), b.rest(stable))
		// A time that only a record of the open transaction has, and an offset
		// behind the last stable one.
		written := b.open(reader.Config{Topics: []string{topic}, From: kafka.At(began), To: reader.Written})
		defer written.Close()
		behind := b.open(reader.Config{Ranges: reader.Ranges{only: {From: 5, To: 6}}})
		defer behind.Close()
		time.AfterFunc(20*time.Second, func() { end(true) })
		require.Equal(b.t, span(3, 5), b.rest(written))
		require.Equal(b.t, span(5, 5), b.rest(behind))
		require.Empty(b.t, b.notices)
	})
}

func TestATopicMadeAnewIsReadAnew(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 4)
		early, late := b.follow(kafka.Earliest()), b.follow(kafka.Latest())
		defer early.Close()
		defer late.Close()
		parts := b.open(reader.Config{Ranges: reader.Ranges{only: {To: 100}}})
		defer parts.Close()
		require.Equal(b.t, span(0, 4), b.next(early, 5))
		require.Equal(b.t, span(0, 4), b.next(parts, 5))
		b.remake()
		b.write(100, 102)
		require.Equal(b.t, span(100, 102), b.next(early, 3))
		require.Equal(b.t, span(100, 102), b.next(late, 3))
		require.Empty(b.t, b.rest(parts), "offsets of one log mean nothing in another")
		remade := "t: the topic was deleted and made anew"
		require.Equal(b.t, []string{remade, remade, remade}, b.notices)
	})
}

func TestATopicMadeAnewBeforeTheEndIsReachedIsReadToItsEnd(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 4)
		held := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.NotLeaderForPartition, Count: -1})
		r := b.open(reader.Config{Topics: []string{topic}, To: reader.Written})
		defer r.Close()
		b.remake()
		b.write(100, 102)
		held.Remove()
		require.Equal(b.t, span(100, 102), b.rest(r))
	})
}

func TestLeadersMove(t *testing.T) {
	inBench(t, 3, func(b *bench) {
		r := b.follow(kafka.Earliest())
		defer r.Close()
		for i := range 6 {
			// Kafka begins an epoch with the leader; the embedded broker does with
			// the leader's first record, and until then says that the log was cut
			// off. So nobody is answered before there is one.
			held := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetForLeaderEpoch}, Err: kerr.LeaderNotAvailable, Count: -1})
			require.NoError(b.t, b.services.Cluster().MoveTopicPartition(topic, 0, int32(i%3)))
			b.write(i, i)
			held.Remove()
			require.Equal(b.t, span(i, i), b.next(r, 1))
		}
		require.Empty(b.t, b.notices)
	})
}

func TestWhatTheClientRepeatsEndsNothing(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 2)
		fault := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: kerr.UnknownServerError, Count: 20})
		defer fault.Remove()
		r := b.follow(kafka.Earliest())
		defer r.Close()
		require.Equal(b.t, span(0, 2), b.next(r, 3))
		require.Equal(b.t, []string{"reading t/0, the client goes on trying: " + kerr.UnknownServerError.Error()}, b.notices, "once in a while")
	})
}

func TestWhatNoRepetitionHealsEndsTheReading(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 2)
		r := b.follow(kafka.Earliest())
		defer r.Close()
		fault := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: kerr.TopicAuthorizationFailed, Count: -1})
		defer fault.Remove()
		var err error
		for err == nil {
			_, err = r.Poll(b.ctx(), 0)
		}
		require.ErrorIs(b.t, err, kerr.TopicAuthorizationFailed)
	})
}

func TestAReaderToAnEndDoesNotWaitForever(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 2)
		fault := b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: topic, Err: kerr.UnknownServerError, Count: -1})
		defer fault.Remove()
		began := time.Now()
		err := b.each(reader.Config{Kafka: b.services.Kafka(), Topics: []string{topic}, To: reader.Stable},
			func(*kgo.Record) error { return nil }, nil)
		require.ErrorIs(b.t, err, kerr.UnknownServerError)
		require.ErrorContains(b.t, err, "nothing came for")
		require.Less(b.t, time.Since(began), 5*time.Minute)
	})
}

func TestAddedPartitionsAreFollowed(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		r := b.follow(kafka.Latest())
		defer r.Close()
		_, err := b.admin.CreatePartitions(b.ctx(), 1, topic)
		require.NoError(b.t, err)
		require.NoError(b.t, b.producer.ProduceSync(b.ctx(), &kgo.Record{Topic: topic, Partition: 1, Value: []byte("7")}).FirstErr())
		b.write(0, 50) // on any of the two
		require.Len(b.t, b.next(r, 52), 52)
	})
}

func TestEachStopsWhenItIsTold(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		b.write(0, 4)
		stop := errors.New("enough")
		var seen, batches int
		cfg := reader.Config{Kafka: b.services.Kafka(), Topics: []string{topic}, To: reader.Stable}
		require.NoError(b.t, b.each(cfg, func(*kgo.Record) error { seen++; return nil }, func() error { batches++; return nil }))
		require.Equal(b.t, 5, seen)
		require.Positive(b.t, batches)
		require.ErrorIs(b.t, b.each(cfg, func(*kgo.Record) error { return stop }, nil), stop)
		require.ErrorIs(b.t, b.each(cfg, func(*kgo.Record) error { return nil }, func() error { return stop }), stop)
	})
}

func TestAReaderNeedsToKnowWhatToRead(t *testing.T) {
	inBench(t, 1, func(b *bench) {
		for name, cfg := range map[string]reader.Config{
			"nothing":        {},
			"both":           {Topics: []string{topic}, Ranges: reader.Ranges{only: {To: 1}}},
			"an endless end": {Topics: []string{topic}, Until: time.Now()},
		} {
			cfg.Kafka = b.services.Kafka()
			_, err := reader.Open(b.ctx(), cfg)
			require.ErrorContains(b.t, err, "opening a reader", name)
		}
	})
}

// each reads what a configuration names to its end.
func (b *bench) each(cfg reader.Config, take func(*kgo.Record) error, idle func() error) error {
	b.t.Helper()
	r, err := reader.Open(b.ctx(), cfg)
	require.NoError(b.t, err)
	defer r.Close()
	return r.Each(b.ctx(), take, idle)
}
