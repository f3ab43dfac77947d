package cli

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/role/replay"
)

type replayFlags struct {
	from, mode, since, until string
	filter                   replay.Filter
	pastWindow               bool
	id, rate                 string
	dryRun, yes              bool
	output                   string
	// deadLetters is how dlq retry differs.
	deadLetters bool
}

const replayLong = `Send again what was not delivered, and only that.

The diagnostics say which events are delivered or pending already; those are
counted and never sent. From events every gate runs again, with today's mappings
and consent. From deadletter or delivery the payload is sent as it was built,
after the gates that consent, destination, mapping and age can change: after a
wrong mapping, replay from events. Replays have their own lane, with a share of
each destination's rate, and end where the sources ended when they began.

--dry-run decides everything and writes nothing. A replay can be interrupted at
any time; run it again with its --id to go on. The same id sends nothing twice.

A replay that is for all customers at once, has no beginning, sends what was
never decided (--mode undelivered) or overrides a provider's deduplication window
asks for --yes.`

func (r *root) replayCommand() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:     "replay",
		GroupID: "mend",
		Short:   "Send again what was not delivered, and only that",
		Long:    replayLong,
		Example: `  # After an outage: what would be sent, then send it
  sluice replay --from deadletter --since 6h --destination acme-meta --dry-run
  sluice replay --from deadletter --since 6h --destination acme-meta

  # After a wrong mapping was corrected: decide the events of this morning again
  sluice replay --from events --since 2026-11-20T06:00:00Z --customer acme --reason mapping.

  # Go on after an interruption
  sluice replay --id 20261120-101500-7f3c`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.replay(cmd, &f) },
	}
	cmd.Flags().StringVar(&f.from, "from", string(replay.FromEvents), "what to read: events, deadletter or delivery")
	completeWords(cmd, "from", string(replay.FromEvents), string(replay.FromDeadLetters), string(replay.FromDeliveries))
	r.replayFlags(cmd, &f)
	return cmd
}

// replayFlags are those that dlq retry has too.
func (r *root) replayFlags(cmd *cobra.Command, f *replayFlags) {
	flags := cmd.Flags()
	flags.StringVar(&f.mode, "mode", string(replay.Failed), "failed: decided and not delivered; undelivered: also what was never decided")
	flags.StringVar(&f.since, "since", "", "only records written since this long ago (90m, 2d) or this time (RFC 3339)")
	flags.StringVar(&f.until, "until", "", "only records written before")
	flags.StringSliceVar(&f.filter.Customers, "customer", nil, "only these customers")
	flags.StringSliceVar(&f.filter.Destinations, "destination", nil, "only these destinations")
	flags.StringSliceVar(&f.filter.Events, "event", nil, "only these source events, such as transaction.purchase")
	flags.StringSliceVar(&f.filter.EventIDs, "event-id", nil, "only these event ids")
	flags.StringSliceVar(&f.filter.Statuses, "status", nil, "only what ended with these statuses")
	flags.StringSliceVar(&f.filter.Reasons, "reason", nil, "only what ended for these reasons, or prefixes that end in a dot")
	flags.BoolVar(&f.pastWindow, "past-dedup-window", false, "also send what a browser reported and the provider no longer recognises")
	flags.StringVar(&f.id, "id", "", "id of the replay (default: a new one); that of an earlier one resumes it")
	flags.StringVar(&f.rate, "rate", "", "events queued a second, such as 50/s (default: what the replay lane takes)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be sent and write nothing")
	flags.BoolVar(&f.yes, "yes", false, "do it although it is wide or may count twice")
	outputFlag(cmd, &f.output, "table", "json")
	completeWords(cmd, "mode", string(replay.Failed), string(replay.Undelivered))
	completeWords(cmd, "status", statusWords()...)
	completeWords(cmd, "reason", reasonWords()...)
	r.completeDestinations(cmd, "destination")
	r.connecting(cmd)
}

// asked is how the replay was worded: its definition's flags, in order.
func asked(cmd *cobra.Command) string {
	var words []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "id", "rate", "dry-run", "yes", "output", "config", "brokers", "registry", "redis":
		default:
			words = append(words, "--"+f.Name+" "+strings.Trim(f.Value.String(), "[]"))
		}
	})
	return strings.Join(words, " ")
}

