package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
	"github.com/sluicehq/sluice/pkg/ops/trace"
)

type traceFlags struct {
	subject, customer string
	destinations      []string
	since, until      string
	output            string
}

func (r *root) traceCommand() *cobra.Command {
	var f traceFlags
	cmd := &cobra.Command{
		Use:     "trace [EVENT_ID | TRANSACTION_ID | TOPIC/PARTITION@OFFSET]",
		GroupID: "see",
		Short:   "Tell what became of one event, gate by gate",
		Long: `Tell the whole history of an event: every gate, the consent that decided, every
attempt with the provider's answer, duplicates, replays, and what the provider
said later. It is read from the diagnostics topic, which keeps 30 days.

The event is named by its event id, its transaction id, or the coordinates of
its record in the analytics topic. --subject gives everything about one person,
for access requests; it needs the privacy.key with which the diagnostics were
written. --destination makes it fast on large topics: only the partition is
read where decisions about that event and destination stand. --since and
--until bound what is read in any case.

The exit code is 1 where nothing is known.`,
		Example: `  # Was this event sent, where, when, under which consent, and if not, why not
  sluice trace 7f3c-91

  # The record that a message names
  sluice trace analytics.events/3@4211

  # One destination, yesterday
  sluice trace T-20261120-17 --destination acme-meta --since 2026-11-20T00:00:00Z --until 2026-11-21T00:00:00Z

  # Everything about one person
  sluice trace --subject acme:visitor-17 --output json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signals(cmd.Context())
			defer stop()
			return r.trace(ctx, &f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.subject, "subject", "", "everything about a subject, as customer_id:subject_id")
	flags.StringVar(&f.customer, "customer", "", "only this customer")
	flags.StringSliceVar(&f.destinations, "destination", nil, "only these destinations")
	flags.StringVar(&f.since, "since", "", "nothing stored before, as long ago (90m, 2d) or a time (RFC 3339)")
	flags.StringVar(&f.until, "until", "", "nothing stored after, as long ago (90m, 2d) or a time (RFC 3339)")
	outputFlag(cmd, &f.output, "text", "json")
	r.completeDestinations(cmd, "destination")
	r.connecting(cmd)
	return cmd
}

// query reads what is asked for. Names that a subject or an id may have are
// asked of env, which knows the privacy key.
func (f *traceFlags) query(env *boot.Env, args []string) (history.Query, error) {
	q := history.Query{Customer: f.customer, Destinations: f.destinations}
	shown, err := env.Pseudonym()
	if err != nil {
		return q, err
	}
	switch {
	case (len(args) == 1) == (f.subject != ""):
		return q, usagef("what to trace: give an event id, a transaction id, topic/partition@offset, or --subject customer_id:subject_id")
	case f.subject != "":
		customer, subject, ok := strings.Cut(f.subject, ":")
		if !ok || customer == "" || subject == "" {
			return q, usagef("--subject: want customer_id:subject_id, the key under which consent is recorded")
		}
		hash := shown.Subject(customer, identity.NewRaw(subject))
		if hash == "" {
			return q, usagef("--subject needs privacy.key, the key with which the diagnostics were written: without it nobody can tell whose they are")
		}
		q.Subject, q.Customer = hash, customer
		return q, nil
	}
	if at, err := event.ParseCoordinates(args[0]); err == nil && at.Topic == env.Config.Topics.Input {
		q.Source = &at
		return q, nil
	}
	// Diagnostics show an id as it is or, where it looks like personal data,
	// hashed.
	q.IDs = []string{args[0]}
	if identity.LookID(args[0]) != identity.NotSuspect {
		q.IDs = append(q.IDs, shown.ID(args[0]))
	}
	return q, nil
}

// search bounds what is read.
func (f *traceFlags) search(q *history.Query, now time.Time) (diagnostics.Search, error) {
	var s diagnostics.Search
	var err error
	if f.since != "" {
		if s.Since, err = parseMoment("since", f.since, now); err != nil {
			return s, err
		}
	}
	if f.until != "" {
		if s.Until, err = parseMoment("until", f.until, now); err != nil {
			return s, err
		}
	}
	if !s.Until.IsZero() && s.Until.Before(s.Since) {
		return s, usagef("--until %s is before --since %s", f.until, f.since)
	}
	for _, destination := range q.Destinations {
		for _, id := range q.IDs {
			s.Keys = append(s.Keys, destination+":"+id)
		}
	}
	return s, nil
}

func (r *root) trace(ctx context.Context, f *traceFlags, args []string) error {
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	q, err := f.query(env, args)
	if err != nil {
		return err
	}
	s, err := f.search(&q, env.Now())
	if err != nil {
		return err
	}
	progress := newScanProgress(r.Err, "diagnostics")
	s.Progress = progress.show
	began := env.Now()
	tracer, err := env.Tracer()
	if err != nil {
		return err
	}
	t, err := tracer.Trace(ctx, trace.Request{Query: q, Search: s})
	progress.clear()
	if err != nil {
		return err
	}
	if f.output == "json" {
		err = printJSON(r.Out, &t)
	} else if t.Found {
		err = r.printTrace(&t, env.Now().Sub(began))
	}
	if err != nil || t.Found {
		return err
	}
	return r.unknown(ctx, env, f, &t, sought(args))
}

// sought names what was looked for, unless it may be somebody's address or is
// somebody.
func sought(args []string) string {
	switch {
	case len(args) == 0:
		return "that subject"
	case identity.LookID(args[0]) != identity.NotSuspect:
		return "that id"
	}
	return args[0]
}

// unknown says why nothing may have been found, and ends with exit code 1.
func (r *root) unknown(ctx context.Context, env *boot.Env, f *traceFlags, t *trace.Answer, what string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "sluice: nothing is known about %s: %s looked at, none of them about it\n", what, count(int(t.Looked.Records), "diagnostic"))
	if t.Unread != nil {
		fmt.Fprintf(&b, "  the router has not read that record yet: it has committed partition %d up to %d\n", t.Unread.Partition, t.Unread.Committed)
	}
	owner, _, _ := strings.Cut(f.subject, ":")
	for _, hint := range []string{r.hintDestinations(ctx, env, f.destinations), r.hintCustomers(ctx, env, f.customer, owner)} {
		if hint != "" {
			b.WriteString("  " + hint + "\n")
		}
	}
	if f.since != "" || f.until != "" || f.customer != "" {
		b.WriteString("  try again without --since, --until and --customer\n")
	}
	b.WriteString("  an event that no mapping names is only counted (diagnostics.unmapped), and diagnostics are kept for 30 days\n")
	if _, err := fmt.Fprint(r.Err, b.String()); err != nil {
		return err
	}
	return silent{code: exitRuntime}
}

// moment is an epoch time in RFC 3339; "" for none.
func moment(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}
