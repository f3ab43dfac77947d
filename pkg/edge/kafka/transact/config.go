package transact

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// ErrWait is returned (or wrapped) by Work when something it needs is not
// there: the batch is given up, rewound, and polled again after a backoff.
// Rebalances stay allowed meanwhile and nothing is lost.
var ErrWait = errors.New("not now")

// ErrFenced ends Run when the transactional id was taken away again and again:
// another process uses the same one.
var ErrFenced = errors.New("transactional id is used by another process")

// ErrOversized ends Run when a record is too large for its topic and there is
// no Oversized hook, or what the hook made of it is too large as well.
var ErrOversized = errors.New("record too large for its topic")

// Work turns a batch into the records to write. It does all other I/O, and is
// called before the transaction begins. The batch and its records are only
// valid during the call; the returned records belong to the loop until the
// next call. ctx ends when the process stops, not when it drains.
//
// An error that is not ErrWait ends Run.
type Work func(ctx context.Context, b Batch) ([]*kgo.Record, error)

// Config of a loop.
type Config struct {
	// Kafka says how to reach the cluster.
	Kafka kafka.Config
	// Group and Topics to read. Required.
	Group  string
	Topics []string
	// TransactionalID must be stable over restarts and unique in the cluster,
	// one for every loop. Required.
	TransactionalID string
	// InstanceID makes the group membership static. Optional.
	InstanceID string
	// SessionTimeout and TransactionTimeout; see kafka.Group, kafka.Transact.
	SessionTimeout, TransactionTimeout time.Duration
	// Start is where a partition begins that has no committed offset.
	Start kafka.Position

	// MaxRecords in one batch. Default 10,000.
	MaxRecords int
	// MaxBytes of keys and values after which a batch takes no further poll.
	// A batch may exceed it by one poll's records (1,000 at most, and never
	// more than the client has buffered). Default 16 MiB.
	MaxBytes int
	// MaxWait for a batch to fill after its first record. Default 0: take
	// what is there; the previous commit's duration has filled it.
	MaxWait time.Duration
	// Delay after its append time before a record may be worked. The batch
	// waits for its youngest record, so a record waits between one and two
	// Delays. 0 for loops that do not wait.
	Delay time.Duration

	// MinBackoff and MaxBackoff between attempts after ErrWait, an abort that
	// was not a rebalance, or a new client. Defaults 100 ms and 5 s.
	MinBackoff, MaxBackoff time.Duration
	// StopGrace is how long a transaction in progress may still take once ctx
	// has ended. Default 5 s.
	StopGrace time.Duration
}

// Deps of a loop. All but Work are optional.
type Deps struct {
	Work Work
	// Now is the clock that due times are measured with. Default time.Now.
	Now func() time.Time
	// Log receives what an operator should know; never record data.
	Log *slog.Logger
	// Observer receives what happens, for metrics and reports.
	Observer Observer
	// BeforeCommit is asked last, when everything is written and nothing is
	// committed yet: an error gives the transaction up, and the batch is read
	// again. Work's own findings may have become invalid meanwhile.
	BeforeCommit func(ctx context.Context) error
	// Bomb turns a batch of the input that unpacks to too much into the records
	// that say so (dead letters); reading goes on behind it. ErrWait as for
	// Work. Without it such a batch ends Run.
	Bomb func(context.Context, Bomb) ([]*kgo.Record, error)
	// Oversized turns a record that its topic refuses as too large into
	// another one (a dead letter) that takes its place in the same transaction.
	Oversized func(*kgo.Record) (*kgo.Record, error)
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	if c.MaxRecords == 0 {
		c.MaxRecords = 10_000
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 16 << 20
	}
	def(&c.MinBackoff, 100*time.Millisecond)
	def(&c.MaxBackoff, 5*time.Second)
	def(&c.StopGrace, 5*time.Second)
	return c
}

func (c Config) validate() error {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	need(c.Group != "", "group: must be set")
	need(len(c.Topics) > 0, "topics: at least one is needed")
	need(c.TransactionalID != "", "transactional id: must be set")
	need(c.MaxRecords >= 0, "max records: must not be negative")
	need(c.MaxBytes >= 0, "max bytes: must not be negative")
	need(c.MaxWait >= 0 && c.Delay >= 0, "max wait and delay: must not be negative")
	need(c.MinBackoff >= 0 && c.MaxBackoff >= 0 && c.StopGrace >= 0, "backoff and stop grace: must not be negative")
	if err := c.Kafka.Validate(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return fmt.Errorf("checking transaction loop %q: %w", c.TransactionalID, errors.Join(errs...))
	}
	return nil
}
