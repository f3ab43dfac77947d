package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/boot"
)

// letterGroup is one row of the summary.
type letterGroup struct {
	DestinationID string `json:"destination_id"`
	Reason        string `json:"reason"`
	ProviderCode  string `json:"provider_code"`
	Events        int    `json:"events"`
	Open          int    `json:"open"`
	Pending       int    `json:"pending"`
	Delivered     int    `json:"delivered"`
	Discarded     int    `json:"discarded"`
	Oldest        string `json:"oldest"`
	Newest        string `json:"newest"`

	oldest, newest time.Time
}

func (g *letterGroup) add(l *boot.DeadLetter) {
	g.Events++
	switch l.State {
	case boot.LetterPending:
		g.Pending++
	case boot.LetterDelivered:
		g.Delivered++
	case boot.LetterDiscarded:
		g.Discarded++
	case boot.LetterOpen:
		g.Open++
	}
	if g.oldest.IsZero() || l.Time.Before(g.oldest) {
		g.oldest = l.Time
	}
	if l.Time.After(g.newest) {
		g.newest = l.Time
	}
}

// groups counts letters by destination, reason and code.
func groups(letters []boot.DeadLetter) []letterGroup {
	type key struct{ destination, reason, code string }
	by := map[key]*letterGroup{}
	for i := range letters {
		l := &letters[i]
		k := key{l.Destination, l.Reason.String(), l.Code}
		if by[k] == nil {
			by[k] = &letterGroup{DestinationID: k.destination, Reason: k.reason, ProviderCode: k.code}
		}
		by[k].add(l)
	}
	rows := []letterGroup{}
	for _, g := range by {
		g.Oldest, g.Newest = g.oldest.UTC().Format(time.RFC3339), g.newest.UTC().Format(time.RFC3339)
		rows = append(rows, *g)
	}
	slices.SortFunc(rows, func(a, b letterGroup) int {
		return cmp.Or(cmp.Compare(a.DestinationID, b.DestinationID), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.ProviderCode, b.ProviderCode))
	})
	return rows
}

func (r *root) dlqSummary(ctx context.Context, f *dlqFlags) error {
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	var all []boot.DeadLetter
	err = r.letters(ctx, env, f, func(l boot.DeadLetter) {
		l.Payload = nil // a summary of very many must not keep them
		all = append(all, l)
	})
	if err != nil {
		return err
	}
	rows := groups(all)
	if f.output == "json" {
		open := 0
		for _, g := range rows {
			open += g.Open
		}
		return printJSON(r.Out, struct {
			Events int           `json:"events"`
			Open   int           `json:"open"`
			Groups []letterGroup `json:"groups"`
		}{len(all), open, rows})
	}
	if len(rows) == 0 {
		r.nothingMatches(ctx, env, f)
		return nil
	}
	return r.printGroups(rows, env.Now())
}

// printGroups shows what is open first: that is what somebody has to do
// something about.
func (r *root) printGroups(rows []letterGroup, now time.Time) error {
	g := grid{header: []any{"destination", "reason", "code", "open", "all", "oldest"}, right: []int{3, 4, 5}}
	for _, row := range rows {
		destination := cmp.Or(row.DestinationID, "(router)")
		g.rows = append(g.rows, []any{destination, row.Reason, row.ProviderCode, row.Open, row.Events, age(now.Sub(row.oldest))})
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
	found, shown := 0, 0
	var failed error
	err = r.letters(ctx, env, f, func(l boot.DeadLetter) {
		if !f.all && l.State != boot.LetterOpen {
			return
		}
		if found++; failed != nil || f.limit > 0 && shown == f.limit {
			return
		}
		shown++
		if f.output == "json" {
			failed = printJSON(r.Out, letterForm(&l, f.payload))
			return
		}
		id := cmp.Or(l.EventID, l.Source)
		g.rows = append(g.rows, []any{l.Time.UTC().Format("01-02 15:04:05"), cmp.Or(l.Destination, "(router)"), id, l.Reason.String(), l.Code, l.Attempts})
	})
	switch {
	case err != nil || failed != nil:
		return cmp.Or(err, failed)
	case found == 0:
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
	var chosen []boot.DeadLetter
	err = r.letters(ctx, env, f, func(l boot.DeadLetter) {
		if l.State == boot.LetterOpen {
			l.Payload = nil
			chosen = append(chosen, l)
		}
	})
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		r.nothingMatches(ctx, env, f)
		if f.output == "json" {
			return r.printDiscarded(f, nil, false, env.Now())
		}
		return nil
	}
	if !f.dryRun && !f.yes {
		what := ""
		if f.filter.Empty() {
			what = " of all customers"
		}
		return usagef("%s%s would be given up for good, which is refused without --yes\n  fix: look with --dry-run, then give --yes", count(len(chosen), "dead letter"), what)
	}
	if !f.dryRun {
		if err := env.Discard(ctx, chosen, r.authorOr("")); err != nil {
			return err
		}
	}
	return r.printDiscarded(f, chosen, !f.dryRun, env.Now())
}

func (r *root) printDiscarded(f *dlqFlags, chosen []boot.DeadLetter, done bool, now time.Time) error {
	rows := groups(chosen)
	if f.output == "json" {
		return printJSON(r.Out, struct {
			Discarded bool          `json:"discarded"`
			Events    int           `json:"events"`
			Groups    []letterGroup `json:"groups"`
		}{done, len(chosen), rows})
	}
	if err := r.printGroups(rows, now); err != nil {
		return err
	}
	text := count(len(chosen), "dead letter") + " would be given up; nothing was changed\n"
	if done {
		text = count(len(chosen), "dead letter") + " given up\n"
	}
	_, err := fmt.Fprint(r.Out, "\n"+text)
	return err
}
