// Command loadgen loads, breaks and measures Sluice, and checks what came of
// it. It needs nothing else built or running: it links the roles and starts
// itself again to be one of them (see package role).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
	"github.com/sluicehq/sluice/test/load/bench"
	"github.com/sluicehq/sluice/test/load/chaos"
	"github.com/sluicehq/sluice/test/load/mutants"
	"github.com/sluicehq/sluice/test/load/role"
)

func main() {
	if code, isRole := role.Main(sluice, os.Args[1:]); isRole {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, done := withGoRun(ctx)
	err := rootCommand().ExecuteContext(ctx)
	done()
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "loadgen: "+err.Error())
		os.Exit(exitCode(err))
	}
}

// sluice is the whole command line of the product, linked into this program.
func sluice(args, environment []string) int {
	streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	return cli.Main(context.Background(), streams, "loadgen", args, environment)
}

// exitCode is 2 for a command line that cannot be followed, as sluice has it.
func exitCode(err error) int {
	if _, usage := errors.AsType[*chaos.UsageError](err); usage {
		return 2
	}
	return 1
}

// withGoRun ends the context when this program was started by "go run" and that
// is gone: a signal that ends go run does not reach what it runs, which would
// leave every process of ours behind.
func withGoRun(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err != nil || strings.TrimSpace(string(name)) != "go" {
		return ctx, cancel
	}
	go func() { // ends with the context
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	}()
	return ctx, cancel
}

// rootCommand has one command per package.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "loadgen",
		Short: "Load, break and measure Sluice, and check what came of it",
		Long: `Loadgen runs Sluice's own roles as separate processes, on services that it
starts itself, writes traffic whose outcome it knows, and says whether every
promise held. It needs nothing else built or running.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &chaos.UsageError{Err: err} })
	// One line per command; each lives in a package of its own.
	root.AddCommand(chaos.Command(), chaos.VerifyCommand(), chaos.SoakCommand(), mutants.Command(), bench.Command())
	return root
}
