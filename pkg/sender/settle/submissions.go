package settle

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/kafka"
)

// maxSubmissionBytes keeps a submission below a broker's default limit of a
// message (1 MiB) with room for what the next ones add. A batch whose list of
// events is longer is judged as a whole.
const maxSubmissionBytes = 1_000_000

// submissions note the requests whose verdict comes later, one record each,
// with their events in the order in which they were sent.
func (s *Settler) submissions(entries []Entry, decisions []decision.Decision, now int64) []*kgo.Record {
	var order []*codec.Submission
	known := make(map[string]*codec.Submission)
	for i := range entries {
		e := &entries[i]
		if !e.Verdict || e.Kind != Delivered {
			continue
		}
		id := e.Evidence.RequestID
		sub := known[id]
		if sub == nil {
			f := &e.Delivery.Facts
			sub = &codec.Submission{
				RequestID: id, DestinationID: f.DestinationID, CustomerID: f.Customer, Provider: s.cfg.Provider,
				Account: f.Account, SubmittedAt: now, Lane: e.Delivery.Lane,
			}
			known[id] = sub
			order = append(order, sub)
		}
		sub.Events = append(sub.Events, submitted(e, &decisions[i], sub.Records))
		sub.Records++
	}
	records := make([]*kgo.Record, 0, len(order))
	for _, sub := range order {
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
