package cli

import (
	"errors"
	"fmt"

	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

// Exit codes, a public contract.
const (
	exitOK          = 0
	exitRuntime     = 1 // it started and failed
	exitUsage       = 2 // the command line, the configuration or the resources are wrong
	exitEnvironment = 3 // something that it needs is not there
)

// usageError is a mistake in what the user wrote.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err: err}
}

func usagef(format string, args ...any) error { return &usageError{err: fmt.Errorf(format, args...)} }

// silent ends a command that has already said what is wrong.
type silent struct{ code int }

func (s silent) Error() string { return "" }

// exit is the one place where errors become exit codes and text on stderr.
func (r *root) exit(err error) int {
	if err == nil {
		return exitOK
	}
	var quiet silent
	if errors.As(err, &quiet) {
		return quiet.code
	}
	_, _ = fmt.Fprintln(r.Err, "sluice: "+err.Error())
	return codeOf(err)
}

func codeOf(err error) int {
	var wrong *usageError
	var settings config.Problems
	var resources *apply.ProblemsError
	var lines *lines.Error
	var notReady *unready.Error
	switch {
	case errors.As(err, &wrong), errors.As(err, &settings), errors.As(err, &resources), errors.As(err, &lines):
		return exitUsage
	case errors.As(err, &notReady):
		return exitEnvironment
	}
	return exitRuntime
}
