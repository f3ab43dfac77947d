package table

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// idleAfter is how long a partition that nobody asks for stays in memory.
const idleAfter = 15 * time.Minute

// ErrLoading says that a view was asked about a subject whose partition of the
// consent topic is not in memory. What was decided with the view must be given
// up; the next one comes when the partition has been read.
var ErrLoading = errors.New("a partition of the consent topic is being read")

// partitions is the consent topic partition by partition, for installations
// whose consent is larger than one process may be. Nobody says which are
// needed: whoever asks about a subject needs its partition, and then it is
// read to its end and followed. Deliveries have the key, the partitioner and
// the number of partitions of the consent topic, so a sender asks for those
// that it has been assigned. Where that were not so, every partition would be
// needed in the end: slower and larger, and never wrong.
type partitions struct {
	topic  string
	count  int
	kafka  kafka.Config
	decode func(ctx context.Context, value []byte, dst *consent.Record) error
	log    *slog.Logger

	mu    sync.Mutex
	parts []*part // by number; nil: not in memory
	// wanted tells the owner that there is something to start or to end.
	wanted  chan struct{}
	refusal error
	refused chan struct{}
}

// part is one partition in memory.
type part struct {
	table    *ConsentTable
	follower *Follower
	run      func(ctx context.Context) error // nil once it was started
	stop     context.CancelFunc
	// used is the latest moment of a view that was asked about it, epoch ms.
	used atomic.Int64
}

func newPartitions(cfg Config, deps Deps) *partitions {
	log := deps.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &partitions{
		topic: cfg.Topics.Consent(), count: cfg.ConsentPartitions, kafka: cfg.Kafka, decode: deps.Decode.Consent, log: log,
		parts: make([]*part, cfg.ConsentPartitions), wanted: make(chan struct{}, 1), refused: make(chan struct{}),
	}
}

// want has a partition read.
func (p *partitions) want(number int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parts[number] != nil {
		return
	}
	x := &part{table: NewConsentTable(p.decode)}
	sink := &placed{ConsentTable: x.table, refuse: p.refuse, at: placement{topic: p.topic, partition: int32(number), count: p.count}}
	x.follower = NewFollower(FollowerConfig{
		Name: "consent/" + strconv.Itoa(number), Topics: []string{p.topic}, Partition: &sink.at.partition, Count: p.count, Kafka: p.kafka,
	}, sink, p.log)
	x.run = x.follower.Run
	x.used.Store(time.Now().UnixMilli())
	p.parts[number] = x
	select {
	case p.wanted <- struct{}{}:
	default:
	}
}

// follow starts what is wanted and ends what is not any more, until ctx ends
// or the topic turns out to be one that cannot be read by partition.
func (p *partitions) follow(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tick := time.NewTicker(idleAfter / 15)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.refused:
			return p.refusedWith()
		case <-p.wanted:
			p.start(ctx, &running)
		case now := <-tick.C:
			p.end(now)
		}
	}
}

func (p *partitions) start(ctx context.Context, running *sync.WaitGroup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.parts {
		if x == nil || x.run == nil {
			continue
		}
		run := x.run
		x.run = nil
		var own context.Context
		own, x.stop = context.WithCancel(ctx)
		running.Go(func() {
			var wrong *PlacementError
			if err := run(own); errors.As(err, &wrong) {
				p.refuse(wrong)
			}
		})
	}
}

// end forgets partitions that nobody has asked for in a while: they were
// somebody's share that another process has now. A view that is asked about
// one later says that it is not good any more.
func (p *partitions) end(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for number, x := range p.parts {
		if x == nil || x.run != nil || now.UnixMilli()-x.used.Load() < idleAfter.Milliseconds() {
			continue
		}
		x.stop()
		x.table.Reset() // its epoch changes: views of before are void
		p.parts[number] = nil
		p.log.Info("a partition of the consent topic is not needed any more", "partition", number)
	}
}

// refuse ends the following for good.
func (p *partitions) refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusal == nil {
		p.refusal = err
		close(p.refused)
	}
}

// await waits until every partition in memory is fresh.
func (p *partitions) await(ctx context.Context, ok enough) (oldest time.Time, shots []snapshot, err error) {
	p.mu.Lock()
	parts := append([]*part(nil), p.parts...)
	p.mu.Unlock()
	shots = make([]snapshot, len(parts))
	for i, x := range parts {
		if x == nil {
			continue
		}
		fresh, epoch, err := p.awaitPart(ctx, x, ok)
		if err != nil {
			return oldest, nil, err
		}
		shots[i] = snapshot{table: x.table, epoch: epoch, used: &x.used}
		if oldest.IsZero() || fresh.Before(oldest) {
			oldest = fresh
		}
	}
	// Last: a partition is refused before it is called fresh.
	if refusal := p.refusedWith(); refusal != nil {
		return oldest, nil, &StaleError{Table: "consent", Cause: refusal}
	}
	return oldest, shots, nil
}

// awaitPart waits until a partition is fresh, and gives the epoch in which it
// is: freshness is taken back before a table is emptied, so whatever is fresh
// after the epoch was read is of that epoch.
func (p *partitions) awaitPart(ctx context.Context, x *part, ok enough) (time.Time, int64, error) {
	for {
		if err := p.awaitFresh(ctx, x, ok); err != nil {
			return time.Time{}, 0, err
		}
		epoch := x.table.epoch.Load()
		if fresh := x.follower.Fresh(); !fresh.IsZero() && ok(fresh) {
			return fresh, epoch, nil
		}
	}
}

// awaitFresh ends early where the topic is refused: it would never be fresh.
func (p *partitions) awaitFresh(ctx context.Context, x *part, ok enough) error {
	if fresh := x.follower.Fresh(); !fresh.IsZero() && ok(fresh) {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer cancel()
	waiting.Go(func() {
		select {
		case <-p.refused:
			cancel()
		case <-ctx.Done():
		}
	})
	_, err := x.follower.await(ctx, ok)
	if refusal := p.refusedWith(); err != nil && refusal != nil {
		err = &StaleError{Table: "consent", Cause: refusal}
	}
	return err
}

func (p *partitions) refusedWith() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusal
}

// placed is a partition's sink that refuses keys that do not belong there.
type placed struct {
	*ConsentTable
	refuse func(error)
	at     placement
}

// Apply implements Sink.
func (s *placed) Apply(ctx context.Context, r *kgo.Record) error {
	if r.Key == nil {
		return fmt.Errorf("reading consent: %w", &codec.DecodeError{Detail: "the record has no key"})
	}
	if err := s.at.see(r.Key); err != nil {
		s.refuse(err)
		return err
	}
	return s.ConsentTable.Apply(ctx, r)
}

// Publish implements Sink.
func (s *placed) Publish() {
	if err := s.at.verdict(); err != nil {
		s.refuse(err)
	}
}

// status sums up what is in memory.
func (p *partitions) status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{Name: "consent", Ready: p.refusal == nil, Of: p.count}
	for _, x := range p.parts {
		if x == nil {
			continue
		}
		one := x.follower.status()
		entries, bytes := x.table.Size()
		s.Entries, s.Bytes, s.Bad, s.Partitions = s.Entries+entries, s.Bytes+bytes, s.Bad+one.Bad, s.Partitions+1
		s.Ready = s.Ready && one.Ready
		s.Problem = one.Problem
		if one.Staleness < 0 || s.Staleness < 0 {
			s.Staleness = -1
		} else {
			s.Staleness = max(s.Staleness, one.Staleness)
		}
	}
	if p.refusal != nil {
		s.Problem = p.refusal.Error()
	}
	return s
}
