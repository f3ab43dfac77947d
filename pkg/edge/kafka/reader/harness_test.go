package reader_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/reader"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "t"

var only = reader.Partition{Topic: topic}

// bench is a cluster with one topic of one partition, in virtual time.
type bench struct {
	t        *testing.T
	services *embedded.Services
	producer *kgo.Client
	admin    *kadm.Client
	notices  []string
}

// inBench runs a test in a bubble: waits of a reader take no time.
func inBench(t *testing.T, brokers int, test func(b *bench)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		services, err := embedded.Start(t.Context(), embedded.Config{Virtual: true, Brokers: brokers, Topics: []embedded.Topic{{Name: topic}}})
		require.NoError(t, err)
		opts, err := kafka.Options(services.Kafka())
		require.NoError(t, err)
		producer, err := kgo.NewClient(append(opts, kafka.ProducerOptions(services.Kafka())...)...)
		require.NoError(t, err)
		b := &bench{t: t, services: services, producer: producer, admin: kadm.NewClient(producer)}
		defer func() {
			producer.Close()
			require.NoError(t, services.Close())
		}()
		test(b)
	})
}

// ctx bounds a test in the bubble's time.
func (b *bench) ctx() context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Hour)
	b.t.Cleanup(cancel)
	return ctx
}

// pass lets time pass in the bubble.
func (b *bench) pass(d time.Duration) { time.Sleep(d) }

// write produces records with the values first to last.
func (b *bench) write(first, last int) {
	b.t.Helper()
	for i := first; i <= last; i++ {
		require.NoError(b.t, b.producer.ProduceSync(b.ctx(), &kgo.Record{Topic: topic, Value: []byte(strconv.Itoa(i))}).FirstErr())
	}
}

// transaction writes records in a transaction that is left open; the function
// that it returns ends it.
func (b *bench) transaction(first, last int) func(commit bool) {
	b.t.Helper()
	opts, err := kafka.Options(b.services.Kafka())
	require.NoError(b.t, err)
	opts = append(append(opts, kafka.ProducerOptions(b.services.Kafka())...), kafka.TransactOptions(kafka.Transact{ID: fmt.Sprintf("tx-%d", first)})...)
	client, err := kgo.NewClient(opts...)
	require.NoError(b.t, err)
	require.NoError(b.t, client.BeginTransaction())
	for i := first; i <= last; i++ {
		require.NoError(b.t, client.ProduceSync(b.ctx(), &kgo.Record{Topic: topic, Value: []byte(strconv.Itoa(i))}).FirstErr())
	}
	return func(commit bool) {
		require.NoError(b.t, client.EndTransaction(b.ctx(), kgo.TransactionEndTry(commit)))
		client.Close()
	}
}

// remake deletes the topic and makes it anew.
func (b *bench) remake() {
	b.t.Helper()
	require.NoError(b.t, b.services.Cluster().DeleteTopic(topic))
	b.producer.PurgeTopicsFromClient(topic)
	require.NoError(b.t, b.services.Cluster().CreateTopic(topic, 1, nil))
}

func (b *bench) open(cfg reader.Config) *reader.Reader {
	b.t.Helper()
	cfg.Kafka = b.services.Kafka()
	cfg.Notice = func(n reader.Notice) { b.notices = append(b.notices, n.String()) }
	r, err := reader.Open(b.ctx(), cfg)
	require.NoError(b.t, err)
	return r
}

// follow opens a reader that never ends.
func (b *bench) follow(from kafka.Position) *reader.Reader {
	b.t.Helper()
	return b.open(reader.Config{Topics: []string{topic}, From: from})
}

// next gives the values of the next n records.
func (b *bench) next(r *reader.Reader, n int) []int {
	b.t.Helper()
	var values []int
	for len(values) < n {
		records, err := r.Poll(b.ctx(), 0)
		require.NoError(b.t, err, "after %v, told %v", values, b.notices)
		values = append(values, decode(b.t, records)...)
	}
	return values
}

// rest gives the values up to the end.
func (b *bench) rest(r *reader.Reader) []int {
	b.t.Helper()
	var values []int
	for {
		records, err := r.Poll(b.ctx(), 0)
		if errors.Is(err, io.EOF) {
			return values
		}
		require.NoError(b.t, err, "after %v, told %v", values, b.notices)
		values = append(values, decode(b.t, records)...)
	}
}

func decode(t *testing.T, records []*kgo.Record) []int {
	t.Helper()
	var values []int
	for _, r := range records {
		value, err := strconv.Atoi(string(r.Value))
		require.NoError(t, err)
		values = append(values, value)
	}
	return values
}

// span is the numbers first to last.
func span(first, last int) []int {
	var all []int
	for i := first; i <= last; i++ {
		all = append(all, i)
	}
	return all
}
