package bench

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// compare prints the figures that another machine may be compared by, beside
// those that were kept: ratios and allocations. No difference is an error: on
// a busy machine even ratios move by a fifth.
func (r *Report) compare(w io.Writer, dir string) error {
	before, err := readReport(filepath.Join(dir, r.Services+".json"))
	if err != nil {
		return err
	}
	var lines strings.Builder
	fmt.Fprintf(&lines, "\nBeside the figures of %s:\n", before.At.UTC().Format("2006-01-02"))
	for i := range r.Figures {
		f := &r.Figures[i]
		was := before.value(f.Name)
		if was != 0 && (strings.HasSuffix(f.Name, "_ratio") || strings.HasSuffix(f.Name, "_allocations")) {
			fmt.Fprintf(&lines, "  %-36s %8s then %8s now  %+4.0f %%\n", f.Name, number(was), number(f.Value), 100*(f.Value/was-1))
		}
	}
	if _, err := io.WriteString(w, lines.String()); err != nil {
		return fmt.Errorf("writing the comparison: %w", err)
	}
	return nil
}
