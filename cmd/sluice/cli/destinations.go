package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

type destinationsFlags struct {
	customer, provider, output string
}

func (r *root) destinationsCommand() *cobra.Command {
	var f destinationsFlags
	cmd := &cobra.Command{
		Use:     "destinations [NAME...]",
		GroupID: "see",
		Short:   "List destinations and how their senders see them",
		Long: `List the destinations that are applied, with their state: open, waiting (the
provider asked to), blocked (its deliveries are parked), paused, inactive,
shadow, or unknown where no sender has said anything for 15 minutes. Of several
senders the worst word counts.

With names, each is shown in full: what it sends, why it is in its state since
when, and what to do about it.`,
		Example: `  sluice destinations
  sluice destinations acme-meta
  sluice destinations --customer acme --output json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signals(cmd.Context())
			defer stop()
			return r.destinations(ctx, &f, args)
		},
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return r.appliedDestinations(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().StringVar(&f.customer, "customer", "", "only destinations of this customer")
	cmd.Flags().StringVar(&f.provider, "provider", "", "only destinations of this provider")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

type destinationAnswer struct {
	DestinationID     string         `json:"destination_id"`
	CustomerID        string         `json:"customer_id"`
	Provider          string         `json:"provider"`
	Owner             string         `json:"owner"`
	Runbook           string         `json:"runbook"`
	Mode              string         `json:"mode"`
	Active            bool           `json:"active"`
	Paused            bool           `json:"paused"`
	State             string         `json:"state"`
	Reason            string         `json:"reason,omitempty"`
	Message           string         `json:"message,omitempty"`
	Since             string         `json:"since,omitempty"`
	Until             string         `json:"until,omitempty"`
	Rate              float64        `json:"rate"`
	CredentialExpires string         `json:"credential_expires,omitempty"`
	Version           string         `json:"version"`
	Sends             []sendsAnswer  `json:"sends"`
	Senders           []senderAnswer `json:"senders"`
}

type sendsAnswer struct {
	Event   string `json:"event"`
	As      string `json:"as"`
	Mapping string `json:"mapping"`
	Lane    string `json:"lane"`
	Enabled bool   `json:"enabled"`
}

type senderAnswer struct {
	Sender    string `json:"sender"`
	State     string `json:"state"`
	UpdatedAt string `json:"updated_at"`
}

func (r *root) destinations(ctx context.Context, f *destinationsFlags, names []string) error {
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	if err := r.checkDestinations(ctx, env, names, f.customer); err != nil {
		return err
	}
	if known := slices.Sorted(maps.Keys(env.Providers())); f.provider != "" && !slices.Contains(known, f.provider) {
		return usagef("--provider %s: want one of %s", f.provider, strings.Join(known, ", "))
	}
	all, err := r.listDestinations(ctx, env, func(d *resource.Destination) bool {
		return (f.customer == "" || d.Customer == f.customer) && (f.provider == "" || d.Provider == f.provider) &&
			(len(names) == 0 || slices.Contains(names, d.ID))
	})
	switch {
	case err != nil:
		return err
	case f.output == "json":
		return printJSON(r.Out, map[string]any{"destinations": all})
	case len(all) == 0:
		_, err := fmt.Fprintln(r.Out, "no destination is applied")
		return err
	case len(names) > 0:
		return r.printDestinations(all)
	}
	p := painter{on: r.colour()}
	g := grid{header: []any{"destination", "customer", "provider", "state", "sends", "reason"}, right: []int{4}}
	for _, d := range all {
		g.rows = append(g.rows, []any{d.DestinationID, d.CustomerID, d.Provider, p.word(d.State), len(d.Sends), cmp.Or(d.Reason, nothing)})
	}
	return printGrid(r.Out, g)
}

// listDestinations joins what is applied with what senders say.
func (r *root) listDestinations(ctx context.Context, env *boot.Env, want func(*resource.Destination) bool) ([]destinationAnswer, error) {
	resources, _, err := boot.Applier(env).Current(ctx)
	if err != nil {
		return nil, err
	}
	statuses, err := env.DestinationStatuses(ctx)
	if err != nil {
		return nil, err
	}
	now := env.Now().UnixMilli()
	worst := health.Worst(statuses, now)
	all := []destinationAnswer{}
	for _, d := range resources.Destinations {
		if !want(d) {
			continue
		}
		a := destinationAnswer{
			DestinationID: d.ID, CustomerID: d.Customer, Provider: d.Provider, Owner: d.Owner, Runbook: d.Runbook, Mode: modeWord(d.Mode),
			Active: d.Active, Paused: d.Paused, State: health.StateOf(d, worst), Version: d.Hash, Sends: []sendsAnswer{}, Senders: []senderAnswer{},
		}
		if s, ok := worst[d.ID]; ok {
			a.Rate, a.CredentialExpires = s.Rate, moment(s.CredentialExpires)
			if a.State == s.State {
				a.Since = moment(s.Since)
				if s.Until > now { // what has been waited for is no news
					a.Until = moment(s.Until)
				}
				if s.State != "open" {
					a.Reason, a.Message = s.Reason.String(), s.Message
				}
			}
		}
		// What the resource itself lacks is what the router says of its events,
		// whatever a sender has seen.
		if lacks, ok := gate.Lacks(d); ok && d.Active {
			a.Reason, a.Message = lacks.String(), lacks.Info().Fix
		} else if a.State == "unknown" {
			a.Message = "no sender has said anything about it in the last 15 minutes: see that the sender of " + d.Provider + " runs"
		}
		for _, s := range statuses {
			if s.Destination == d.ID && now-s.UpdatedAt <= health.FreshStatus.Milliseconds() {
				a.Senders = append(a.Senders, senderAnswer{s.Sender, s.State, moment(s.UpdatedAt)})
			}
		}
		slices.SortFunc(a.Senders, func(x, y senderAnswer) int { return cmp.Compare(x.Sender, y.Sender) })
		for _, m := range resources.Mappings {
			if m.DestinationID == d.ID {
				a.Sends = append(a.Sends, sendsAnswer{m.SourceEvent, m.ProviderEvent, m.Name, m.Lane.String(), m.Enabled})
			}
		}
		slices.SortFunc(a.Sends, func(x, y sendsAnswer) int {
			return cmp.Or(cmp.Compare(x.Event, y.Event), cmp.Compare(x.Mapping, y.Mapping))
		})
		all = append(all, a)
	}
	return all, nil
}

func modeWord(m resource.Mode) string {
	if m == resource.ModeShadow {
		return "shadow"
	}
	return "live"
}

// printDestinations shows each in full.
func (r *root) printDestinations(all []destinationAnswer) error {
	b := teller{paint: painter{on: r.colour()}}
	for i, d := range terminal.Shown(all) {
		if i > 0 {
			b.line(0, "")
		}
		b.text.WriteString(b.paint.strong(d.DestinationID) + ": " + b.paint.word(d.State) + "\n")
		if d.Reason+d.Message != "" {
			b.row("because", strings.Trim(d.Reason+": "+d.Message, ": "))
		}
		for _, row := range [][2]string{
			{"since", d.Since}, {"until", d.Until}, {"customer", d.CustomerID}, {"provider", d.Provider}, {"mode", d.Mode}, {"owner", d.Owner},
			{"runbook", d.Runbook}, {"credential ends", d.CredentialExpires}, {"version", d.Version},
		} {
			if row[1] != "" {
				b.row(row[0], row[1])
			}
		}
		for _, s := range d.Senders {
			b.row("sender "+s.Sender, s.State+", said at "+s.UpdatedAt)
		}
		for _, s := range d.Sends {
			text := "as " + s.As + " in the " + s.Lane + " lane"
			if !s.Enabled {
				text = "switched off"
			}
			b.row("sends "+s.Event, text)
		}
	}
	if _, err := fmt.Fprint(r.Out, b.text.String()); err != nil {
		return fmt.Errorf("writing the destinations: %w", err)
	}
	return nil
}
