package chaos

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// ErrBroken says that a promise was broken; the result says which.
var ErrBroken = errors.New("a promise was broken; see above")

// UsageError says that the command line cannot be followed, whatever is tried
// again; its exit code is 2, as that of sluice.
type UsageError struct{ Err error }

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap gives what is wrong with it.
func (e *UsageError) Unwrap() error { return e.Err }

// Command is "loadgen chaos".
func Command() *cobra.Command {
	o := Options{}
	list := false
	cmd := &cobra.Command{
		Use:   "chaos",
		Short: "Break everything on a seeded schedule while traffic flows, and account for every event",
		Long: `Runs two routers and two senders as separate processes, writes events whose
outcome is known, injects one fault after the other, and then checks invariants
I1 to I14 of docs/guarantees.md with a reader of its own. The exit code is 0
only if no promise was broken, and 2 if the command line was; what a short run
had no fault to look at is said. It ends within its duration plus four minutes.`,
		Example: `  loadgen chaos --seed 7 --duration 2m
  loadgen chaos --duration 10m --output json
  loadgen chaos --faults kill-random,redis-restarted-empty --duration 1m`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Only, "faults", nil, "choose from these faults only (default: all)")
	flags.BoolVar(&list, "list", false, "list the faults and end")
	format := addCommon(cmd, &o)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if list {
			for _, f := range faults() {
				_, _ = fmt.Fprintln(cmd.OutOrStdout(), f.name)
			}
			return nil
		}
		return execute(cmd, o, *format)
	}
	return cmd
}

// VerifyCommand is "loadgen verify": the ledger without faults.
func VerifyCommand() *cobra.Command {
	o := Options{None: true}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Write events whose outcome is known, break nothing, and account for every event",
		Long: `Does what chaos does, without faults: numbered events for every gate, an
independent reader of every topic, the providers' stand-ins' own record, and
those of the invariants I1 to I14 that need no fault: that neighbours of a
failing destination are not held up (I11) and that a time that a provider names
is kept (I13) can only be seen with loadgen chaos. What was not looked at is
said.`,
		Example: `  loadgen verify --duration 20s`,
		Args:    cobra.NoArgs,
	}
	format := addCommon(cmd, &o)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return execute(cmd, o, *format) }
	return cmd
}

// addCommon adds the flags that both have.
func addCommon(cmd *cobra.Command, o *Options) (format *string) {
	flags := cmd.Flags()
	flags.Uint64Var(&o.Seed, "seed", 0, "repeat the schedule of this seed (default: another one each time)")
	flags.DurationVar(&o.Duration, "duration", cmp.Or(o.Duration, 2*time.Minute), "no fault begins after this; traffic flows until what the last one held up is worked off")
	flags.IntVar(&o.Rate, "rate", 60, "events a second")
	flags.BoolVar(&o.Real, "real", false, "real Kafka, registry and Redis as local processes, or where TEST_KAFKA_BROKERS, TEST_REGISTRY_URL and TEST_REDIS_ADDRESS say")
	flags.DurationVar(&o.Settle, "settle", settleWithin, "how long everything may take to reach its end after the last event")
	flags.StringVar(&o.Report, "report", "", "also write everything that is known about the run, as JSON, to this file")
	flags.BoolVar(&o.KeepLogs, "keep-logs", false, "keep the logs of a run that failed")
	format = new(string)
	flags.StringVar(format, "output", "table", "table or json")
	return format
}

func execute(cmd *cobra.Command, o Options, format string) error {
	if format != "table" && format != "json" {
		return &UsageError{fmt.Errorf("reading --output: %q is neither table nor json", format)}
	}
	if o.Duration < 10*time.Second || o.Rate < 1 {
		return &UsageError{errors.New("reading the command line: --duration is at least 10s, --rate at least 1")}
	}
	if _, err := choose(o); err != nil { // a run that cannot begin has no seed to be repeated by
		return &UsageError{err}
	}
	for o.Seed == 0 {
		o.Seed = rand.Uint64N(1_000_000)
	}
	var mu sync.Mutex
	o.Say = func(text string) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = fmt.Fprintln(cmd.ErrOrStderr(), text)
	}
	o.Say(fmt.Sprintf("seed %d", o.Seed))
	result, err := Run(cmd.Context(), o)
	if err != nil {
		if format == "json" { // whoever reads the output finds that it is not ok
			err = errors.Join(err, writeJSON(cmd.OutOrStdout(), Summary{Seed: o.Seed}))
		}
		return fmt.Errorf("%w\n  to repeat it: %s", err, o.command())
	}
	if err := tell(cmd, o, format, result); err != nil {
		return err
	}
	if !result.OK {
		return ErrBroken
	}
	return nil
}

// tell writes the result where it was asked for. Beside the figures of the JSON
// form, people get to know what is wrong.
func tell(cmd *cobra.Command, o Options, format string, result *Result) error {
	if o.Report != "" {
		file, err := os.Create(o.Report)
		if err != nil {
			return fmt.Errorf("making the report: %w", err)
		}
		if err := errors.Join(writeJSON(file, result), file.Close()); err != nil {
			return err
		}
	}
	if format != "json" {
		result.Print(cmd.OutOrStdout())
		return nil
	}
	if !result.OK {
		result.Print(cmd.ErrOrStderr())
	}
	return writeJSON(cmd.OutOrStdout(), result.Summary)
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
