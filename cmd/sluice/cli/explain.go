package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/ops/explain"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

type explainFlags struct {
	resources []string
	events    string
	consent   string
	at        string
	output    string
}

func (r *root) explainCommand() *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:     "explain --resources DIR --events FILE",
		GroupID: "try",
		Short:   "Run events through the gates and say why each would leave or stay",
		Long: `Run events through the gates with the given resources, and say for every event
and mapping what would become of it: gate by gate, the consent that decides, the
identifiers that remain, and the payload exactly as it would stand in a request.

It needs no services, opens no connection and sends nothing. Duplicates are
found within the run, in the order of the lines, as the router would find them.

Events are NDJSON: one event a line, in the shape of docs/contracts.md. Consent
records are NDJSON too, with customer_id and subject_id; the last line of a
subject wins. --at is the clock, for events that are not from today.

The exit code is 0 even where events fail their gates: that is the answer, not
an error. Wrong resources are one (2), and all problems are shown.`,
		Example: `  # Why does this purchase not leave?
  sluice explain --resources resources/ --events purchase.ndjson

  # From a pipe, at another time, only what would not be sent
  kcat -C -t analytics.events -e | sluice explain --resources resources/ --events - \
    --at 2026-11-20T12:00:00Z --output json | jq 'select(.status != "queued")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.explain(cmd.Context(), &f) },
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.resources, "resources", nil, "folder or file with destinations, mappings and policies; repeatable (required)")
	flags.StringVar(&f.events, "events", "", "NDJSON file with events, - for standard input (required)")
	flags.StringVar(&f.consent, "consent", "", "NDJSON file with consent records")
	flags.StringVar(&f.at, "at", "", "the clock, RFC 3339 (default: now)")
	flags.StringVar(&r.configFile, "config", "", "configuration file, for what customers share (default: not known, so that a secret of another customer is only noted)")
	outputFlag(cmd, &f.output, "text", "json")
	completeFiles(cmd, "events", "ndjson", "json")
	completeFiles(cmd, "consent", "ndjson", "json")
	completeFiles(cmd, "resources", "yaml", "yml", "json")
	require(cmd, "resources", "events")
	return cmd
}

// explainAgainst is what resources are compiled against. What customers share
// stands in a configuration; without one, its rules are noted and refuse nothing.
func (r *root) explainAgainst(now time.Time) (resource.Installation, error) {
	against := boot.ForResources(boot.Providers(func() time.Time { return now }))
	if r.configFile == "" {
		against.CustomersUnknown = true
		return against, nil
	}
	cfg, err := r.load()
	against.Customers = cfg.Customers
	return against, err
}

func (r *root) explain(ctx context.Context, f *explainFlags) error {
	now, err := clock(f.at)
	if err != nil {
		return err
	}
	against, err := r.explainAgainst(now)
	if err != nil {
		return err
	}
	set, notes, err := apply.CompileFiles(against, f.resources...)
	if err != nil {
		return usage(err)
	}
	r.notes(notes)
	consents, err := r.consents(f.consent, now.UnixMilli())
	if err != nil {
		return err
	}
	in, err := r.open("events", f.events)
	if err != nil {
		return err
	}
	defer in.Close()
	ignored, err := lines.NewNotes(f.events)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(r.Out)
	answers := answersTo(out, f.output, painter{on: r.colour()})
	x := explain.New(explain.Config{Line: codec.Formats()[0].Line, Set: set, Consents: consents, Now: now.UnixMilli()})
	err = lines.Each(in, func(n int, line []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		ignored.Line(n, line)
		for _, answer := range x.Line(n, line) {
			if err := answers.take(&answer); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("explaining %s: %w", f.events, err)
	}
	if err := answers.end(); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the answers: %w", err)
	}
	r.lineNotes(ignored)
	return nil
}

// lineNotes shows on stderr what somebody who wrote the lines wants to be told.
func (r *root) lineNotes(notes *lines.Notes) { fmt.Fprint(r.Err, notes.String()) }

// clock reads --at.
func clock(at string) (time.Time, error) {
	if at == "" {
		return time.Now(), nil
	}
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return time.Time{}, usagef("--at %s: want a time such as 2026-11-20T12:00:00Z", at)
	}
	return now, nil
}

// notes shows what does not stop a command on stderr.
func (r *root) notes(problems []resource.Problem) {
	for _, p := range problems {
		fmt.Fprintln(r.Err, p.String())
	}
}

// open gives the file that a flag names, or standard input for "-".
func (r *root) open(flag, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(r.In), nil
	}
	file, err := os.Open(name)
	if err != nil {
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			err = path.Err // which says no second time what was opened
		}
		return nil, usage(fmt.Errorf("opening %s: %w\n  fix: give --%s a file that can be read, or - for standard input", name, err, flag))
	}
	return file, nil
}

// consents reads the records of a consent file; the last line of a subject
// wins, as the last record of the topic does.
func (r *root) consents(name string, now int64) (map[explain.Subject]consent.Statement, error) {
	if name == "" {
		return nil, nil
	}
	in, err := r.open("consent", name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	all := map[explain.Subject]consent.Statement{}
	var notes lines.ConsentNotes
	err = lines.EachConsent(name, in, &notes, func(s *codec.SubjectRecord) error {
		key := explain.Subject{Customer: s.CustomerID, Subject: s.SubjectID.Reveal()}
		all[key] = consent.After(all[key], consent.NormaliseRecord(s.Record, now))
		return nil
	})
	fmt.Fprint(r.Err, notes.String())
	if err != nil {
		return nil, usage(err)
	}
	return all, nil
}

// answers prints the answers of one run.
type answers interface {
	take(*explain.Line) error
	end() error
}

func answersTo(w io.Writer, form string, p painter) answers {
	if form == "json" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return jsonAnswers{enc}
	}
	return &textAnswers{w: w, paint: p, counts: map[string]int{}}
}

type jsonAnswers struct{ *json.Encoder }

func (a jsonAnswers) take(l *explain.Line) error {
	if err := a.Encode(l); err != nil {
		return fmt.Errorf("writing the answer to line %d: %w", l.Line, err)
	}
	return nil
}

func (a jsonAnswers) end() error { return nil }
