package cli

import (
	"github.com/spf13/cobra"
)

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
