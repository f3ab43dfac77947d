package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/ops/schema"
	"github.com/sluicehq/sluice/schemas"
)

type schemasFlags struct {
	offline bool
	timeout time.Duration
	output  string
}

func (r *root) schemasCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "schemas",
		GroupID: "set",
		Short:   "Check and register the schemas of every topic",
		Long: `Check and register the Avro schemas of every topic value. They are embedded in
this binary, and evolve so that every version reads what every other wrote
(FULL_TRANSITIVE).`,
		Args: noCommand,
		RunE: help,
	}
	cmd.AddCommand(r.schemasCheckCommand(), r.schemasRegisterCommand())
	return cmd
}

func (r *root) schemasCheckCommand() *cobra.Command {
	var f schemasFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the schemas against every earlier version and the registry",
		Long: `Check the schemas of this binary against every earlier version that it knows,
in both directions, and then against what the registry holds: for each subject
whether the schema is registered, can be registered, or would be refused.

--offline leaves the registry out.`,
		Example: `  sluice schemas check --offline
  sluice schemas check --registry http://registry:8081 --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.checkSchemas(cmd.Context(), &f) },
	}
	cmd.Flags().BoolVar(&f.offline, "offline", false, "do not ask the registry")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) schemasRegisterCommand() *cobra.Command {
	var f schemasFlags
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register every schema at the registry",
		Long: `Register every schema at the registry, for installations whose roles may not do
so themselves. It may be repeated: what is registered already keeps its id.

A registry that is young is waited for: one that does not listen yet, or that
answers before it has a primary and takes writes. What waiting cannot mend, such
as a wrong address, credentials or a schema that does not fit, ends at once.`,
		Example: `  sluice schemas register --registry http://registry:8081 --timeout 5m`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return r.registerSchemas(cmd.Context(), &f) },
	}
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "how long to wait for a registry that starts; 0 tries once")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) checkSchemas(ctx context.Context, f *schemasFlags) error {
	rows := make([]schema.Subject, 0, len(schemas.Names()))
	wrong := 0
	for _, name := range schemas.Names() {
		row := schema.Subject{Name: name, State: schema.Compatible}
		versions, err := schema.CompatibleWithHistory(name)
		row.Detail = count(versions, "version") + " read and are read"
		if err != nil {
			row.State, row.Detail = schema.Incompatible, err.Error()
			wrong++
		}
		rows = append(rows, row)
	}
	if !f.offline {
		found, bad, err := r.askRegistry(ctx)
		if err != nil {
			return err
		}
		rows, wrong = append(rows, found...), wrong+bad
	}
	if err := r.printSchemas(rows, f.output); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("checking schemas: %s", count(wrong, "schema")+" cannot be used")
	}
	return nil
}

// askRegistry compares every subject with the registry; bad counts those whose
// schema it would refuse.
func (r *root) askRegistry(ctx context.Context) (rows []schema.Subject, bad int, err error) {
	env, err := r.tool()
	if err != nil {
		return nil, 0, err
	}
	defer closing(r, env)
	rows, err = boot.Schemas(env).Subjects(ctx)
	for _, s := range rows {
		if s.State == schema.Incompatible {
			bad++
		}
	}
	return rows, bad, err
}

func (r *root) registerSchemas(ctx context.Context, f *schemasFlags) error {
	if f.timeout < 0 {
		return usage(fmt.Errorf("--timeout must be 0 or more, not %s", f.timeout))
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	registrar := boot.Schemas(env)
	waiting := func(registry, why string) {
		_, _ = fmt.Fprintf(r.Err, "waiting up to %s for the Schema Registry at %s: %s\n", f.timeout, registry, why)
	}
	if err := registrar.Register(ctx, schema.Patience{Limit: f.timeout, Waiting: waiting}); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	rows, err := registrar.Subjects(bounded)
	if err != nil {
		return err
	}
	var missing error
	for _, s := range rows {
		if s.State != schema.Registered {
			missing = errors.Join(missing, fmt.Errorf("registering %s: the registry took it and does not have it", s.Subject))
		}
	}
	if err := r.printSchemas(rows, f.output); err != nil {
		return err
	}
	return missing
}

func (r *root) printSchemas(rows []schema.Subject, output string) error {
	if output == "json" {
		return printJSON(r.Out, struct {
			Schemas []schema.Subject `json:"schemas"`
		}{rows})
	}
	g := grid{header: []any{"state", "id", "schema", "subject", "detail"}, right: []int{1}}
	for _, row := range rows {
		id := ""
		if row.ID > 0 {
			id = fmt.Sprint(row.ID)
		}
		g.rows = append(g.rows, []any{row.State, id, row.Name, row.Subject, row.Detail})
	}
	return printGrid(r.Out, g)
}
