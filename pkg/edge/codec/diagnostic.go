package codec

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/schemas"
)

// laneField is null where no mapping, and so no lane, was reached.
func laneField(c *coder, d *decision.Decision) {
	optWord(c, "lane", &d.Lane, laneWord(d), decision.ParseLane)
}

func laneWord(d *decision.Decision) string {
	if d.Mapping == "" {
		return ""
	}
	return d.Lane.String()
}

// eventIDSource is null where the record has no event id to speak of.
func eventIDSource(c *coder, d *decision.Decision) {
	optWord(c, "event_id_source", &d.EventIDSource, idSourceWord(d), parseIDSource)
}

func idSourceWord(d *decision.Decision) string {
	if d.EventID == "" && d.EventIDSource != event.IDDerived {
		return ""
	}
	return d.EventIDSource.String()
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
	return putDiagnostic(AppendFrame(dst, id), nil, d)
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
	emptyDiagnostic(dst)
	r := straight{b: body}
	if r.readDiagnostic(dst); r.done() {
		return nil
	}
	return decodeDiagnostic(dst, body)
}

// decodeDiagnostic is the coder's reading, which also knows what to do with
// words that this program does not know.
func decodeDiagnostic(dst *decision.Decision, body []byte) error {
	emptyDiagnostic(dst)
	c := reader(body)
	c.open = true
	diagnosticFields(&c, dst)
	return c.err()
}

func emptyDiagnostic(dst *decision.Decision) {
	present, dropped := dst.Identifiers.Present[:0], dst.Identifiers.Dropped[:0]
	warnings := dst.Warnings[:0]
	*dst = decision.Decision{Warnings: warnings}
	dst.Identifiers.Present, dst.Identifiers.Dropped = present, dropped
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
