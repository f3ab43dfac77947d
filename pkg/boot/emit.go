package boot

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
	"github.com/sluicehq/sluice/schemas"
)

// Emitter writes events to the input topic and records to the consent topic,
// as analytics and the customer's consent service would.
type Emitter struct {
	env      *Env
	producer *kafka.Producer
	format   codec.Format
	ids      codec.IDs
	event    event.Event
	pending  []*kgo.Record
}

// emitBatch is how many records wait for their acknowledgement together.
const emitBatch = 500

// Emitter makes an Emitter. withConsent says that consent records will be
// written too.
func (e *Env) Emitter(ctx context.Context, format codec.Format, withConsent bool) (*Emitter, error) {
	needed := []string{e.Config.Topics.Input}
	carried := codec.Topics{}
	if format.Schema != "" {
		carried[format.Schema] = []string{e.Config.Topics.Input}
	}
	if withConsent {
		needed = append(needed, e.Names.Consent())
		carried[schemas.ConsentRecord] = []string{e.Names.Consent()}
	}
	if err := e.Cluster.RequireTopics(ctx, needed...); err != nil {
		return nil, err
	}
	ids, err := e.Registry.IDs(ctx, carried)
	if err != nil {
		return nil, err
	}
	producer, err := e.newProducer()
	if err != nil {
		return nil, err
	}
	return &Emitter{env: e, producer: producer, format: format, ids: ids}, nil
}

// Restart is how a line that is sent once more differs from the time before:
// its ids, so that it counts as a new event, and where set its time.
type Restart struct {
	Round int
	Now   time.Time // zero: the event keeps its time
}

// Event adds one line to what is written. A line that is no event is written as
// it is, so that the router finds it as it would find a broken producer's.
func (m *Emitter) Event(ctx context.Context, n int, line []byte, again Restart) error {
	err := m.format.Line(&m.event, line)
	e := &m.event
	if codec.NoEvent(err) {
		return m.add(ctx, &kgo.Record{Topic: m.env.Config.Topics.Input, Value: append([]byte(nil), line...)})
	}
	changed := again.Round > 0 || !again.Now.IsZero()
	if again.Round > 0 {
		suffix := "-r" + strconv.Itoa(again.Round)
		e.ID, e.Commerce.TransactionID = suffixed(e.ID, suffix), suffixed(e.Commerce.TransactionID, suffix)
	}
	if !again.Now.IsZero() && err == nil {
		e.Time = again.Now.UnixMilli()
	}
	// Lines without an id and a subject are spread over the partitions.
	e.Origin = event.Coordinates{Offset: int64(n)}
	id, _ := e.EffectiveID()
	r := &kgo.Record{Topic: m.env.Config.Topics.Input, Key: event.Key(nil, e.CustomerID, e.SubjectID.Reveal(), id)}
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

// Consent adds one consent record.
func (m *Emitter) Consent(ctx context.Context, s *codec.SubjectRecord) error {
	return m.add(ctx, &kgo.Record{
		Topic: m.env.Names.Consent(), Key: event.Key(nil, s.CustomerID, s.SubjectID.Reveal(), ""),
		Headers: consentadmin.Author{Method: "sluice emit"}.Headers(m.env.Version),
		Value:   codec.AppendConsentRecord(nil, m.ids[schemas.ConsentRecord], &s.Record),
	})
}

func (m *Emitter) add(ctx context.Context, r *kgo.Record) error {
	m.pending = append(m.pending, r)
	if len(m.pending) < emitBatch {
		return nil
	}
	return m.Flush(ctx)
}

// Flush waits until what was added is acknowledged.
func (m *Emitter) Flush(ctx context.Context) error {
	records := m.pending
	m.pending = nil
	if err := m.producer.Produce(ctx, records...); err != nil {
		return fmt.Errorf("emitting: %w", err)
	}
	return nil
}
