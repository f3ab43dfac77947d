package chaos

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/sluicehq/sluice/test/load/ledger"
)

// Summary is what a run came to in figures. Its JSON form is a contract: these
// names and no others.
type Summary struct {
	OK                 bool    `json:"ok"`
	Events             int     `json:"events"`
	Faults             int     `json:"faults"`
	Kills              int     `json:"kills"`
	Lost               int     `json:"lost"`
	DuplicateHandovers int     `json:"duplicate_handovers"`
	ProviderDuplicates int     `json:"provider_duplicates"`
	LongestLag         float64 `json:"longest_lag_seconds"`
	Recovery           float64 `json:"recovery_seconds"`
	Seed               uint64  `json:"seed"`
}

// Result is all that is known about a run, for people and for --report.
type Result struct {
	Summary

	Pauses          int            `json:"pauses"`
	Pairs           int            `json:"pairs"`
	Requests        int            `json:"requests"`
	Records         int            `json:"records"`
	Unexcused       int            `json:"unexplained_duplicates"`
	SlowestRecovery string         `json:"slowest_recovery,omitempty"`
	FaultNames      []string       `json:"fault_names"`
	Invariants      []ledger.Check `json:"invariants"`
	Outcomes        map[string]int `json:"outcomes"`
	Verdicts        map[string]int `json:"verdicts"`
	Exits           []string       `json:"exits,omitempty"`
	Problems        []string       `json:"problems,omitempty"`
	Repeat          string         `json:"repeat"`
	// Conclusion is the last line for people of a run in which nothing was
	// broken: how many promises were looked at, and why not the others.
	Conclusion string `json:"conclusion,omitempty"`
}

func (r *run) result(seen *ledger.Report, panics []string) *Result {
	out := &Result{
		Summary: Summary{
			Events: r.ledger.Written(), Faults: len(r.faults), Kills: r.fleet.kills, Lost: seen.Lost,
			DuplicateHandovers: seen.DuplicateHandovers, ProviderDuplicates: seen.ProviderDuplicates,
			LongestLag: round(seen.Longest.Seconds()), Recovery: round(r.recovery.Seconds()), Seed: r.o.Seed,
		},
		Pauses: r.fleet.pauses, Pairs: seen.Pairs, Requests: seen.Requests, Records: seen.Records, Unexcused: seen.Unexcused,
		SlowestRecovery: r.slowest, FaultNames: r.faults, Invariants: seen.Checks, Outcomes: seen.Outcomes, Verdicts: seen.Verdicts,
		Exits: r.fleet.exits, Problems: append(append([]string(nil), r.unhealed...), panics...),
	}
	out.Repeat = r.o.command()
	out.OK = seen.OK() && len(out.Problems) == 0 && out.Events > 0
	if out.OK {
		out.Conclusion = conclusion(seen.Checks)
	}
	return out
}

// conclusion says what a run without a broken promise has shown. A promise that
// could not be looked at is named, or its row would pass for one that held.
func conclusion(checks []ledger.Check) string {
	unseen := ledger.Unseen(checks)
	if len(unseen) == 0 {
		return "Every promise held."
	}
	var names []string
	for _, c := range unseen {
		names = append(names, c.ID+" ("+c.Unseen+")")
	}
	return fmt.Sprintf("%d of %d promises were looked at, and held. Not looked at: %s.", len(checks)-len(unseen), len(checks), strings.Join(names, ", "))
}

func round(f float64) float64 { return float64(int(f*100+0.5)) / 100 }

// command is the command line that repeats a run.
func (o Options) command() string {
	name := "chaos"
	if o.None {
		name = "verify"
	}
	text := fmt.Sprintf("go run ./cmd/loadgen %s --seed %d --duration %s --rate %d", name, o.Seed, o.Duration, o.Rate)
	if o.Real {
		text += " --real"
	}
	if len(o.Only) > 0 {
		text += " --faults " + strings.Join(o.Only, ",")
	}
	return text
}

// Print writes the result for people.
func (r *Result) Print(out io.Writer) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"figure", "value"})
	t.AppendRows([]table.Row{
		{"events", r.Events}, {"pairs of event and mapping", r.Pairs}, {"requests to providers", r.Requests},
		{"faults", r.Faults}, {"kills", r.Kills}, {"pauses", r.Pauses},
		{"lost", r.Lost}, {"duplicate hand-overs", r.DuplicateHandovers},
		{"provider duplicates", fmt.Sprintf("%d (unexplained: %d)", r.ProviderDuplicates, r.Unexcused)},
		{"longest lag", fmt.Sprintf("%.1f s", r.LongestLag)}, {"longest recovery", fmt.Sprintf("%.1f s (%s)", r.Recovery, r.SlowestRecovery)},
		{"seed", r.Seed},
	})
	_, _ = fmt.Fprintln(out, t.Render())
	t = table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"", "invariant", "looked at", "wrong", "figures"})
	for _, c := range r.Invariants {
		if c.Unseen != "" {
			t.AppendRow(table.Row{c.ID, c.What, "not looked at", "", c.Unseen})
			continue
		}
		t.AppendRow(table.Row{c.ID, c.What, c.Looked, c.Failures, c.Detail})
	}
	_, _ = fmt.Fprintln(out, t.Render())
	for _, c := range r.Invariants {
		for _, bad := range c.Bad {
			_, _ = fmt.Fprintf(out, "%s: %s\n", c.ID, bad)
		}
		if more := c.Failures - len(c.Bad); more > 0 {
			_, _ = fmt.Fprintf(out, "%s: and %d more\n", c.ID, more)
		}
	}
	for _, p := range r.Problems {
		_, _ = fmt.Fprintln(out, p)
	}
	if r.OK {
		_, _ = fmt.Fprintln(out, r.Conclusion)
		return
	}
	_, _ = fmt.Fprintln(out, "BROKEN. To repeat it: "+r.Repeat)
}
