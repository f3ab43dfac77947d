package intake

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
	"github.com/sluicehq/sluice/pkg/role/sender/tasks"
)

// Config of an Intake.
type Config struct {
	Kafka    kafka.Config
	Provider string
	Topics   Topics
	Group    string
	// SessionTimeout of the group membership.
	SessionTimeout time.Duration
	// WindowBytes of unfinished deliveries over all partitions.
	WindowBytes int
	// RevokeTimeout bounds finishing the work of partitions that are taken
	// away, CommitEvery is how often offsets are committed.
	RevokeTimeout, CommitEvery time.Duration
}

// deliveries reads records of delivery topics. A *codec.PendingError means
// that only the registry can say what the record is: wait and read it again.
type deliveries interface {
	Decode(ctx context.Context, value []byte, dst *decision.Delivery) error
}

// handler decides about deliveries.
type handler interface {
	// Admit takes one that is due.
	Admit(ctx context.Context, it *Item, now int64)
	// End takes one that is over before it was admitted.
	End(it *Item, o *settle.Outcome)
	// Release: nobody is in charge of the item any more.
	Release(it *Item)
	// Revoked: items of revoked partitions are to be left out of batches.
	Revoked()
	// Busy says whether anything is on its way that will end soon.
	Busy() bool
}

// Deps of an Intake.
type Deps struct {
	Tasks      *tasks.Tasks
	Deliveries deliveries
	Now        func() time.Time
	Log        *slog.Logger
}

// Intake is what the sender reads and has not finished.
type Intake struct {
	cfg     Config
	deps    Deps
	handler handler
	// Reader is nil before Open.
	Reader *Reader

	partitions  partitions
	admitted    admitted
	undecodable undecodable
	commits     commits
	leaving     []*leaving
	held        int // deliveries in windows
	draining    bool
	share       share
}

// New makes an Intake for a handler; nothing is read before Open.
func New(cfg Config, deps Deps, h handler) *Intake {
	return &Intake{
		cfg: cfg, deps: deps, handler: h,
		partitions: partitions{byAt: make(map[topicPartition]*partition), windowBytes: cfg.WindowBytes},
	}
}

// Open joins the group. Reader.Run reads.
func (in *Intake) Open() error {
	r, err := newReader(&in.cfg, in.cfg.Topics.names(), in.deps.Deliveries)
	if err != nil {
		return err
	}
	in.Reader, in.partitions.fetching = r, r.client
	return nil
}

// Drain ends the taking of what is due: what was admitted is finished.
func (in *Intake) Drain() { in.draining = true }

// Take puts polled records into their windows and on their way.
func (in *Intake) Take(ctx context.Context, items []*Item) {
	now := in.deps.Now().UnixMilli()
	touched := make(map[*partition]struct{})
	for _, it := range items {
		p := in.partitions.byAt[topicPartition{it.Record.Topic, it.Record.Partition}]
		if p == nil {
			continue // rebalances are blocked while records are handed over, so this is the very end
		}
		it.partition, it.From = p, p.topic
		if p.window.Add(it.Record.Offset, it.bytes, it.Destination()) != nil {
			continue // the client went back; the first copy is in the window
		}
		in.held++
		in.partitions.trackBytes(it.bytes)
		touched[p] = struct{}{}
		p.epoch = it.Record.LeaderEpoch
		in.decoded(ctx, it, now)
	}
	for p := range touched {
		in.partitions.pauseOrResume(p)
	}
}

// decoded goes on with a record as its bytes allow.
func (in *Intake) decoded(ctx context.Context, it *Item, now int64) {
	if it.From.Delayed() {
		// A clock that was ahead when it was moved must not hold up the queue.
		it.Due = min(it.Record.Timestamp.UnixMilli(), now) + it.From.delay
	}
	if _, pending := errors.AsType[*codec.PendingError](it.undecoded); pending {
		in.undecodable.items = append(in.undecodable.items, it)
		return
	}
	if it.undecoded != nil {
		in.deadLetter(ctx, it)
		return
	}
	in.enter(ctx, it, now)
}

// deadLetter gives up a record that is no delivery. Only router and replay
// write these topics, so it means a broken installation; the bytes are kept
// among the dead letters.
func (in *Intake) deadLetter(ctx context.Context, it *Item) {
	in.deps.Log.ErrorContext(ctx, "sender: a record is not a delivery", "topic", it.Record.Topic,
		"partition", it.Record.Partition, "offset", it.Record.Offset, "error", it.undecoded)
	it.Delivery = decision.Delivery{Provider: in.cfg.Provider, Source: event.Coordinates{
		Topic: it.Record.Topic, Partition: it.Record.Partition, Offset: it.Record.Offset, AppendTime: it.Record.Timestamp.UnixMilli(),
	}}
	in.handler.End(it, &settle.Outcome{
		Kind: settle.Ended, Status: decision.DeadLettered, Reason: decision.EventUndecodable,
		Detail: "the record of " + it.Record.Topic + " is not a delivery", KeepClaim: true,
	})
}

// enter takes charge of a delivery. A second copy of one that this process
// already has is dropped: a crash leaves such copies.
func (in *Intake) enter(ctx context.Context, it *Item, now int64) {
	if !in.admitted.add(it) {
		in.handler.End(it, &settle.Outcome{
			Kind: settle.Ended, Status: decision.Duplicate, Reason: decision.DuplicateSuperseded,
			Detail: "another copy of it is in charge", KeepClaim: true,
		})
		return
	}
	if it.From.Delayed() {
		it.partition.queue = append(it.partition.queue, it)
		return
	}
	in.handler.Admit(ctx, it, now)
}

// Forget ends the charge of a delivery: another copy of it may be taken.
func (in *Intake) Forget(it *Item) { in.admitted.remove(it) }

// Each goes through the deliveries that this process is in charge of.
func (in *Intake) Each(do func(*Item)) {
	in.admitted.each(func(it *Item) {
		if !it.Revoked() {
			do(it)
		}
	})
}

// Finish takes deliveries out of their windows whose settlement is
// acknowledged.
func (in *Intake) Finish(items []*Item) {
	touched := make(map[*partition]struct{})
	var last *partition // they come in runs of one partition
	for _, it := range items {
		p := it.partition
		if p != last {
			touched[p], last = struct{}{}, p
		}
		if p.window.Finish(it.Record.Offset) { // not where the partition was taken away meanwhile
			in.held--
			in.partitions.trackBytes(-it.bytes)
		}
	}
	for p := range touched {
		if next, moved := p.window.Committable(); moved {
			p.commit = next
		}
		in.partitions.pauseOrResume(p)
	}
}
