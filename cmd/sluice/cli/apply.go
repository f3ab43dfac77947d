package cli

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
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
	files, err := boot.ReadResourceFiles(f.files...)
	if err != nil {
		return usage(err)
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	// What is wrong in the files alone is said before anything is connected to.
	if err := alone(files, env); err != nil {
		return err
	}
	var applier *boot.Applier
	if !f.dryRun {
		if applier, err = env.Applier(ctx); err != nil {
			return err
		}
	}
	plan, notes, err := planned(ctx, env, files, f.prune)
	if err != nil {
		return err
	}
	r.notes(notes)
	if applier != nil {
		if err := applier.Apply(ctx, plan, boot.Author{Name: r.authorOr(f.author), Reason: f.reason, At: env.Now()}); err != nil {
			return err
		}
	}
	return r.printPlan(plan, notes, f, applier != nil)
}

// alone reports what no state of the cluster could make right. A name that
// the files do not declare may be applied already, so it is only a note.
func alone(files []resource.File, env *boot.Env) error {
	_, problems := resource.Load(files, nil, boot.ForResources(env.Providers()))
	for i := range problems {
		if strings.Contains(problems[i].Rule, "that exists") {
			problems[i].Warning = true
		}
	}
	if resource.HasErrors(problems) {
		return &boot.ProblemsError{Problems: problems}
	}
	return nil
}

// planned compares files with what is applied. Its error is a
// *boot.ProblemsError where the files would break something; what was wrong
// before and stays wrong is a note.
func planned(ctx context.Context, env *boot.Env, files []resource.File, prune bool) (resource.Plan, []resource.Problem, error) {
	providers := boot.ForResources(env.Providers())
	current, before, err := env.Resources(ctx)
	if err != nil {
		return resource.Plan{}, nil, err
	}
	desired, problems := resource.Load(files, current, providers)
	if !resource.HasErrors(problems) {
		for _, p := range resource.Check(current, desired, prune, providers) {
			problems = addProblem(problems, p, before)
		}
	}
	if resource.HasErrors(problems) {
		document.Sort(problems)
		return resource.Plan{}, nil, &boot.ProblemsError{Problems: problems}
	}
	return resource.Diff(current, desired, prune), problems, nil
}

func addProblem(problems []resource.Problem, p resource.Problem, before []resource.Problem) []resource.Problem {
	if slices.ContainsFunc(problems, func(q resource.Problem) bool { return same(p, q) }) {
		return problems
	}
	if p.File == "" && slices.ContainsFunc(before, func(q resource.Problem) bool { return same(p, q) }) {
		p.Warning = true
	}
	return append(problems, p)
}

func same(p, q resource.Problem) bool {
	if p.Line > 0 && p.File == q.File && p.Line == q.Line && p.Column == q.Column {
		return p.Rule == q.Rule && p.Value == q.Value
	}
	return p.Resource == q.Resource && p.Path == q.Path && p.Rule == q.Rule
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

// planJSON is the JSON form of a plan.
type planJSON struct {
	Applied bool         `json:"applied"`
	Effects []string     `json:"effects"`
	Changes []changeJSON `json:"changes"`
	Kept    []string     `json:"kept"`
	Notes   []string     `json:"notes"`
}

type changeJSON struct {
	Verb    string   `json:"verb"`
	Kind    string   `json:"kind"`
	Name    string   `json:"name"`
	Details []string `json:"details,omitempty"`
}

func (r *root) printPlan(plan resource.Plan, notes []resource.Problem, f *applyFlags, applied bool) error {
	effects := plan.Effects
	if applied {
		effects = past(effects)
	}
	if f.output == "json" {
		out := planJSON{Applied: applied, Effects: emptyNotNil(effects), Changes: []changeJSON{}, Kept: emptyNotNil(plan.Kept), Notes: []string{}}
		for _, c := range plan.Changes {
			out.Changes = append(out.Changes, changeJSON{Verb: string(c.Verb), Kind: c.Kind, Name: c.Name, Details: c.Details})
		}
		for _, p := range notes {
			out.Notes = append(out.Notes, p.String())
		}
		return printJSON(r.Out, out)
	}
	text := plan.String()
	switch {
	case plan.Empty():
	case applied:
		text = strings.Join(past(strings.Split(text, "\n")), "\n")
		text += "applied " + count(len(plan.Changes), "change") + "\n"
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
