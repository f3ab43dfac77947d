package reader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// End says where a reader by time ends.
type End uint8

// The ends.
const (
	// Never follows the topics until the context ends.
	Never End = iota
	// Stable ends where the last stable offset is when the reading begins.
	Stable
	// Written ends where the log ends when the reading begins, and waits for
	// the transactions that are open there.
	Written
)

// Config says what to read: either Topics by time, or Ranges.
type Config struct {
	Kafka kafka.Config

	// Topics are read from a position to an end.
	Topics []string
	From   kafka.Position
	To     End
	// Until ends each partition in front of the first record stored at that
	// time or later, where that is before the end; zero: no bound. It needs an
	// end.
	Until time.Time
	// Only narrows Topics to some of their partitions; nil: all.
	Only func(p Partition, partitions int) bool

	// Ranges are read as they are given.
	Ranges Ranges

	// CaughtUp is called by the goroutine that polls, once, when a reader that
	// follows has given everything that was stable when the reading began.
	// Optional.
	CaughtUp func()

	// Notice is told what happens to the logs meanwhile, by the goroutine that
	// polls. Optional.
	Notice func(Notice)
}

// partition is how far one partition is.
type partition struct {
	next int64 // the offset that is read next
	to   int64 // the first that is not read; negative: no end
	done bool
}

// Reader reads with a client of its own. One goroutine may use it.
type Reader struct {
	cfg    Config
	client *kgo.Client
	admin  *kadm.Client

	ids    map[string]kadm.TopicID
	parts  map[Partition]*partition
	ranges Ranges // as they were when the reading began
	open   int    // partitions that have not reached their end
	// behind are the ends that CaughtUp waits for; nil: for none.
	behind Offsets

	checked  time.Time // when the logs were last looked at
	progress time.Time // when a position last moved
	failure  error     // the last trouble since then
	told     map[trouble]time.Time
}

// patience is how long a reader to an end waits for progress: longer than a
// transaction may stay open (transaction.timeout.ms, 60 s by default) and than
// a cluster takes to elect leaders.
const patience = 2 * time.Minute

// Open finds where the reading begins and ends. Topics must exist.
func Open(ctx context.Context, cfg Config) (*Reader, error) {
	if (len(cfg.Topics) == 0) == (cfg.Ranges == nil) {
		return nil, errors.New("opening a reader: either topics or ranges are needed")
	}
	if cfg.To == Never && !cfg.Until.IsZero() {
		return nil, errors.New("opening a reader: a time to end at needs an end")
	}
	opts, err := kafka.Options(cfg.Kafka)
	if err != nil {
		return nil, err
	}
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	opts = append(opts,
		// Without control records a position never gets past a transaction's end.
		kgo.KeepControlRecords(),
		// Every reset is reported here, by take. Below the log's start it is
		// exact; where the log was cut off it goes back to the time of the last
		// record that was read.
		kgo.ConsumeResetOffset(kgo.RewindOffset(0)),
		// Partitions are added once it is known where they begin.
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{}),
	)
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("making a client to read: %w", err)
	}
	r := &Reader{
		cfg: cfg, client: client, admin: kadm.NewClient(client), ids: map[string]kadm.TopicID{},
		parts: map[Partition]*partition{}, told: map[trouble]time.Time{}, progress: time.Now(),
	}
	if err := r.begin(ctx); err != nil {
		client.Close()
		return nil, err
	}
	return r, nil
}

// begin settles what is read.
func (r *Reader) begin(ctx context.Context) error {
	ids, _, err := r.topics(ctx)
	if err != nil {
		return err
	}
	r.ids = ids
	r.ranges = r.cfg.Ranges
	if r.ranges == nil {
		if r.ranges, err = r.resolve(ctx, r.cfg.From, r.cfg.Topics...); err != nil {
			return err
		}
	}
	if r.cfg.CaughtUp != nil {
		if r.behind, err = StableEnds(ctx, r.admin, r.cfg.Topics...); err != nil {
			return err
		}
	}
	r.add(r.ranges)
	r.checked = time.Now()
	return nil
}

