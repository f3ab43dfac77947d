package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/ops/doctor"
)

func (r *root) doctorCommand() *cobra.Command {
	var output string
	var all bool
	cmd := &cobra.Command{
		Use:     "doctor",
		GroupID: "set",
		Short:   "Look at everything that Sluice stands on, and say what to fix",
		Long: `Connect to everything and say what does not work, or will not, each with its fix:
brokers and transactions, topics and their settings, ACLs, how far the router is,
the partitioner of the consent topic, the registry and its schemas, Redis and its
claims, resources, each destination's credentials, what senders say about their
destinations, and privacy.key.

It consumes nothing: no group is joined, no offset committed, no claim taken and
no event sent. Credentials are tried as a sender would, so run it where senders
run. The exit code is 3 where there is a problem; warnings do not change it.`,
		Example: `  sluice doctor --config sluice.yaml
  sluice doctor --output json | jq '.findings[] | select(.level == "problem")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.doctor(ctx, env, output, all) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also show what is as it should be")
	outputFlag(cmd, &output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) doctor(ctx context.Context, env *boot.Env, output string, all bool) error {
	answer := boot.Doctor(env).Look(ctx)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("looking at everything: %w", err)
	}
	var err error
	if output == "json" {
		err = printJSON(r.Out, answer)
	} else {
		err = r.printFindings(&answer, all)
	}
	if err != nil {
		return err
	}
	if !answer.OK {
		return silent{code: exitEnvironment}
	}
	return nil
}

// printFindings shows the worst first: one line what is wrong, one line what to
// do.
func (r *root) printFindings(a *doctor.Answer, all bool) error {
	paint := painter{on: r.colour()}
	var b strings.Builder
	for _, level := range []doctor.Level{doctor.Problem, doctor.Warning, doctor.Unknown, doctor.Fine} {
		if level == doctor.Fine && !all {
			continue
		}
		for _, f := range a.Findings {
			if f.Level != level {
				continue
			}
			fmt.Fprintf(&b, "%s %s: %s\n", markOf(level, paint), f.Area, wrapped(f.Detail, len(level)+len(f.Area)+3))
			if f.Fix != "" {
				fmt.Fprintf(&b, "  fix: %s\n", wrapped(f.Fix, len("  fix: ")))
			}
		}
	}
	fmt.Fprintf(&b, "%s, %s, %d not found out, %d as it should be\n", count(a.Problems, "problem"), count(a.Warnings, "warning"), a.Count(doctor.Unknown), a.Count(doctor.Fine))
	_, err := fmt.Fprint(r.Out, b.String())
	return err
}

func markOf(level doctor.Level, p painter) string {
	switch level {
	case doctor.Problem:
		return p.bad(string(level))
	case doctor.Warning:
		return p.warn(string(level))
	case doctor.Unknown:
		return p.faint(string(level))
	default:
		return p.good(string(level))
	}
}

// wrapped breaks text at 80 columns, where its first line begins behind so many
// others.
func wrapped(text string, behind int) string {
	const width = 80
	var b strings.Builder
	at := behind
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && at+1+len(word) > width:
			b.WriteString("\n    ")
			at = 4
		case i > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}
