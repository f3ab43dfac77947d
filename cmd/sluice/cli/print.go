package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// outputFlag adds --output with the given forms; the first is the default. text
// and table are two words for what people read, whichever of them a command has.
func outputFlag(cmd *cobra.Command, into *string, forms ...string) {
	help := "output form: "
	for i, f := range forms {
		if i > 0 {
			help += " or "
		}
		help += f
	}
	cmd.Flags().StringVarP(into, "output", "o", forms[0], help)
	inner := cmd.PreRunE
	cmd.PreRunE = func(c *cobra.Command, args []string) error {
		if *into == "table" || *into == "text" {
			for _, f := range forms {
				if f == "table" || f == "text" {
					*into = f
				}
			}
		}
		for _, f := range forms {
			if *into == f {
				if inner != nil {
					return inner(c, args)
				}
				return nil
			}
		}
		return usagef("--output %s: want %s", *into, help[len("output form: "):])
	}
	// Completion offers the forms; registering twice is the only error.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(forms, cobra.ShellCompDirectiveNoFileComp))
}

// printJSON writes one JSON value on a line of its own.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// grid is a listing with stable columns.
type grid struct {
	title  string
	header []any
	rows   [][]any
	// right are the columns (from 0) with numbers.
	right []int
	// width of the terminal that it shall fit, in columns; 0: 80.
	width int
}

// printGrid writes a table that fits a terminal of its width where its
// content does: columns move together before lines are broken.
func printGrid(w io.Writer, g grid) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatUpper
	t.SetStyle(style)
	if g.title != "" {
		if _, err := fmt.Fprintln(w, g.title); err != nil {
			return err
		}
	}
	t.AppendHeader(g.header)
	for _, row := range g.rows {
		t.AppendRow(row)
	}
	configs := make([]table.ColumnConfig, 0, len(g.right))
	for _, column := range g.right {
		configs = append(configs, table.ColumnConfig{Number: column + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	rendered := t.Render()
	if longest(rendered) > cmp.Or(g.width, width) {
		style.Box.PaddingRight = ""
		t.SetStyle(style)
		rendered = t.Render()
	}
	if _, err := fmt.Fprintln(w, rendered); err != nil {
		return fmt.Errorf("writing a table: %w", err)
	}
	return nil
}

// longest is how many columns the widest line takes.
func longest(table string) int {
	most := 0
	for line := range strings.Lines(table) {
		most = max(most, text.StringWidthWithoutEscSequences(strings.TrimRight(line, " \n")))
	}
	return most
}
