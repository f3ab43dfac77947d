package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	err := kafka.Config{
		Brokers: []string{"nowhere"}, Compression: "brotli", InputMaxBytes: -1,
		TLS:  kafka.TLS{Enabled: true, CertFile: "c"},
		SASL: kafka.SASL{Mechanism: "GSSAPI"},
	}.Validate()
	for _, want := range []string{"brokers[0]", "compression", "input_max_bytes", "key_file", "sasl.mechanism"} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, kafka.Config{}.Validate(), "brokers")
	require.ErrorContains(t, kafka.Config{Brokers: []string{"a:1"}, SASL: kafka.SASL{Mechanism: kafka.Plain}}.Validate(), "password_file")
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	s := kafka.SASL{Mechanism: kafka.Plain, Username: "u", Password: "canary"}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(f, s), "canary")
		require.NotContains(t, fmt.Sprintf(f, kafka.Config{SASL: s}), "canary", f)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	for in, ts := range map[string]int64{"": -2, "earliest": -2, "latest": -1, "2026-01-02T03:04:05Z": 1767323045000} {
		p, err := kafka.ParsePosition(in)
		require.NoError(t, err)
		require.Equal(t, ts, p.Timestamp())
		again, err := kafka.ParsePosition(p.String())
		require.NoError(t, err)
		require.Equal(t, p.Timestamp(), again.Timestamp())
	}
	_, err := kafka.ParsePosition("yesterday")
	require.ErrorContains(t, err, "earliest, latest or a time")
}

// The partitions that the Java client's default partitioner chooses
// (Utils.toPositive(Utils.murmur2(key)) % n), from its own published test.
func TestKeysGoWhereTheJavaClientPutsThem(t *testing.T) {
	t.Parallel()
	murmur2 := map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
	}
	p := kafka.Partitioner().ForTopic("t")
	for key, hash := range murmur2 {
		for _, n := range []int{1, 3, 12, 16384} {
			require.Equal(t, int(hash&0x7fffffff)%n, p.Partition(&kgo.Record{Key: []byte(key)}, n), key)
		}
	}
}

func TestTheLoggerKeepsRecordDataOut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := kafka.NewLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.Equal(t, kgo.LogLevelInfo, l.Level())
	l.Log(kgo.LogLevelWarn, "went wrong", "raw", []byte("canary"), "record", &kgo.Record{Value: []byte("canary")},
		"topic", "t", "err", errors.New("why"), "odd")
	require.NotContains(t, out.String(), "canary")
	for _, want := range []string{"went wrong", "topic=t", "err=why", "WARN"} {
		require.Contains(t, out.String(), want)
	}
	quiet := kafka.NewLogger(slog.New(slog.NewTextHandler(&out, nil)))
	require.Equal(t, kgo.LogLevelWarn, quiet.Level(), "the client logs every transaction at info")
}

func TestProducerWaitsForAcksAndSaysWhatFailed(t *testing.T) {
	t.Parallel()
	s, err := embedded.Start(t.Context(), embedded.Config{Topics: []embedded.Topic{{Name: "t", Partitions: 3}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	for _, c := range []kafka.Compression{"", kafka.Snappy, kafka.LZ4, kafka.Zstd, kafka.NoCompression} {
		cfg := s.Kafka()
		cfg.Compression = c
		p, err := kafka.NewProducer(cfg)
		require.NoError(t, err)
		require.NoError(t, p.Produce(t.Context(), &kgo.Record{Topic: "t", Value: []byte(strings.Repeat("x", 5000))}))
		require.NoError(t, p.Produce(t.Context()))
		require.NoError(t, p.Close(t.Context()))
	}
	p, err := kafka.NewProducer(s.Kafka())
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close(context.Background())) }()
	err = p.Produce(t.Context(),
		&kgo.Record{Topic: "t", Value: []byte("fits")},
		&kgo.Record{Topic: "t", Value: make([]byte, 4<<20)})
	var e *kafka.ProduceError
	require.ErrorAs(t, err, &e)
	require.True(t, kafka.TooLarge(err))
	require.NoError(t, e.Errs[0])
	require.Error(t, e.Errs[1])

	fault := s.Cluster().Fault(kfake.Fault{Topic: "t", Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: -1})
	defer fault.Remove() // before Close, which waits for the record
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.Produce(ctx, &kgo.Record{Topic: "t"}), context.DeadlineExceeded)
}

func TestReadersRefuseASilentReset(t *testing.T) {
	t.Parallel()
	s, err := embedded.Start(t.Context(), embedded.Config{Topics: []embedded.Topic{{Name: "t", Partitions: 1}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	opts, err := kafka.Options(s.Kafka())
	require.NoError(t, err)
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	cl, err := kgo.NewClient(append(opts, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().At(100)}}))...)
	require.NoError(t, err)
	defer cl.Close()
	ctx, cancel := patience.Context(t)
	defer cancel()
	require.ErrorIs(t, cl.PollFetches(ctx).Err(), kerr.OffsetOutOfRange)
}

func TestRecordSizeIsAnUpperBound(t *testing.T) {
	t.Parallel()
	s, err := embedded.Start(t.Context(), embedded.Config{Topics: []embedded.Topic{{Name: "t", Partitions: 1}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	cfg := s.Kafka()
	cfg.Compression = kafka.NoCompression
	cfg.InputMaxBytes = 2000
	p, err := kafka.NewProducer(cfg)
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close(context.Background())) }()
	r := &kgo.Record{Topic: "t", Key: []byte("key"), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("v")}}}
	r.Value = make([]byte, int(cfg.MaxMessageBytes())-kafka.RecordSize(r))
	require.Equal(t, int(cfg.MaxMessageBytes()), kafka.RecordSize(r))
	require.NoError(t, p.Produce(t.Context(), r))
}
