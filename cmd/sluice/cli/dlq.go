package cli

import (
	"context"

	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/ops/deadletter"
)

type dlqFlags struct {
	since, until string
	filter       deadletter.Filter
	all          bool
	payload      bool
	limit        int
	dryRun, yes  bool
	output       string
}

func (r *root) dlqCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "dlq",
		GroupID: "mend",
		Short:   "Look at dead letters, send them again, or give them up",
		Long: `Look at dead letters, send them again, or give them up.

There are two kinds: deliveries that a provider refused for good, and records of
the analytics topic that are no events.`,
		Args: noCommand,
		RunE: help,
	}
	cmd.AddCommand(r.dlqSummaryCommand(), r.dlqPeekCommand(), r.dlqRetryCommand(), r.dlqDiscardCommand())
	return cmd
}

func (r *root) dlqSummaryCommand() *cobra.Command {
	var f dlqFlags
	cmd := &cobra.Command{
		Use:   "summary",
		Short: "Count dead letters by destination and reason",
		Long: `Count dead letters by destination, reason and the provider's code. Open are those
that were neither sent again nor given up since.`,
		Example: `  sluice dlq summary
  sluice dlq summary --since 24h --destination acme-meta`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.dlqSummary(cmd.Context(), &f) },
	}
	r.dlqFlags(cmd, &f)
	return cmd
}

func (r *root) dlqPeekCommand() *cobra.Command {
	var f dlqFlags
	cmd := &cobra.Command{
		Use:   "peek",
		Short: "Show single dead letters",
		Long: `Show single dead letters that are open, oldest first in each partition. What an
original event holds is never shown: it is personal data in clear. --payload
shows what was built for the provider.`,
		Example: `  sluice dlq peek --reason provider.rejected --limit 5
  sluice dlq peek --destination acme-meta --payload --output json | jq .payload`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.dlqPeek(cmd.Context(), &f) },
	}
	r.dlqFlags(cmd, &f)
	cmd.Flags().IntVar(&f.limit, "limit", 20, "show at most so many (0: all)")
	cmd.Flags().BoolVar(&f.all, "all", false, "also those that were sent again or given up")
	cmd.Flags().BoolVar(&f.payload, "payload", false, "with --output json: the provider's JSON, which may hold IP addresses and click ids")
	return cmd
}

func (r *root) dlqRetryCommand() *cobra.Command {
	f := replayFlags{deadLetters: true}
	cmd := &cobra.Command{
		Use:   "retry",
		Short: "Send dead letters again: replay --from deadletter",
		Long: `Send dead letters again. It is "sluice replay --from deadletter", with the same
flags, the same questions and the same promise: only what failed, and once.`,
		Example: `  sluice dlq retry --destination acme-meta --reason provider.unavailable --dry-run
  sluice dlq retry --destination acme-meta --reason provider.unavailable`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.replay(cmd, &f) },
	}
	r.replayFlags(cmd, &f)
	return cmd
}

func (r *root) dlqDiscardCommand() *cobra.Command {
	var f dlqFlags
	cmd := &cobra.Command{
		Use:   "discard",
		Short: "Give dead letters up: they are not open any more and never replayed",
		Long: `Give dead letters up: they are not open any more, and no replay reads them. Who
did it and when is kept. The records themselves stay until the topic's retention
removes them, because Kafka deletes no single record. Nothing is given up
without --yes.`,
		Example: `  sluice dlq discard --destination acme-meta --reason provider.rejected --dry-run
  sluice dlq discard --destination acme-meta --reason provider.rejected --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.dlqDiscard(cmd.Context(), &f) },
	}
	r.dlqFlags(cmd, &f)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "count and change nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do it")
	return cmd
}

func (r *root) dlqFlags(cmd *cobra.Command, f *dlqFlags) {
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "", "only those given up since this long ago (90m, 2d) or this time (RFC 3339)")
	flags.StringVar(&f.until, "until", "", "only those given up before")
	flags.StringSliceVar(&f.filter.Customers, "customer", nil, "only these customers")
	flags.StringSliceVar(&f.filter.Destinations, "destination", nil, "only these destinations")
	flags.StringSliceVar(&f.filter.Events, "event", nil, "only these source events")
	flags.StringSliceVar(&f.filter.EventIDs, "event-id", nil, "only these event ids")
	flags.StringSliceVar(&f.filter.Reasons, "reason", nil, "only these reasons, or prefixes that end in a dot")
	outputFlag(cmd, &f.output, "table", "json")
	completeWords(cmd, "reason", reasonWords()...)
	r.completeDestinations(cmd, "destination")
	r.connecting(cmd)
}

// letters opens the dead letters and reads what the flags ask for. Destinations
// that are not applied any more may have some, so an unknown name is only a hint.
func (r *root) letters(env *boot.Env, f *dlqFlags) (*deadletter.Desk, error) {
	if err := (&tailFlags{reasons: f.filter.Reasons}).check(); err != nil {
		return nil, err
	}
	for flag, at := range map[string]struct {
		text string
		into *time.Time
	}{"since": {f.since, &f.filter.Since}, "until": {f.until, &f.filter.Until}} {
		if at.text == "" {
			continue
		}
		moment, err := parseMoment(flag, at.text, env.Now())
		if err != nil {
			return nil, err
		}
		*at.into = moment
	}
	return boot.DeadLetters(env)
}

// noteUnreadable says on stderr that records cannot be read.
func (r *root) noteUnreadable(records int) {
	if records > 0 {
		_, _ = fmt.Fprintf(r.Err, "note: %s of the dead-letter topics cannot be read\n", count(records, "record"))
	}
}

// nothingMatches says so on stderr, with what was meant where a name is wrong.
func (r *root) nothingMatches(ctx context.Context, env *boot.Env, f *dlqFlags) {
	text := "nothing matches: there is no such dead letter"
	for _, hint := range []string{r.hintDestinations(ctx, env, f.filter.Destinations), r.hintCustomers(ctx, env, f.filter.Customers...)} {
		if hint != "" {
			text += "; " + hint
		}
	}
	_, _ = fmt.Fprintln(r.Err, text)
}
