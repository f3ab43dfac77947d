package settle

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// forwards are the records that moved, parked and dead deliveries become: the
// same key and value bytes, other headers.
func (s *Settler) forwards(entries []Entry) []*kgo.Record {
	var out []*kgo.Record
	for i := range entries {
		e := &entries[i]
		topic := e.Topic
		switch {
		case e.Kind == Later || e.Kind == Parked:
		case e.Kind == Ended && e.Status == decision.DeadLettered:
			topic = s.cfg.Topics.DeadDeliveries(s.cfg.Provider)
		default:
			continue
		}
		hop := s.hop(e)
		out = append(out, &kgo.Record{Topic: topic, Key: e.Record.Key, Value: e.Record.Value, Headers: hop.Replace(e.Record.Headers)})
	}
	return out
}

// hop says in headers why a delivery was moved or is dead: never a token,
// never an identifier.
func (s *Settler) hop(e *Entry) codec.Hop {
	hop := *e.Hop
	hop.Cause, hop.ReplayID = e.Reason, e.Delivery.ReplayID
	if e.Evidence.Class != "" {
		hop.Class, hop.HTTPStatus, hop.ProviderCode = e.Evidence.Class, e.Evidence.Status, e.Evidence.Code
	}
	if e.Kind == Ended {
		hop.Source, hop.Destination = e.Delivery.Source.String(), e.Delivery.Facts.DestinationID
		hop.AppVersion = s.deps.Recorder.AppVersion
	}
	return hop
}

// trace keeps the header that links spans.
func trace(headers []kgo.RecordHeader) []kgo.RecordHeader {
	parent := codec.TraceParent(headers)
	if parent == nil {
		return nil
	}
	return []kgo.RecordHeader{{Key: codec.HeaderTraceParent, Value: parent}}
}

// decide describes one outcome in d.
func (s *Settler) decide(d *decision.Decision, e *Entry, now int64) {
	*d = s.deps.Recorder.Sent(e.Delivery, decision.StageSender, e.status(), e.Reason, e.Detail, e.Hop.Attempt, now)
	d.Recovered, d.DuplicateOf = e.Recovered, e.DuplicateOf
	if e.Kind == Later || e.Kind == Kept {
		d.NextAttempt = e.Until
	}
	v := &e.Evidence
	d.HTTPStatus, d.ProviderCode, d.ProviderSubcode = v.Status, v.Code, v.Subcode
	d.ProviderMessage, d.ProviderRequestID = v.Message, v.RequestID
	d.Warnings, d.ProviderLatencyMS = v.Warnings, v.LatencyMS
}
