//go:build !production

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

type sandboxFlags struct {
	listen   string
	expose   bool
	faults   string
	accounts string
	output   string
	report   bool
}

// faultNames are what --faults takes; see docs/sandbox.md.
func faultNames() []string {
	return []string{"throttle", "outage", "slow", "bad-token", "poison", "lost-answer", "all"}
}

// checkFaults refuses names that nobody knows, and says which may be meant.
func checkFaults(list string) error {
	for _, name := range strings.Split(list, ",") {
		if name = strings.TrimSpace(name); name == "" || slices.Contains(faultNames(), name) {
			continue
		}
		if near := document.Nearest(name, faultNames()); near != "" {
			return usagef("--faults: unknown name %q; did you mean %s?", name, near)
		}
		return usagef("--faults: unknown name %q; want %s", name, strings.Join(faultNames(), ", "))
	}
	return nil
}

// checkListen refuses what cannot be an address before anything is started, and
// an address that other machines reach unless that is said: whoever reaches the
// sandbox may read what it took, and make it fail.
func checkListen(address string, expose bool) error {
	host, port, err := net.SplitHostPort(address)
	if _, wrong := strconv.ParseUint(port, 10, 16); err != nil || wrong != nil {
		return usagef("--listen %s: want host:port with a port up to 65535, such as 127.0.0.1:9999 (port 0 takes a free one)", address)
	}
	if at := net.ParseIP(host); !expose && host != "localhost" && (at == nil || !at.IsLoopback()) {
		return usagef("--listen %s: other machines may reach it, and then read what the sandbox took and script its faults: use 127.0.0.1:%s, or say --expose", address, port)
	}
	return nil
}

func (r *root) sandboxCommand() *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:     "sandbox",
		GroupID: "try",
		Short:   "Run strict stand-ins for the providers on their own",
		Long: `Run strict stand-ins for the providers' APIs, among them Meta's Conversions API,
Google's Data Manager API and a receiver of webhooks. They refuse what the real ones refuse, with their error
bodies, count event ids, and fail on request. Nothing leaves this machine.

Point an installation at them with sender.providers.<name>.base_url and
token_url, allow_insecure and allow_private. The addresses stand on standard
output; it runs until it is interrupted, then prints what it received. Any
program can test against it: docs/sandbox.md has the endpoints, the faults that
can be scripted by destination and time, and the file of --accounts.`,
		Example: `  sluice sandbox --listen 127.0.0.1:9999
  sluice sandbox --listen 127.0.0.1:9999 --accounts accounts.json
  sluice sandbox --listen 127.0.0.1:0 --faults throttle,lost-answer --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFaults(f.faults); err != nil {
				return err
			}
			if err := checkListen(f.listen, f.expose); err != nil {
				return err
			}
			ctx, stop := signals(cmd.Context())
			defer stop()
			return r.sandbox(ctx, &f)
		},
	}
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:9999", "host:port to listen on; port 0 takes a free one")
	cmd.Flags().BoolVar(&f.expose, "expose", false, "let other machines reach --listen: they read what was received and script faults")
	cmd.Flags().StringVar(&f.faults, "faults", "", "what goes wrong, separated by commas: throttle, outage, slow, bad-token, poison, lost-answer, or all")
	cmd.Flags().StringVar(&f.accounts, "accounts", "", "JSON file of datasets, accounts and credentials that exist; without one every account does")
	cmd.Flags().BoolVar(&f.report, "report", true, "print what was received at the end")
	outputFlag(cmd, &f.output, "text", "json")
	completeWords(cmd, "faults", faultNames()...)
	return cmd
}

func (r *root) sandbox(ctx context.Context, f *sandboxFlags) error {
	log := slog.New(slog.NewTextHandler(r.Err, nil))
	cfg, err := f.config()
	if err != nil {
		return usage(err)
	}
	s, err := sandbox.New(cfg, sandbox.Deps{Logger: log})
	if err != nil {
		return usage(err)
	}
	urls, err := s.Start(ctx, f.listen)
	if err != nil {
		return err
	}
	defer func() {
		if err := s.Close(); err != nil {
			fmt.Fprintln(r.Err, "sluice: "+err.Error())
		}
	}()
	if f.output == "json" {
		if err := printJSON(r.Out, urls); err != nil {
			return err
		}
	} else {
		for _, name := range sandboxNames() {
			if urls[name] != "" {
				fmt.Fprintf(r.Out, "%-13s %s\n", strings.ReplaceAll(name, "_", " "), urls[name])
			}
		}
		fmt.Fprintln(r.Err, "running; interrupt to stop")
	}
	<-ctx.Done()
	if !f.report {
		return nil
	}
	return r.printSandboxReport(s.Report(), f.output)
}

// config reads the accounts, where a file has them.
func (f *sandboxFlags) config() (sandbox.Config, error) {
	var cfg sandbox.Config
	if f.accounts != "" {
		text, err := os.ReadFile(f.accounts)
		if err != nil {
			return cfg, fmt.Errorf("reading accounts: %w", err)
		}
		if cfg, err = sandbox.ReadAccounts(text); err != nil {
			return cfg, err
		}
	}
	cfg.Faults = f.faults
	return cfg, nil
}

func (r *root) printSandboxReport(report sandbox.Report, output string) error {
	if output == "json" {
		return printJSON(r.Out, report)
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	_, err = fmt.Fprintln(r.Out, string(text))
	return err
}

// sandboxNames are what the sandbox's addresses may be called, in order.
func sandboxNames() []string {
	var names []string
	for _, p := range sandbox.Providers() {
		names = append(names, p, p+sandbox.Token, p+sandbox.Key)
	}
	return append(names, sandbox.Control)
}
