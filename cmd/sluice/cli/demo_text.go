//go:build !production

package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// reportWidth is the width of the demo's report, in columns.
const reportWidth = 100

// printAccounting shows a person what was delivered for whom, what was not and
// why, and that the sums agree: one line for each customer, status and provider,
// or with details one for each destination, reason and sum. resources is where
// the mappings came from, empty for the demo's own.
func printAccounting(w io.Writer, r *demo.Result, resources string, details bool) error {
	grids := []grid{customerGrid(r), reasonGrid(r), sumGrid(r, false), providerGrid(r)}
	if details {
		grids = []grid{deliveredGrid(r), keptGrid(r), sumGrid(r, true)}
	}
	for _, g := range grids {
		if len(g.rows) == 0 {
			continue
		}
		g.width = reportWidth
		if err := printGrid(w, g); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, `
%d events, %d decisions, %d different reasons, %.1f s.
%s
%s
  sluice demo --details                                                            # line by line
  sluice demo --resources DIR --input EVENTS.ndjson [--consent CONSENT.ndjson]     # your own events
  sluice explain --resources DIR --events EVENTS.ndjson [--consent CONSENT.ndjson] # gate by gate
`, r.EventsRead, r.Decisions, len(r.ByReason), r.DurationSeconds, verdict(r), unmappedHint(r, resources))
	return err
}

// customerGrid has a line for each customer whose destinations decided
// anything, with what each of them delivered.
func customerGrid(r *demo.Result) grid {
	type total struct {
		delivered, kept int
		names           []string
	}
	totals := map[string]*total{}
	for _, row := range sortedRows(r.Table) {
		if row.Customer == "" || row.Destination == "" {
			continue
		}
		of := totals[row.Customer]
		if of == nil {
			of = &total{}
			totals[row.Customer] = of
		}
		n := r.Table[row]
		if row.Status != decision.Delivered.String() {
			of.kept += n
			continue
		}
		of.delivered += n
		of.names = append(of.names, fmt.Sprintf("%s %d", row.Destination, n))
	}
	g := grid{title: "\nDelivered", header: []any{"customer", "delivered", "not", "by destination"}, right: []int{1, 2}}
	for _, customer := range slices.Sorted(maps.Keys(totals)) {
		of := totals[customer]
		g.rows = append(g.rows, []any{customer, of.delivered, of.kept, flow(of.names, 72)})
	}
	return g
}

// reasonGrid has the reasons of each status, whoever decided.
func reasonGrid(r *demo.Result) grid {
	reasons := map[string]map[string]int{}
	for row, n := range r.Table {
		if row.Status == decision.Delivered.String() {
			continue
		}
		if reasons[row.Status] == nil {
			reasons[row.Status] = map[string]int{}
		}
		reasons[row.Status][row.Reason] += n
	}
	g := grid{title: "\nNot delivered, and why", header: []any{"status", "events", "reasons"}, right: []int{1}}
	for _, status := range slices.Sorted(maps.Keys(reasons)) {
		var words []string
		sum := 0
		for _, reason := range slices.Sorted(maps.Keys(reasons[status])) {
			n := reasons[status][reason]
			sum += n
			words = append(words, fmt.Sprintf("%s %d", reason, n))
		}
		g.rows = append(g.rows, []any{status, sum, flow(words, 75)})
	}
	return g
}

// providerGrid has a line for each provider that anything was meant for: what
// the topics promise, hand over and say that it ended as, and what the sandbox
// saw of it.
func providerGrid(r *demo.Result) grid {
	g := grid{
		right:  []int{1, 2, 3, 4, 5, 6, 7, 8},
		header: []any{"provider", "eligible", "queued", "ended", "delivered", "= taken", "dead", "= refused", "requests", ""},
	}
	for _, name := range sandbox.Providers() {
		p := r.Providers[name]
		if p == (demo.Provider{}) {
			continue
		}
		mark := "ok"
		for _, c := range r.Checks {
			if c.Provider == name && !c.OK {
				mark = wrong
			}
		}
		g.rows = append(g.rows, []any{name, p.Eligible, p.Queued, p.Ended, p.Delivered, p.Accepted, p.DeadLettered, p.Rejected, p.Requests, mark})
	}
	return g
}

// wrong marks a sum that does not agree.
const wrong = "WRONG"

// sumGrid has the sums of everybody, and those of each provider that do not
// agree or, with all, every one.
func sumGrid(r *demo.Result, all bool) grid {
	g := grid{title: "\nThe accounting", header: []any{"sum", "left", "right", ""}, right: []int{1, 2}}
	for _, c := range r.Checks {
		mark := cmp.Or(c.Expected, "ok")
		if !c.OK {
			mark = wrong
		}
		if all || c.Provider == "" || !c.OK {
			g.rows = append(g.rows, []any{c.What, c.Left, c.Right, mark})
		}
	}
	return g
}

// deliveredGrid has a line for each destination that delivered.
func deliveredGrid(r *demo.Result) grid {
	g := grid{title: "\nDelivered", header: []any{"destination", "events"}, right: []int{1}}
	for _, row := range sortedRows(r.Table) {
		if row.Status == decision.Delivered.String() {
			g.rows = append(g.rows, []any{cmp.Or(row.Destination, "-"), r.Table[row]})
		}
	}
	return g
}

// keptGrid has a line for each destination and reason of what was not.
func keptGrid(r *demo.Result) grid {
	g := grid{title: "\nNot delivered, and why", header: []any{"destination", "status", "reason", "events"}, right: []int{3}}
	for _, row := range sortedRows(r.Table) {
		if row.Status != decision.Delivered.String() {
			g.rows = append(g.rows, []any{cmp.Or(row.Destination, "-"), row.Status, row.Reason, r.Table[row]})
		}
	}
	return g
}

// flow joins words with commas into lines of at most width columns, unless a
// word is longer.
func flow(words []string, width int) string {
	var b strings.Builder
	at := 0
	for i, word := range words {
		if i < len(words)-1 {
			word += ","
		}
		switch long := text.StringWidthWithoutEscSequences(word); {
		case at == 0:
			at = long
		case at+1+long > width:
			b.WriteByte('\n')
			at = long
		default:
			b.WriteByte(' ')
			at += 1 + long
		}
		b.WriteString(word)
	}
	return b.String()
}

// verdict is the accounting in one sentence.
func verdict(r *demo.Result) string {
	switch {
	case !r.OK:
		return "IT DOES NOT ADD UP; see the lines marked WRONG."
	case r.ProviderDuplicates > 0:
		return fmt.Sprintf("It adds up: nothing lost, nothing handed over twice; %s came in copies with the same ids.", count(r.ProviderDuplicates, "event"))
	default:
		return "It adds up: nothing lost, nothing doubled."
	}
}

// unmappedHint says what to do where no mapping named any event: such a run
// adds up, and shows nothing.
func unmappedHint(r *demo.Result, resources string) string {
	if r.Decisions == 0 || r.ByReason[decision.MappingNone.String()] != r.Decisions {
		return ""
	}
	if resources == "" {
		return "\nnote: none of these customers and events has a mapping here; use --resources DIR with theirs.\n"
	}
	return "\nnote: no mapping of " + resources + " names any of these customers and events.\n"
}

func sortedRows(table map[demo.Row]int) []demo.Row {
	rows := make([]demo.Row, 0, len(table))
	for row := range table {
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b demo.Row) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Reason, b.Reason))
	})
	return rows
}