func (r *root) replay(cmd *cobra.Command, f *replayFlags) error {
	ctx, stop := signals(cmd.Context())
	defer stop()
	o := boot.ReplayOptions{ID: f.id, DryRun: f.dryRun, Author: r.authorOr("")}
	words := asked(cmd)
	o.Resume = f.id != "" && words == ""
	if f.deadLetters {
		f.from = string(replay.FromDeadLetters)
		words = strings.TrimSpace("--from deadletter " + words)
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	if o.Rate, err = f.speed(); err != nil {
		return err
	}
	if o.Definition, err = f.definition(env.Now(), words); err != nil {
		return err
	}
	if !o.Resume {
		if err := r.checkReplay(ctx, env, f, &o.Definition); err != nil {
			return err
		}
	}
	bar := newReplayBar(r.Err)
	o.Progress = bar.show
	o.Begin = func(s replay.State) { bar.begin(s, f.dryRun) }
	state, err := env.Replay(ctx, o)
	bar.clear()
	if refused := (*boot.ReplayRefused)(nil); errors.As(err, &refused) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	return r.printReplay(state, f)
}

// definition reads the flags.
func (f *replayFlags) definition(now time.Time, words string) (replay.Definition, error) {
	d := replay.Definition{From: replay.Source(f.from), Mode: replay.Mode(f.mode), Filter: f.filter, PastDedupWindow: f.pastWindow, Asked: words}
	for flag, into := range map[string]*time.Time{"since": &d.Since, "until": &d.Until} {
		text := f.since
		if flag == "until" {
			text = f.until
		}
		if text == "" {
			continue
		}
		at, err := parseMoment(flag, text, now)
		if err != nil {
			return d, err
		}
		*into = at
	}
	if err := (&tailFlags{statuses: f.filter.Statuses, reasons: f.filter.Reasons}).check(); err != nil {
		return d, err
	}
	return d, usage(d.Validate())
}

// speed reads --rate: 50 or 50/s.
func (f *replayFlags) speed() (float64, error) {
	if f.rate == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(f.rate, "/s"), 64)
	if err != nil || n <= 0 {
		return 0, usagef("--rate %s: want events a second, such as 50/s", f.rate)
	}
	return n, nil
}

// checkReplay refuses names that nobody knows, and what is too wide to be
// started by a slip of the pen.
func (r *root) checkReplay(ctx context.Context, env *boot.Env, f *replayFlags, d *replay.Definition) error {
	if err := checkNames(ctx, env, f.filter.Customers, f.filter.Destinations, f.filter.Events); err != nil {
		return err
	}
	dangers := d.Dangers()
	if len(dangers) == 0 || f.yes || f.dryRun {
		return nil
	}
	return usagef("this replay is refused without --yes:\n  - %s\n  fix: look with --dry-run first; narrow it with --since, --customer or --destination; or give --yes",
		strings.Join(dangers, "\n  - "))
}

// checkNames refuses customers, destinations and source events that no resource
// names: they would match nothing, which looks like good news.
func checkNames(ctx context.Context, env *boot.Env, customers, destinations, events []string) error {
	if len(customers)+len(destinations)+len(events) == 0 {
		return nil
	}
	resources, _, err := boot.Applier(env).Current(ctx)
	if err != nil {
		return err
	}
	var ids, owners, names []string
	for _, d := range resources.Destinations {
		ids, owners = append(ids, d.ID), append(owners, d.Customer)
	}
	for _, m := range resources.Mappings {
		names = append(names, m.SourceEvent)
	}
	for _, word := range destinations {
		if !slices.Contains(ids, word) {
			return unknownDestination(word, ids)
		}
	}
	if err := checkKnown("customer", "no destination belongs to", customers, owners); err != nil {
		return err
	}
	return checkKnown("event", "no mapping names", events, names)
}

func checkKnown(flag, what string, words, known []string) error {
	slices.Sort(known)
	known = slices.Compact(known)
	for _, word := range words {
		if slices.Contains(known, word) {
			continue
		}
		if near := document.Nearest(word, known); near != "" {
			return usagef("--%s: %s %s; did you mean %s?", flag, what, word, near)
		}
		return usagef("--%s: %s %s; known are %s", flag, what, word, strings.Join(known, ", "))
	}
	return nil
}

// replayJSON is the JSON form of a replay.
type replayJSON struct {
	ID           string            `json:"replay_id"`
	DryRun       bool              `json:"dry_run"`
	Phase        string            `json:"phase"`
	From         string            `json:"from"`
	Scanned      int64             `json:"scanned"`
	Unreadable   int64             `json:"unreadable"`
	Sent         int64             `json:"sent"`
	Destinations []replayCountJSON `json:"destinations"`
}

type replayCountJSON struct {
	Destination string              `json:"destination_id"`
	Sent        int64               `json:"sent"`
	Waits       int64               `json:"waits"`
	Delivered   int64               `json:"delivered"`
	Pending     int64               `json:"pending"`
	Never       int64               `json:"never_decided"`
	NotSent     []replayOutcomeJSON `json:"not_sent"`
}

type replayOutcomeJSON struct {
	Status string `json:"status"`
	Reason string `json:"reason"`
	Events int64  `json:"events"`
}

func replayForm(s *replay.State, dryRun bool) replayJSON {
	out := replayJSON{
		ID: s.ID, DryRun: dryRun, Phase: string(s.Phase), From: string(s.Definition.From), Scanned: s.Report.Scanned,
		Unreadable: s.Report.Unreadable, Sent: s.Report.Sent(), Destinations: []replayCountJSON{},
	}
	for _, id := range s.Report.Names() {
		c := s.Report.Destinations[id]
		row := replayCountJSON{
			Destination: id, Sent: c.Sent, Waits: c.Waits, Delivered: c.Delivered, Pending: c.Pending, Never: c.Never, NotSent: []replayOutcomeJSON{},
		}
		for _, o := range c.Outcomes() {
			row.NotSent = append(row.NotSent, replayOutcomeJSON{o.Status.String(), o.Reason.String(), c.NotSent[o]})
		}
		out.Destinations = append(out.Destinations, row)
	}
	return out
}
