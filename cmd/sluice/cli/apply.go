package cli

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/ops/apply"
)

type applyFlags struct {
	files  []string
	prune  bool
	dryRun bool
	reason string
	author string
	output string
}

const applyFormat = `Resources are YAML documents of kind Destination, Mapping and Policy, in files
and folders (see docs/contracts.md). They are checked against each other and
against what is applied already; every problem is shown at once, with file, line
and column, and nothing is written while there is one.`

func (r *root) applyCommand() *cobra.Command {
	var f applyFlags
	cmd := &cobra.Command{
		Use:     "apply -f DIR",
		GroupID: "set",
		Short:   "Make destinations, mappings and policies what the files say",
		Long: `Make destinations, mappings and policies what the files say.

` + applyFormat + `

The plan says in plain words what would start and stop. It is written in one
transaction: running roles see all of it or nothing. Author, time and reason
stand in the headers of every record. What the files do not name stays, unless
--prune is given (--output json names all of it); what a mapping document no
longer expands to goes with it.`,
		Example: `  # Look first, then do it
  sluice apply -f resources/ --dry-run
  sluice apply -f resources/ --reason "launch of the spring shop"

  # Make the cluster exactly what the folder says, removing the rest
  sluice apply -f resources/ --prune`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.apply(cmd.Context(), &f) },
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show the plan and write nothing")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why, for the history of each resource")
	cmd.Flags().StringVar(&f.author, "author", "", "who, for the history (default: the user of this machine)")
	r.connecting(cmd)
	return cmd
}

func (r *root) diffCommand() *cobra.Command {
	f := applyFlags{dryRun: true}
	cmd := &cobra.Command{
		Use:     "diff -f DIR",
		GroupID: "set",
		Short:   "Show what apply would change, in plain words",
		Long: `Show what apply would change, in plain words, and write nothing.

` + applyFormat + `

The exit code is 0 whether or not something would change; --output json says
which.`,
		Example: `  sluice diff -f resources/
  sluice diff -f resources/ --prune --output json | jq '.changes[].name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.apply(cmd.Context(), &f) },
	}
	f.add(cmd)
	r.connecting(cmd)
	return cmd
}

func (f *applyFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVarP(&f.files, "file", "f", nil, "folder or file with resources; repeatable (required)")
	cmd.Flags().BoolVar(&f.prune, "prune", false, "remove what is applied and not in the files")
	outputFlag(cmd, &f.output, "text", "json")
	completeFiles(cmd, "file", "yaml", "yml", "json")
	require(cmd, "file")
}

func (r *root) apply(ctx context.Context, f *applyFlags) error {
	files, err := apply.ReadFiles(f.files...)
	if err != nil {
		return usage(err)
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	// What is wrong in the files alone is said before anything is connected to.
	if err := apply.Alone(files, env.Resources()); err != nil {
		return err
	}
	q := apply.Request{Files: files, Prune: f.prune, DryRun: f.dryRun, Reason: f.reason}
	if !f.dryRun {
		q.Author = r.authorOr(f.author)
	}
	answer, err := boot.Applier(env).Apply(ctx, q)
	r.notes(answer.Problems)
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	return r.printPlan(&answer)
}

// authorOr is who applies: what was said, or this machine's user.
func (r *root) authorOr(said string) string {
	if said != "" {
		return said
	}
	name := lookup(r.environ, "USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

func (r *root) printPlan(a *apply.Answer) error {
	text := a.Plan.String()
	switch {
	case a.Plan.Empty():
	case a.Applied:
		text = strings.Join(apply.Past(strings.Split(text, "\n")), "\n")
		text += "applied " + count(len(a.Changes), "change") + "; routers and senders follow within 3 s\n"
	default:
		text += "nothing was written\n"
	}
	if _, err := fmt.Fprint(r.Out, text); err != nil {
		return fmt.Errorf("writing the plan: %w", err)
	}
	return nil
}

// emptyNotNil makes a missing list an empty one in JSON.
func emptyNotNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// closing closes what a command opened; what fails then is only worth a line.
func closing(r *root, env *boot.Env) {
	if err := env.Close(); err != nil {
		fmt.Fprintln(r.Err, "sluice: closing connections: "+err.Error())
	}
}
