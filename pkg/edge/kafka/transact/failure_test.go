package transact_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

func TestExactlyOnceUnderBrokerErrors(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]kfake.Fault{
		"end: unknown":           {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.UnknownServerError, Count: 2},
		"end: no coordinator":    {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.CoordinatorNotAvailable, Count: 3},
		"end: concurrent":        {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.ConcurrentTransactions, Count: 3},
		"end: fenced":            {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.ProducerFenced, Count: 2},
		"end: abortable":         {Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.TransactionAbortable, Count: 1},
		"offsets: generation":    {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.IllegalGeneration, Count: 2},
		"offsets: member":        {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.UnknownMemberID, Count: 2},
		"offsets: not permitted": {Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.GroupAuthorizationFailed, Count: 2},
		"produce: epoch":         {Keys: []kmsg.Key{kmsg.Produce}, Topic: output, Err: kerr.InvalidProducerEpoch, Count: 2},
		"produce: sequence":      {Keys: []kmsg.Key{kmsg.Produce}, Topic: output, Err: kerr.OutOfOrderSequenceNumber, Count: 2},
		"produce: not permitted": {Keys: []kmsg.Key{kmsg.Produce}, Topic: output, Err: kerr.TopicAuthorizationFailed, Count: 2},
		"produce: not leader":    {Keys: []kmsg.Key{kmsg.Produce}, Topic: output, Err: kerr.NotLeaderForPartition, Count: 2},
		"produce: applied":       {Keys: []kmsg.Key{kmsg.Produce}, Topic: output, Err: kerr.RequestTimedOut, Count: 2},
		"id: loading":            {Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.CoordinatorLoadInProgress, Count: 2},
		"id: not permitted":      {Keys: []kmsg.Key{kmsg.InitProducerID}, Err: kerr.TransactionalIDAuthorizationFailed, Count: 2},
		"fetch: not permitted":   {Keys: []kmsg.Key{kmsg.Fetch}, Topic: input, Err: kerr.TopicAuthorizationFailed, Count: 2},
		"offsets fetch":          {Keys: []kmsg.Key{kmsg.OffsetFetch}, TopLevel: true, Err: kerr.GroupAuthorizationFailed, Count: 1},
		"list offsets":           {Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.TopicAuthorizationFailed, Count: 2},
		"heartbeat":              {Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.UnknownMemberID, Count: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, embedded.Config{})
			b.produce(0, 300)
			h := b.services.Cluster().Fault(f)
			l := b.run(b.config("t-0"), transact.Deps{})
			b.await(l.seen, func() bool { return l.seen.read >= 300 })
			b.produce(300, 300)
			b.await(l.seen, func() bool { return l.seen.read >= 600 })
			require.NoError(t, l.end())
			require.Equal(t, 600, l.seen.read)
			require.Positive(t, h.Hits(), "the fault must have been met")
			b.once(output, 600)
		})
	}
}

func TestFencedAgainAndAgainEndsTheLoop(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 10)
	b.services.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.EndTxn}, Err: kerr.ProducerFenced, Count: -1})
	l := b.run(b.config("t-0"), transact.Deps{})
	require.ErrorIs(t, <-l.done, transact.ErrFenced)
}

func TestAZombieCommitsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{})
	b.produce(0, 200)
	inHand, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	zombie := b.run(b.config("t-0"), transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		once.Do(func() {
			close(inHand)
			<-goOn
		})
		return copies(ctx, batch)
	}})
	<-inHand // like a process that was stopped in mid-batch
	next := b.run(b.config("t-0"), transact.Deps{})
	<-next.Ready()
	// What it has in hand is refused, or was taken from it before it looked: only
	// the second leaves no trace but what follows.
	close(goOn)
	require.NoError(t, next.end())
	b.await(zombie.seen, func() bool { return zombie.seen.read+next.seen.read >= 200 })
	require.NoError(t, zombie.end())
	b.once(output, 200)
}

func TestRebalancesLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, embedded.Config{Brokers: 2})
	const n = 6000
	var fed sync.WaitGroup
	fed.Go(func() {
		for i := 0; i < n; i += 100 {
			b.produce(i, 100)
		}
	})
	cfg := func(id string) transact.Config {
		c := b.config(id)
		c.MaxRecords = 50
		return c
	}
	first := b.run(cfg("t-0"), transact.Deps{})
	b.await(first.seen, func() bool { return first.seen.read > 200 })
	second := b.run(cfg("t-1"), transact.Deps{})
	b.await(second.seen, func() bool { return second.seen.read > 100 })
	third := b.run(cfg("t-2"), transact.Deps{})
	<-third.Ready()
	require.NoError(t, first.end())
	b.await(third.seen, func() bool { return third.seen.read > 100 })
	require.NoError(t, second.end())
	fed.Wait()
	rest := n - first.seen.read - second.seen.read
	b.await(third.seen, func() bool { return third.seen.read >= rest })
	require.NoError(t, third.end())
	b.once(output, n)
}

// wire is a network that can be cut for good, like the death of a process.
type wire struct {
	inner func(ctx context.Context, network, host string) (net.Conn, error)
	mu    sync.Mutex
	conns []net.Conn
	cut   atomic.Bool
}

func (w *wire) dial(ctx context.Context, network, host string) (net.Conn, error) {
	if w.cut.Load() {
		return nil, errors.New("the process is dead")
	}
	c, err := w.inner(ctx, network, host)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
	return c, nil
}

func (w *wire) kill() {
	w.cut.Store(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
}

func TestAKillAtAnyPointLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]kmsg.Key{
		"after claims, before produce":   -1,
		"in produce":                     kmsg.Produce,
		"after produce, before offsets":  kmsg.TxnOffsetCommit,
		"after offsets, before the end":  kmsg.EndTxn,
		"while the group hands out work": kmsg.OffsetFetch,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { kill(t, key) })
		})
	}
}

func kill(t *testing.T, key kmsg.Key) {
	t.Helper()
	b := setupIn(t, embedded.Config{Virtual: true})
	b.produce(0, 400)
	w := &wire{inner: b.services.Kafka().Dialer}
	cfg := b.config("t-0")
	cfg.Kafka.Dialer, cfg.StopGrace, cfg.MaxRecords = w.dial, 10*time.Millisecond, 100
	dying, die := context.WithCancel(t.Context())
	defer die()
	if key >= 0 {
		var seen atomic.Int32
		b.services.Cluster().ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
			b.services.Cluster().KeepControl()
			if seen.Add(1) == 2 { // not the producer that fills the input, not the first batch
				w.kill()
				die()
			}
			return nil, nil, false
		})
	}
	worked := 0
	victim := b.run(cfg, transact.Deps{Work: func(ctx context.Context, batch transact.Batch) ([]*kgo.Record, error) {
		if worked++; worked == 2 && key < 0 {
			w.kill()
			die()
		}
		return copies(ctx, batch)
	}})
	context.AfterFunc(dying, victim.stop)
	if key == kmsg.OffsetFetch { // asked once, so the control above never counts to two
		<-victim.Ready()
		w.kill()
		die()
	}
	require.NoError(t, <-victim.done)

	heir := b.run(b.config("t-0"), transact.Deps{})
	b.await(heir.seen, func() bool { return heir.Snapshot().Ready && lag(b) == 0 })
	require.NoError(t, heir.end())
	b.once(output, 400)
	b.close()
}

func TestALostAnswerToACommitRepeatsNothing(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]kmsg.Key{"offsets": kmsg.TxnOffsetCommit, "end": kmsg.EndTxn, "produce": kmsg.Produce} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setupIn(t, embedded.Config{Virtual: true})
				b.produce(0, 1000)
				w := &wire{inner: b.services.Kafka().Dialer}
				cfg := b.config("t-0")
				cfg.Kafka.Dialer, cfg.MaxRecords = w.dial, 100
				var n atomic.Int32
				b.services.Cluster().ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
					b.services.Cluster().KeepControl()
					if n.Add(1)%3 == 2 { // the broker acts, nobody hears of it
						w.kill()
						w.cut.Store(false)
					}
					return nil, nil, false
				})
				l := b.run(cfg, transact.Deps{})
				b.await(l.seen, func() bool { return lag(b) == 0 })
				require.NoError(t, l.end())
				b.once(output, 1000)
				b.close()
			})
		})
	}
}
