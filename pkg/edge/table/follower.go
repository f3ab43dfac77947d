package table

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// The rhythm of a follower.
const (
	// MaxAge is how old the last reached end-offset query may be.
	MaxAge = 3 * time.Second
	// askEvery is how often the ends are asked for. Several must fit into
	// MaxAge, or one slow answer would stop the work.
	askEvery = 500 * time.Millisecond
	// askTimeout bounds one query.
	askTimeout = 2 * time.Second
	// againAfter is the wait after a failure.
	againAfter = time.Second
)

// Sink is what a follower reads records into. Its methods are called by one
// goroutine.
type Sink interface {
	// Reset empties the sink: its topics are about to be read from the start.
	// What was published before may stay visible; it is not fresh.
	Reset()
	// Apply takes one record. An error of isBad says that the record is bad and
	// was passed over; where only its writer's schema is not known, Apply may
	// be called with it again, as long as no later record of its key was
	// applied. After any other error Apply is called again with the same record
	// until it works or the follower ends, because a table must not have holes.
	Apply(ctx context.Context, r *kgo.Record) error
	// Publish makes everything applied so far visible. It is called whenever
	// the ends of the topics were reached.
	Publish()
}

// FollowerConfig says what to follow.
type FollowerConfig struct {
	Name   string // in logs, metrics and errors
	Topics []string
	// Partition is the only one of the topics that is followed, among Count;
	// nil: all of them. Another number of partitions is a *PlacementError.
	Partition *int32
	Count     int
	Kafka     kafka.Config
}

// Follower reads topics to their ends and goes on reading.
type Follower struct {
	cfg  FollowerConfig
	sink Sink
	log  *slog.Logger

	unknown unknownRecords // of the session; its goroutine's

	mu      sync.Mutex
	fresh   time.Time     // the newest query that was reached
	changed chan struct{} // closed and replaced whenever fresh or failure change
	failure error         // why it is not fresh, where that is known
	loaded  bool
	bad     int64
}

// NewFollower makes a Follower; nothing is read before Run. A nil logger is
// silent.
func NewFollower(cfg FollowerConfig, sink Sink, log *slog.Logger) *Follower {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Follower{cfg: cfg, sink: sink, log: log.With("table", cfg.Name), changed: make(chan struct{})}
}

// Run follows until ctx ends, which is not an error. A session that fails
// (topic missing, made anew or cut off) is reported and begun anew from the
// start of the topics. The one error is a *PlacementError, which is final.
func (f *Follower) Run(ctx context.Context) error {
	for {
		f.sink.Reset()
		err := f.session(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopped on request, whatever the session met on its way out
		}
		f.forget(err)
		if wrong, final := errors.AsType[*PlacementError](err); final {
			return wrong
		}
		f.log.Warn("reading a table again from its start", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(againAfter):
		}
	}
}

// session reads from the start with a client of its own until something makes
// it impossible to go on.
func (f *Follower) session(ctx context.Context) error {
	client, err := f.open()
	if err != nil {
		return err
	}
	defer client.Close()

	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan answer)
	polled := make(chan kgo.Fetches)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	workers.Go(func() { f.ask(ctx, client, answers) })
	workers.Go(func() { poll(ctx, client, polled) })

	p := newProgress()
	f.unknown = unknownRecords{}
	again := time.NewTicker(againAfter)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
			f.retryUnknown(ctx)
		case a := <-answers:
			err = f.take(p, a)
		case fetches := <-polled:
			err = f.apply(ctx, p, fetches)
		}
		if err != nil {
			return err
		}
		if asked, ok := p.reached(); ok {
			f.sink.Publish()
			f.succeed(asked)
		}
	}
}

func (f *Follower) open() (*kgo.Client, error) {
	opts, err := kafka.Options(f.cfg.Kafka)
	if err != nil {
		return nil, fmt.Errorf("configuring table %s: %w", f.cfg.Name, err)
	}
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	opts = append(opts,
		f.consume(),
		// Without control records a position never gets past a transaction marker.
		kgo.KeepControlRecords(),
	)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("opening client of table %s: %w", f.cfg.Name, err)
	}
	return client, nil
}

