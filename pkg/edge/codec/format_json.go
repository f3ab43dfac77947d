package codec

import (
	"context"

	"github.com/sluicehq/sluice/pkg/core/event"
)

// FormatJSON is the same shape as JSON, without a frame.
const FormatJSON = "json"

func jsonFormat() Format {
	return Format{Name: FormatJSON, open: openJSON, Encode: encodeJSON, Line: DecodeEventJSON, Verbatim: true}
}

func openJSON(*Registry) (input, error) {
	return input{
		head:   func(_ context.Context, value []byte) (Head, error) { return HeadOfJSON(value) },
		decode: func(_ context.Context, value []byte, dst *event.Event) error { return DecodeEventJSON(dst, value) },
	}, nil
}

func encodeJSON(dst []byte, _ SchemaID, e *event.Event) []byte { return AppendEventJSON(dst, e) }
