package cli

import (
	"context"
	"encoding/json"

	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
)

type dlqFlags struct {
	since, until string
	filter       boot.LetterFilter
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

// letters reads what the flags ask for. Destinations that are not applied any
// more may have dead letters, so an unknown name is only a hint.
func (r *root) letters(ctx context.Context, env *boot.Env, f *dlqFlags, take func(boot.DeadLetter)) error {
	if err := (&tailFlags{reasons: f.filter.Reasons}).check(); err != nil {
		return err
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
			return err
		}
		*at.into = moment
	}
	unreadable, err := env.EachDeadLetter(ctx, f.filter, take)
	if err != nil {
		return err
	}
	if unreadable > 0 {
		_, _ = fmt.Fprintf(r.Err, "note: %s of the dead-letter topics cannot be read\n", count(unreadable, "record"))
	}
	return nil
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

// letterJSON is the JSON form of one dead letter.
type letterJSON struct {
	Topic         string          `json:"topic"`
	Partition     int32           `json:"partition"`
	Offset        int64           `json:"offset"`
	Time          string          `json:"time"`
	State         string          `json:"state"`
	CustomerID    string          `json:"customer_id"`
	DestinationID string          `json:"destination_id"`
	SourceEvent   string          `json:"source_event"`
	EventID       string          `json:"event_id"`
	Reason        string          `json:"reason"`
	Detail        string          `json:"detail,omitempty"`
	Class         string          `json:"class,omitempty"`
	ProviderCode  string          `json:"provider_code,omitempty"`
	HTTPStatus    int32           `json:"http_status,omitempty"`
	Attempts      int32           `json:"attempts"`
	Source        string          `json:"source"`
	Payload       json.RawMessage `json:"payload,omitempty"`
}

func letterForm(l *boot.DeadLetter, payload bool) letterJSON {
	out := letterJSON{
		Topic: l.Topic, Partition: l.Partition, Offset: l.Offset, Time: l.Time.UTC().Format(time.RFC3339), State: string(l.State),
		CustomerID: l.Customer, DestinationID: l.Destination, SourceEvent: l.SourceEvent, EventID: l.EventID, Reason: l.Reason.String(),
		Detail: l.Detail, Class: l.Class, ProviderCode: l.Code, HTTPStatus: l.HTTPStatus, Attempts: l.Attempts, Source: l.Source,
	}
	if payload && json.Valid(l.Payload) {
		out.Payload = l.Payload
	}
	return out
}
