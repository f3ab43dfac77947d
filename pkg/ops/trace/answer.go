package trace

import (
	"encoding/json"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
)

// Answer is what is known. Its JSON is that of `sluice trace --output json`.
type Answer struct {
	Found bool `json:"found"`
	// Records are those of the input that match, each with what came of it.
	Records []Record `json:"records"`
	// Requests are what a provider said later about whole requests, without
	// naming events, as diagnostics.
	Requests []json.RawMessage `json:"requests"`
	// Waiting are requests whose verdict the provider still owes.
	Waiting []Waiting            `json:"waiting_verdicts"`
	Looked  diagnostics.Searched `json:"looked_at"`

	// Story is the same for telling it to people.
	Story history.Timeline `json:"-"`
	// Unread is set where nothing was found because the router has not read the
	// record yet.
	Unread *Unread `json:"-"`
}

// Record is one record of the input.
type Record struct {
	// Source is where it stands: topic/partition@offset.
	Source        string `json:"source"`
	CustomerID    string `json:"customer_id"`
	SourceEvent   string `json:"source_event"`
	EventID       string `json:"event_id"`
	TransactionID string `json:"transaction_id,omitempty"`
	// EventTime in RFC 3339.
	EventTime string `json:"event_time,omitempty"`
	// Outcomes, one for each destination and mapping.
	Outcomes []Outcome `json:"outcomes"`
}

// Outcome is what came of a record at one destination.
type Outcome struct {
	DestinationID string `json:"destination_id"`
	Mapping       string `json:"mapping"`
	Provider      string `json:"provider"`
	// State in which it is, and the last decision's status and reason.
	State  string `json:"state"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	// GatesPassed in their order, and the one that stopped it.
	GatesPassed []string `json:"gates_passed"`
	GateFailed  string   `json:"gate_failed,omitempty"`
	// Repeats of decisions that a crash left behind.
	Repeats int `json:"repeats"`
	// Steps are the diagnostics, in the field names of their contract.
	Steps []json.RawMessage `json:"steps"`
}

// Waiting is a request that is not judged yet.
type Waiting struct {
	RequestID     string `json:"request_id"`
	DestinationID string `json:"destination_id"`
	// Records in the request, and how often the provider was asked.
	Records int32 `json:"records"`
	Asked   int32 `json:"asked"`
}

// Unread is how far the router has committed the partition of a record.
type Unread struct {
	Partition int32
	Committed int64
}

func answerOf(f *finding) Answer {
	a := Answer{
		Found: len(f.story.Records) > 0, Records: []Record{}, Requests: raw(f.story.Requests), Waiting: []Waiting{}, Looked: f.looked, Story: f.story,
	}
	for i := range f.story.Records {
		record := &f.story.Records[i]
		h := &record.Head
		r := Record{
			Source: h.Source.String(), CustomerID: h.CustomerID, SourceEvent: h.SourceEvent, EventID: h.EventID,
			TransactionID: h.TransactionID, EventTime: moment(h.EventTime),
		}
		for k := range record.Tracks {
			o := &record.Tracks[k]
			last := o.Last()
			outcome := Outcome{
				DestinationID: o.DestinationID, Mapping: o.Mapping, Provider: last.Provider, State: o.State.String(),
				Status: last.Status.String(), Reason: last.Reason.String(), GatesPassed: []string{}, Repeats: o.Repeats, Steps: raw(o.Steps),
			}
			for s := range o.Steps {
				if passed, failed, ok := history.Passed(&o.Steps[s]); ok {
					outcome.GatesPassed, outcome.GateFailed = passed, failed
				}
			}
			r.Outcomes = append(r.Outcomes, outcome)
		}
		a.Records = append(a.Records, r)
	}
	for i := range f.waiting {
		w := &f.waiting[i]
		a.Waiting = append(a.Waiting, Waiting{w.RequestID, w.DestinationID, w.Records, w.Polls})
	}
	return a
}

func raw(decisions []decision.Decision) []json.RawMessage {
	out := make([]json.RawMessage, 0, len(decisions))
	for i := range decisions {
		out = append(out, codec.AppendDiagnosticJSON(nil, &decisions[i]))
	}
	return out
}

// moment is an epoch time (ms) in RFC 3339; "" for none.
func moment(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
