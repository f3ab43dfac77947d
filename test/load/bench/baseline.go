package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
)

// The baselines: what the client costs that Sluice is built on, with the very
// options that Sluice gives it.
const (
	kindConsume  = "consume"  // reads and drops
	kindPass     = "pass"     // reads and writes the same to another topic
	kindTransact = "transact" // the same in transactions with the offsets
)

// gauge counts records and wakes who waits for a number of them.
type gauge struct {
	mu     sync.Mutex
	n      int64
	failed error
	change chan struct{}
}

func newGauge() *gauge { return &gauge{change: make(chan struct{})} }

func (g *gauge) add(n int64) { g.set(func() { g.n += n }) }

func (g *gauge) fail(err error) { g.set(func() { g.failed = errors.Join(g.failed, err) }) }

func (g *gauge) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	close(g.change)
	g.change = make(chan struct{})
}

func (g *gauge) await(ctx context.Context, n int64) error {
	for {
		g.mu.Lock()
		have, failed, change := g.n, g.failed, g.change
		g.mu.Unlock()
		switch {
		case failed != nil:
			return failed
		case have >= n:
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d records, %d are there: %w", n, have, ctx.Err())
		}
	}
}

// copier consumes, and produces where it has a topic to produce to.
type copier struct {
	client *kgo.Client
	done   *gauge
	stop   context.CancelFunc
	wait   sync.WaitGroup
}

func openCopier(ctx context.Context, o order, _ io.Writer) (part, error) {
	cfg, err := o.kafka()
	if err != nil {
		return nil, err
	}
	opts, err := kafka.Options(cfg)
	if err != nil {
		return nil, err
	}
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	opts = append(opts, kafka.ProducerOptions(cfg)...)
	client, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(o.From))...)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	c := &copier{client: client, done: newGauge(), stop: stop}
	c.wait.Go(func() { c.run(ctx, o.To) })
	return c, nil
}

// run reads as the router's loop does: at most pollRecords at a time.
func (c *copier) run(ctx context.Context, to string) {
	const pollRecords = 1000
	promise := func(_ *kgo.Record, err error) {
		if err != nil {
			c.done.fail(fmt.Errorf("writing to %s: %w", to, err))
		}
	}
	for {
		fetches := c.client.PollRecords(ctx, pollRecords)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		if err := fetches.Err(); err != nil {
			c.done.fail(fmt.Errorf("reading: %w", err))
			return
		}
		if to != "" {
			fetches.EachRecord(func(r *kgo.Record) {
				c.client.Produce(ctx, &kgo.Record{Topic: to, Key: r.Key, Value: r.Value, Headers: r.Headers}, promise)
			})
		}
		c.done.add(int64(fetches.NumRecords()))
	}
}

func (*copier) hello() answer { return answer{} }

func (c *copier) await(ctx context.Context, n int64) error {
	if err := c.done.await(ctx, n); err != nil {
		return err
	}
	if err := c.client.Flush(ctx); err != nil {
		return fmt.Errorf("flushing: %w", err)
	}
	return nil
}

func (*copier) provider() (providerSummary, error) { return providerSummary{}, errNotHere }

func (c *copier) close() error {
	c.stop()
	c.wait.Wait()
	c.client.Close()
	return nil
}

// transacting is the loop of the router with nothing in it.
type transacting struct {
	transact.NoObserver
	done  *gauge
	drain chan struct{}
	wait  sync.WaitGroup
}

// Committed implements transact.Observer.
func (t *transacting) Committed(c transact.Commit) { t.done.add(int64(c.Read)) }

func openTransact(ctx context.Context, o order, _ io.Writer) (part, error) {
	cfg, err := o.config()
	if err != nil {
		return nil, err
	}
	cluster, err := o.kafka()
	if err != nil {
		return nil, err
	}
	t := &transacting{done: newGauge(), drain: make(chan struct{})}
	batch := cfg.Router.Batch
	var loops []*transact.Loop
	for i := range cfg.Router.Sessions {
		l, err := transact.New(transact.Config{
			Kafka: cluster, Group: cfg.Router.Group, Topics: []string{o.From}, TransactionalID: fmt.Sprintf("%s-%d", cfg.Router.Group, i),
			MaxRecords: batch.Records, MaxBytes: batch.Bytes.Int(), MaxWait: batch.Wait.Std(),
		}, transact.Deps{Observer: t, Work: func(_ context.Context, b transact.Batch) ([]*kgo.Record, error) {
			out := make([]kgo.Record, len(b.Records))
			refs := make([]*kgo.Record, len(b.Records))
			for i, r := range b.Records {
				out[i] = kgo.Record{Topic: o.To, Key: r.Key, Value: r.Value, Headers: r.Headers}
				refs[i] = &out[i]
			}
			return refs, nil
		}})
		if err != nil {
			return nil, err
		}
		loops = append(loops, l)
	}
	for _, l := range loops {
		t.wait.Go(func() {
			if err := l.Run(ctx, t.drain); err != nil {
				t.done.fail(err)
			}
		})
	}
	for _, l := range loops {
		select {
		case <-l.Ready():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return t, nil
}

func (*transacting) hello() answer                              { return answer{} }
func (t *transacting) await(ctx context.Context, n int64) error { return t.done.await(ctx, n) }
func (*transacting) provider() (providerSummary, error)         { return providerSummary{}, errNotHere }
func (t *transacting) close() error {
	close(t.drain)
	t.wait.Wait()
	return nil
}
