package bench

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
)

// writePage writes the figures as docs/benchmarks.md.
func (r *Report) writePage(file string) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Benchmarks

Made by `+"`loadgen bench --docs %s`"+`; do not edit. %s, %s services, %d cores, %s, %s.
%d events were accounted for, and none was missing or doubled.

Processor time is user and system time of the measured process, per event. The machine was shared: rates and latencies say little
about another machine, ratios say more. What each figure is made of, and why some goals are missed, stands in
[performance.md](performance.md).

`, file, r.At.UTC().Format(time.DateTime+" UTC"), r.Services, r.Cores, r.Go, r.Took.Round(time.Second), r.Checked)
	r.section(&b, "Goals", func(f *Figure) bool { return f.Goal != nil })
	r.bars(&b)
	r.section(&b, "Everything else", func(f *Figure) bool { return f.Goal == nil })
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil { //nolint:gosec // G306: a page of the documentation
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

func (r *Report) section(b *bytes.Buffer, title string, which func(*Figure) bool) {
	fmt.Fprintf(b, "## %s\n\n| figure | value | unit | goal | | events | what it is |\n| --- | ---: | --- | ---: | --- | ---: | --- |\n", title)
	for i := range r.Figures {
		if f := &r.Figures[i]; which(f) {
			fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", f.Name, number(f.Value), f.Unit, goal(f), verdict(f), count(f.Events), f.Note)
		}
	}
	b.WriteByte('\n')
}

// bars draws processor time per event beside the baselines of the same events.
func (r *Report) bars(b *bytes.Buffer) {
	b.WriteString("## Processor time per event\n\n```text\n")
	const width, us = 50, "_us"
	most := 0.0
	shown := func(f *Figure) bool { return strings.HasSuffix(f.Name, us) && f.Value <= 50 }
	for i := range r.Figures {
		if f := &r.Figures[i]; shown(f) {
			most = max(most, f.Value)
		}
	}
	for i := range r.Figures {
		if f := &r.Figures[i]; shown(f) {
			fmt.Fprintf(b, "%-26s %6s µs %s\n", strings.TrimSuffix(f.Name, us), number(f.Value), strings.Repeat("█", max(1, int(f.Value/most*width))))
		}
	}
	b.WriteString("```\n\n")
}
