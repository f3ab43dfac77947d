package transact_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// BenchmarkLoop copies 200,000 events of 600 bytes, and reports the process's
// CPU time per event (broker included), beside the same for a plain consumer
// and producer with the same options. Run it with -benchtime 1x.
func BenchmarkLoop(b *testing.B) {
	const n = 200_000
	for name, copyAll := range map[string]func(*testing.B, *embedded.Services){"plain": plainCopy(n), "transactions": loopCopy(n)} {
		b.Run(name, func(b *testing.B) {
			s := filled(b, n)
			for b.Loop() {
				began := cpu(b)
				copyAll(b, s)
				b.ReportMetric(float64((cpu(b)-began).Nanoseconds())/1000/n, "cpu-us/event")
			}
		})
	}
}

func filled(b *testing.B, n int) *embedded.Services {
	b.Helper()
	s, err := embedded.Start(b.Context(), embedded.Config{Topics: []embedded.Topic{{Name: input, Partitions: 6}, {Name: output, Partitions: 6}}})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	p, err := kafka.NewProducer(s.Kafka())
	require.NoError(b, err)
	rs := make([]*kgo.Record, 0, 10_000)
	for i := range n {
		v := make([]byte, 600)
		for j := range 200 { // about as compressible as events are
			v[j] = byte(rand.Uint32())
		}
		if rs = append(rs, &kgo.Record{Topic: input, Key: []byte(strconv.Itoa(i)), Value: v}); len(rs) == cap(rs) {
			require.NoError(b, p.Produce(b.Context(), rs...))
			rs = rs[:0]
		}
	}
	require.NoError(b, p.Produce(b.Context(), rs...))
	require.NoError(b, p.Close(b.Context()))
	return s
}

func loopCopy(n int) func(*testing.B, *embedded.Services) {
	return func(b *testing.B, s *embedded.Services) {
		b.Helper()
		seen := newSeen()
		l, err := transact.New(transact.Config{Kafka: s.Kafka(), Group: "g", Topics: []string{input}, TransactionalID: "t"},
			transact.Deps{Work: copies, Observer: seen})
		require.NoError(b, err)
		drain, done := make(chan struct{}), make(chan error, 1)
		go func() { done <- l.Run(b.Context(), drain) }()
		require.NoError(b, seen.await(b.Context(), func() bool { return seen.read == n }))
		close(drain)
		require.NoError(b, <-done)
		b.ReportMetric(float64(n)/float64(len(seen.commits)), "events/commit")
	}
}

func plainCopy(n int) func(*testing.B, *embedded.Services) {
	return func(b *testing.B, s *embedded.Services) {
		b.Helper()
		opts, err := kafka.Options(s.Kafka())
		require.NoError(b, err)
		opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
		opts = append(opts, kafka.ProducerOptions(s.Kafka())...)
		cl, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(input))...)
		require.NoError(b, err)
		defer cl.Close()
		for read := 0; read < n; {
			fs := cl.PollRecords(b.Context(), 10_000)
			require.NoError(b, fs.Err())
			fs.EachRecord(func(r *kgo.Record) {
				read++
				cl.Produce(context.Background(), &kgo.Record{Topic: output, Key: r.Key, Value: r.Value}, nil)
			})
		}
		require.NoError(b, cl.Flush(b.Context()))
	}
}

// cpu is what the process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
