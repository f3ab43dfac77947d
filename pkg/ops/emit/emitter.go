// Package emit writes events to the analytics topic and records to the consent
// topic, as analytics and the customer's consent service would.
package emit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/time/rate"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
	"github.com/sluicehq/sluice/schemas"
)

// topics are the cluster's.
type topics interface {
	RequireTopics(ctx context.Context, names ...string) error
}

// registry is the Schema Registry.
type registry interface {
	IDs(ctx context.Context, topics codec.Topics) (codec.IDs, error)
}

// Producer writes records and waits for their acknowledgement.
type Producer interface {
	Produce(ctx context.Context, records ...*kgo.Record) error
	Close(ctx context.Context) error
}

// Deps of an Emitter; all are needed.
type Deps struct {
	Topics   topics
	Registry registry
	Producer func() (Producer, error)
	// Input and Consent are the topics that are written to.
	Input, Consent string
	Version        string
	Now            func() time.Time
}

// Emitter holds nothing open between requests and is safe for concurrent use.
type Emitter struct{ deps Deps }

// New makes an Emitter.
func New(deps Deps) *Emitter { return &Emitter{deps} }

// Events gives every line of a file with what is wrong with it, and may be called
// more than once.
type Events func(take func(n int, line []byte, bad error) error) error

// Request says what is written.
type Request struct {
	Format   codec.Format
	Events   Events
	Consents []codec.SubjectRecord
	// Count is how many events are written; a file that is shorter starts over
	// with new ids. 0 writes each line once.
	Count int
	// SkipInvalid leaves lines out that are no events, instead of writing them
	// as they are.
	SkipInvalid bool
	// PerSecond bounds the events a second; 0: as fast as it goes.
	PerSecond float64
	// Restamp replaces event times by the time of writing.
	Restamp bool
}

// Answer is what was written. Its JSON is that of `sluice emit --output json`.
type Answer struct {
	Events  int `json:"events"`
	Consent int `json:"consent_records"`
	Skipped int `json:"skipped"`
	Invalid int `json:"invalid_sent"`

	Seconds float64 `json:"seconds"`
}

// emitBatch is how many records wait for their acknowledgement together.
const emitBatch = 500

// run is one request at work.
type run struct {
	deps     *Deps
	q        *Request
	producer Producer
	format   codec.Format
	ids      codec.IDs
	scratch  event.Event
	pending  []*kgo.Record
	limit    *rate.Limiter
	flushed  time.Time
	done     Answer
}

// errEnough ends the reading once the count is reached.
var errEnough = errors.New("enough")

