package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// kinds are what flags take, by pflag's names of their types.
var kinds = map[string]string{
	"int": "a whole number", "int64": "a whole number", "uint64": "a whole number that is not negative",
	"float64": "a number", "bool": "true or false", "duration": "a duration with its unit, such as 500ms, 30s or 5m",
}

// nearFlag adds to an unknown flag the one that was probably meant.
// A value of the wrong type is told in words instead of strconv's.
func nearFlag(cmd *cobra.Command, err error) error {
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) {
		if want := kinds[wrong.GetFlag().Value.Type()]; want != "" {
			return fmt.Errorf("--%s %s: want %s", wrong.GetFlag().Name, wrong.GetValue(), want)
		}
		return err
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := document.Nearest(unknown.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return err
}

// withExample adds the command's first example to the complaint that a flag is
// missing.
func withExample(cmd *cobra.Command, err error) error {
	if missing := cmd.ValidateRequiredFlags(); missing == nil || missing.Error() != err.Error() {
		return err
	}
	for line := range strings.Lines(cmd.Example) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "sluice ") {
			return fmt.Errorf("%w\n  example: %s", err, line)
		}
	}
	return err
}

// require marks flags that a command cannot do without. cobra names all that
// are missing at once.
func require(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		// The only error is a flag that does not exist, which the tests of every
		// command's help would find.
		_ = cmd.MarkFlagRequired(name)
	}
}

// completeFiles lets a shell offer files with the given extensions, and
// folders.
func completeFiles(cmd *cobra.Command, flag string, extensions ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return extensions, cobra.ShellCompDirectiveFilterFileExt
	})
}

// completeWords lets a shell offer the words of a flag, one of them or several
// separated by commas.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
		before, several := beforeLast(start, ",")
		if !several {
			return words, cobra.ShellCompDirectiveNoFileComp
		}
		offered := make([]string, len(words))
		for i, word := range words {
			offered[i] = before + "," + word
		}
		return offered, cobra.ShellCompDirectiveNoFileComp
	})
}