// catchUp calls CaughtUp where every end is reached that it waits for.
func (r *Reader) catchUp() {
	for p, end := range r.behind {
		if at, read := r.parts[p]; read && at.next < end {
			return
		}
		delete(r.behind, p)
	}
	r.behind = nil
	r.cfg.CaughtUp()
}

// resolve finds the ranges of topics; To is -1 where the topics are followed.
func (r *Reader) resolve(ctx context.Context, from kafka.Position, topics ...string) (Ranges, error) {
	starts, err := begin(ctx, r.admin, from, topics...)
	if err != nil {
		return nil, err
	}
	ends := Offsets{}
	switch r.cfg.To {
	case Never:
	case Stable:
		ends, err = StableEnds(ctx, r.admin, topics...)
	default:
		ends, err = WrittenEnds(ctx, r.admin, topics...)
	}
	if err != nil {
		return nil, err
	}
	until := Offsets{}
	if !r.cfg.Until.IsZero() {
		if until, err = AtTime(ctx, r.admin, r.cfg.Until, topics...); err != nil {
			return nil, err
		}
	}
	counts := map[string]int{}
	for p := range starts {
		counts[p.Topic]++
	}
	found := Ranges{}
	for p, start := range starts {
		if r.cfg.Only != nil && !r.cfg.Only(p, counts[p.Topic]) {
			continue
		}
		one := Range{From: start, To: -1}
		if end, bounded := ends[p]; bounded {
			one.To = end
		}
		if at, bounded := until[p]; bounded {
			one.To = min(one.To, at)
		}
		found[p] = one
	}
	return found, nil
}

// add begins to read partitions.
func (r *Reader) add(ranges Ranges) {
	from := map[string]map[int32]kgo.Offset{}
	for p, one := range ranges {
		if one.To >= 0 && one.From >= one.To {
			r.parts[p] = &partition{next: one.From, to: one.To, done: true}
			continue
		}
		r.parts[p] = &partition{next: one.From, to: one.To}
		r.open++
		if from[p.Topic] == nil {
			from[p.Topic] = map[int32]kgo.Offset{}
		}
		from[p.Topic][p.Number] = kgo.NewOffset().At(one.From)
	}
	r.client.AddConsumePartitions(from)
}

// Ranges are what the reader set out to read; To is -1 where it follows.
func (r *Reader) Ranges() Ranges { return r.ranges }

// Position is the next offset of a partition: everything in front of it was
// given by Poll, or is no record that counts. It is 0 for what is not read.
func (r *Reader) Position(p Partition) int64 {
	if at, known := r.parts[p]; known {
		return at.next
	}
	return 0
}

// Positions are those of all partitions.
func (r *Reader) Positions() Offsets {
	all := make(Offsets, len(r.parts))
	for p, at := range r.parts {
		all[p] = at.next
	}
	return all
}

// Close ends the client.
func (r *Reader) Close() { r.client.Close() }

// Poll gives the next records, at most a number of them (0: as many as there
// are), in order within a partition. It gives none, and no error, where
// only positions moved. It gives io.EOF where every end is reached, and the
// context's error when that ends.
func (r *Reader) Poll(ctx context.Context, most int) ([]*kgo.Record, error) {
	for {
		if r.open == 0 && (r.cfg.Ranges != nil || r.cfg.To != Never) {
			return nil, io.EOF
		}
		if r.behind != nil {
			r.catchUp()
		}
		if err := r.check(ctx); err != nil {
			return nil, err
		}
		polling, cancel := context.WithTimeout(ctx, r.untilCheck())
		fetches := r.client.PollRecords(polling, most)
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		records, moved, err := r.take(ctx, fetches)
		if err != nil || moved || len(records) > 0 {
			return records, err
		}
	}
}

// Each gives every further record to take, until the end is reached, ctx ends
// or take fails. idle is called after each batch; nil: never.
func (r *Reader) Each(ctx context.Context, take func(*kgo.Record) error, idle func() error) error {
	for {
		records, err := r.Poll(ctx, 0)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, record := range records {
			if err := take(record); err != nil {
				return err
			}
		}
		if idle != nil {
			if err := idle(); err != nil {
				return err
			}
		}
	}
}
