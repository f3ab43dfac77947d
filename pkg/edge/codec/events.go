package codec

import (
	"context"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/schemas"
)

// Format is the encoding of the input topic's values.
type Format string

// The formats (input.format).
const (
	FormatAvro Format = "avro"
	FormatJSON Format = "json"
)

// Events reads records of the input topic. It is safe for concurrent use.
type Events struct {
	json   bool
	bodies *bodies
}

// NewEvents makes an Events. The registry may be nil for JSON.
func NewEvents(format Format, r *Registry) (*Events, error) {
	switch format {
	case FormatJSON:
		return &Events{json: true}, nil
	case FormatAvro:
	default:
		return nil, fmt.Errorf("reading input.format %q: want avro or json", format)
	}
	b, err := newBodies(r, schemas.AnalyticsEvent)
	if err != nil {
		return nil, err
	}
	return &Events{bodies: b}, nil
}

// Head reads only what decides whether anything wants the event; it does not
// allocate where the writer's schema begins as ours does. Errors: a
// *PendingError, or the *DecodeError that Decode gives for the value.
func (x *Events) Head(ctx context.Context, value []byte) (Head, error) {
	h, err := x.head(ctx, value)
	if err == nil {
		return h, nil
	}
	// The head is judged by the whole: an event that is both invalid at its
	// head and broken behind it has one reason, whoever asks.
	var whole event.Event
	if full := x.Decode(ctx, value, &whole); full != nil {
		return h, full
	}
	return h, err
}

func (x *Events) head(ctx context.Context, value []byte) (Head, error) {
	if x.json {
		return HeadOfJSON(value)
	}
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

// Decode reads a whole event into dst, whose slices are reused. Strings alias
// the value. dst.Origin is emptied: set it afterwards. Errors: a *PendingError
// (wait and read again) or a *DecodeError (a dead letter).
func (x *Events) Decode(ctx context.Context, value []byte, dst *event.Event) error {
	dst.Reset()
	if x.json {
		return DecodeEventJSON(dst, value)
	}
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
