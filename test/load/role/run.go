package role

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// hastyArgument is the first argument of a process that runs a role with
// short waits: a retry after an hour never comes back within a test.
const hastyArgument = "hasty-role"

// ClockVariable names a file whose content is added to the clock of a hasty
// role: a duration such as "-5m". It is read again while the role runs.
const ClockVariable = "LOADGEN_CLOCK"

// Hasty waits are those of the sender, scaled to minutes of a test. What waits
// and in which order is unchanged.
func hastyWaits() boot.SenderOptions {
	return boot.SenderOptions{
		Delays: sender.Delays{
			Retry:  [3]time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
			Parked: 6 * time.Second,
		},
		ProbeEvery: 2 * time.Second, VerdictEvery: 15 * time.Second,
	}
}

// runHasty runs "hasty-role router|sender CONFIG" until a signal: the first
// drains, the second stops.
func runHasty(args, environ []string) error {
	if len(args) != 2 {
		return errors.New("starting a role: the arguments are a role and a configuration file")
	}
	cfg, err := config.Load(config.Sources{File: args[1], Environ: environ})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	env, err := boot.NewEnv(cfg, boot.Options{
		Version: "loadgen", Log: os.Stderr, Now: clock(ctx, os.Getenv(ClockVariable)), DialKafka: dialer(ctx, os.Getenv(CutVariable)),
	})
	if err != nil {
		return err
	}
	roles := boot.Roles{Router: args[0] == "router"}
	if !roles.Router {
		roles.Senders = env.AllSenders()
	}
	go endWithParent(ctx, os.Getppid())
	drain := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() { // ends with the process
		<-signals
		close(drain)
		<-signals
		cancel()
	}()
	err = env.Run(ctx, drain, roles, boot.RunOptions{Sender: hastyWaits(), Output: os.Stderr})
	return errors.Join(err, env.Close())
}

// endWithParent ends this process when the tester that started it is gone:
// nobody else would, and nobody would want what it does.
func endWithParent(ctx context.Context, parent int) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for os.Getppid() == parent {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	// Not an orderly end: what it would settle belongs to nobody any more.
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // cannot fail: it is this process
}

// clock follows a file that says how far the clock has jumped. Without a file
// it is the real one.
func clock(ctx context.Context, path string) func() time.Time {
	if path == "" {
		return time.Now
	}
	var jump atomic.Int64
	read := func() {
		text, err := os.ReadFile(path) //nolint:gosec // G703: the tester that started this process names the file
		if err != nil {
			return // not written yet: no jump
		}
		if d, err := time.ParseDuration(strings.TrimSpace(string(text))); err == nil {
			jump.Store(int64(d))
		}
	}
	read()
	go func() { // ends with the process
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				read()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
}

// fail prints an error as sluice does and gives the exit code.
func fail(err error) int {
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(os.Stderr, "sluice: "+err.Error())
	return 1
}
