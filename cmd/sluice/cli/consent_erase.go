package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
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
retention of their topics ("sluice data-flow" lists it), and where erase.keys seals
what is kept of original events, the keys of the subject's are destroyed: nobody
opens them from then on. The providers have no call
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
	} else if err := f.known(ctx, env); err != nil {
		return err
	}
	admin, err := boot.ConsentAdmin(env)
	if err != nil {
		return err
	}
	answer, err := admin.Erase(ctx, consentadmin.EraseRequest{
		Subject: f.who(), Author: r.by(f, "sluice consent erase"), DryRun: f.dryRun,
		// First of all it is stopped; what was sent is read afterwards.
		Erased: func() { _, _ = fmt.Fprintln(r.Err, "erased: nothing of the subject starts any more") },
	})
	if errors.Is(err, consentadmin.ErrNoPrivacyKey) {
		return &unready.Error{What: "what was sent cannot be listed", Err: err, Fix: "set privacy.key to what the roles use"}
	}
	if err != nil {
		return err
	}
	if answer.Keys > 0 {
		_, _ = fmt.Fprintf(r.Err, "destroyed: the keys of %d sealed events\n", answer.Keys)
	}
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	return r.printSent(answer.Events)
}

func (r *root) printSent(events []consentadmin.Sent) error {
	if len(events) == 0 {
		_, err := fmt.Fprintln(r.Out, "nothing was sent of this subject, as far as diagnostics are kept")
		return err
	}
	g := grid{header: []any{"time", "destination", "event", "event id", "state"}}
	for _, s := range terminal.Shown(events) {
		g.rows = append(g.rows, []any{s.Time[:len("2006-01-02T15:04")], s.Destination, s.SourceEvent, s.EventID, s.State})
	}
	return printGrid(r.Out, g)
}
