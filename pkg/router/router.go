// Package router turns analytics events into deliveries. It is two work
// functions of the transactional loop: Session.Route for the input topic and
// Session.Release for the hold topic. Everything that it writes (deliveries,
// holds, dead letters, diagnostics) commits together with the input offsets.
//
// A batch goes through four steps, in this order and never back: evaluate
// (pure), claim (one pipelined round trip), encode, return. Whatever fails
// before the transaction begins gives the whole batch up and nothing is lost.
package router

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/dedup"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/gate"
	"github.com/sluicehq/sluice/pkg/telemetry"
)

// Unmapped says what is published about events that no mapping names.
type Unmapped uint8

// The choices of diagnostics.unmapped.
const (
	CountUnmapped  Unmapped = iota // metrics only
	SampleUnmapped                 // one in a thousand
	AllUnmapped                    // every one
)

// sampleEvery is the share of unmapped events that SampleUnmapped publishes.
const sampleEvery = 1000

// Config of a router.
type Config struct {
	Outlets  Outlets
	Unmapped Unmapped
	// Bypass routes without claims while Redis is unavailable, at the price of
	// duplicates; the default waits.
	Bypass bool
}

// tables gives a view of today's resources and consent, or an error while
// they are not fresh.
type tables interface {
	Await(ctx context.Context) (gate.View, error)
}

// events reads records of the input topic.
type events interface {
	Head(ctx context.Context, value []byte) (codec.Head, error)
	Decode(ctx context.Context, value []byte, dst *event.Event) error
}

// claims decides who owns an event.
type claims interface {
	Claim(ctx context.Context, requests []dedup.Request) (dedup.Claims, error)
	Check(ctx context.Context, taken dedup.Claims) error
	Release(ctx context.Context, requests []dedup.Request) error
}

// meter receives counts, once a committed batch.
type meter interface {
	AddTally(ctx context.Context, t *telemetry.Tally)
}

// holds reads records of the hold topic.
type holds interface {
	Decode(ctx context.Context, value []byte, dst *codec.Hold) error
}

// Deps of a router.
type Deps struct {
	Tables   tables
	Events   events
	Claims   claims
	Holds    holds
	Writer   *codec.Writer
	Recorder gate.Recorder
	Now      func() time.Time
	Meter    meter
	Log      *slog.Logger
}

// Session is one transactional session's worker. It owns all temporary
// memory, so every loop needs one of its own.
type Session struct {
	cfg  Config
	deps Deps

	scratch  gate.Scratch
	event    event.Event
	items    []item
	requests []dedup.Request
	owners   []int // item of each request
	claimed  dedup.Claims
	sure     bool // claimed holds for this batch
	stale    []dedup.Request
	fresh    rereads
	tally    *telemetry.Tally
	hold     codec.Hold
	out      output
	unmapped int
}

// NewSession makes the worker of one loop: of the input topic, or of the hold
// topic. Deps must be complete.
func NewSession(cfg Config, deps Deps, stage decision.Stage) *Session {
	return &Session{cfg: cfg, deps: deps, tally: telemetry.NewTally(stage), fresh: newRereads()}
}

// begin forgets the last batch and keeps its memory.
func (s *Session) begin() {
	s.scratch.Reset()
	clear(s.items)
	s.items = s.items[:0]
	s.requests, s.owners, s.stale = s.requests[:0], s.owners[:0], s.stale[:0]
	s.claimed, s.sure = dedup.Claims{}, false
	s.out.reset()
	s.tally.Reset()
}

func coordinates(r *kgo.Record, id event.TopicID) event.Coordinates {
	return event.Coordinates{
		Topic: r.Topic, TopicID: id, Partition: r.Partition, Offset: r.Offset,
		AppendTime: r.Timestamp.UnixMilli(),
	}
}

// wrap names the record in an error; the record itself is never part of it.
func wrap(r *kgo.Record, err error) error {
	return fmt.Errorf("routing %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err)
}
