//go:build !production

package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
	"github.com/sluicehq/sluice/pkg/core/decision"
)

// printAccounting shows a person what was delivered to whom, what was not and
// why, and that the sums agree. resources is where the mappings came from, empty
// for the demo's own.
func printAccounting(w io.Writer, r *demo.Result, resources string) error {
	delivered := grid{title: "\nDelivered", header: []any{"destination", "events"}, right: []int{1}}
	kept := grid{title: "\nNot delivered, and why", header: []any{"destination", "status", "reason", "events"}, right: []int{3}}
	for _, row := range sortedRows(r.Table) {
		destination := row.Destination
		if destination == "" {
			destination = "-"
		}
		if row.Status == decision.Delivered.String() {
			delivered.rows = append(delivered.rows, []any{destination, r.Table[row]})
			continue
		}
		kept.rows = append(kept.rows, []any{destination, row.Status, row.Reason, r.Table[row]})
	}
	sums := grid{title: "\nThe accounting", header: []any{"", "", "", ""}, right: []int{1, 2}}
	for _, c := range r.Checks {
		mark := cmp.Or(c.Expected, "ok")
		if !c.OK {
			mark = "WRONG"
		}
		sums.rows = append(sums.rows, []any{c.What, c.Left, c.Right, mark})
	}
	sums.header = []any{"sum", "left", "right", ""}
	for _, g := range []grid{delivered, kept, sums} {
		if err := printGrid(w, g); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, `
%d events, %d decisions, %d different reasons, %.1f s.
%s
%s
Your own events, against the same sandbox:
  sluice demo --resources DIR --input EVENTS.ndjson [--consent CONSENT.ndjson]
What would happen to an event, gate by gate, and the exact payload:
  sluice explain --resources DIR --events EVENTS.ndjson
`, r.EventsRead, r.Decisions, len(r.ByReason), r.DurationSeconds, verdict(r), unmappedHint(r, resources))
	return err
}

// verdict is the accounting in one sentence.
func verdict(r *demo.Result) string {
	switch {
	case !r.OK:
		return "IT DOES NOT ADD UP; see the lines marked WRONG."
	case r.ProviderDuplicates > 0:
		return fmt.Sprintf("It adds up: nothing lost, nothing handed over twice; %s came to a provider in copies with the same ids.", count(r.ProviderDuplicates, "event"))
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
		return cmp.Or(cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Reason, b.Reason))
	})
	return rows
}

// progress shows one line that is written over on a terminal, and a line every
// few seconds elsewhere.
type progress struct {
	mu       sync.Mutex
	w        io.Writer
	terminal bool
	last     time.Duration
	shown    bool
}

func newProgress(w io.Writer) *progress { return &progress{w: w, terminal: isTerminal(w)} }

func (p *progress) show(at demo.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := 200 * time.Millisecond
	if !p.terminal {
		every = 5 * time.Second
	}
	if p.shown && at.Elapsed-p.last < every {
		return
	}
	p.last, p.shown = at.Elapsed, true
	line := fmt.Sprintf("%5.1f s  %s: %d written, %d decided, %d accepted, %d on their way, %d held",
		at.Elapsed.Seconds(), at.Stage, at.Written, at.Decided, at.Accepted, at.Open, at.Held)
	if p.terminal {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K"+line)
		return
	}
	_, _ = fmt.Fprintln(p.w, line)
}

// Write implements io.Writer for everybody who writes while it shows.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown && p.terminal {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
	return p.w.Write(b)
}

// clear ends the line.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown && p.terminal {
		_, _ = fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.shown = false
}
