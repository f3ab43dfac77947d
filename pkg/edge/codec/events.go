package codec

import (
	"context"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/event"
)

// Events reads records of the input topic. It is safe for concurrent use.
type Events struct{ input input }

// NewEvents makes an Events for the format of that name. The registry may be nil
// where the format's values are not framed.
func NewEvents(format string, r *Registry) (*Events, error) {
	f, err := FormatOf(format)
	if err != nil {
		return nil, err
	}
	in, err := f.open(r)
	if err != nil {
		return nil, fmt.Errorf("reading input.format %s: %w", f.Name, err)
	}
	return &Events{input: in}, nil
}

// Head reads only what decides whether anything wants the event; it does not
// allocate where the format has the head in front, as Avro has where the writer's
// schema begins as ours does. Errors: a *PendingError, or the *DecodeError that
// Decode gives for the value.
func (x *Events) Head(ctx context.Context, value []byte) (Head, error) {
	h, err := x.input.head(ctx, value)
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

// Decode reads a whole event into dst, whose slices are reused. Strings alias
// the value. dst.Origin is emptied: set it afterwards. Errors: a *PendingError
// (wait and read again) or a *DecodeError (a dead letter).
func (x *Events) Decode(ctx context.Context, value []byte, dst *event.Event) error {
	return x.input.decode(ctx, value, dst)
}