// Emit writes the consent records, then the events. What was written before an
// error stands.
func (m *Emitter) Emit(ctx context.Context, q Request) (Answer, error) {
	began := m.deps.Now()
	r, err := m.open(ctx, &q)
	if err != nil {
		return Answer{}, err
	}
	r.flushed = began
	err = r.all(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	r.done.Seconds = m.deps.Now().Sub(began).Seconds()
	return r.done, errors.Join(err, r.producer.Close(closing))
}

func (m *Emitter) open(ctx context.Context, q *Request) (*run, error) {
	needed := []string{m.deps.Input}
	carried := codec.Topics{}
	if q.Format.Schema != "" {
		carried[q.Format.Schema] = []string{m.deps.Input}
	}
	if len(q.Consents) > 0 {
		needed = append(needed, m.deps.Consent)
		carried[schemas.ConsentRecord] = []string{m.deps.Consent}
	}
	if err := m.deps.Topics.RequireTopics(ctx, needed...); err != nil {
		return nil, err
	}
	ids, err := m.deps.Registry.IDs(ctx, carried)
	if err != nil {
		return nil, err
	}
	producer, err := m.deps.Producer()
	if err != nil {
		return nil, err
	}
	limit := rate.NewLimiter(rate.Inf, 0)
	if q.PerSecond > 0 {
		limit = rate.NewLimiter(rate.Limit(q.PerSecond), max(1, int(q.PerSecond/20)))
	}
	return &run{deps: &m.deps, q: q, producer: producer, format: q.Format, ids: ids, limit: limit}, nil
}

func (m *run) all(ctx context.Context) error {
	for i := range m.q.Consents {
		if err := m.consent(ctx, &m.q.Consents[i]); err != nil {
			return err
		}
		m.done.Consent++
	}
	// Consent is there before the first event that needs it.
	if err := m.flush(ctx); err != nil {
		return err
	}
	for round := 0; ; round++ {
		err := m.q.Events(func(_ int, line []byte, bad error) error { return m.line(ctx, round, line, bad) })
		if errors.Is(err, errEnough) || err == nil && m.q.Count == 0 {
			return m.flush(ctx)
		}
		if err != nil {
			return errors.Join(err, m.flush(context.WithoutCancel(ctx)))
		}
	}
}

func (m *run) line(ctx context.Context, round int, line []byte, bad error) error {
	if bad != nil && m.q.SkipInvalid {
		if round == 0 {
			m.done.Skipped++
		}
		return nil
	}
	if err := m.pace(ctx); err != nil {
		return err
	}
	again := restart{round: round}
	if m.q.Restamp {
		again.now = m.deps.Now()
	}
	m.done.Events++
	if bad != nil {
		m.done.Invalid++
	}
	if err := m.event(ctx, m.done.Events, line, again); err != nil {
		return err
	}
	if m.done.Events == m.q.Count {
		return errEnough
	}
	return nil
}

// pace waits for the rate. What has waited for a batch to fill is written
// after a tenth of a second all the same.
func (m *run) pace(ctx context.Context) error {
	if m.limit.Limit() == rate.Inf {
		return ctx.Err()
	}
	if now := m.deps.Now(); now.Sub(m.flushed) > 100*time.Millisecond {
		if err := m.flush(ctx); err != nil {
			return err
		}
		m.flushed = now
	}
	if err := m.limit.Wait(ctx); err != nil {
		return fmt.Errorf("waiting for the rate: %w", err)
	}
	return nil
}

// restart is how a line that is sent once more differs from the time before:
// its ids, so that it counts as a new event, and where set its time.
type restart struct {
	round int
	now   time.Time // zero: the event keeps its time
}

// event adds one line to what is written. A line that is no event is written as
// it is, so that the router finds it as it would find a broken producer's.
func (m *run) event(ctx context.Context, n int, line []byte, again restart) error {
	err := m.format.Line(&m.scratch, line)
	e := &m.scratch
	if codec.NoEvent(err) {
		return m.add(ctx, &kgo.Record{Topic: m.deps.Input, Value: append([]byte(nil), line...)})
	}
	changed := again.round > 0 || !again.now.IsZero()
	if again.round > 0 {
		suffix := "-r" + strconv.Itoa(again.round)
		e.ID, e.Commerce.TransactionID = suffixed(e.ID, suffix), suffixed(e.Commerce.TransactionID, suffix)
	}
	if !again.now.IsZero() && err == nil {
		e.Time = again.now.UnixMilli()
	}
	// Lines without an id and a subject are spread over the partitions.
	e.Origin = event.Coordinates{Offset: int64(n)}
	id, _ := e.EffectiveID()
	r := &kgo.Record{Topic: m.deps.Input, Key: event.Key(nil, e.CustomerID, e.SubjectID.Reveal(), id)}
	if m.format.Verbatim && !changed {
		r.Value = append([]byte(nil), line...)
	} else {
		r.Value = m.format.Encode(nil, m.ids[m.format.Schema], e)
	}
	return m.add(ctx, r)
}

func suffixed(id, suffix string) string {
	if id == "" {
		return ""
	}
	return id + suffix
}

// consent adds one consent record.
func (m *run) consent(ctx context.Context, s *codec.SubjectRecord) error {
	return m.add(ctx, &kgo.Record{
		Topic: m.deps.Consent, Key: event.Key(nil, s.CustomerID, s.SubjectID.Reveal(), ""),
		Headers: consentadmin.Author{Method: "sluice emit"}.Headers(m.deps.Version),
		Value:   codec.AppendConsentRecord(nil, m.ids[schemas.ConsentRecord], &s.Record),
	})
}

func (m *run) add(ctx context.Context, r *kgo.Record) error {
	m.pending = append(m.pending, r)
	if len(m.pending) < emitBatch {
		return nil
	}
	return m.flush(ctx)
}

// flush waits until what was added is acknowledged.
func (m *run) flush(ctx context.Context) error {
	records := m.pending
	m.pending = nil
	if err := m.producer.Produce(ctx, records...); err != nil {
		return fmt.Errorf("emitting: %w", err)
	}
	return nil
}
