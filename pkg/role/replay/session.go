package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/seal"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// errAgain: a batch could not be decided now; deciding it again may work.
var errAgain = errors.New("not now")

// tables gives a view of today's resources and consent.
type tables interface {
	Await(ctx context.Context) (gate.View, error)
}

// claims decides who owns an event.
type claims interface {
	Claim(ctx context.Context, requests []dedup.Request) (dedup.Claims, error)
	Look(ctx context.Context, requests []dedup.Request) ([]dedup.Result, error)
	Check(ctx context.Context, taken dedup.Claims) error
	Release(ctx context.Context, requests []dedup.Request) error
}

// decoder reads one kind of value.
type decoder[T any] interface {
	Decode(ctx context.Context, value []byte, dst *T) error
}

// events reads records of the input topic.
type events interface {
	Head(ctx context.Context, value []byte) (codec.Head, error)
	decoder[event.Event]
}

// Config of a replay.
type Config struct {
	// ID names the replay in everything that it writes.
	ID         string
	Definition Definition
	// DryRun decides everything and writes nothing.
	DryRun bool
	Topics topology.Names
	Input  string
	// InputID is the input topic's id, part of what claims are owned by.
	InputID event.TopicID
	// MaxBytes of a record that a delivery topic takes.
	MaxBytes int
	// TableWait is how long a batch waits for fresh tables. Default 5 s.
	TableWait time.Duration
}

// Deps of a replay; all are required but Discarded and Seals.
type Deps struct {
	Tables      tables
	Events      events
	Deliveries  decoder[decision.Delivery]
	DeadLetters decoder[codec.DeadLetter]
	Claims      claims
	Writer      *codec.Writer
	Recorder    gate.Recorder
	// Seals opens sealed dead letters with SubjectKeys; nil: they stay sealed.
	Seals       *seal.Ring
	SubjectKeys seal.Keys
	// History is what the diagnostics said when the replay began.
	History *history.Fold
	// Discarded says which dead letters an operator has given up.
	Discarded func(topic string, partition int32, offset int64) bool
	Now       func() time.Time
}

// session decides batches. Its memory is used again for the next.
type session struct {
	cfg  Config
	deps Deps

	scratch gate.Scratch
	items   []*item
	// sent are the claims of everything that this run has queued: a source may
	// hold several copies of one event.
	sent map[[16]byte]int64
	now  int64
	view gate.View
}

func newSession(cfg Config, deps Deps) *session {
	if cfg.TableWait <= 0 {
		cfg.TableWait = 5 * time.Second
	}
	return &session{cfg: cfg, deps: deps, sent: map[[16]byte]int64{}}
}

// item is one decision about one event at one mapping.
type item struct {
	decision decision.Decision
	delivery decision.Delivery
	queued   bool
	waits    bool
	requests []dedup.Request
	key      []byte
	trace    []byte
}

// batch is what came of some records.
type batch struct {
	records []*kgo.Record
	report  Report
	queued  []*item
	claimed []dedup.Claims
	// taken are claims to give back if the batch is given up.
	taken []dedup.Request
}

// work decides records. Its error is errAgain where deciding them later may
// work; nothing is claimed then.
func (s *session) work(ctx context.Context, records []*kgo.Record) (*batch, error) {
	waiting, cancel := context.WithTimeout(ctx, s.cfg.TableWait)
	defer cancel()
	view, err := s.deps.Tables.Await(waiting)
	if err != nil {
		return nil, fmt.Errorf("%w: waiting for fresh tables: %w", errAgain, err)
	}
	s.view, s.now = view, s.deps.Now().UnixMilli()
	s.scratch.Reset()
	clear(s.items)
	s.items = s.items[:0]
	b := &batch{}
	for _, r := range records {
		if err := s.read(ctx, r, &b.report); err != nil {
			return nil, err
		}
	}
	if err := s.claim(ctx, b); err != nil {
		return nil, s.giveUp(ctx, b, fmt.Errorf("%w: claiming events: %w", errAgain, err))
	}
	if err := view.Err(); err != nil {
		return nil, s.giveUp(ctx, b, fmt.Errorf("%w: deciding a batch: %w", errAgain, err))
	}
	if err := s.emit(ctx, b); err != nil {
		return nil, s.giveUp(ctx, b, err)
	}
	return b, nil
}

// giveUp gives the batch's new claims back.
func (s *session) giveUp(ctx context.Context, b *batch, cause error) error {
	if len(b.taken) == 0 {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	// What cannot be given back is found as this record's own when it is read
	// again.
	return errors.Join(cause, s.deps.Claims.Release(ctx, b.taken))
}

// read decides one record.
func (s *session) read(ctx context.Context, r *kgo.Record, report *Report) error {
	report.Scanned++
	var err error
	switch {
	case s.deps.Discarded != nil && s.deps.Discarded(r.Topic, r.Partition, r.Offset):
	case s.cfg.Definition.From == FromEvents:
		err = s.input(ctx, r, report)
	case r.Topic == s.cfg.Topics.DeadEvents():
		err = s.deadEvent(ctx, r, report)
	default:
		err = s.redelivery(ctx, r, report)
	}
	if _, bad := errors.AsType[*codec.DecodeError](err); bad {
		report.Unreadable++
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: reading %s/%d@%d: %w", errAgain, r.Topic, r.Partition, r.Offset, err)
	}
	return nil
}

// chosen counts what is not to be sent again, and says whether the event at
// this mapping is. seen is what the source itself proves about it.
func (s *session) chosen(d *decision.Decision, seen history.Outcome, report *Report) bool {
	f := &s.cfg.Definition.Filter
	if !in(f.Destinations, d.DestinationID) || !in(f.EventIDs, d.EventID) {
		return false
	}
	fate := s.deps.History.Of(history.KeyOf(d.DestinationID, d.Mapping, d.EventID))
	if fate.State == history.Never {
		fate = seen
	}
	if !f.fate(fate.Status, fate.Reason) {
		return false
	}
	counts := report.destination(d.DestinationID)
	switch {
	case s.cfg.Definition.wants(fate):
		return true
	case fate.State == history.Delivered:
		counts.Delivered++
	case fate.State == history.Pending:
		counts.Pending++
	default:
		counts.Never++
	}
	return false
}

// become changes what was decided after all gates.
func (it *item) become(status decision.Status, reason decision.Reason) {
	d := &it.decision
	it.queued = false
	d.Status, d.Reason, d.Message = status, reason, reason.Info().Sentence
	d.ID = decision.NewID(d.Source, d.DestinationID, d.Mapping, d.Stage, d.Status, d.ReplayID, 0)
}
