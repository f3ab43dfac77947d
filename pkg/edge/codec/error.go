package codec

import (
	"errors"
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// ErrSchemaPending says that a writer's schema cannot be had right now: the
// registry does not answer, or has not known the id for long. It is not the
// record's fault: wait and read it again. Test with errors.Is; the error in
// hand is a *PendingError.
var ErrSchemaPending = errors.New("writer schema is not known yet")

// PendingError is an ErrSchemaPending with the schema's id and, where the
// registry failed, what it said.
type PendingError struct {
	ID    SchemaID
	Cause error // nil: the registry answered that it does not know the id
}

// Error implements error.
func (e *PendingError) Error() string {
	if e.Cause == nil {
		return fmt.Sprintf("looking up schema id %d: the registry does not know it yet", e.ID)
	}
	return fmt.Sprintf("looking up schema id %d: %v", e.ID, e.Cause)
}

// IsUnknownSchema reports whether err says that the registry answers and does
// not know the writer's schema, for now.
func IsUnknownSchema(err error) bool {
	pending, ok := errors.AsType[*PendingError](err)
	return ok && pending.Cause == nil
}

// Is makes errors.Is(err, ErrSchemaPending) true.
func (e *PendingError) Is(target error) bool { return target == ErrSchemaPending }

// Unwrap gives what the registry or the network said.
func (e *PendingError) Unwrap() error { return e.Cause }

// DecodeError says why bytes are not a record. Its text names fields and
// positions and never contains a value.
type DecodeError struct {
	// Reason is event.undecodable, event.invalid or event.too_large.
	Reason decision.Reason
	// Detail says what is wrong, for diagnostics and dead letters.
	Detail string
}

// Error implements error.
func (e *DecodeError) Error() string { return e.Reason.String() + ": " + e.Detail }

// NoEvent reports that err, of reading an event, leaves nothing that could be
// written as one: the bytes are undecodable or too large, and not only invalid.
func NoEvent(err error) bool {
	bad, ok := errors.AsType[*DecodeError](err)
	return ok && bad.Reason != decision.EventInvalid
}

func undecodable(format string, args ...any) *DecodeError {
	return &DecodeError{Reason: decision.EventUndecodable, Detail: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *DecodeError {
	return &DecodeError{Reason: decision.EventInvalid, Detail: fmt.Sprintf(format, args...)}
}
