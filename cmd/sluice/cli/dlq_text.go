package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
)

func (r *root) dlqSummary(ctx context.Context, f *dlqFlags) error {
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	letters, err := r.letters(env, f)
	if err != nil {
		return err
	}
	answer, err := letters.Summary(ctx, f.filter)
	if err != nil {
		return err
	}
	r.noteUnreadable(answer.Unreadable)
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	if len(answer.Groups) == 0 {
		r.nothingMatches(ctx, env, f)
		return nil
	}
	return r.printGroups(answer.Groups, env.Now())
}

// printGroups shows what is open first: that is what somebody has to do
// something about.
func (r *root) printGroups(rows []deadletter.Group, now time.Time) error {
	g := grid{header: []any{"destination", "reason", "code", "open", "closed", "all", "oldest open"}, right: []int{3, 4, 5, 6}}
	for _, row := range terminal.Shown(rows) {
		destination := cmp.Or(row.DestinationID, "(router)")
		oldest := "-"
		if row.Open > 0 {
			oldest = age(now.Sub(row.FirstOpen))
		}
		g.rows = append(g.rows, []any{destination, row.Reason, row.ProviderCode, row.Open, row.Closed, row.Events, oldest})
	}
	return printGrid(r.Out, g)
}

// age is a duration in its largest unit.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%ds", max(d, 0)/time.Second)
}

func (r *root) dlqPeek(ctx context.Context, f *dlqFlags) error {
	if f.limit < 0 {
		return usagef("--limit %d: want 0 or more", f.limit)
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	g := grid{header: []any{"time", "destination", "event id", "reason", "code", "tries"}, right: []int{5}}
	letters, err := r.letters(env, f)
	if err != nil {
		return err
	}
	found, shown := 0, 0
	var failed error
	unreadable, err := letters.Each(ctx, deadletter.Request{Filter: f.filter, Payload: f.payload}, func(l deadletter.Letter) {
		if !f.all && l.State != deadletter.Open {
			return
		}
		if found++; failed != nil || f.limit > 0 && shown == f.limit {
			return
		}
		shown++
		if f.output == "json" {
			failed = printJSON(r.Out, l)
			return
		}
		l = terminal.Shown(l)
		id := cmp.Or(l.EventID, l.Source)
		g.rows = append(g.rows, []any{l.At.UTC().Format("01-02 15:04:05"), cmp.Or(l.Destination, "(router)"), id, l.Reason, l.Code, l.Attempts})
	})
	if err != nil || failed != nil {
		return cmp.Or(err, failed)
	}
	r.noteUnreadable(unreadable)
	if found == 0 {
		r.nothingMatches(ctx, env, f)
		return nil
	}
	if len(g.rows) > 0 {
		if err := printGrid(r.Out, g); err != nil {
			return err
		}
	}
	if found > shown {
		_, _ = fmt.Fprintf(r.Err, "%d of %d shown; --limit 0 shows all\n", shown, found)
	}
	return nil
}

func (r *root) dlqDiscard(ctx context.Context, f *dlqFlags) error {
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	letters, err := r.letters(env, f)
	if err != nil {
		return err
	}
	answer, err := letters.Discard(ctx, deadletter.DiscardRequest{Filter: f.filter, DryRun: f.dryRun || !f.yes, Author: r.authorOr("")})
	if err != nil {
		return err
	}
	r.noteUnreadable(answer.Unreadable)
	switch {
	case answer.Events == 0:
		r.nothingMatches(ctx, env, f)
	case !f.dryRun && !f.yes:
		what := ""
		if f.filter.Empty() {
			what = " of all customers"
		}
		return usagef("%s%s would be given up for good, which is refused without --yes\n  fix: look with --dry-run, then give --yes", count(answer.Events, "dead letter"), what)
	}
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	if answer.Events == 0 {
		return nil
	}
	if err := r.printGroups(answer.Groups, env.Now()); err != nil {
		return err
	}
	text := count(answer.Events, "dead letter") + " would be given up; nothing was changed\n"
	if answer.Discarded {
		text = count(answer.Events, "dead letter") + " given up\n"
	}
	_, err = fmt.Fprint(r.Out, "\n"+text)
	return err
}
