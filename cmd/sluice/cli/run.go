package cli

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// signals gives a context that ends with the first signal, for commands that
// have nothing to drain.
func signals(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, endings()...)
}

// endings are the signals that end a process in order: a closed terminal (SIGHUP)
// like the others, unless whoever started it had it ignored (nohup).
func endings() []os.Signal {
	all := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	return all
}

// twoSignals gives what the long-running roles want: the first signal drains,
// the second stops.
func twoSignals(parent context.Context) (ctx context.Context, drain <-chan struct{}, release func()) {
	ctx, stop := context.WithCancel(parent)
	first := make(chan struct{})
	received := make(chan os.Signal, 2)
	signal.Notify(received, endings()...)
	// A log that nobody reads any more is no reason to leave work undone: writing
	// to it fails, where by default the signal would end the process.
	signal.Ignore(syscall.SIGPIPE)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		draining := false
		for {
			select {
			case <-received:
				if draining {
					stop()
					return
				}
				draining = true
				close(first)
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, first, func() {
		signal.Stop(received)
		stop()
		<-ended
	}
}

func (r *root) routerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "router",
		GroupID: "run",
		Short:   "Decide about every event and write deliveries",
		Long: `Reads the analytics topic, runs every event through the gates, and writes
deliveries, held events, dead letters and a diagnostic for every decision, in
one Kafka transaction a batch. The first signal drains, the second stops.`,
		Example: `  sluice router --config sluice.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.runRoles(cmd.Context(), func(*boot.Env) boot.Roles { return boot.Roles{Router: true} })
		},
	}
	r.connecting(cmd)
	return cmd
}

func (r *root) senderCommand() *cobra.Command {
	var providers []string
	cmd := &cobra.Command{
		Use:     "sender",
		GroupID: "run",
		Short:   "Hand deliveries over to their providers",
		Long: `Reads the delivery topics, checks everything that can have changed right before
each attempt, sends batches, and publishes what came of every delivery. The
first signal drains, the second stops.`,
		Example: `  sluice sender --config sluice.yaml
  sluice sender --config sluice.yaml --provider meta`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.runRoles(cmd.Context(), func(e *boot.Env) boot.Roles { return boot.Roles{Senders: chosen(e, providers)} })
		},
	}
	cmd.Flags().StringSliceVar(&providers, "provider", nil, "providers to send to (default: sender.run, else all)")
	r.connecting(cmd)
	return cmd
}

var roleNames = []string{"router", "sender", "monitor"}

// knownRoles names the roles to whoever names none, or another one.
func knownRoles(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("no role is named; there are %s\n  example: sluice run router sender", strings.Join(roleNames, ", "))
	}
	for _, name := range args {
		if slices.Contains(roleNames, name) {
			continue
		}
		if near := document.Nearest(name, roleNames); near != "" {
			return usagef("no role is called %s; did you mean %s?", name, near)
		}
		return usagef("no role is called %s; there are %s", name, strings.Join(roleNames, ", "))
	}
	return nil
}

func (r *root) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run [router] [sender] [monitor]",
		GroupID: "run",
		Short:   "Run several roles in one process",
		Long: `Run several roles in one process. The monitor follows the diagnostics and makes
the alert states of every destination metrics (sluice_alert), with its owner and
runbook: one per installation is enough.`,
		Example: `  sluice run router sender --config sluice.yaml
  sluice run monitor --config sluice.yaml`,
		ValidArgs: roleNames,
		Args:      knownRoles,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.runRoles(cmd.Context(), func(e *boot.Env) boot.Roles {
				var roles boot.Roles
				for _, name := range args {
					switch name {
					case "router":
						roles.Router = true
					case "monitor":
						roles.Monitor = true
					default:
						roles.Senders = e.AllSenders()
					}
				}
				return roles
			})
		},
	}
	r.connecting(cmd)
	return cmd
}

func chosen(e *boot.Env, providers []string) []string {
	if len(providers) > 0 {
		return providers
	}
	return e.AllSenders()
}

// runRoles runs until a signal.
func (r *root) runRoles(parent context.Context, roles func(*boot.Env) boot.Roles) error {
	env, err := r.env()
	if err != nil {
		return err
	}
	ctx, drain, release := twoSignals(parent)
	defer release()
	err = env.Run(ctx, drain, roles(env), boot.RunOptions{Output: r.Err})
	if closing := env.Close(); err == nil {
		err = closing
	}
	return err
}
