// Package router turns analytics events into deliveries. It is two work
// functions of the transactional loop: Session.Route for the input topic and
// Session.Release for the hold topic. Everything that it writes (deliveries,
// holds, dead letters, diagnostics) commits together with the input offsets.
//
// A batch goes through four steps, in this order and never back: evaluate and
// encode (pure), claim (one pipelined round trip), rewrite what others own, return.
// Whatever fails before the transaction begins gives the whole batch up and
// nothing is lost.
package router

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/trace"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/seal"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
)

// Unmapped says what is published about events that no mapping names.
type Unmapped uint8

// The choices of diagnostics.unmapped.
const (
	CountUnmapped  Unmapped = iota // metrics only
	SampleUnmapped                 // a share of them, see Config.SampleRate
	AllUnmapped                    // every one
)

// Config of a router.
type Config struct {
	Outlets  Outlets
	Unmapped Unmapped
	// SampleRate is the share of unmapped events that SampleUnmapped
	// publishes, from 0 (none) to 1 (every one).
	SampleRate float64
	// Bypass routes without claims while Redis is unavailable, at the price of
	// duplicates; the default waits.
	Bypass bool
	// MaxRecords is the loop's: the most records of one batch, which a dead
	// predecessor can have claimed. Default 10,000, as transact's.
	MaxRecords int
	// TableWait is how long a batch waits for fresh tables before it is given
	// up, so that a loop without tables can still be drained. Default 5 s.
	TableWait time.Duration
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
	// Seals seals originals, and opens them with SubjectKeys; nil: they are kept in
	// clear, and a sealed one is a dead letter.
	Seals       *seal.Ring
	SubjectKeys seal.Keys
	// Tracing follows the events that somebody follows; nil: none.
	Tracing tracing
	Log     *slog.Logger
}

// Session is one transactional session's worker. It owns all temporary
// memory, so every loop needs one of its own.
type Session struct {
	cfg  Config
	deps Deps

	scratch   gate.Scratch
	event     event.Event
	prepared  gate.Prepared
	one       gate.Case         // the case in hand
	decision  decision.Decision // of the case in hand
	delivery  decision.Delivery // of the case in hand
	rewritten decision.Decision // see rewriteDecision
	items     []item
	wants     []want
	requests  []dedup.Request // of the wants that are still open
	claimed   []dedup.Claims  // what the batch rests on
	stale     []dedup.Request // to give back before claiming
	lost      []dedup.Request // given back while claiming
	refused   []dedup.Request // to give back when the transaction ends
	rereads   rereads
	tally     *telemetry.Tally
	span      trace.Span // of the event in hand, nil: nobody follows it; see follow
	trace     []byte     // the span's traceparent
	held      codec.Hold
	plain     []byte // of the original that is being sealed
	out       output
	unmapped  int
}

// NewSession makes the worker of one loop: of the input topic, or of the hold
// topic. Deps must be complete.
func NewSession(cfg Config, deps Deps, stage decision.Stage) *Session {
	if cfg.TableWait <= 0 {
		cfg.TableWait = 5 * time.Second
	}
	return &Session{cfg: cfg, deps: deps, tally: telemetry.NewTally(stage), rereads: newRereads(cfg.MaxRecords)}
}

// begin forgets the last batch and keeps its memory.
func (s *Session) begin() {
	s.forget()
	s.wants, s.requests = s.wants[:0], s.requests[:0]
	s.stale, s.refused = s.stale[:0], s.refused[:0]
	clear(s.claimed)
	s.claimed = s.claimed[:0]
	s.out.reset()
	s.tally.Reset()
}

// forget drops what refers to the records of the batch in hand. Items are kept
// until the transaction has ended, because a record that the broker refuses is
// replaced by the original (see Oversized).
func (s *Session) forget() {
	clear(s.items)
	s.items = s.items[:0]
	s.forgetEvent()
}

// forgetEvent drops what refers to the event that was decoded last.
func (s *Session) forgetEvent() {
	s.scratch.Reset()
	s.event.Reset()
	s.prepared, s.one, s.held = gate.Prepared{}, gate.Case{}, codec.Hold{}
	s.decision, s.delivery, s.rewritten = decision.Decision{}, decision.Delivery{}, decision.Decision{}
}

// coordinates of an input record that is read now (epoch ms). Where the topic
// keeps the producers' clocks, one that is ahead counts as now: consent that
// claims to be from the future would outlive every revocation.
func coordinates(r *kgo.Record, id event.TopicID, now int64) event.Coordinates {
	const byBroker = 1 // kgo.RecordAttrs.TimestampType: LogAppendTime
	at := r.Timestamp.UnixMilli()
	if at <= 0 || at > now && r.Attrs.TimestampType() != byBroker {
		at = now
	}
	return event.Coordinates{Topic: r.Topic, TopicID: id, Partition: r.Partition, Offset: r.Offset, AppendTime: at}
}

// wrap names the record in an error; the record itself is never part of it.
func wrap(r *kgo.Record, err error) error {
	return fmt.Errorf("routing %s/%d@%d: %w", r.Topic, r.Partition, r.Offset, err)
}
