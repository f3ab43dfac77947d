package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/diagnostics"
)

type tailFlags struct {
	customers, destinations, events, eventIDs []string
	statuses, reasons                         []string
	since                                     string
	fromStart, noFollow                       bool
	limit                                     int
	rates                                     bool
	interval                                  time.Duration
	output                                    string
}

func (r *root) tailCommand() *cobra.Command {
	var f tailFlags
	cmd := &cobra.Command{
		Use:     "tail",
		GroupID: "see",
		Short:   "Follow the decisions as they are taken",
		Long: `Follow the diagnostics topic: every decision with its reason, as routers and
senders publish it. Without --since or --from-start it begins now. With --no-follow
decisions come in order of time; otherwise as they are read, which is the true
order of one event at one destination, and of others nearly that of time.

Filters are lists; a decision passes when it matches one of each list that is
given. A reason may be a prefix that ends in a dot, such as consent. for all of
them. JSON has the field names of the diagnostics contract, one object a line.

--rates shows how many decisions a second come to which end at each destination
instead, once every --interval; with --no-follow once, over the time in which
they were taken.`,
		Example: `  # What does not leave, and why
  sluice tail --status skipped,rejected,dead_lettered

  # How much arrives where, every five seconds
  sluice tail --rates

  # What became of one event
  sluice tail --from-start --no-follow --event-id 7f3c-91

  # Consent decisions of the last hour at one destination, for jq
  sluice tail --since 1h --no-follow --destination acme-meta --reason consent. --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signals(cmd.Context())
			defer stop()
			return r.tail(ctx, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.customers, "customer", nil, "only these customers")
	flags.StringSliceVar(&f.destinations, "destination", nil, "only these destinations")
	flags.StringSliceVar(&f.events, "event", nil, "only these source events, such as transaction.purchase")
	flags.StringSliceVar(&f.eventIDs, "event-id", nil, "only these event ids")
	flags.StringSliceVar(&f.statuses, "status", nil, "only these statuses")
	flags.StringSliceVar(&f.reasons, "reason", nil, "only these reasons, or prefixes that end in a dot")
	flags.StringVar(&f.since, "since", "", "begin this long ago (90m, 2d) or at this time (RFC 3339)")
	flags.BoolVar(&f.fromStart, "from-start", false, "begin with the oldest decision that is kept")
	flags.BoolVar(&f.noFollow, "no-follow", false, "stop where the topic ends now")
	flags.IntVar(&f.limit, "limit", 0, "stop after this many decisions (0: no limit)")
	flags.BoolVar(&f.rates, "rates", false, "show rates instead of decisions")
	flags.DurationVar(&f.interval, "interval", 5*time.Second, "how often --rates shows them")
	outputFlag(cmd, &f.output, "text", "json")
	r.completeDestinations(cmd, "destination")
	completeWords(cmd, "status", statusWords()...)
	completeWords(cmd, "reason", reasonWords()...)
	r.connecting(cmd)
	return cmd
}

func statusWords() []string {
	var words []string
	for _, s := range decision.Statuses() {
		words = append(words, s.String())
	}
	return words
}

func reasonWords() []string {
	var words []string
	for _, reason := range decision.Reasons() {
		words = append(words, reason.String())
	}
	return words
}

// check refuses words that can never match: a filter with a slip of the pen
// shows nothing, which looks like good news.
func (f *tailFlags) check() error {
	for _, word := range f.statuses {
		if !slices.Contains(statusWords(), word) {
			return usagef("--status %s: want one of %s", word, strings.Join(statusWords(), ", "))
		}
	}
	for _, word := range f.reasons {
		known := slices.ContainsFunc(reasonWords(), func(code string) bool { return matchesReason(word, code) })
		if !known {
			return usagef("--reason %s: not one of the codes in docs/reasons.md", word)
		}
	}
	switch {
	case f.limit < 0:
		return usagef("--limit %d: want 0 or more", f.limit)
	case f.rates && f.limit > 0:
		return usagef("--limit counts decisions, and --rates shows none\n  fix: leave one of them out")
	case f.fromStart && f.since != "":
		return usagef("--since and --from-start both say where to begin\n  fix: leave one of them out")
	}
	return nil
}

func matchesReason(word, code string) bool {
	return word == code || strings.HasSuffix(word, ".") && strings.HasPrefix(code, word)
}

func (f *tailFlags) wants(d *decision.Decision) bool {
	in := func(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
	return in(f.customers, d.CustomerID) && in(f.destinations, d.DestinationID) && in(f.events, d.SourceEvent) &&
		in(f.eventIDs, d.EventID) && in(f.statuses, d.Status.String()) &&
		(len(f.reasons) == 0 || slices.ContainsFunc(f.reasons, func(word string) bool { return matchesReason(word, d.Reason.String()) }))
}

// start is where to begin reading.
func (f *tailFlags) start(now time.Time) (time.Time, error) {
	switch {
	case f.fromStart:
		return time.UnixMilli(0), nil
	case f.since == "":
		return now, nil
	}
	return parseMoment("since", f.since, now)
}

// parseMoment reads a time in a flag: a duration before now, or RFC 3339.
func parseMoment(flag, text string, now time.Time) (time.Time, error) {
	if ms, err := document.ParseMilliseconds(text); err == nil {
		return now.Add(-time.Duration(ms) * time.Millisecond), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usagef("--%s %s: want a duration such as 90m or 2d, or a time such as 2026-11-20T12:00:00Z", flag, text)
	}
	return at, nil
}

var errEnough = errors.New("as many as were asked for")

func (r *root) tail(ctx context.Context, f *tailFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.interval < 100*time.Millisecond {
		return usagef("--interval %s: want 100ms or more", f.interval)
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	since, err := f.start(env.Now())
	if err != nil {
		return err
	}
	// History outlives resources, so that an unknown name is only a note.
	for _, hint := range []string{r.hintDestinations(ctx, env, f.destinations), r.hintCustomers(ctx, env, f.customers...)} {
		if hint != "" {
			_, _ = fmt.Fprintln(r.Err, "note: "+hint)
		}
	}
	from := diagnostics.From{Since: since, Latest: !f.fromStart && f.since == "", Follow: !f.noFollow}
	out := bufio.NewWriter(r.Out)
	if f.rates {
		return r.tailRates(ctx, env, f, from, out)
	}
	shown := 0
	var text []byte
	paint := painter{on: r.colour()}
	var sorted *chronicle
	if f.noFollow {
		sorted = &chronicle{out: out, crowded: func() {
			_, _ = fmt.Fprintln(r.Err, "note: these are too many to be put in order of time at once: parts of them are; narrow it with --since or a filter")
		}}
	}
	err = r.tailEach(ctx, env, f, from, out, func(d *decision.Decision) error {
		text = text[:0]
		if f.output == "json" {
			text = append(codec.AppendDiagnosticJSON(text, d), '\n')
		} else {
			text = appendTailLine(text, terminal.Shown(d), paint)
		}
		if err := sorted.write(out, d.Time, text); err != nil {
			return fmt.Errorf("writing a decision: %w", err)
		}
		if shown++; shown == f.limit {
			return errEnough
		}
		return nil
	})
	return errors.Join(err, sorted.flush())
}

// tailEach hands over every decision that is wanted, and flushes what was
// written about it.
func (r *root) tailEach(ctx context.Context, env *boot.Env, f *tailFlags, from diagnostics.From, out *bufio.Writer, take func(*decision.Decision) error) error {
	idle := out.Flush
	if f.rates { // another goroutine writes
		idle = func() error { return nil }
	}
	log, err := env.Diagnostics()
	if err != nil {
		return err
	}
	err = log.Tail(ctx, from, diagnostics.To{
		Take: func(d *decision.Decision) error {
			if !f.wants(d) {
				return nil
			}
			return take(d)
		},
		Waiting: func() {
			if from.Latest {
				_, _ = fmt.Fprintln(r.Err, "note: waiting for decisions that are taken from now on; --from-start shows older ones, Ctrl-C ends")
			}
		},
		Bad:  func(err error) { fmt.Fprintln(r.Err, "sluice: "+err.Error()) },
		Idle: idle,
	})
	flushing := idle()
	if err == nil || errors.Is(err, errEnough) || ctx.Err() != nil {
		return flushing
	}
	return err
}

// tailRates shows rates until it is interrupted, or once.
func (r *root) tailRates(ctx context.Context, env *boot.Env, f *tailFlags, from diagnostics.From, out *bufio.Writer) error {
	counted := newRates(painter{on: r.colour()}, f.output == "json")
	count := func(d *decision.Decision) error { counted.add(d); return nil }
	if f.noFollow {
		if err := r.tailEach(ctx, env, f, from, out, count); err != nil {
			return err
		}
		return counted.tell(out, env.Now(), counted.span())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	told := make(chan error, 1)
	go func() {
		tick := time.NewTicker(f.interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				told <- nil
				return
			case now := <-tick.C:
				if err := counted.tell(out, now, f.interval); err != nil {
					stop()
					told <- err
					return
				}
			}
		}
	}()
	err := r.tailEach(ctx, env, f, from, out, count)
	stop()
	return errors.Join(<-told, err)
}

// appendTailLine is one decision for people: when, what, why, where, which.
func appendTailLine(dst []byte, d *decision.Decision, p painter) []byte {
	where := d.CustomerID
	if d.DestinationID != "" {
		where = d.DestinationID
	}
	status := fmt.Sprintf("%-13s", d.Status)
	dst = fmt.Appendf(dst, "%s %s %-28s %-20s %s", p.faint(time.UnixMilli(d.Time).UTC().Format("15:04:05.000")),
		p.status(d.Status.String(), status), d.Reason, where, d.SourceEvent)
	if d.EventID != "" {
		dst = fmt.Appendf(dst, " %s", d.EventID)
	}
	if d.Attempts > 1 {
		dst = fmt.Appendf(dst, " attempt %d", d.Attempts)
	}
	if d.ProviderCode != "" {
		dst = fmt.Appendf(dst, " code %s", d.ProviderCode)
	}
	if d.DuplicateOf != "" {
		dst = fmt.Appendf(dst, " of %s", d.DuplicateOf)
	}
	return append(dst, '\n')
}
