package codec

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/schemas"
)

// Format is an encoding of the input topic's values. Formats stand in one list;
// who reads or writes events finds his by name (input.format), and nobody else
// knows which there are.
type Format struct {
	Name string
	// Schema is the schema whose id frames every value; "": values are not
	// framed, and the registry is not asked.
	Schema schemas.Name

	// open makes the reader of values. The registry may be nil where values are
	// not framed.
	open func(*Registry) (input, error)
	// Encode appends an event as a value. id is that of Schema.
	Encode func(dst []byte, id SchemaID, e *event.Event) []byte

	// Line reads an event as people write it, a line of a text file, for explain,
	// emit, demo and test events. Errors are *DecodeError.
	Line func(dst *event.Event, line []byte) error
	// Verbatim: such a line is itself a value.
	Verbatim bool
}

// input reads the values of one topic. Errors are those of Events.
type input struct {
	head   func(ctx context.Context, value []byte) (Head, error)
	decode func(ctx context.Context, value []byte, dst *event.Event) error
}

// Formats lists what input.format may be. The first is the default.
func Formats() []Format { return []Format{avroFormat(), jsonFormat()} }

// FormatNames are the names of Formats.
func FormatNames() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, f.Name)
	}
	return names
}

// FormatOf finds a format by its name.
func FormatOf(name string) (Format, error) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, fmt.Errorf("reading input.format %q: want %s", name, strings.Join(FormatNames(), " or "))
	}
	return all[i], nil
}

// AppendLine turns a line that somebody wrote into the value that means the same
// to the router, for demo and load generators. What cannot be an event is appended
// as it is, so that the router finds it undecodable or too large; an invalid event
// stays invalid. scratch is overwritten.
func (f *Format) AppendLine(dst []byte, id SchemaID, scratch *event.Event, line []byte) []byte {
	err := f.Line(scratch, line)
	if f.Verbatim || NoEvent(err) {
		return append(dst, line...)
	}
	return f.Encode(dst, id, scratch)
}
