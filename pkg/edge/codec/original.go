package codec

import (
	"crypto/sha256"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/schemas"
)

// Header is one header of an original record.
type Header struct {
	Key   string
	Value []byte
}

// Original is an input record as it was. Its bytes alias what they were read
// from. A nil Key is a null key; an empty one is not.
type Original struct {
	Key     []byte
	Value   []byte
	Headers []Header
	Source  event.Coordinates
}

// OriginalOf takes a record of the input topic. Bytes are shared with it.
func OriginalOf(r *kgo.Record, source event.Coordinates) Original {
	o := Original{Key: r.Key, Value: r.Value, Source: source}
	for _, h := range r.Headers {
		o.Headers = append(o.Headers, Header{Key: h.Key, Value: h.Value})
	}
	return o
}

// Hold is an original record whose consent is not known yet.
type Hold struct {
	Original
	HeldAt   int64 // epoch ms
	Reason   decision.Reason
	Mappings []string // keys of the mapping records to evaluate again, destination_id/mapping_name
	// Sealed is the original's key, value and headers, which are empty then; nil:
	// they are not sealed.
	Sealed []byte
	// CustomerID, SourceEvent and EventID (as decisions show it) are there where
	// the original is sealed, for decisions about what nobody may open.
	CustomerID, SourceEvent, EventID string
}

// DeadLetter is an original record that could not be read or routed.
type DeadLetter struct {
	Original
	Time        int64 // epoch ms: when it was given up
	Reason      decision.Reason
	Detail      string // what is wrong, without any value of the event
	CustomerID  string
	SourceEvent string
	// Truncated: the broker refused the whole value; Value is its beginning,
	// SHA256 that of the whole.
	Truncated  bool
	Size       int64 // of the original value, in bytes
	SHA256     []byte
	ReplayID   string
	AppVersion string
	// Sealed is the original's key, value and headers, which are empty then; nil:
	// they are not sealed.
	Sealed []byte
}

// TruncatedBytes is how much of an oversized value a dead letter keeps.
const TruncatedBytes = 64 << 10

// Truncate cuts the value to its beginning and notes size and hash of the
// whole, for a record that the broker refuses as too large.
func (d *DeadLetter) Truncate() {
	sum := sha256.Sum256(d.Value)
	d.Truncated, d.Size, d.SHA256 = true, int64(len(d.Value)), sum[:]
	d.Value = d.Value[:min(len(d.Value), TruncatedBytes)]
	d.Headers = nil
}

// DeadEvent makes the dead letter of an input record. now is epoch ms.
func DeadEvent(o Original, reason decision.Reason, detail string, now int64) DeadLetter {
	return DeadLetter{Original: o, Time: now, Reason: reason, Detail: detail, Size: int64(len(o.Value))}
}

// contentFields are those of an original that may be sealed.
func contentFields(c *coder, o *Original) {
	c.optBlob("key", &o.Key)
	c.blob("value", &o.Value)
	for l := c.array("headers", len(o.Headers)); c.next(&l); {
		grow(c, &o.Headers)
		c.record("")
		c.str("key", &o.Headers[l.i].Key)
		c.blob("value", &o.Headers[l.i].Value)
		c.end()
	}
}

func originalFields(c *coder, o *Original) {
	contentFields(c, o)
	sourceFields(c, &o.Source)
}

func holdFields(c *coder, h *Hold) {
	originalFields(c, &h.Original)
	c.optTime("held_at", &h.HeldAt)
	reasonField(c, "reason", &h.Reason)
	c.strs("mappings", &h.Mappings)
	c.optBlob("sealed", &h.Sealed)
	c.str("customer_id", &h.CustomerID)
	c.str("source_event", &h.SourceEvent)
	c.str("event_id", &h.EventID)
}

func deadLetterFields(c *coder, d *DeadLetter) {
	originalFields(c, &d.Original)
	c.optTime("time", &d.Time)
	reasonField(c, "reason", &d.Reason)
	c.optStr("detail", &d.Detail)
	c.optStr("customer_id", &d.CustomerID)
	c.optStr("source_event", &d.SourceEvent)
	c.boolean("truncated", &d.Truncated)
	c.long("size", &d.Size)
	c.optBlob("sha256", &d.SHA256)
	c.optStr("replay_id", &d.ReplayID)
	c.optStr("app_version", &d.AppVersion)
	c.optBlob("sealed", &d.Sealed)
}

// AppendHold appends h as a framed Avro value.
func AppendHold(dst []byte, id SchemaID, h *Hold) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	holdFields(&c, h)
	return c.buf
}

// DecodeHold reads a hold record in our schema (without its frame).
func DecodeHold(dst *Hold, body []byte) error {
	*dst = Hold{Original: Original{Headers: dst.Headers[:0]}, Mappings: dst.Mappings[:0]}
	c := reader(body)
	holdFields(&c, dst)
	return c.err()
}

// Holds reads hold records, whoever wrote them.
func Holds(r *Registry) (*Decoder[Hold], error) { return newDecoder(r, schemas.Hold, DecodeHold) }

// AppendDeadLetter appends d as a framed Avro value.
func AppendDeadLetter(dst []byte, id SchemaID, d *DeadLetter) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	deadLetterFields(&c, d)
	return c.buf
}

// DecodeDeadLetter reads a dead letter in our schema (without its frame).
func DecodeDeadLetter(dst *DeadLetter, body []byte) error {
	*dst = DeadLetter{Original: Original{Headers: dst.Headers[:0]}}
	c := reader(body)
	c.open = true
	deadLetterFields(&c, dst)
	return c.err()
}

// DeadLetters reads dead letters, whoever wrote them.
func DeadLetters(r *Registry) (*Decoder[DeadLetter], error) {
	return newDecoder(r, schemas.DeadLetter, DecodeDeadLetter)
}
