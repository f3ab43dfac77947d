package codec

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/schemas"
)

// diagnosticFields lists the fields of schemas/diagnostic.avsc, a public
// contract.
func diagnosticFields(c *coder, d *decision.Decision) {
	c.str("decision_id", &d.ID)
	c.time("time", &d.Time)
	word(c, "stage", &d.Stage, d.Stage.String(), decision.ParseStage)
	word(c, "status", &d.Status, d.Status.String(), parseStatus)
	reasonField(c, "reason", &d.Reason)
	c.optStr("message", &d.Message)
	c.str("customer_id", &d.CustomerID)
	c.str("destination_id", &d.DestinationID)
	c.str("mapping", &d.Mapping)
	c.str("provider", &d.Provider)
	laneField(c, d)
	c.str("source_event", &d.SourceEvent)
	c.optStr("target", &d.Target)
	c.str("event_id", &d.EventID)
	eventIDSource(c, d)
	c.optStr("transaction_id", &d.TransactionID)
	c.optDouble("value", &d.Value)
	c.optStr("currency", &d.Currency)
	c.optTime("event_time", &d.EventTime)
	c.optStr("subject_hash", &d.SubjectHash)
	c.optStr("subject_key_id", &d.SubjectKeyID)
	basisFields(c, &d.Consent, &d.Said)
	c.boolean("restricted", &d.Restricted)
	identifierFields(c, &d.Identifiers)
	answerFields(c, d)
	sourceFields(c, &d.Source)
	c.key16("claim_key", &d.ClaimKey)
	c.key16("also_key", &d.AlsoKey)
	c.long("claim_window_ms", &d.ClaimWindowMS)
	c.optStr("destination_version", &d.DestinationVersion)
	c.optStr("mapping_version", &d.MappingVersion)
	c.optStr("app_version", &d.AppVersion)
	c.optStr("replay_id", &d.ReplayID)
	c.optBool("browser_reported", &d.BrowserReported)
	c.boolean("dedup_risk", &d.DedupRisk)
	integer(c, "events", &d.Events)
}

// answerFields are what became of the attempt.
func answerFields(c *coder, d *decision.Decision) {
	integer(c, "attempts", &d.Attempts)
	integer(c, "http_status", &d.HTTPStatus)
	c.optStr("provider_code", &d.ProviderCode)
	c.optStr("provider_subcode", &d.ProviderSubcode)
	c.optStr("provider_message", &d.ProviderMessage)
	c.optStr("provider_request_id", &d.ProviderRequestID)
	c.strs("warnings", &d.Warnings)
	c.optTime("next_attempt", &d.NextAttempt)
	c.long("latency_ms", &d.LatencyMS)
	c.long("provider_latency_ms", &d.ProviderLatencyMS)
	c.optStr("duplicate_of", &d.DuplicateOf)
	c.boolean("recovered", &d.Recovered)
}

// laneField is null where no mapping, and so no lane, was reached.
func laneField(c *coder, d *decision.Decision) {
	text := ""
	if d.Mapping != "" {
		text = d.Lane.String()
	}
	optWord(c, "lane", &d.Lane, text, decision.ParseLane)
}

// eventIDSource is null where the record has no event id to speak of.
func eventIDSource(c *coder, d *decision.Decision) {
	text := ""
	if d.EventID != "" || d.EventIDSource == event.IDDerived {
		text = d.EventIDSource.String()
	}
	optWord(c, "event_id_source", &d.EventIDSource, text, parseIDSource)
}

func parseStatus(text string) (decision.Status, error) {
	if text == "" {
		return decision.StatusNone, nil
	}
	return decision.ParseStatus(text)
}

// AppendDiagnostic appends d as a framed Avro value. It allocates only where
// dst has to grow.
func AppendDiagnostic(dst []byte, id SchemaID, d *decision.Decision) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	diagnosticFields(&c, d)
	return c.buf
}

// AppendDiagnosticJSON appends d as one JSON object with the schema's field
// names, without a line end. Times are RFC 3339 in UTC, claim_key and topic_id
// hexadecimal. Null fields are left out; status, reason, stage, customer_id,
// destination_id, mapping, provider, event_id and source_event are always there,
// empty where there is none.
func AppendDiagnosticJSON(dst []byte, d *decision.Decision) []byte {
	c := coder{mode: printing, buf: append(dst, '{')}
	diagnosticFields(&c, d)
	return append(c.buf, '}')
}

// DecodeDiagnostic reads a diagnostic in our schema (without its frame).
// Strings alias body; the slices of dst are reused. Statuses, reasons and other
// words that this program does not know read as their zero values: a newer
// router's diagnostics must not stop an older reader.
func DecodeDiagnostic(dst *decision.Decision, body []byte) error {
	present, dropped := dst.Identifiers.Present[:0], dst.Identifiers.Dropped[:0]
	warnings := dst.Warnings[:0]
	*dst = decision.Decision{Warnings: warnings}
	dst.Identifiers.Present, dst.Identifiers.Dropped = present, dropped
	c := reader(body)
	c.open = true
	diagnosticFields(&c, dst)
	return c.err()
}

// Diagnostics reads diagnostics, whoever wrote them.
func Diagnostics(r *Registry) (*Decoder[decision.Decision], error) {
	return newDecoder(r, schemas.Diagnostic, DecodeDiagnostic)
}

// SourceMark gives bytes that stand in every diagnostic about an input record,
// for readers that pass over the others without decoding them. The same bytes
// may stand elsewhere by chance: what has them still has to be decoded.
func SourceMark(partition int32, offset int64) []byte {
	c := coder{mode: writing}
	c.writeLong(int64(partition))
	c.writeLong(offset)
	return c.buf
}
