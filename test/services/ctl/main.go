// Command ctl starts, stops and lists real services for tests:
//
//	go run ./test/services/ctl up [-brokers 1|3] [-secure] [-sentinel] [-name default]
//	go run ./test/services/ctl down [-name NAME]     (without a name: all)
//	go run ./test/services/ctl status
//	go run ./test/services/ctl env [-name default]   (NAME=value lines for a shell)
//	go run ./test/services/ctl fetch                 (downloads Kafka and the registry, and says where to)
//	go run ./test/services/ctl missing               (exit code 3 where something has to be installed)
//	go run ./test/services/ctl run [flags of up] -- COMMAND...
//
// `run` starts services, runs a command with their addresses in its
// environment, and stops them again whatever became of it; where addresses
// stand in the environment already it only runs the command.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/sluicehq/sluice/test/services"
)

// exitMissing tells scripts that something has to be installed first.
const exitMissing = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	var missing *services.MissingError
	var failed *commandError
	switch {
	case err == nil:
		return
	case errors.As(err, &failed):
		os.Exit(max(1, failed.exit.ExitCode()))
	case errors.As(err, &missing):
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(exitMissing)
	}
	fmt.Fprintln(os.Stderr, "services:", err)
	os.Exit(1)
}

func command(ctx context.Context, args []string, out, diagnostics io.Writer) error {
	if len(args) == 0 {
		return errors.New("want up, down, status, env, fetch, missing or run")
	}
	cfg := services.Config{Registry: true, Redis: true, Out: diagnostics, Root: services.Root(os.Getenv)}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(diagnostics)
	flags.StringVar(&cfg.Name, "name", "", "name of the set (default: default; down: all)")
	flags.IntVar(&cfg.Brokers, "brokers", 1, "Kafka brokers: 1 or 3")
	flags.BoolVar(&cfg.Secure, "secure", false, "add a listener with TLS, SASL and ACLs")
	flags.BoolVar(&cfg.Sentinel, "sentinel", false, "add a Redis replica and three sentinels")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "up":
		return up(ctx, cfg, out)
	case "down":
		return down(ctx, cfg, out)
	case "status":
		return status(ctx, cfg, out)
	case "env":
		return environment(cfg, out)
	case "fetch":
		cfg.Redis = false
		return fetch(ctx, cfg, out)
	case "missing":
		return services.Missing(cfg)
	case "run":
		return run(ctx, cfg, flags.Args())
	default:
		return fmt.Errorf("%q is unknown: want up, down, status, env, fetch, missing or run", args[0])
	}
}

func up(ctx context.Context, cfg services.Config, out io.Writer) error {
	began := time.Now()
	set, err := services.Start(ctx, cfg)
	var running *services.RunningError
	if errors.As(err, &running) {
		fmt.Fprintln(out, "running already:")
		return report(ctx, running.Set, out)
	}
	if err != nil {
		return err
	}
	if err := report(ctx, set, out); err != nil {
		return err
	}
	fmt.Fprintf(out, "ready after %.1f s; stop them with: make services-down\n", time.Since(began).Seconds())
	return nil
}

func down(ctx context.Context, cfg services.Config, out io.Writer) error {
	sets, err := services.List(cfg.Root)
	if err != nil {
		return err
	}
	var failed []error
	stopped := 0
	for _, set := range sets {
		if cfg.Name != "" && set.Name() != cfg.Name {
			continue
		}
		stopped++
		failed = append(failed, set.Stop(ctx))
		fmt.Fprintf(out, "stopped %s (%d processes)\n", set.Name(), len(set.Processes()))
	}
	if stopped == 0 {
		fmt.Fprintln(out, "nothing runs")
	}
	return errors.Join(failed...)
}

func status(ctx context.Context, cfg services.Config, out io.Writer) error {
	sets, err := services.List(cfg.Root)
	if err != nil {
		return err
	}
	if len(sets) == 0 {
		fmt.Fprintln(out, "nothing runs")
	}
	for _, set := range sets {
		if err := report(ctx, set, out); err != nil {
			return err
		}
	}
	return nil
}

// report prints a set for people. It fails when a process does not answer.
func report(ctx context.Context, set *services.Set, out io.Writer) error {
	fmt.Fprintf(out, "%s, logs in %s\n", set.Name(), set.Dir())
	var failed []error
	for _, p := range set.Processes() {
		state := "ready"
		if err := p.Ready(ctx); !p.Alive() {
			state = "not running"
			failed = append(failed, fmt.Errorf("%s does not run", p.Name()))
		} else if err != nil {
			state = "does not answer"
			failed = append(failed, fmt.Errorf("%s does not answer: %w", p.Name(), err))
		}
		fmt.Fprintf(out, "  %-14s pid %-7d %-22s %s\n", p.Name(), p.PID(), p.Address(), state)
	}
	for _, v := range set.Addresses().Environ() {
		fmt.Fprintf(out, "  export %s\n", v)
	}
	return errors.Join(failed...)
}

func environment(cfg services.Config, out io.Writer) error {
	name := cfg.Name
	if name == "" {
		name = "default"
	}
	set, err := services.Open(cfg.Root, name)
	if err != nil {
		return err
	}
	for _, v := range set.Addresses().Environ() {
		fmt.Fprintln(out, v)
	}
	return nil
}

// fetch prints NAME=folder lines for a shell.
func fetch(ctx context.Context, cfg services.Config, out io.Writer) error {
	found, err := services.Fetch(ctx, cfg)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "KAFKA_JARS=%s\nREGISTRY_JARS=%s\n", found.Kafka, found.Registry)
	return err
}

func run(ctx context.Context, cfg services.Config, args []string) (err error) {
	if len(args) == 0 {
		return errors.New("run: want a command after --")
	}
	_, given, err := services.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	environ := os.Environ()
	if !given {
		if cfg.Name == "" {
			cfg.Name = fmt.Sprintf("run-%d", os.Getpid())
		}
		began := time.Now()
		set, startErr := services.Start(ctx, cfg)
		if startErr != nil {
			return startErr
		}
		fmt.Fprintf(cfg.Out, "services are ready after %.1f s\n", time.Since(began).Seconds())
		defer func() { err = errors.Join(err, set.Stop(context.WithoutCancel(ctx))) }()
		environ = append(environ, set.Addresses().Environ()...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) // #nosec G204 G702 -- what the caller asked for
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environ, os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &commandError{exit}
	}
	return err
}

// commandError is how the command of `run` ended, which becomes our own exit
// code; it has said itself what is wrong.
type commandError struct{ exit *exec.ExitError }

// Error implements error.
func (e *commandError) Error() string { return e.exit.Error() }
