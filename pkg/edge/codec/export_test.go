package codec

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// The coder's own reading and writing: the reference for generated code.

func CoderDecodeEvent(dst *event.Event, body []byte) error {
	dst.Reset()
	if len(body) > MaxEventBytes {
		return tooLarge()
	}
	return decodeEvent(dst, body)
}

func CoderDecodeDelivery(dst *decision.Delivery, body []byte) error { return decodeDelivery(dst, body) }

func CoderDecodeDiagnostic(dst *decision.Decision, body []byte) error {
	return decodeDiagnostic(dst, body)
}

func CoderAppendDelivery(dst []byte, id SchemaID, d *decision.Delivery) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	deliveryFields(&c, d)
	return c.buf
}

func CoderAppendDiagnostic(dst []byte, id SchemaID, d *decision.Decision) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	diagnosticFields(&c, d)
	return c.buf
}

// AppendEventFromJSON is AppendLine of Avro.
func AppendEventFromJSON(dst []byte, id SchemaID, scratch *event.Event, value []byte) []byte {
	f := avroFormat()
	return f.AppendLine(dst, id, scratch, value)
}

// The straight-line readers alone: false where the coder has to read again.

func StraightEvent(dst *event.Event, body []byte) bool {
	r := straight{b: body, checked: true}
	r.readAnalyticsEvent(dst)
	return r.done()
}

func StraightDelivery(dst *decision.Delivery, body []byte) bool {
	r := straight{b: body}
	r.readDelivery(dst)
	return r.done()
}

func StraightDiagnostic(dst *decision.Decision, body []byte) bool {
	r := straight{b: body}
	r.readDiagnostic(dst)
	return r.done()
}
