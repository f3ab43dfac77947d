package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/emit"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

type emitFlags struct {
	file, consent string
	rate          string
	count         int
	format        string
	invalid       string
	now           bool
	output        string
}

// What emit does with lines that are no events.
const (
	refuseInvalid = "refuse"
	skipInvalid   = "skip"
	sendInvalid   = "send"
)

func (r *root) emitCommand() *cobra.Command {
	var f emitFlags
	cmd := &cobra.Command{
		Use:     "emit --file FILE",
		GroupID: "try",
		Short:   "Write events from a file to the analytics topic",
		Long: `Write events to the analytics topic, as an analytics pipeline would: one JSON
event a line, written as Avro with its schema registered, or as JSON. The key is
customer_id:subject_id, or customer_id: and the event id where there is no
subject. Consent records, where given, are written first.

Everything is read and checked before anything is written: where a line is no
event, all bad lines are shown and nothing is sent. --invalid skip leaves them
out; --invalid send writes them as they are, to see them dead-lettered.

--count writes that many events. A file that is shorter starts over, and its
events get new ids (-r1, -r2, ...), so that they are new events and not
duplicates. --now gives each event the time at which it is written.`,
		Example: `  sluice emit --file events.ndjson --consent consent.ndjson
  generate-events | sluice emit --file - --brokers 127.0.0.1:9092
  sluice emit --file events.ndjson --count 100000 --rate 2000/s --now`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signals(cmd.Context())
			defer stop()
			return r.emit(ctx, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.file, "file", "", "NDJSON file with events, - for standard input (required)")
	flags.StringVar(&f.consent, "consent", "", "NDJSON file with consent records")
	flags.StringVar(&f.rate, "rate", "", "events a second, such as 200/s (default: as fast as it goes)")
	flags.IntVar(&f.count, "count", 0, "how many events to write (0: each line once)")
	flags.StringVar(&f.format, "format", "", strings.Join(codec.FormatNames(), " or ")+" (default: input.format)")
	flags.StringVar(&f.invalid, "invalid", refuseInvalid, "lines that are no events: refuse, skip or send")
	flags.BoolVar(&f.now, "now", false, "replace event_time by the time of writing")
	outputFlag(cmd, &f.output, "text", "json")
	completeFiles(cmd, "file", "ndjson", "json")
	completeFiles(cmd, "consent", "ndjson", "json")
	completeWords(cmd, "format", codec.FormatNames()...)
	completeWords(cmd, "invalid", refuseInvalid, skipInvalid, sendInvalid)
	require(cmd, "file")
	r.connecting(cmd)
	return cmd
}

func (r *root) emit(ctx context.Context, f *emitFlags) error {
	perSecond, err := f.check()
	if err != nil {
		return err
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	format, err := codec.FormatOf(cmp.Or(f.format, env.Config.Input.Format))
	if err != nil {
		return err
	}
	events, err := r.readEvents(f, &format)
	if err != nil {
		return err
	}
	consents, err := r.readConsents(f.consent)
	if err != nil {
		return err
	}
	answer, err := boot.Emitter(env).Emit(ctx, emit.Request{
		Format: format, Events: events, Consents: consents, Count: f.count, SkipInvalid: f.invalid == skipInvalid, PerSecond: perSecond, Restamp: f.now,
	})
	if err != nil {
		return err
	}
	return r.printEmitted(&answer, env, f)
}

// check reads the flags that are not just words.
func (f *emitFlags) check() (perSecond float64, err error) {
	if names := codec.FormatNames(); f.format != "" && !slices.Contains(names, f.format) {
		return 0, usagef("--format %s: want %s", f.format, strings.Join(names, " or "))
	}
	switch f.invalid {
	case refuseInvalid, skipInvalid, sendInvalid:
	default:
		return 0, usagef("--invalid %s: want refuse, skip or send", f.invalid)
	}
	if f.count < 0 {
		return 0, usagef("--count %d: want 0 or more", f.count)
	}
	if f.rate == "" {
		return 0, nil
	}
	return parseRate(f.rate)
}

// parseRate reads 200, 200/s, 600/m or 5000/h.
func parseRate(text string) (float64, error) {
	number, unit, _ := strings.Cut(text, "/")
	per := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || per == 0 || !(value > 0) || value > 1e7 {
		return 0, usagef("--rate %s: want a rate such as 200/s", text)
	}
	return value / per, nil
}

// readEvents checks every line. What is refused is refused before anything is
// connected to. Only standard input is kept in memory.
func (r *root) readEvents(f *emitFlags, format *codec.Format) (emit.Events, error) {
	open := func() (io.ReadCloser, error) { return r.open("file", f.file) }
	if f.file == "-" {
		text, err := io.ReadAll(r.In)
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	}
	each := linesOf(open, format)
	problems := &lines.Error{File: f.file}
	ignored, err := lines.NewNotes(f.file)
	if err != nil {
		return nil, err
	}
	good := 0
	err = each(func(n int, line []byte, bad error) error {
		ignored.Line(n, line)
		if bad != nil {
			problems.Add(n, bad)
		} else {
			good++
		}
		return nil
	})
	r.lineNotes(ignored)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", f.file, err)
	case problems.Count > 0 && f.invalid == refuseInvalid:
		return nil, usage(fmt.Errorf("%w\n  fix: mend the lines, or use --invalid skip (leave them out) or --invalid send (send them as they are)", problems))
	case good == 0 && (f.invalid != sendInvalid || problems.Count == 0):
		return nil, usagef("reading %s: it has no event", f.file)
	case problems.Count > 0:
		fmt.Fprintln(r.Err, problems.Error())
	}
	return each, nil
}

func linesOf(open func() (io.ReadCloser, error), format *codec.Format) emit.Events {
	return func(take func(n int, line []byte, bad error) error) error {
		in, err := open()
		if err != nil {
			return err
		}
		defer in.Close()
		var e event.Event
		return lines.Each(in, func(n int, line []byte) error {
			return take(n, line, format.Line(&e, line))
		})
	}
}

func (r *root) readConsents(name string) ([]codec.SubjectRecord, error) {
	if name == "" {
		return nil, nil
	}
	in, err := r.open("consent", name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var all []codec.SubjectRecord
	var notes lines.ConsentNotes
	err = lines.EachConsent(name, in, &notes, func(s *codec.SubjectRecord) error {
		all = append(all, *s)
		return nil
	})
	fmt.Fprint(r.Err, notes.String())
	return all, usage(err)
}

func (r *root) printEmitted(done *emit.Answer, env *boot.Env, f *emitFlags) error {
	if f.output == "json" {
		return printJSON(r.Out, done)
	}
	text := "wrote " + count(done.Events, "event") + " to " + env.Config.Topics.Input
	if done.Consent > 0 {
		text += " and " + count(done.Consent, "consent record") + " to " + env.Names.Consent()
	}
	if done.Skipped > 0 {
		text += ", left out " + count(done.Skipped, "line")
	}
	if done.Invalid > 0 {
		text += ", of which " + strconv.Itoa(done.Invalid) + " are no events"
	}
	_, err := fmt.Fprintf(r.Out, "%s in %.1f s\n", text, done.Seconds)
	return err
}
