package settle

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// maxSubmissionBytes keeps a submission below a broker's default limit of a
// message (1 MiB) with room for what the next ones add. A batch whose list of
// events is longer is judged as a whole.
const maxSubmissionBytes = 1_000_000

// submissions are the requests of one batch whose verdict comes later, with
// their events in the order in which they were sent.
type submissions struct {
	order []*codec.Submission
	known map[string]*codec.Submission
}

// submit notes an event of such a request; d is what is published about it.
func (s *Settler) submit(to *submissions, e *Entry, d *decision.Decision, now int64) {
	id := e.Evidence.RequestID
	sub := to.known[id]
	if sub == nil {
		f := &e.Delivery.Facts
		sub = &codec.Submission{
			RequestID: id, DestinationID: f.DestinationID, CustomerID: f.Customer, Provider: s.cfg.Provider,
			Account: f.Account, SubmittedAt: now, Lane: e.Delivery.Lane,
		}
		if to.known == nil {
			to.known = make(map[string]*codec.Submission)
		}
		to.known[id] = sub
		to.order = append(to.order, sub)
	}
	sub.Events = append(sub.Events, submitted(e, d, sub.Records))
	sub.Records++
}

// submissions writes one record for each request.
func (s *Settler) submissions(noted *submissions) []*kgo.Record {
	records := make([]*kgo.Record, 0, len(noted.order))
	for _, sub := range noted.order {
		records = append(records, s.submission(sub))
	}
	return records
}

func (s *Settler) submission(sub *codec.Submission) *kgo.Record {
	r := &kgo.Record{
		Topic: s.cfg.Topics.Submissions(s.cfg.Provider), Key: []byte(sub.RequestID),
		Value: s.deps.Encoder.AppendSubmission(nil, sub),
	}
	if kafka.RecordSize(r) > maxSubmissionBytes {
		sub.Events = nil
		r.Value = s.deps.Encoder.AppendSubmission(nil, sub)
	}
	return r
}

// submitted takes over what the diagnostic shows, so that nothing stands in a
// submission that may not stand there.
func submitted(e *Entry, d *decision.Decision, index int32) codec.SubmittedEvent {
	return codec.SubmittedEvent{
		Source: d.Source, Mapping: d.Mapping, Target: d.Target, SourceEvent: d.SourceEvent,
		EventID: d.EventID, EventIDSource: d.EventIDSource, TransactionID: d.TransactionID, EventTime: d.EventTime,
		Value: d.Value, Currency: d.Currency, SubjectHash: d.SubjectHash, SubjectKeyID: d.SubjectKeyID,
		ClaimKey: d.ClaimKey, AlsoKey: d.AlsoKey, ClaimOwner: e.Delivery.ClaimOwner,
		ClaimWindowMS: ClaimWindow(e.Delivery).Milliseconds(),
		Restricted:    d.Restricted, ReplayID: d.ReplayID, Index: index,
	}
}
