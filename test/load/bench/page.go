package bench

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// writePage writes docs/benchmarks.md: everything that is kept in a folder, or
// this run's figures where nothing is kept.
func writePage(file, dir string, run *Report) error {
	reports := []*Report{run}
	if dir != "" {
		var err error
		if reports, err = kept(dir); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	b.WriteString(`# Benchmarks

` + origin(reports) + `

What each figure is made of, and why some goals are missed, stands in [performance.md](performance.md).

Processor time is user and system time of the measured process, per event; a ratio compares two processes that took turns over
the same events. The machine was shared with other work: rates and latencies say little about another machine, ratios say more.

`)
	for _, r := range reports {
		r.page(&b)
	}
	text := append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
	if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // G306: a page of the documentation
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// runs are the targets whose figures are kept: on which services, and a
// benchmark that no other of them runs there.
var runs = []struct {
	target, services, only string
}{
	{"make bench", "embedded", "router_mapped_us"},
	{"make bench-scaling", "embedded", "scaling"},
	{"make bench-real", "real", "router_mapped_us"},
	{"make bench-peer", "real", "peer_router_ratio"},
}

// origin says which runs the page shows, and which it has no figures of.
func origin(reports []*Report) string {
	var made, missing []string
	for _, run := range runs {
		target := fmt.Sprintf("`%s` (`%s.json`)", run.target, run.services)
		if slices.ContainsFunc(reports, func(r *Report) bool { return r.Services == run.services && r.has(run.only) }) {
			made = append(made, target)
		} else {
			missing = append(missing, target)
		}
	}
	text := "Made by a program of the figures that are kept; do not edit."
	if len(made) > 0 {
		text += "\n\n* Kept: " + strings.Join(made, ", ") + "."
	}
	if len(missing) > 0 {
		text += "\n* Not kept yet, so not on this page: " + strings.Join(missing, ", ") + "."
	}
	return text
}

// has says whether a figure, or a series that begins so, was measured.
func (r *Report) has(name string) bool {
	return r.index(name) >= 0 || slices.ContainsFunc(r.Series, func(s Series) bool { return strings.HasPrefix(s.Name, name) })
}

// page has the sections of one kind of services.
func (r *Report) page(b *bytes.Buffer) {
	title := strings.ToUpper(r.Services[:1]) + r.Services[1:] + " services"
	fmt.Fprintf(b, "## %s\n\n%s, %d cores, %s; %s of measuring, %d events accounted for, none missing or doubled.\n\n",
		title, r.At.UTC().Format(time.DateTime+" UTC"), r.Cores, r.Go, r.Took.Round(time.Second), r.Checked)
	r.section(b, title+": goals", func(f *Figure) bool { return f.Goal != nil })
	r.bars(b, title)
	r.section(b, title+": everything else", func(f *Figure) bool { return f.Goal == nil })
	for i := range r.Series {
		r.Series[i].page(b)
	}
}

func (r *Report) section(b *bytes.Buffer, title string, which func(*Figure) bool) {
	begun := false
	for i := range r.Figures {
		f := &r.Figures[i]
		if !which(f) {
			continue
		}
		if !begun {
			begun = true
			fmt.Fprintf(b, "### %s\n\n| figure | value | unit | goal | | events | what it is |\n| --- | ---: | --- | ---: | --- | ---: | --- |\n", title)
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", f.Name, number(f.Value), f.Unit, goal(f), verdict(f), count(f.Events), f.Note)
	}
	if begun {
		b.WriteByte('\n')
	}
}

// bars draws processor time per event beside the baselines of the same events.
// A bar that would dwarf the others is left out, with those beside it.
func (r *Report) bars(b *bytes.Buffer, title string) {
	const us, tallest = "_us", 50
	var tall []string
	for i := range r.Figures {
		if name, ok := strings.CutSuffix(r.Figures[i].Name, us); ok && r.Figures[i].Value > tallest {
			tall = append(tall, name)
		}
	}
	dwarfs := func(name string) bool {
		return slices.ContainsFunc(tall, func(t string) bool { return name == t || strings.HasPrefix(name, t+"_") })
	}
	var names []string
	var values []float64
	for i := range r.Figures {
		f := &r.Figures[i]
		if name, ok := strings.CutSuffix(f.Name, us); ok && !dwarfs(name) {
			names, values = append(names, name), append(values, f.Value)
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(b, "### %s: processor time per event\n\n", title)
		plot(b, "µs", names, values)
	}
}

// page shows a series as a table and a plot.
func (s *Series) page(b *bytes.Buffer) {
	fmt.Fprintf(b, "### Cost by number of %s\n\n%s; all sizes took turns.\n\n", s.Axis, s.Note)
	fmt.Fprintf(b, "| %s | µs CPU per event | of the broker | events/s | resident MiB |\n| ---: | ---: | ---: | ---: | ---: |\n", s.Axis)
	var names []string
	var values []float64
	for _, p := range s.Points {
		fmt.Fprintf(b, "| %d | %s | %s | %.0f | %.0f |\n", p.Size, number(p.CPU), number(p.Broker), p.Rate, p.RSS)
		names, values = append(names, fmt.Sprint(p.Size)), append(values, p.CPU)
	}
	b.WriteByte('\n')
	plot(b, "µs", names, values)
}

// plot draws bars from zero.
func plot(b *bytes.Buffer, unit string, names []string, values []float64) {
	const width = 50
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	b.WriteString("```text\n")
	for i, v := range values {
		fmt.Fprintf(b, "%-26s %6s %s %s\n", names[i], number(v), unit, strings.Repeat("█", max(1, int(v/most*width))))
	}
	b.WriteString("```\n\n")
}
