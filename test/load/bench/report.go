package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Figure is one measured number.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Goal is what the value should not exceed, or, where AtLeast, not fall
	// short of. nil: none.
	Goal    *float64 `json:"goal,omitempty"`
	AtLeast bool     `json:"at_least,omitempty"`
	// Events that it was measured over.
	Events int64  `json:"events,omitempty"`
	Note   string `json:"note"`
}

// reached says whether the goal is met; a figure without one always is.
func (f *Figure) reached() bool {
	switch {
	case f.Goal == nil:
		return true
	case f.AtLeast:
		return f.Value >= *f.Goal
	default:
		return f.Value <= *f.Goal
	}
}

// Report is the result of a run, or of several.
type Report struct {
	At       time.Time     `json:"at"`
	Took     time.Duration `json:"took"`
	Services string        `json:"services"` // embedded or real
	Cores    int           `json:"cores"`
	Go       string        `json:"go"`
	Figures  []Figure      `json:"figures"`
	Series   []Series      `json:"series,omitempty"`
	// Checked counts the events that the accounting has followed.
	Checked int64 `json:"events_accounted_for"`
}

func newReport(services string, now time.Time) *Report {
	return &Report{At: now, Services: services, Cores: runtime.NumCPU(), Go: runtime.Version()}
}

func (r *Report) add(f ...Figure) { r.Figures = append(r.Figures, f...) }

// index of a figure; -1 where it was not measured.
func (r *Report) index(name string) int {
	return slices.IndexFunc(r.Figures, func(f Figure) bool { return f.Name == name })
}

// value of a figure by name; 0 where it was not measured.
func (r *Report) value(name string) float64 {
	if at := r.index(name); at >= 0 {
		return r.Figures[at].Value
	}
	return 0
}

// MarshalJSON writes one object with every figure as a number by its name, and
// the figures once more with what belongs to them.
func (r *Report) MarshalJSON() ([]byte, error) {
	all := map[string]any{
		"at": r.At.UTC().Format(time.RFC3339), "took": r.Took, "seconds": r.Took.Seconds(), "services": r.Services, "goals_missed": r.missed(),
		"cores": r.Cores, "go": r.Go, "events_accounted_for": r.Checked, "accounting_ok": true, "figures": r.Figures, "series": r.Series,
	}
	for i := range r.Figures {
		all[r.Figures[i].Name] = r.Figures[i].Value
	}
	for _, series := range r.Series {
		for _, p := range series.Points {
			all[fmt.Sprintf("%s_%d_us", series.Name, p.Size)] = p.CPU
		}
	}
	return json.Marshal(all)
}

// missed are the names of the figures whose goal is not reached.
func (r *Report) missed() []string {
	names := []string{}
	for i := range r.Figures {
		if f := &r.Figures[i]; !f.reached() {
			names = append(names, f.Name)
		}
	}
	return names
}

// print writes the report as a table for people.
func (r *Report) print(w io.Writer) error {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatUpper
	t.SetStyle(style)
	t.AppendHeader(table.Row{"figure", "value", "unit", "goal", "", "events", "what it is"})
	for i := range r.Figures {
		f := &r.Figures[i]
		t.AppendRow(table.Row{f.Name, number(f.Value), f.Unit, goal(f), verdict(f), count(f.Events), f.Note})
	}
	for _, s := range r.Series {
		for _, p := range s.Points {
			t.AppendRow(table.Row{fmt.Sprintf("%s_%d_us", s.Name, p.Size), number(p.CPU), "µs CPU per event", "", "", "", fmt.Sprintf("%d %s; %.0f events/s, %.0f MiB", p.Size, s.Axis, p.Rate, p.RSS)})
		}
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}, {Number: 6, Align: text.AlignRight}})
	_, err := fmt.Fprintf(w, "%s\n\n%s services, %d cores, %s, %s; %d events accounted for, none missing.\n",
		t.Render(), r.Services, r.Cores, r.Go, r.Took.Round(time.Second), r.Checked)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// number has as many digits as say something.
func number(v float64) string {
	switch {
	case v == float64(int64(v)) || v >= 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

func goal(f *Figure) string {
	switch {
	case f.Goal == nil:
		return ""
	case f.AtLeast:
		return "≥ " + number(*f.Goal)
	default:
		return "≤ " + number(*f.Goal)
	}
}

func verdict(f *Figure) string {
	switch {
	case f.Goal == nil:
		return ""
	case f.reached():
		return "ok"
	default:
		return "missed"
	}
}

func count(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// atMost is a goal.
func atMost(v float64) *float64 { return &v }
