package codec

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/schemas"
)

// Submission is a batch that the provider accepted and will judge later. Times
// are epoch milliseconds, zero means absent.
type Submission struct {
	RequestID     string
	DestinationID string
	CustomerID    string
	Provider      string
	Account       string // fingerprint
	SubmittedAt   int64
	Polls         int32
	NextPoll      int64
	Lane          decision.Lane
	// Records is how many events the request held.
	Records int32
	// Events in the order of the request; empty where the list would not have
	// fitted into a record.
	Events []SubmittedEvent
}

// SubmittedEvent is one event of a submission: what a verdict needs to name it.
type SubmittedEvent struct {
	Source        event.Coordinates
	Mapping       string
	Target        string
	SourceEvent   string
	EventID       string
	EventIDSource event.IDSource
	TransactionID string
	EventTime     int64
	Value         event.Opt[float64]
	Currency      string
	SubjectHash   string
	SubjectKeyID  string
	ClaimKey      [16]byte
	AlsoKey       [16]byte // zero: none
	ClaimOwner    int64
	ClaimWindowMS int64
	Restricted    bool
	ReplayID      string
	Index         int32
}

func submissionFields(c *coder, s *Submission) {
	c.str("request_id", &s.RequestID)
	c.str("destination_id", &s.DestinationID)
	c.str("customer_id", &s.CustomerID)
	c.str("provider", &s.Provider)
	c.str("account", &s.Account)
	c.optTime("submitted_at", &s.SubmittedAt)
	integer(c, "polls", &s.Polls)
	c.optTime("next_poll", &s.NextPoll)
	word(c, "lane", &s.Lane, s.Lane.String(), decision.ParseLane)
	integer(c, "records", &s.Records)
	for l := c.array("events", len(s.Events)); c.next(&l); {
		grow(c, &s.Events)
		submittedFields(c, &s.Events[l.i])
	}
}

func submittedFields(c *coder, e *SubmittedEvent) {
	c.record("")
	sourceFields(c, &e.Source)
	c.str("mapping", &e.Mapping)
	c.str("target", &e.Target)
	c.str("source_event", &e.SourceEvent)
	c.str("event_id", &e.EventID)
	idSourceField(c, "event_id_source", &e.EventIDSource)
	c.optStr("transaction_id", &e.TransactionID)
	c.optTime("event_time", &e.EventTime)
	c.optDouble("value", &e.Value)
	c.optStr("currency", &e.Currency)
	c.optStr("subject_hash", &e.SubjectHash)
	c.optStr("subject_key_id", &e.SubjectKeyID)
	c.key16("claim_key", &e.ClaimKey)
	c.key16("also_key", &e.AlsoKey)
	c.long("claim_owner", &e.ClaimOwner)
	c.long("claim_window_ms", &e.ClaimWindowMS)
	c.boolean("restricted", &e.Restricted)
	c.optStr("replay_id", &e.ReplayID)
	integer(c, "index", &e.Index)
	c.end()
}

// AppendSubmission appends s as a framed Avro value.
func AppendSubmission(dst []byte, id SchemaID, s *Submission) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	submissionFields(&c, s)
	return c.buf
}

// DecodeSubmission reads a submission in our schema (without its frame).
func DecodeSubmission(dst *Submission, body []byte) error {
	*dst = Submission{Events: dst.Events[:0]}
	c := reader(body)
	submissionFields(&c, dst)
	return c.err()
}

// Submissions reads submissions, whoever wrote them.
func Submissions(r *Registry) (*Decoder[Submission], error) {
	return newDecoder(r, schemas.Submission, DecodeSubmission)
}

// DestinationStatus is how one sender sees one destination. Times are epoch
// milliseconds, zero means absent.
type DestinationStatus struct {
	DestinationID     string
	Sender            string // instance id
	CustomerID        string
	Provider          string
	State             string // open, waiting, blocked
	Reason            decision.Reason
	Message           string
	Since             int64
	Until             int64 // end of waiting
	HealthySince      int64
	UpdatedAt         int64
	Rate              float64 // events per second; zero: no limit
	Parked            int64
	CredentialExpires int64
}

func statusFields(c *coder, s *DestinationStatus) {
	c.str("destination_id", &s.DestinationID)
	c.str("sender", &s.Sender)
	c.str("customer_id", &s.CustomerID)
	c.str("provider", &s.Provider)
	c.str("state", &s.State)
	optWord(c, "reason", &s.Reason, reasonCode(s.Reason), parseReason)
	c.optStr("message", &s.Message)
	c.optTime("since", &s.Since)
	c.optTime("until", &s.Until)
	c.optTime("healthy_since", &s.HealthySince)
	c.optTime("updated_at", &s.UpdatedAt)
	c.double("rate", &s.Rate)
	c.long("parked", &s.Parked)
	c.optTime("credential_expires", &s.CredentialExpires)
}

// AppendDestinationStatus appends s as a framed Avro value.
func AppendDestinationStatus(dst []byte, id SchemaID, s *DestinationStatus) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	statusFields(&c, s)
	return c.buf
}

// DecodeDestinationStatus reads a status in our schema (without its frame).
func DecodeDestinationStatus(dst *DestinationStatus, body []byte) error {
	*dst = DestinationStatus{}
	c := reader(body)
	c.open = true
	statusFields(&c, dst)
	return c.err()
}

// DestinationStatuses reads statuses, whoever wrote them.
func DestinationStatuses(r *Registry) (*Decoder[DestinationStatus], error) {
	return newDecoder(r, schemas.DestinationStatus, DecodeDestinationStatus)
}
