package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/ops/explain"
)

// textAnswers prints answers for people.
type textAnswers struct {
	w      io.Writer
	paint  painter
	events int
	last   int
	total  int
	counts map[string]int
}

func (a *textAnswers) take(l *explain.Line) error {
	l = terminal.Shown(l)
	if l.Line != a.last {
		a.events++
	}
	a.last = l.Line
	a.total++
	a.counts[l.Status+" "+l.Reason]++
	var b strings.Builder
	a.head(&b, l)
	for _, g := range l.Gates {
		mark := a.paint.good("✓")
		if !g.OK {
			mark = a.paint.bad("✗")
		}
		fmt.Fprintf(&b, "  %s %-12s %s\n", mark, g.Gate, g.Detail)
	}
	if c := l.Consent; c != nil {
		fmt.Fprintf(&b, "  consent      %s\n", consentText(c))
	}
	if ids := l.Identifiers; ids != nil {
		fmt.Fprintf(&b, "  identifiers  %s\n", identifiersText(ids))
	}
	for i, n := range l.Notes {
		label := "            "
		if i == 0 {
			label = "notes       "
		}
		fmt.Fprintf(&b, "  %s %s\n", label, n.Sentence)
	}
	if len(l.Payload) > 0 {
		b.WriteString("  payload\n")
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, l.Payload, "    ", "  "); err != nil {
			return fmt.Errorf("printing the payload of line %d: %w", l.Line, err)
		}
		b.WriteString("    " + pretty.String() + "\n")
	}
	b.WriteString("\n")
	if _, err := io.WriteString(a.w, b.String()); err != nil {
		return fmt.Errorf("writing the answer to line %d: %w", l.Line, err)
	}
	return nil
}

// head is the answer in one line: which event, where to, and what came of it.
func (a *textAnswers) head(b *strings.Builder, l *explain.Line) {
	b.WriteString(a.paint.strong("line " + strconv.Itoa(l.Line)))
	for _, word := range []string{l.SourceEvent, l.EventID} {
		if word != "" {
			b.WriteString(" " + word)
		}
	}
	if l.DestinationID != "" {
		b.WriteString(" → " + l.DestinationID + " (mapping " + l.Mapping + ")")
	}
	outcome := a.paint.status(l.Status, l.Status+" "+l.Reason)
	b.WriteString("\n  " + outcome + ": " + l.Message)
	if l.DuplicateOf != "" {
		b.WriteString(" First: " + l.DuplicateOf + ".")
	}
	b.WriteByte('\n')
}

func consentText(c *explain.Consent) string {
	text := c.Regime
	if c.Jurisdiction != "" {
		text += " in " + c.Jurisdiction
	}
	text += ", policy " + c.Policy
	if c.PolicyVersion != "" {
		text += " " + c.PolicyVersion
	}
	text += ", decided by " + c.Basis
	var said []string
	for _, purpose := range slices.Sorted(maps.Keys(c.Purposes)) {
		said = append(said, purpose+" "+strings.ReplaceAll(c.Purposes[purpose], "_", " "))
	}
	if c.Restricted {
		text += ", restricted because of " + c.Cause
	}
	return text + "\n               " + strings.Join(said, ", ")
}

func identifiersText(ids *explain.Identifiers) string {
	text := strings.Join(ids.Present, ", ")
	if text == "" {
		text = "none"
	}
	for i, d := range ids.Dropped {
		if i == 0 {
			text += "; dropped "
		} else {
			text += ", "
		}
		text += d.Kind + " (" + strings.ReplaceAll(d.Reason, "_", " ") + ")"
	}
	if ids.UnsafeDropped > 0 {
		text += fmt.Sprintf("; %d unsafe values dropped", ids.UnsafeDropped)
	}
	if ids.Warnings > 0 {
		text += fmt.Sprintf("; %d odd", ids.Warnings)
	}
	return text + "; match quality " + strconv.FormatFloat(ids.MatchQuality, 'f', 1, 64) + " of 10 (an estimate)"
}

// end sums up.
func (a *textAnswers) end() error {
	if _, err := fmt.Fprintf(a.w, "%s, %s\n", count(a.events, "event"), count(a.total, "decision")); err != nil {
		return fmt.Errorf("writing the summary: %w", err)
	}
	keys := slices.SortedFunc(maps.Keys(a.counts), func(x, y string) int {
		if a.counts[x] != a.counts[y] {
			return a.counts[y] - a.counts[x]
		}
		return strings.Compare(x, y)
	})
	for _, key := range keys {
		if _, err := fmt.Fprintf(a.w, "%8d  %s\n", a.counts[key], key); err != nil {
			return fmt.Errorf("writing the summary: %w", err)
		}
	}
	return nil
}
