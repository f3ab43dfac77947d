package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
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

// Report is the result of one run.
type Report struct {
	At       time.Time
	Took     time.Duration
	Quick    bool
	Services string // embedded or real
	Cores    int
	Go       string
	Figures  []Figure
	// Checked counts the events that the accounting has followed.
	Checked int64
}

func newReport(quick bool, services string, now time.Time) *Report {
	return &Report{At: now, Quick: quick, Services: services, Cores: runtime.NumCPU(), Go: runtime.Version()}
}

func (r *Report) add(f ...Figure) { r.Figures = append(r.Figures, f...) }

// value of a figure by name; 0 where it was not measured.
func (r *Report) value(name string) float64 {
	for i := range r.Figures {
		if r.Figures[i].Name == name {
			return r.Figures[i].Value
		}
	}
	return 0
}

// MarshalJSON writes one object with every figure as a number by its name, and
// the figures once more with what belongs to them.
func (r *Report) MarshalJSON() ([]byte, error) {
	all := map[string]any{
		"at": r.At.UTC().Format(time.RFC3339), "seconds": r.Took.Seconds(), "quick": r.Quick, "services": r.Services,
		"cores": r.Cores, "go": r.Go, "events_accounted_for": r.Checked, "figures": r.Figures,
	}
	for i := range r.Figures {
		all[r.Figures[i].Name] = r.Figures[i].Value
	}
	return json.Marshal(all)
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
