package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/ops/trace"
)

// width is what text for people fits into.
const width = 80

// printTrace tells a story to a person.
func (r *root) printTrace(t *trace.Answer, took time.Duration) error {
	t = terminal.Shown(t)
	b := teller{paint: painter{on: r.colour()}}
	for i := range t.Story.Records {
		b.record(&t.Story.Records[i])
	}
	if len(t.Story.Requests)+len(t.Waiting) > 0 {
		b.line(0, b.paint.strong("Said later about whole requests, without naming events"))
		for i := range t.Story.Requests {
			d := &t.Story.Requests[i]
			b.step(d, d.DestinationID, "request "+d.ProviderRequestID+": "+history.Describe(d))
		}
		for i := range t.Waiting {
			w := &t.Waiting[i]
			b.line(2, fmt.Sprintf("request %s to %s, %s: not judged yet, asked %s so far",
				w.RequestID, w.DestinationID, count(int(w.Records), "event"), times(int(w.Asked))))
		}
		b.line(0, "")
	}
	counts := map[string]int{}
	outcomes := 0
	for i := range t.Story.Records {
		for k := range t.Story.Records[i].Tracks {
			counts[outcomeWord(&t.Story.Records[i].Tracks[k])]++
			outcomes++
		}
	}
	var parts []string
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, strconv.Itoa(counts[word])+" "+word)
	}
	b.line(0, fmt.Sprintf("%s, %s: %s.", count(len(t.Story.Records), "record"), count(outcomes, "outcome"), strings.Join(parts, ", ")))
	b.line(0, fmt.Sprintf("Looked at %s in %s.", count(int(t.Looked.Records), "diagnostic"), took.Round(time.Millisecond)))
	if t.Looked.Unreadable > 0 {
		b.line(0, count(int(t.Looked.Unreadable), "matching record")+" could not be read as diagnostics.")
	}
	if _, err := io.WriteString(r.Out, b.text.String()); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// outcomeWord says to a person what one record came to: not sent is not always
// a failure, and a duplicate is not delivered although its event is.
func outcomeWord(o *history.Track) string {
	switch {
	case o.Last().Status == decision.Duplicate:
		return "duplicate"
	case o.State == history.Failed:
		return "not sent"
	default:
		return o.State.String()
	}
}

// teller builds text in lines that fit a terminal.
type teller struct {
	text  strings.Builder
	paint painter
}

// line writes text behind an indent, and goes on further in where it is too
// long for one line.
func (b *teller) line(indent int, text string) {
	lines := wrap(text, width-indent, width-indent-4)
	for i, line := range lines {
		if i > 0 {
			line = "    " + line
		}
		b.text.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+line, " ") + "\n")
	}
}

// wrap breaks text at spaces: the first line is at most first runes long, the
// others at most rest. A word that is longer has a line to itself.
func wrap(text string, first, rest int) []string {
	var lines []string
	line, length, limit := "", 0, first
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		if length > 0 && length+1+n > limit {
			lines = append(lines, line)
			line, length, limit = "", 0, rest
		}
		if length > 0 {
			line += " "
			length++
		}
		line += word
		length += n
	}
	return append(lines, line)
}

func (b *teller) record(r *history.Record) {
	h := &r.Head
	name := h.SourceEvent
	if name == "" {
		name = "a record that is no event"
	}
	title := name
	if h.EventID != "" {
		title = "Event " + h.EventID + ": " + name
	}
	if h.CustomerID != "" {
		title += " of " + h.CustomerID
	}
	b.text.WriteString(b.paint.strong(title) + "\n")
	if h.EventTime != 0 {
		b.line(2, "happened   "+instant(h.EventTime)+detail(h))
	}
	stored := "record     " + h.Source.String()
	if h.Source.AppendTime != 0 {
		stored += ", stored " + instant(h.Source.AppendTime)
	}
	b.line(2, stored)
	if h.EventID != "" && h.EventIDSource.String() == "derived" {
		b.line(2, "id         derived by Sluice: the event has none of its own")
	}
	b.line(0, "")
	for i := range r.Tracks {
		b.outcome(&r.Tracks[i])
		b.line(0, "")
	}
}

// detail is what an event was about.
func detail(d *decision.Decision) string {
	text := ""
	if d.Value.Set {
		text += ", " + strconv.FormatFloat(d.Value.Value, 'f', -1, 64) + " " + d.Currency
	}
	if d.TransactionID != "" {
		text += ", transaction " + d.TransactionID
	}
	return strings.TrimRight(text, " ")
}

func (b *teller) outcome(o *history.Track) {
	last := o.Last()
	state := o.State
	where := o.DestinationID
	if where == "" {
		where = "(no destination)"
	}
	b.text.WriteString("→ " + b.paint.strong(where) + ": " + b.state(state, outcomeWord(o)) + "\n")
	if o.Mapping != "" {
		text := "mapping " + o.Mapping
		if last.Target != "" {
			text += ", as " + last.Target
		}
		b.line(2, text)
	}
	for i := range o.Steps {
		d := &o.Steps[i]
		b.step(d, d.Stage.String(), history.Describe(d))
		b.gates(d)
		if answer := history.Answer(d); answer != "" && d.Stage != decision.StageVerdict {
			b.line(6, "answer: "+answer)
		}
		for _, warning := range d.Warnings {
			b.line(6, "warning: "+warning)
		}
		if d.NextAttempt != 0 {
			b.line(6, "next attempt: "+instant(d.NextAttempt))
		}
		if d.ReplayID != "" {
			b.line(6, "replay: "+d.ReplayID)
		}
	}
	if fix := last.Reason.Info().Fix; fix != "" && state != history.Delivered {
		b.line(2, "to do: "+fix)
	}
	if o.Repeats > 0 {
		are := " are"
		if o.Repeats == 1 {
			are = " is"
		}
		b.line(2, count(o.Repeats, "repeat")+" with the same decision id"+are+" not shown")
	}
}

// gates says which gates were passed, and what they rested on.
func (b *teller) gates(d *decision.Decision) {
	passed, failed, ok := history.Passed(d)
	if !ok || d.Mapping == "" {
		return
	}
	text := "gates: "
	if len(passed) > 0 {
		text += "passed " + strings.Join(passed, ", ")
	}
	if failed != "" {
		if len(passed) > 0 {
			text += "; "
		}
		text += "failed " + failed
	}
	b.line(6, text)
	asked := func(gate string) bool { return failed == gate || failed == "" || slices.Contains(passed, gate) }
	if asked("choice") {
		basis, said := history.ConsentBasis(d)
		b.line(6, "consent: "+basis)
		if said != "" {
			b.line(6, "said: "+said)
		}
	}
	if asked("identifiers") {
		b.line(6, "identifiers: "+history.IdentifiersOf(d))
	}
}

// step is one line of time, place and words.
func (b *teller) step(d *decision.Decision, who, text string) {
	b.line(2, instant(d.Time)+"  "+who+": "+text)
}

func (b *teller) state(s history.State, word string) string {
	switch s {
	case history.Delivered:
		return b.paint.good(word)
	case history.Pending:
		return b.paint.warn(word)
	default:
		return b.paint.bad(word)
	}
}

// instant shows a time to a person, in UTC.
func instant(ms int64) string {
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05.000")
}
