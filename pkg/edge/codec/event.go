package codec

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// Head is what decides whether anything wants an event. Its strings alias the
// record's value.
type Head struct {
	CustomerID string
	EventName  string
	EventTime  int64 // epoch ms
}

// HeadOf reads the head of an event in our schema (without its frame) and
// nothing behind it: an event that no mapping names costs no more. It does not
// allocate. Errors are *DecodeError.
func HeadOf(body []byte) (Head, error) {
	c := eventReader(body)
	h := headFields(&c)
	if c.fault != "" {
		return h, c.err()
	}
	return h, nil
}

func headFields(c *coder) Head {
	var h Head
	h.CustomerID = c.readString("customer_id")
	h.EventName = c.readString("event_name")
	c.time("event_time", &h.EventTime)
	if c.reason == decision.EventUndecodable {
		return h
	}
	checkHead(c, h.CustomerID, h.EventName)
	return h
}

func eventReader(body []byte) coder {
	return coder{mode: reading, buf: body, checked: true, maxField: MaxFieldBytes, maxEntries: MaxEntries}
}

// checkHead holds customer and name against their limits.
func checkHead(c *coder, customer, name string) {
	if c.fault != "" {
		return
	}
	if fault := customerFault(customer); fault != "" {
		c.fail(decision.EventInvalid, "customer_id", fault)
	} else if name == "" {
		c.fail(decision.EventInvalid, "event_name", "it is missing")
	}
}

// DecodeEvent reads an event in our schema (without its frame) into dst, whose
// slices are reused. Strings alias body. dst.Origin is emptied: set it
// afterwards. Errors are *DecodeError, and dst is then only partly filled.
func DecodeEvent(dst *event.Event, body []byte) error {
	dst.Reset()
	if len(body) > MaxEventBytes {
		return tooLarge()
	}
	return decodeEventBody(dst, body)
}

// decodeEventBody reads into an empty dst. The size was checked on the record:
// resolving may have made it larger.
func decodeEventBody(dst *event.Event, body []byte) error {
	r := straight{b: body, checked: true}
	if r.readAnalyticsEvent(dst); r.done() && dst.Name != "" && customerFault(dst.CustomerID) == "" {
		return nil
	}
	dst.Reset()
	return decodeEvent(dst, body)
}

// decodeEvent is the coder's reading into an empty dst, whose errors count.
func decodeEvent(dst *event.Event, body []byte) error {
	c := eventReader(body)
	eventFields(&c, dst)
	if c.fault == "" && c.pos == len(body) {
		checkHead(&c, dst.CustomerID, dst.Name)
	}
	return c.err()
}

func tooLarge() error {
	return &DecodeError{Reason: decision.EventTooLarge, Detail: "the value is larger than 1 MiB"}
}

// AppendEvent appends e as a framed Avro value. Consent that is marked
// malformed is written with a word that no gate accepts, so that it is
// malformed to whoever reads it.
func AppendEvent(dst []byte, id SchemaID, e *event.Event) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	eventFields(&c, e)
	return c.buf
}

// AppendEventJSON appends e as one JSON object in the form that DecodeEventJSON
// reads, personal data included.
func AppendEventJSON(dst []byte, e *event.Event) []byte {
	c := coder{mode: printing, buf: append(dst, '{')}
	eventFields(&c, e)
	return append(c.buf, '}')
}
