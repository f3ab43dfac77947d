//go:build !production

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

func (r *root) demoCommand() *cobra.Command {
	o := demo.Options{Version: r.version}
	var output string
	var serve, details bool
	cmd := &cobra.Command{
		Use:     "demo",
		GroupID: "try",
		Short:   "Run the whole pipeline in this process and account for every event",
		Long: `Runs router and senders on embedded Kafka, Schema Registry and Redis against a
strict sandbox of the providers, sends realistic traffic of several customers
through them, and proves with an accounting of its own that everything that
should have arrived did, once. Nothing is installed and nothing leaves this
machine. It exits 0 only if the accounting adds up.`,
		Example: `  sluice demo
  sluice demo --events 200000 --output json
  sluice demo --faults all
  sluice demo --resources my-resources/ --input my-events.ndjson --consent my-consent.ndjson --capture out/
  sluice demo --serve        # keeps running; use the other commands from another terminal`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Events < 0 {
				return usagef("--events %d: want 0 or more", o.Events)
			}
			if err := checkFaults(o.Faults); err != nil {
				return err
			}
			if err := r.checkDemoFiles(&o); err != nil {
				return err
			}
			if serve && o.Resources != "" && !cmd.Flags().Changed("events") {
				o.Events = 0 // the demo's own customers have nothing there
			}
			ctx, stop := signals(cmd.Context())
			defer stop()
			return r.runDemo(ctx, o, output, serve, details)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Events, "events", 5000, "number of events to make; none by itself with --serve and --resources")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the traffic: the same one makes the same events")
	f.StringVar(&o.Input, "input", "", "send the events of this NDJSON file instead")
	f.StringVar(&o.Consent, "consent", "", "write the consent records of this NDJSON file first")
	f.StringVar(&o.Resources, "resources", "", "use the destinations, mappings and policies of this folder instead")
	f.StringVar(&o.Capture, "capture", "", "write requests.ndjson and diagnostics.ndjson into this folder")
	f.StringVar(&o.Faults, "faults", "", "let the providers fail: throttle, outage, slow, bad-token, poison, lost-answer (commas), or all")
	f.BoolVar(&serve, "serve", false, "keep the services and roles running afterwards and print their addresses")
	f.BoolVar(&details, "details", false, "print a line for each destination, reason and sum")
	outputFlag(cmd, &output, "text", "json")
	completeWords(cmd, "faults", faultNames()...)
	return cmd
}

// checkDemoFiles refuses files that are missing before anything is started, and
// takes notes of the lines of --input.
func (r *root) checkDemoFiles(o *demo.Options) error {
	for _, file := range []struct{ flag, name string }{{"input", o.Input}, {"consent", o.Consent}, {"resources", o.Resources}} {
		if file.name == "" {
			continue
		}
		// Not opened: what a pipe gives can be read once.
		if _, err := os.Stat(file.name); err != nil {
			if failed, ok := errors.AsType[*fs.PathError](err); ok {
				err = failed.Err // which says no second time what was looked for
			}
			return usage(fmt.Errorf("opening %s: %w\n  fix: correct the path behind --%s", file.name, err, file.flag))
		}
	}
	if o.Input == "" {
		return nil
	}
	var err error
	o.Lines, err = lines.NewNotes(o.Input)
	return err
}

func (r *root) runDemo(ctx context.Context, o demo.Options, output string, serve, details bool) error {
	if r.Alone {
		// Broker, Redis and registry live in this process too, and what they throw
		// away is collected early: twice the memory would be the price otherwise.
		defer debug.SetGCPercent(debug.SetGCPercent(40))
	}
	progress := newProgress(r.Err)
	shared := *r
	shared.Err = progress // the roles log while it shows
	r = &shared
	o.Log, o.Progress = progress, progress.show
	o.ConsentNotes = &lines.ConsentNotes{}
	told := sync.OnceFunc(func() {
		fmt.Fprint(r.Err, o.ConsentNotes.String())
		r.lineNotes(o.Lines)
	})
	if serve {
		o.Serve = func(a demo.Addresses) {
			progress.clear()
			told()
			serving(r.Err, a)
		}
	}
	result, err := demo.Run(ctx, o)
	progress.clear()
	told()
	if err != nil {
		return err
	}
	if output == "json" {
		err = printJSON(r.Out, result)
	} else {
		err = printAccounting(r.Out, result, o.Resources, details)
	}
	if err != nil {
		return err
	}
	if !result.OK {
		return silent{code: exitRuntime}
	}
	return nil
}

func serving(w io.Writer, a demo.Addresses) {
	_, _ = fmt.Fprintf(w, `
Everything has reached its end, and everything keeps running. Press Ctrl-C to stop.

  Kafka            %s
  Schema Registry  %s
  Redis            %s
  sandbox          %s/report
  configuration    %s
  secrets          %s

From another terminal:
  sluice tail --config %s
  sluice emit --config %s --file my-events.ndjson
  sluice apply --config %s -f my-resources/            # their secrets go into the folder above
  sluice topology diff --config %s --partitions %d    # topology apply needs it here, too
`, a.Brokers, a.Registry, a.Redis, a.Sandbox, a.Config, a.Secrets, a.Config, a.Config, a.Config, a.Config, a.Partitions)
}
