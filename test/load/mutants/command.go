package mutants

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

// Command is "loadgen mutants".
func Command() *cobra.Command {
	o := options{}
	format := ""
	cmd := &cobra.Command{
		Use:   "mutants",
		Short: "Plant known bugs in copies of the tree and show that chaos notices each",
		Long: `Applies each patch of test/mutations to a copy of the tree, builds it, runs the
faults that show the bug, and fails unless the ledger noticed. Run it from the
repository's root; it needs git and go.`,
		Example: `  loadgen mutants
  loadgen mutants --only plain-setnx`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat("test/mutations"); err != nil {
				return fmt.Errorf("looking for test/mutations: run this from the repository's root: %w", err)
			}
			o.root = "."
			o.say = func(text string) { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), text) }
			all, err := run(cmd.Context(), o)
			if err != nil {
				return err
			}
			missed := 0
			for _, one := range all {
				if !one.Caught {
					missed++
				}
			}
			if format == "json" {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(all); err != nil {
					return fmt.Errorf("writing the outcome: %w", err)
				}
			} else {
				show(cmd, all)
			}
			if missed > 0 {
				return errors.New("a planted bug was not noticed")
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&o.only, "only", nil, "these bugs only")
	cmd.Flags().DurationVar(&o.duration, "duration", 45*time.Second, "how long traffic flows in each run")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "seed of the first try")
	cmd.Flags().IntVar(&o.tries, "tries", 2, "how often to look for each bug")
	cmd.Flags().StringVar(&format, "output", "table", "table or json")
	return cmd
}

func show(cmd *cobra.Command, all []Outcome) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"planted bug", "noticed", "by", "lost", "seed"})
	for _, one := range all {
		t.AppendRow(table.Row{one.Mutant, one.Caught, fmt.Sprint(one.By), one.Lost, one.Seed})
		if one.Error != "" {
			t.AppendRow(table.Row{"", one.Error})
		}
	}
	_, _ = fmt.Fprintln(cmd.OutOrStdout(), t.Render())
}
