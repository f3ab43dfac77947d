package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// Options of a run.
type Options struct {
	Quick bool
	// Only are benchmarks by name; none: all of them.
	Only     []string
	Seed     uint64
	Profiles string // folder
	Real     bool
	Log      io.Writer
	// Progress is told what begins.
	Progress func(name string)
}

// Command is `loadgen bench`.
func Command() *cobra.Command {
	o := Options{}
	var output string
	var docs, save, beside string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what Sluice costs beside the bare Kafka client",
		Long: `Measures processor time per event, latency, memory and recovery of Sluice's own
roles, each in a process of its own, beside the bare client's consuming and
producing of the same events on the same broker in the same run. Everything
that it reads and writes is counted; a run whose accounting does not add up
fails.`,
		Example: `  loadgen bench --quick
  loadgen bench --only router_mapped --output json
  loadgen bench --only router_mapped --profiles /tmp/profiles
  loadgen bench --only scaling --save docs/benchmarks --docs docs/benchmarks.md`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "table" && output != "json" {
				return fmt.Errorf("--output %s: want table or json", output)
			}
			o.Log = cmd.ErrOrStderr()
			o.Progress = func(name string) {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s %s\n", time.Now().Format(time.TimeOnly), name)
			}
			r, err := Run(cmd.Context(), o)
			if err == nil && save != "" {
				err = r.keep(save)
			}
			if err == nil && docs != "" {
				err = writePage(docs, save, r)
			}
			if err != nil {
				return err
			}
			if output == "json" {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
			}
			if err := r.print(cmd.OutOrStdout()); err != nil || beside == "" {
				return err
			}
			return r.compare(cmd.OutOrStdout(), beside)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.Quick, "quick", false, "only the figures with the tightest goals: the router and the sender at 500; with --only peer, fewer events")
	f.BoolVar(&o.Real, "real", false, "on a real Kafka, registry and Redis instead of embedded ones: those that the environment names (see test/services), else started for the run")
	f.StringSliceVar(&o.Only, "only", nil, "only these benchmarks, or all whose names begin so: "+strings.Join(benchmarkNames(), ", "))
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the events")
	f.StringVar(&o.Profiles, "profiles", "", "write a processor profile of every measured turn into this folder, and one of allocations")
	f.StringVar(&docs, "docs", "", "also write the figures as a page into this file, with those that --save has kept")
	f.StringVar(&beside, "compare", "", "print ratios beside those that are kept in this folder (with the table)")
	f.StringVar(&save, "save", "", "keep the figures in this folder, beside those of other runs")
	f.StringVarP(&output, "output", "o", "table", "output form: table or json")
	cmd.AddCommand(childCommand())
	return cmd
}

// childCommand is what this program is when it starts itself again.
func childCommand() *cobra.Command {
	return &cobra.Command{
		Use: childArgument, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serveChild(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

// sizes says how much is measured.
type sizes struct {
	seed   uint64
	rounds int
	events int // of one round
	warm   int // of the round that is not counted
}

// of is the number of events of a round; 0 is the warm-up.
func (s sizes) of(round int) int {
	if round == 0 {
		return s.warm
	}
	return s.events
}

// benchmark is one group of figures that are measured together.
type benchmark struct {
	name  string
	quick bool // part of --quick
	extra bool // only where it is named
	run   func(ctx context.Context, l *lab, o Options, r *Report) error
}

func benchmarks() []benchmark {
	all := []benchmark{
		{name: "router_mapped", quick: true, run: benchMapped},
		{name: "router_sparse", quick: true, run: benchSparse},
		{name: "sender_500", quick: true, run: benchSender(500)},
		{name: "sender_50", run: benchSender(50)},
		{name: "sender_1", run: benchSender(1)},
		{name: "hop", run: benchHop},
		{name: "realtime", run: benchRealtime},
		{name: "catchup", run: benchCatchUp},
		{name: "recovery", run: benchRecovery},
		{name: "memory", run: benchMemory},
		{name: "binary", run: benchBinary},
	}
	all = append(all, benchmark{name: "peer", extra: true, run: benchPeer})
	for _, s := range sweeps() {
		all = append(all, benchmark{name: s.name, extra: true, run: s.bench})
	}
	return all
}

// chosen says whether a benchmark is to be run: by its name, by the first words
// of it (--only scaling), or because nothing was named.
func (b *benchmark) chosen(o Options) bool {
	if len(o.Only) == 0 {
		return !b.extra && (b.quick || !o.Quick)
	}
	return slices.ContainsFunc(o.Only, b.called)
}

func (b *benchmark) called(name string) bool {
	return b.name == name || strings.HasPrefix(b.name, name+"_")
}

func benchmarkNames() []string {
	var names []string
	for _, b := range benchmarks() {
		names = append(names, b.name)
	}
	return names
}

// Run measures and reports. An accounting that does not add up is an error
// (*MissingError).
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	for _, name := range o.Only {
		if !slices.ContainsFunc(benchmarks(), func(b benchmark) bool { return b.called(name) }) {
			return nil, fmt.Errorf("no benchmark is called %q; known are %s", name, strings.Join(benchmarkNames(), ", "))
		}
	}
	services := "embedded"
	if o.Real {
		services = "real"
	}
	began := time.Now()
	r := newReport(services, began)
	for _, b := range benchmarks() {
		if !b.chosen(o) {
			continue
		}
		o.Progress(b.name)
		if err := b.in(ctx, o, r); err != nil {
			return nil, fmt.Errorf("measuring %s: %w", b.name, err)
		}
	}
	r.Took = time.Since(began)
	return r, nil
}

// in runs a benchmark in a lab of its own, so that none meets the leftovers of
// another.
func (b benchmark) in(ctx context.Context, o Options, r *Report) (err error) {
	l, err := openLab(ctx, o.Real, o.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if l.profiles = o.Profiles; l.profiles != "" {
		if err := os.MkdirAll(l.profiles, 0o750); err != nil {
			return fmt.Errorf("making a folder for profiles: %w", err)
		}
	}
	return b.run(ctx, l, o, r)
}
