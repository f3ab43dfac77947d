package cli

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	opshealth "github.com/sluicehq/sluice/pkg/ops/health"
)

// printAlerts names what needs a person, and who that is.
func printAlerts(b *strings.Builder, alerts []health.Alert, p painter) {
	alerts = terminal.Shown(alerts)
	lines := teller{paint: p}
	for i := range alerts {
		if a := &alerts[i]; a.Firing {
			text := strings.TrimSpace(strings.TrimPrefix(a.Destination+": ", ": ") + string(a.Name) + ": " + a.Detail)
			lines.line(0, p.bad("!")+" "+text)
			if who := ownerOf(a.Owner, a.Runbook); who != "" {
				lines.line(4, who)
			}
		}
	}
	if lines.text.Len() > 0 {
		b.WriteString(lines.text.String() + "\n")
	}
}

func ownerOf(owner, runbook string) string {
	var parts []string
	if owner != "" {
		parts = append(parts, "owner "+owner)
	}
	if runbook != "" {
		parts = append(parts, "runbook "+runbook)
	}
	return strings.Join(parts, ", ")
}

// printHealth is one row for each destination, or a page for each.
func printHealth(w io.Writer, h *opshealth.Answer, full bool, p painter) error {
	h = terminal.Shown(h)
	if full {
		b := teller{paint: p}
		for i := range h.Reports {
			if i > 0 {
				b.line(0, "")
			}
			b.report(&h.Reports[i])
		}
		_, err := io.WriteString(w, b.text.String())
		return err
	}
	g := grid{
		header: []any{"destination", "state", "sent", "failed", "waits", "match", "cover", "dedup", "p95", "budget"},
		right:  []int{2, 3, 4, 5, 6, 7, 8, 9},
	}
	for i := range h.Reports {
		r := &h.Reports[i]
		c := r.Counts
		g.rows = append(g.rows, []any{
			r.Destination, p.word(r.State), c.Delivered, c.DeadLettered + c.Expired,
			r.Queued.Events + r.Held.Events + r.Retrying.Events + r.Parked.Events,
			decimal(r.MatchQuality), percent(r.Coverage), percent(r.Recognisable), milliseconds(r.P95), percent(r.BudgetLeft),
		})
	}
	return printGrid(w, g)
}

// word colours a destination's state.
func (p painter) word(state string) string {
	switch state {
	case "open":
		return p.good(state)
	case "blocked":
		return p.bad(state)
	case "waiting", "paused":
		return p.warn(state)
	default:
		return p.faint(state)
	}
}

// report is one destination in full.
func (b *teller) report(r *health.Report) {
	c := r.Counts
	b.text.WriteString(b.paint.strong(r.Destination) + " (" + r.Provider + ", customer " + r.Customer + "): " + b.paint.word(r.State) + "\n")
	if r.State == r.Status.State && r.State != "open" {
		b.line(2, r.Status.Reason.String()+": "+r.Status.Reason.Info().Sentence+" "+r.Status.Message)
	}
	if who := ownerOf(r.Owner, r.Runbook); who != "" {
		b.line(2, who)
	}
	if r.Blind {
		b.row("sent", count(c.Delivered, "event")+", "+sinceLast(c.LastDelivered)+"; the provider never says no, so nobody knows whether it took them")
	} else {
		b.row("delivered", count(c.Delivered, "event")+", "+sinceLast(c.LastDelivered))
	}
	b.row("confirmed by both", strconv.Itoa(c.Both)+", recovered (server only) "+strconv.Itoa(c.Recovered)+", not known "+strconv.Itoa(c.Delivered-c.Both-c.Recovered))
	b.row("deduplication", percent(r.Recognisable)+" of what both reported has a shared id; "+strconv.Itoa(c.Duplicates)+" duplicates held back")
	b.row("match quality", decimal(r.MatchQuality)+" of 10 (an estimate)")
	for _, k := range r.KeyCoverage {
		s := k.Share
		b.row("  "+k.Kind.String(), percent(&s))
	}
	b.row("event coverage", percent(r.Coverage))
	for i := range r.EventCoverage {
		e := &r.EventCoverage[i]
		s := e.Share()
		b.row("  "+e.Event, percent(&s)+", "+strconv.Itoa(e.Got)+" of "+strconv.FormatFloat(e.Expected, 'f', 0, 64)+" expected")
	}
	b.row("freshness", "half within "+milliseconds(r.P50)+", 95 % within "+milliseconds(r.P95)+"; "+percent(r.WithinSLA)+" within the objective")
	b.row("error budget", percent(r.BudgetLeft)+" left")
	b.row("not sent", strconv.Itoa(c.Skipped)+" skipped, "+strconv.Itoa(c.Rejected)+" rejected, "+strconv.Itoa(c.DeadLettered)+" dead-lettered, "+
		strconv.Itoa(c.Expired)+" expired, "+strconv.Itoa(c.Revoked)+" revoked")
	for _, reason := range decision.Reasons() {
		info := reason.Info()
		if n := c.Reasons[reason]; n > 0 && info.Status != decision.Queued && info.Status != decision.Delivered && info.Status != decision.Confirmed {
			b.row("  "+reason.String(), strconv.Itoa(n))
		}
	}
	b.row("refused later", strconv.Itoa(c.Refused)+", as announced "+strconv.Itoa(c.Announced)+", confirmed "+strconv.Itoa(c.Confirmed))
	b.row("waiting", waitText("queued", r.Queued)+", "+waitText("held", r.Held)+", "+waitText("retrying", r.Retrying)+", "+waitText("parked", r.Parked))
}

// row is a name and what is known about it. What is longer than a line goes on
// below it.
func (b *teller) row(name, text string) { b.rowAt(30, name, text) }

// rowAt is row with the text beginning in another column.
func (b *teller) rowAt(column int, name, text string) {
	label := "  " + name + strings.Repeat(" ", max(1, column-2-len([]rune(name))))
	for _, line := range wrap(text, width-column, width-column) {
		b.text.WriteString(strings.TrimRight(label+line, " ") + "\n")
		label = strings.Repeat(" ", column)
	}
}

func sinceLast(ms int64) string {
	if ms == 0 {
		return "none lately"
	}
	return "the last at " + instant(ms)
}

func waitText(word string, w health.Waiting) string {
	text := strconv.Itoa(w.Events) + " " + word
	if w.Oldest > 0 {
		text += " since " + time.UnixMilli(w.Oldest).UTC().Format("2006-01-02T15:04Z")
	}
	return text
}

// nothing stands where there is nothing to say a number about.
const nothing = "-"

func percent(share *float64) string {
	if share == nil {
		return nothing
	}
	return strconv.FormatFloat(100**share, 'f', 0, 64) + "%"
}

func decimal(v *float64) string {
	if v == nil {
		return nothing
	}
	return strconv.FormatFloat(*v, 'f', 1, 64)
}

// milliseconds shows a latency with two digits that count.
func milliseconds(ms *int64) string {
	if ms == nil {
		return nothing
	}
	d := time.Duration(*ms) * time.Millisecond
	switch {
	case d < time.Second:
		return d.String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	default:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
}
