package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/ops/health"
)

type healthFlags struct {
	customer     string
	destinations []string
	window       string
	watch        bool
	every        time.Duration
	output       string
}

func (r *root) healthCommand() *cobra.Command {
	var f healthFlags
	cmd := &cobra.Command{
		Use:     "health [DESTINATION...]",
		GroupID: "see",
		Short:   "Say how each destination is doing",
		Long: `Say how each destination is doing, from the diagnostics of the last day (or
--window): how well events can be matched and which identifiers they have, how
many of the expected events arrive, whether a provider can tell a browser's copy
from the server's, how fast and how fresh deliveries are, what fails, what
waits, and what is left of the error budget. Alerts that fire come first.

--watch shows it again and again. With names, only these destinations are
shown, each in full.`,
		Example: `  # Everything at a glance
  sluice health

  # One destination in full, over a week
  sluice health acme-meta --window 7d

  # What needs a person, for a script
  sluice health --output json | jq '.alerts[] | select(.firing)'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signals(cmd.Context())
			defer stop()
			f.destinations = args
			return r.health(ctx, &f)
		},
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return r.appliedDestinations(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.customer, "customer", "", "only destinations of this customer")
	flags.StringVar(&f.window, "window", "24h", "how far back to look (90m, 2d)")
	flags.BoolVarP(&f.watch, "watch", "w", false, "show it again and again until interrupted")
	flags.DurationVar(&f.every, "interval", 10*time.Second, "how often --watch looks again")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) health(ctx context.Context, f *healthFlags) error {
	ms, err := document.ParseMilliseconds(f.window)
	if err != nil || ms <= 0 {
		return usagef("--window %s: want a duration such as 90m or 2d", f.window)
	}
	if f.every < time.Second {
		return usagef("--interval %s: want a second or more", f.every)
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	if err := r.checkDestinations(ctx, env, f.destinations, f.customer); err != nil {
		return err
	}
	reporter, err := env.Reporter()
	if err != nil {
		return err
	}
	for {
		progress := newScanProgress(r.Err, "diagnostics")
		h, err := reporter.Health(ctx, health.Request{
			Span: time.Duration(ms) * time.Millisecond, Customer: f.customer, Destinations: f.destinations, Progress: progress.show,
		})
		progress.clear()
		if err != nil {
			if f.watch && ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := r.showHealth(&h, f); err != nil || !f.watch {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(f.every):
		}
	}
}

// checkDestinations refuses names that are not applied: showing nothing would
// look like good news.
func (r *root) checkDestinations(ctx context.Context, env *boot.Env, names []string, customer string) error {
	resources, _, err := boot.Applier(env).Current(ctx)
	if err != nil {
		return err
	}
	var known, customers []string
	for _, d := range resources.Destinations {
		known = append(known, d.ID)
		if !slices.Contains(customers, d.Customer) {
			customers = append(customers, d.Customer)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return unknownDestination(name, known)
		}
	}
	if customer != "" && !slices.Contains(customers, customer) {
		if near := document.Nearest(customer, customers); near != "" {
			return usagef("no destination belongs to customer %s; did you mean %s?", customer, near)
		}
		return usagef("no destination belongs to customer %s", customer)
	}
	return nil
}

func (r *root) showHealth(h *health.Answer, f *healthFlags) error {
	if f.output == "json" {
		return printJSON(r.Out, h)
	}
	var b strings.Builder
	p := painter{on: r.colour()}
	if f.watch && isTerminal(r.Out) {
		b.WriteString("\x1b[H\x1b[2J") // home, and an empty screen
	}
	printAlerts(&b, h.Judged, p)
	if len(h.Reports) == 0 {
		b.WriteString("no destination is applied\n")
	} else if err := printHealth(&b, h, len(f.destinations) > 0, p); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\nThe last %s up to %s.\n", f.window, instant(h.Now.UnixMilli()))
	if _, err := io.WriteString(r.Out, b.String()); err != nil {
		return fmt.Errorf("writing the health: %w", err)
	}
	return nil
}
