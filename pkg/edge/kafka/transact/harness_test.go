package transact_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/patience"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a cluster with an input and an output topic, and a producer.
type bench struct {
	t        *testing.T
	services *embedded.Services
	producer *kafka.Producer
	admin    *kadm.Client
	virtual  bool
}

const (
	input  = "in"
	output = "out"
	dead   = "dead"
)

// setupIn leaves closing to the test: inside a synctest bubble it has to happen
// before the bubble ends.
func setupIn(t *testing.T, cfg embedded.Config) *bench {
	t.Helper()
	cfg.Topics = append(cfg.Topics,
		embedded.Topic{Name: input, Partitions: 3}, embedded.Topic{Name: output, Partitions: 3},
		embedded.Topic{Name: dead, Partitions: 1, Configs: map[string]string{"max.message.bytes": "4000000"}})
	s, err := embedded.Start(t.Context(), cfg)
	require.NoError(t, err)
	p, err := kafka.NewProducer(s.Kafka())
	require.NoError(t, err)
	return &bench{t: t, services: s, producer: p, admin: kadm.NewClient(p.Client()), virtual: cfg.Virtual}
}

func setup(t *testing.T, cfg embedded.Config) *bench {
	t.Helper()
	b := setupIn(t, cfg)
	t.Cleanup(b.close)
	return b
}

func (b *bench) close() {
	b.t.Helper()
	require.NoError(b.t, b.producer.Close(context.Background()))
	require.NoError(b.t, b.services.Close())
}

// config is a loop that reacts within a test's patience.
func (b *bench) config(id string) transact.Config {
	return transact.Config{
		Kafka: b.services.Kafka(), Group: "g", Topics: []string{input}, TransactionalID: id,
		SessionTimeout: 2 * time.Second, MinBackoff: 5 * time.Millisecond, MaxBackoff: 50 * time.Millisecond,
		StopGrace: time.Second,
	}
}

// ctx bounds a whole test.
func (b *bench) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 24*time.Hour) // of the bubble's clock
	if !b.virtual {
		cancel()
		ctx, cancel = patience.Context(b.t)
	}
	b.t.Cleanup(cancel)
	return ctx
}

// produce writes n input records whose values are from, from+1, ...
func (b *bench) produce(from, n int) {
	b.t.Helper()
	rs := make([]*kgo.Record, n)
	for i := range rs {
		v := []byte(strconv.Itoa(from + i))
		rs[i] = &kgo.Record{Topic: input, Key: v, Value: v}
	}
	require.NoError(b.t, b.producer.Produce(b.ctx(), rs...))
}

// read returns how often each value stands in a topic under read_committed,
// once there are at least want of them.
func (b *bench) read(topic string, want int) map[string]int {
	b.t.Helper()
	opts, err := kafka.Options(b.services.Kafka())
	require.NoError(b.t, err)
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	cl, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(topic))...)
	require.NoError(b.t, err)
	defer cl.Close()
	seen := map[string]int{}
	for n := 0; n < want; {
		fs := cl.PollFetches(b.ctx())
		require.NoError(b.t, fs.Err0(), "read %d of %d", n, want)
		fs.EachRecord(func(r *kgo.Record) {
			n++
			seen[string(r.Value)]++
		})
	}
	return seen
}

// once checks that a topic has each of 0..n-1 exactly once.
func (b *bench) once(topic string, n int) {
	b.t.Helper()
	seen := b.read(topic, n)
	require.Len(b.t, seen, n)
	for i := range n {
		require.Equal(b.t, 1, seen[strconv.Itoa(i)], "value %d", i)
	}
}

// copies is the plainest work there is.
func copies(_ context.Context, b transact.Batch) ([]*kgo.Record, error) {
	out := make([]*kgo.Record, len(b.Records))
	for i, r := range b.Records {
		out[i] = &kgo.Record{Topic: output, Key: r.Key, Value: r.Value}
	}
	return out, nil
}

// running is a loop in a goroutine of its own.
type running struct {
	*transact.Loop
	seen  *seen
	drain chan struct{}
	stop  context.CancelFunc
	done  chan error
}

func (b *bench) run(cfg transact.Config, deps transact.Deps) *running {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.ctx())
	r := &running{seen: newSeen(), drain: make(chan struct{}), stop: cancel, done: make(chan error, 1)}
	deps.Observer = r.seen
	if deps.Work == nil {
		deps.Work = copies
	}
	var err error
	r.Loop, err = transact.New(cfg, deps)
	require.NoError(b.t, err)
	go func() { r.done <- r.Run(ctx, r.drain) }()
	return r
}

// end drains the loop and returns what Run returned.
func (r *running) end() error {
	close(r.drain)
	defer r.stop()
	return <-r.done
}

// seen remembers what an observer is told, and wakes whoever waits for it.
type seen struct {
	mu        sync.Mutex
	wake      chan struct{}
	read      int
	written   int
	aborts    []transact.Abort
	gaveUp    int
	lost      []transact.LostRange
	recreated []transact.Recreated
	rebuilt   []error
	commits   []transact.Commit
	bombs     []transact.Bomb
}

func newSeen() *seen { return &seen{wake: make(chan struct{})} }

func (s *seen) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *seen) Committed(c transact.Commit) {
	s.change(func() { s.read += c.Read; s.written += c.Written; s.commits = append(s.commits, c) })
}
func (s *seen) Aborted(a transact.Abort) { s.change(func() { s.aborts = append(s.aborts, a) }) }
func (s *seen) GaveUp(error)             { s.change(func() { s.gaveUp++ }) }
func (s *seen) LostRange(r transact.LostRange) {
	s.change(func() { s.lost = append(s.lost, r) })
}
func (s *seen) Recreated(r transact.Recreated) {
	s.change(func() { s.recreated = append(s.recreated, r) })
}
func (s *seen) Bomb(b transact.Bomb) { s.change(func() { s.bombs = append(s.bombs, b) }) }
func (s *seen) Rebuilt(err error)    { s.change(func() { s.rebuilt = append(s.rebuilt, err) }) }

// reads is how many records were committed.
func (s *seen) reads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read
}

// await blocks until ok, which is called under the lock, holds.
func (s *seen) await(ctx context.Context, ok func() bool) error {
	for {
		s.mu.Lock()
		done, wake := ok(), s.wake
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return fmt.Errorf("%w: read %d written %d aborts %v gave up %d lost %v recreated %v rebuilt %v", ctx.Err(),
				s.read, s.written, s.aborts, s.gaveUp, s.lost, s.recreated, s.rebuilt)
		}
	}
}

// await fails the test unless ok comes to hold.
func (b *bench) await(s *seen, ok func() bool) {
	b.t.Helper()
	require.NoError(b.t, s.await(b.ctx(), ok))
}

// lag is how many input records the group has not committed; -1 while it has
// not committed a position for every partition.
func lag(b *bench) int64 {
	lags, err := b.admin.Lag(b.ctx(), "g")
	if err != nil {
		return -1
	}
	n, partitions := int64(0), 0
	for _, l := range lags {
		for _, parts := range l.Lag {
			for _, p := range parts {
				if p.Commit.At < 0 {
					return -1
				}
				n += p.Lag
				partitions++
			}
		}
	}
	if partitions < 3 {
		return -1
	}
	return n
}
