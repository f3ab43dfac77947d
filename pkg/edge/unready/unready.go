// Package unready has the one error for what is missing outside: a service that
// cannot be reached, a topic that does not exist. Commands end with exit code 3
// for it.
package unready

import (
	"errors"
	"net/url"
	"strings"
)

// Error says that something outside is not as it must be: a service
// that cannot be reached, a topic that does not exist. Fix says what to do.
type Error struct {
	What string
	Fix  string
	Err  error
}

// Error says what is missing and how to mend it.
func (e *Error) Error() string {
	text := e.What
	if e.Err != nil {
		text += ": " + e.cause()
	}
	if e.Fix != "" {
		text += "\n  fix: " + e.Fix
	}
	return text
}

// cause leaves out what HTTP clients write around an error where Fix names the
// address too: method and URL, twice.
func (e *Error) cause() string {
	if failed, ok := errors.AsType[*url.Error](e.Err); ok {
		if at, err := url.Parse(failed.URL); err == nil && strings.Contains(e.Fix, at.Host) {
			return failed.Err.Error()
		}
	}
	return e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
