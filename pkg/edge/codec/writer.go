package codec

import (
	"context"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/schemas"
)

// Topics says which topics carry values of which schema.
type Topics map[schemas.Name][]string

// IDs are the registry's ids of our schemas.
type IDs map[schemas.Name]SchemaID

// Resolve registers our schemas for the topics that carry them and gives their
// ids. It may be repeated. With lookupOnly nothing is registered, and a schema
// that is missing is an error. Errors come from the registry: wait and repeat.
func (r *Registry) Resolve(ctx context.Context, topics Topics, lookupOnly bool) (IDs, error) {
	ids := make(IDs, len(topics))
	ask := r.Register
	if lookupOnly {
		ask = r.Lookup
	}
	for _, name := range schemas.Names() {
		for i, topic := range topics[name] {
			id, err := ask(ctx, topic, name)
			if err != nil {
				return nil, err
			}
			if i > 0 && ids[name] != id {
				return nil, fmt.Errorf("registering schema %s as %s: the registry gives one schema two ids, %d and %d", name, Subject(topic), ids[name], id)
			}
			ids[name] = id
		}
	}
	return ids, nil
}

// Writer encodes what Sluice writes. It is immutable and safe for concurrent
// use. Every method appends one framed Avro value to dst.
type Writer struct {
	ids      IDs
	delivery SchemaID
	decision SchemaID
	hold     SchemaID
	dead     SchemaID
	version  string
}

// NewWriter makes a Writer. appVersion stands in dead letters.
func NewWriter(ids IDs, appVersion string) *Writer {
	return &Writer{
		ids: ids, version: appVersion,
		delivery: ids[schemas.Delivery], decision: ids[schemas.Diagnostic],
		hold: ids[schemas.Hold], dead: ids[schemas.DeadLetter],
	}
}

// AppendInput appends an event of the input topic in its format.
func (w *Writer) AppendInput(dst []byte, f *Format, e *event.Event) []byte {
	return f.Encode(dst, w.ids[f.Schema], e)
}

// AppendLine appends what the input topic should hold for a line that somebody
// wrote; see Format.AppendLine.
func (w *Writer) AppendLine(dst []byte, f *Format, scratch *event.Event, line []byte) []byte {
	return f.AppendLine(dst, w.ids[f.Schema], scratch, line)
}

// AppendEvent appends an event of an input topic of Avro.
func (w *Writer) AppendEvent(dst []byte, e *event.Event) []byte {
	return AppendEvent(dst, w.ids[schemas.AnalyticsEvent], e)
}

// AppendDelivery appends a delivery.
func (w *Writer) AppendDelivery(dst []byte, d *decision.Delivery) []byte {
	return AppendDelivery(dst, w.delivery, d)
}

// AppendDiagnostic appends a decision.
func (w *Writer) AppendDiagnostic(dst []byte, d *decision.Decision) []byte {
	return AppendDiagnostic(dst, w.decision, d)
}

// AppendHold appends an input record that waits for consent.
func (w *Writer) AppendHold(dst []byte, h *Hold) []byte { return AppendHold(dst, w.hold, h) }

// AppendDeadLetter appends a dead letter, with this program's version.
func (w *Writer) AppendDeadLetter(dst []byte, d *DeadLetter) []byte {
	copied := *d
	copied.AppVersion = w.version
	return AppendDeadLetter(dst, w.dead, &copied)
}

// AppendConsentRecord appends a record of the consent topic.
func (w *Writer) AppendConsentRecord(dst []byte, r *consent.Record) []byte {
	return AppendConsentRecord(dst, w.ids[schemas.ConsentRecord], r)
}

// AppendDestination appends a destination.
func (w *Writer) AppendDestination(dst []byte, d *resource.Destination) []byte {
	return AppendDestination(dst, w.ids[schemas.Destination], d)
}

// AppendMapping appends a mapping record.
func (w *Writer) AppendMapping(dst []byte, m *resource.Mapping) []byte {
	return AppendMapping(dst, w.ids[schemas.Mapping], m)
}

// AppendPolicy appends a policy. hash is its content hash.
func (w *Writer) AppendPolicy(dst []byte, p *consent.Policy, hash string) []byte {
	return AppendPolicy(dst, w.ids[schemas.Policy], &Policy{Policy: *p, Hash: hash})
}

// AppendSubmission appends a submission.
func (w *Writer) AppendSubmission(dst []byte, s *Submission) []byte {
	return AppendSubmission(dst, w.ids[schemas.Submission], s)
}

// AppendDestinationStatus appends a destination's status.
func (w *Writer) AppendDestinationStatus(dst []byte, s *DestinationStatus) []byte {
	return AppendDestinationStatus(dst, w.ids[schemas.DestinationStatus], s)
}

// AppendSubjectKey appends the key of a sealed letter.
func (w *Writer) AppendSubjectKey(dst []byte, k *SubjectKey) []byte {
	return AppendSubjectKey(dst, w.ids[schemas.SubjectKey], k)
}

// AppendState appends what a command wants to know again later.
func (w *Writer) AppendState(dst []byte, s *State) []byte {
	return AppendState(dst, w.ids[schemas.State], s)
}
