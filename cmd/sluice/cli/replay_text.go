package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/role/replay"
)

func (r *root) printReplay(s replay.State, f *replayFlags) error {
	if f.output == "json" {
		return printJSON(r.Out, replayForm(&s, f.dryRun))
	}
	s = terminal.Shown(s)
	word := "sent"
	if f.dryRun {
		word = "would send"
	}
	counts := grid{header: []any{"destination", word, "delivered", "pending", "never", "not sent"}, right: []int{1, 2, 3, 4, 5}}
	why := grid{title: "\nNot sent, and why", header: []any{"destination", "status", "reason", "events"}, right: []int{3}}
	var waits []string
	for _, row := range replayForm(&s, f.dryRun).Destinations {
		var kept int64
		for _, o := range row.NotSent {
			kept += o.Events
			why.rows = append(why.rows, []any{row.Destination, o.Status, o.Reason, o.Events})
		}
		counts.rows = append(counts.rows, []any{row.Destination, row.Sent, row.Delivered, row.Pending, row.Never, kept})
		if row.Waits > 0 {
			waits = append(waits, fmt.Sprintf("%d for %s wait there until it can be sent to (paused or not ready)", row.Waits, row.Destination))
		}
	}
	for _, g := range []grid{counts, why} {
		if len(g.rows) > 0 {
			if err := printGrid(r.Out, g); err != nil {
				return err
			}
		}
	}
	var b strings.Builder
	if len(counts.rows) > 0 {
		b.WriteByte('\n')
	}
	for _, line := range waits {
		b.WriteString(line + "\n")
	}
	b.WriteString(replayVerdict(&s, f.dryRun))
	_, err := io.WriteString(r.Out, b.String())
	return err
}

// replayVerdict is the last line: what it came to, and how to go on.
func replayVerdict(s *replay.State, dryRun bool) string {
	read := count(int(s.Report.Scanned), "record") + " read"
	if s.Report.Unreadable > 0 {
		read += fmt.Sprintf(", %d of them unreadable", s.Report.Unreadable)
	}
	switch {
	case s.Phase == replay.Interrupted && dryRun:
		return "interrupted: " + read + ", not all of them\n"
	case s.Phase == replay.Interrupted:
		return "interrupted: " + read + "; go on with: sluice replay --id " + s.ID + "\n"
	case s.Report.Matched() == 0:
		return "nothing matches: " + read + ", and none is an event that was asked for\n"
	case dryRun:
		return read + ", nothing was written\n"
	}
	return "replay " + s.ID + " is complete: " + read + ", " + count(int(s.Report.Sent()), "event") + " sent to the replay lane\n"
}

// replayBar shows how far a replay is: one line that is written over on a
// terminal, and a line every few seconds elsewhere.
type replayBar struct {
	w        io.Writer
	terminal bool
	last     time.Duration
	shown    bool
}

func newReplayBar(w io.Writer) *replayBar { return &replayBar{w: w, terminal: isTerminal(w)} }

func (b *replayBar) begin(s replay.State, dryRun bool) {
	doing := "replay " + s.ID
	if dryRun {
		doing = "dry run"
	}
	_, _ = fmt.Fprintf(b.w, "%s: from %s", doing, s.Definition.From)
	if s.Definition.Asked != "" {
		_, _ = fmt.Fprintf(b.w, " (%s)", s.Definition.Asked)
	}
	if s.Phase != "" {
		_, _ = fmt.Fprint(b.w, ", going on where it stopped")
	}
	_, _ = fmt.Fprintln(b.w)
}

const barWidth = 20

func (b *replayBar) show(p replay.Progress) {
	every := 200 * time.Millisecond
	if !b.terminal {
		every = 5 * time.Second
	}
	if p.Elapsed-b.last < every {
		return
	}
	b.last, b.shown = p.Elapsed, true
	line := barLine(p)
	if b.terminal {
		_, _ = fmt.Fprint(b.w, "\r\x1b[K"+line)
		return
	}
	_, _ = fmt.Fprintln(b.w, line)
}

// barLine fits 80 columns.
func barLine(p replay.Progress) string {
	share := 1.0
	if p.All > 0 {
		share = float64(p.Read) / float64(p.All)
	}
	done := int(share * barWidth)
	line := fmt.Sprintf("[%s%s] %3.0f %%  %d read, %d sent", strings.Repeat("#", done), strings.Repeat(".", barWidth-done), share*100, p.Report.Scanned, p.Report.Sent())
	if seconds := p.Elapsed.Seconds(); seconds > 0 && p.Read > 0 {
		left := time.Duration(float64(p.All-p.Read) / float64(p.Read) * float64(p.Elapsed))
		line += fmt.Sprintf(", %.0f/s, %s left", float64(p.Report.Scanned)/seconds, left.Round(time.Second))
	}
	return line
}

func (b *replayBar) clear() {
	if b.shown && b.terminal {
		_, _ = fmt.Fprint(b.w, "\r\x1b[K")
	}
	b.shown = false
}