// consume says what a session reads.
func (f *Follower) consume() kgo.Opt {
	if f.cfg.Partition == nil {
		return kgo.ConsumeTopics(f.cfg.Topics...)
	}
	all := make(map[string]map[int32]kgo.Offset, len(f.cfg.Topics))
	for _, topic := range f.cfg.Topics {
		all[topic] = map[int32]kgo.Offset{*f.cfg.Partition: kgo.NewOffset().AtStart()}
	}
	return kgo.ConsumePartitions(all)
}

func poll(ctx context.Context, client *kgo.Client, out chan<- kgo.Fetches) {
	for {
		fetches := client.PollFetches(ctx)
		select {
		case <-ctx.Done():
			return
		case out <- fetches:
		}
	}
}

// take compares an answer with what was read. A failed query is no reason to
// begin anew: the table only ages.
func (f *Follower) take(p *progress, a answer) error {
	if wrong, final := errors.AsType[*PlacementError](a.err); final {
		return wrong
	}
	if a.err != nil {
		f.fail(a.err)
		return nil //nolint:nilerr // told by fail; the table only ages
	}
	if at, gone := p.beyond(a.target.ends); gone {
		return fmt.Errorf("following table %s: %s/%d was deleted, made anew or cut off", f.cfg.Name, at.topic, at.number)
	}
	// Whatever lies before the start of a log has been applied or is gone.
	for at, start := range a.starts {
		p.advance(at, start)
	}
	p.ask(a.target)
	return nil
}

// apply gives records to the sink, in the order of their offsets.
func (f *Follower) apply(ctx context.Context, p *progress, fetches kgo.Fetches) error {
	var broken error
	fetches.EachPartition(func(part kgo.FetchTopicPartition) {
		if broken == nil {
			broken = f.applyPartition(ctx, p, part)
		}
	})
	return broken
}

func (f *Follower) applyPartition(ctx context.Context, p *progress, part kgo.FetchTopicPartition) error {
	if tooLarge, ok := errors.AsType[*kgo.ErrDecompressTooLarge](part.Err); ok {
		// Whose records these are is not known, so nobody can be denied instead.
		return fmt.Errorf("reading %s/%d: the batch at offsets %d to %d unpacks to more than %d MiB; write its records again and delete the partition's records below offset %d",
			part.Topic, part.Partition, tooLarge.Offset, tooLarge.NextOffset-1, kafka.MaxUnpackedBatchBytes>>20, tooLarge.NextOffset)
	}
	if part.Err != nil {
		return fmt.Errorf("reading %s/%d: %w", part.Topic, part.Partition, part.Err)
	}
	for _, r := range part.Records {
		if !r.Attrs.IsControl() {
			if err := f.retryUntilDone(ctx, r); err != nil {
				return err
			}
		}
		p.advance(partition{r.Topic, r.Partition}, r.Offset+1)
	}
	return nil
}

// retryUntilDone applies a record until it works or is known to be bad. While it
// tries, the table ages and holds whoever waits for it.
func (f *Follower) retryUntilDone(ctx context.Context, r *kgo.Record) error {
	for {
		err := f.sink.Apply(ctx, r)
		if err == nil {
			f.unknown.replaced(r)
			return nil
		}
		if _, wrong := errors.AsType[*PlacementError](err); wrong {
			return err
		}
		if isBad(err) {
			f.passOver(r, err)
			return nil
		}
		f.fail(fmt.Errorf("reading %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(againAfter):
		}
	}
}

// passOver reports a bad record, and keeps it where its schema may still become
// known.
func (f *Follower) passOver(r *kgo.Record, err error) {
	if codec.IsUnknownSchema(err) {
		f.unknown.add(r)
	} else {
		f.unknown.replaced(r)
	}
	f.mu.Lock()
	f.bad++
	f.mu.Unlock()
	f.log.Error("passing over a bad record of a table",
		"topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "error", err)
}

func (f *Follower) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure = err
	f.wake()
}

// forget takes freshness back before the sink is emptied.
func (f *Follower) forget(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fresh, f.failure = time.Time{}, err
	f.wake()
}

func (f *Follower) succeed(asked time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if asked.After(f.fresh) {
		f.fresh = asked
	}
	if !f.loaded {
		f.log.Info("table read to its end")
	}
	f.loaded, f.failure = true, nil
	f.wake()
}

// wake tells everybody who waits for a change. The caller holds mu.
func (f *Follower) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}
