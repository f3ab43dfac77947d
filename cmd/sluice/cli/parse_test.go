package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// Parse checks a command line against the commands, their flags and their
// arguments, and runs nothing. A line that is only a mention need not have
// what the command requires.
func Parse(args []string, mention bool) error {
	r := &root{Streams: Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}}
	cmd, rest, err := r.command().Find(args)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	var valueless *pflag.ValueRequiredError
	if err := cmd.ParseFlags(rest); err != nil && (!mention || !errors.As(err, &valueless)) {
		return err
	}
	if mention && (cmd.HasSubCommands() || len(rest) == 0) {
		if words := cmd.Flags().Args(); len(words) > 0 {
			return fmt.Errorf("%q has no command %q", cmd.CommandPath(), words[0])
		}
		return nil
	}
	if !cmd.Runnable() || cmd.HasSubCommands() {
		return fmt.Errorf("%q does nothing by itself", cmd.CommandPath())
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err
	}
	if mention {
		return nil
	}
	if err := cmd.ValidateRequiredFlags(); err != nil {
		return err
	}
	return cmd.ValidateFlagGroups()
}
