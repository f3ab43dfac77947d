package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/history"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

func (r *root) consentEraseCommand() *cobra.Command {
	var f consentFlags
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Stop everything about a subject, and list what was sent where and when",
		Long: `Write a record that says nothing but "erased", and list what was sent of the
subject where and when, as far back as diagnostics are kept.

Everything pending is stopped in every waiting place, and no event's own snapshot
lifts it: only a later, explicit grant does. Records written earlier go with the
retention of their topics ("sluice record" lists it). The providers have no call
that deletes single events: use the list with the provider's own process.`,
		Example: `  sluice consent erase --customer acme --subject s-4711 --dry-run
  sluice consent erase --customer acme --subject s-4711`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.consentErase(ctx, env, &f) })
		},
	}
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "list what was sent and write nothing")
	r.changeFlags(cmd, &f)
	return cmd
}

func (r *root) consentErase(ctx context.Context, env *boot.Env, f *consentFlags) error {
	if f.dryRun {
		r.noteCustomer(ctx, env, f.customer)
	} else {
		if err := r.knownCustomer(ctx, env, f); err != nil {
			return err
		}
		writer, err := env.ConsentWriter(ctx, r.by(f, "sluice consent erase"))
		if err != nil {
			return err
		}
		record := consent.Record{UpdatedAt: env.Now().UnixMilli(), Erased: true}
		if err := writer.Write(ctx, codec.SubjectRecord{CustomerID: f.customer, SubjectID: f.who().ID, Record: record}); err != nil {
			return err
		}
		// First of all it is stopped; what was sent is read afterwards.
		_, _ = fmt.Fprintln(r.Err, "erased: nothing of the subject starts any more")
	}
	sent, err := env.SentOf(ctx, f.who())
	if errors.Is(err, boot.ErrNoPrivacyKey) {
		return &unready.Error{What: "what was sent cannot be listed", Err: err, Fix: "set privacy.key to what the roles use"}
	}
	if err != nil {
		return err
	}
	return r.printSent(f, sent)
}

type sentJSON struct {
	Time          string `json:"time"`
	DestinationID string `json:"destination_id"`
	Provider      string `json:"provider"`
	SourceEvent   string `json:"source_event"`
	Target        string `json:"target"`
	EventID       string `json:"event_id"`
	State         string `json:"state"`
}

// sentWord says what became of an event of the subject.
func sentWord(s history.State, erased bool) string {
	switch {
	case s == history.Failed:
		return "sent, refused later"
	case s == history.Pending && erased:
		return "stopped"
	case s == history.Pending:
		return "waiting"
	}
	return "sent"
}

func (r *root) printSent(f *consentFlags, sent []boot.Sent) error {
	rows := []sentJSON{}
	g := grid{header: []any{"time", "destination", "event", "event id", "state"}}
	for _, s := range sent {
		word := sentWord(s.State, !f.dryRun)
		at := s.Time.UTC().Format(time.RFC3339)
		rows = append(rows, sentJSON{at, s.Destination, s.Provider, s.SourceEvent, s.Target, s.EventID, word})
		g.rows = append(g.rows, []any{at[:16], s.Destination, s.SourceEvent, s.EventID, word})
	}
	if f.output == "json" {
		return printJSON(r.Out, struct {
			Erased bool       `json:"erased"`
			Events []sentJSON `json:"events"`
		}{!f.dryRun, rows})
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(r.Out, "nothing was sent of this subject, as far as diagnostics are kept")
		return err
	}
	return printGrid(r.Out, g)
}
