package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/provider"
)

type testEventFlags struct {
	boot.TrialOptions
	event, output string
	yes           bool
}

func (r *root) testEventCommand() *cobra.Command {
	var f testEventFlags
	cmd := &cobra.Command{
		Use:     "test-event --destination NAME",
		GroupID: "try",
		Short:   "Send one marked test event to a destination and show the provider's answer",
		Long: `Send one marked test event to a destination and show the provider's answer.

The event is made up and concerns nobody, or is your own (--event), with new ids.
A mapping of the destination shapes it, every gate decides about it, and it is
built and sent as a sender would send it, with the destination's secret: so run
it where senders run. No claim, mark, diagnostic or delivery is written. A
destination that is inactive, paused or in shadow mode can be tried before it is
switched on; without accepted terms it cannot.

  Meta      needs a test event code, of the destination or --test-event-code.
            Meta also counts the event, so --yes is asked for.
  Google    only checks the event and stores nothing, unless --real is given,
            which asks for --yes.
  webhook   sends a signed delivery that says "test": true; --yes is asked for.

On a terminal the question is asked there instead. What is shown has no
identifiers and no secrets in it. The exit code is 0 where the provider accepts
the event, 1 where it refuses it, 2 where nothing is sent because of options,
resources or a gate, and 3 where the provider or the secret cannot be reached.`,
		Example: `  sluice test-event --destination acme-google
  sluice test-event --destination acme-meta --test-event-code TEST12345 --yes
  sluice test-event --destination acme-meta --mapping acme-web/acme-meta/cart.added \
    --event cart.json --test-event-code TEST12345 --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.testEvent(ctx, env, &f) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Destination, "destination", "", "where to (required)")
	flags.StringVar(&f.Mapping, "mapping", "", "mapping that shapes it (default: the first that is enabled and names the event)")
	flags.StringVar(&f.event, "event", "", "file with one event of your own, - for standard input (default: a made-up one)")
	flags.StringVar(&f.Code, "test-event-code", "", "Meta: the code of the Test events tab (default: the destination's)")
	flags.BoolVar(&f.Real, "real", false, "Google: store the event instead of only checking it")
	flags.BoolVar(&f.yes, "yes", false, "send it although it is stored")
	outputFlag(cmd, &f.output, "table", "json")
	completeFiles(cmd, "event", "ndjson", "json")
	r.completeDestinations(cmd, "destination")
	r.connecting(cmd)
	require(cmd, "destination")
	return cmd
}

func (r *root) testEvent(ctx context.Context, env *boot.Env, f *testEventFlags) error {
	if f.event != "" {
		in, err := r.open("event", f.event)
		if err != nil {
			return err
		}
		f.Event, err = boot.OneEvent(in)
		_ = in.Close() // read only
		if err != nil {
			return usage(err)
		}
	}
	trial, err := env.NewTrial(ctx, f.TrialOptions)
	if err != nil {
		return trialUsage(err)
	}
	if err := r.confirmTrial(trial, f); err != nil {
		return err
	}
	result, err := trial.Send(ctx)
	if err != nil {
		return err
	}
	if f.output == "json" {
		err = printJSON(r.Out, trialJSON(trial, result))
	} else {
		err = r.printTrial(trial, result)
	}
	if err != nil {
		return err
	}
	return trialExit(result)
}

// trialUsage marks what the operator has to change.
func trialUsage(err error) error {
	var refused *boot.TrialRefused
	var unknown *boot.UnknownTrialError
	var options *provider.TrialError
	if errors.As(err, &refused) || errors.As(err, &unknown) || errors.As(err, &options) {
		return usage(err)
	}
	return err
}

// confirmTrial asks before an event that somebody keeps.
func (r *root) confirmTrial(t *boot.Trial, f *testEventFlags) error {
	if !t.Stored || f.yes {
		return nil
	}
	unasked := usagef("the test event to %s is not sent without --yes: %s\n  fix: give --yes", t.Destination.ID, t.Means)
	if !isTerminal(r.In) {
		return unasked
	}
	if _, err := fmt.Fprintf(r.Err, "One test event goes to %s. %s\nSend it? [y/N] ", t.Destination.ID, t.Means); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	answer, err := bufio.NewReader(r.In).ReadString('\n')
	switch {
	case errors.Is(err, io.EOF) && answer == "": // nobody is there
		return unasked
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("reading the answer: %w", err)
	}
	if word := strings.ToLower(strings.TrimSpace(answer)); word != "y" && word != "yes" {
		return usagef("nothing was sent")
	}
	return nil
}

// trialExit is the promise of the exit codes; what happened was printed.
func trialExit(r *boot.TrialResult) error {
	switch {
	case r.Accepted():
		return nil
	case r.Reason == decision.CredentialsMissing, r.Class == provider.Transient && r.Status == 0, r.Class == provider.UnknownOutcome && r.Status == 0:
		return silent{code: exitEnvironment}
	}
	return silent{code: exitRuntime}
}
