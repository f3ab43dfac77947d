package codec

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/schemas"
)

// FormatAvro is Avro in Schema Registry framing.
const FormatAvro = "avro"

func avroFormat() Format {
	return Format{Name: FormatAvro, Schema: schemas.AnalyticsEvent, open: openAvro, Encode: AppendEvent, Line: DecodeEventJSON}
}

// avroEvents reads framed values, whoever wrote them.
type avroEvents struct{ bodies *bodies }

func openAvro(r *Registry) (input, error) {
	b, err := newBodies(r, schemas.AnalyticsEvent)
	x := avroEvents{bodies: b}
	return input{head: x.head, decode: x.decode}, err
}

func (x avroEvents) head(ctx context.Context, value []byte) (Head, error) {
	if len(value) > MaxEventBytes {
		return Head{}, tooLarge()
	}
	id, body, err := Unframe(value)
	if err != nil {
		return Head{}, err
	}
	w, err := x.bodies.writer(ctx, id)
	if err != nil {
		return Head{}, err
	}
	if w.err == nil && w.head {
		return HeadOf(body)
	}
	r, err := w.resolve(body)
	if err != nil {
		return Head{}, err
	}
	return HeadOf(r.body)
}

func (x avroEvents) decode(ctx context.Context, value []byte, dst *event.Event) error {
	dst.Reset()
	if len(value) > MaxEventBytes {
		return tooLarge()
	}
	r, err := x.bodies.body(ctx, value)
	if err != nil {
		return err
	}
	if err := decodeEventBody(dst, r.body); err != nil {
		return err
	}
	r.mark(&dst.Consent)
	return nil
}
