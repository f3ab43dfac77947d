// Package role runs sluice as separate processes without a binary of it:
// loadgen links the whole command line and starts itself again. What is
// killed, stopped or measured is one operating system process per role, as in
// production.
//
// A test binary, or a tool that measures another build, names a binary in
// $LOADGEN_SLUICE instead.
package role

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// argument is the first argument of a process that is to be sluice. No command
// of loadgen has this name.
const argument = "sluice"

// binaryVariable names a sluice binary to run instead of this program.
const binaryVariable = "LOADGEN_SLUICE"

// CommandLine runs sluice with arguments and an environment, and returns its
// exit code.
type CommandLine func(args, environment []string) int

// Main runs sluice's command line where the arguments ask for it, and returns
// its exit code.
func Main(sluice CommandLine, args []string) (code int, isRole bool) {
	switch {
	case len(args) == 0:
		return 0, false
	case args[0] == hastyArgument:
		return fail(runHasty(args[1:], os.Environ())), true
	case args[0] != argument:
		return 0, false
	}
	return sluice(args[1:], os.Environ()), true
}

// Command prepares "sluice args..." with settings (SLUICE_...=...) of its own.
// Settings of the surrounding environment are left out: they would change what
// is tested. The process is killed when ctx ends.
func Command(ctx context.Context, settings []string, args ...string) (*exec.Cmd, error) {
	cmd, err := command(ctx, args)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(cleanEnvironment(), settings...)
	return cmd, nil
}

// Hasty prepares a role with a tester's short waits. It is always this very
// program.
func Hasty(ctx context.Context, settings []string, name, config string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the program to start again: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, hastyArgument, name, config) //nolint:gosec // G204: this very program
	cmd.Env = append(cleanEnvironment(), settings...)
	return cmd, nil
}

func command(ctx context.Context, args []string) (*exec.Cmd, error) {
	if binary := os.Getenv(binaryVariable); binary != "" {
		return exec.CommandContext(ctx, binary, args...), nil //nolint:gosec // G204: named by whoever runs this
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the program to start again: %w", err)
	}
	return exec.CommandContext(ctx, self, append([]string{argument}, args...)...), nil //nolint:gosec // G204: this very program
}

// cleanEnvironment is this process's environment without settings of Sluice.
func cleanEnvironment() []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SLUICE_") && !strings.HasPrefix(v, binaryVariable+"=") && !strings.HasPrefix(v, "GOCOVERDIR=") {
			kept = append(kept, v)
		}
	}
	return kept
}
