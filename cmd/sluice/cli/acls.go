package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

type aclsFlags struct {
	role, principal, output string
	apply                   bool
}

func (r *root) topologyACLs() *cobra.Command {
	var f aclsFlags
	cmd := &cobra.Command{
		Use:   "acls",
		Short: "Print or grant the least rights of each role",
		Long: `Print the least rights that each role needs on the cluster, with this
installation's names, as topology/topics.yaml declares them. With --apply they are
granted to the principal; ACLs that are there already stay, and none is removed.
Creating topics is no role's right: run ` + "`sluice topology apply`" + ` as an administrator.`,
		Example: `  sluice topology acls
  sluice topology acls --role sender --principal User:sluice-sender --output commands
  sluice topology acls --role router --principal User:sluice-router --apply`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.acls(cmd.Context(), &f) },
	}
	names, err := topology.RoleNames()
	if err != nil {
		names = nil // the declaration is embedded; running the command says what is wrong with it
	}
	cmd.Flags().StringVar(&f.role, "role", "", "one role: "+strings.Join(names, ", ")+" (default: all)")
	cmd.Flags().StringVar(&f.principal, "principal", "", "who is to have the rights, such as User:sluice-router")
	cmd.Flags().BoolVar(&f.apply, "apply", false, "grant the rights on the cluster; needs --role and --principal")
	completeWords(cmd, "role", names...)
	outputFlag(cmd, &f.output, "table", "commands", "json")
	r.connecting(cmd)
	return cmd
}

// roleRights is what one role may do.
type roleRights struct {
	Role   string           `json:"role"`
	Rights []topology.Right `json:"rights"`
}

func (r *root) acls(ctx context.Context, f *aclsFlags) error {
	switch {
	case f.apply && (f.role == "" || f.principal == ""):
		return usagef("--apply: want --role and --principal too; each role should have a principal of its own")
	case f.output == "commands" && f.principal == "":
		return usagef("--output commands: want --principal too")
	}
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	var roles []string
	if f.role != "" {
		roles = []string{f.role}
	} else if roles, err = topology.RoleNames(); err != nil {
		return err
	}
	var all []roleRights
	for _, role := range roles {
		rights, err := env.Rights(role)
		if err != nil {
			return usage(err)
		}
		all = append(all, roleRights{role, rights})
	}
	if f.apply {
		if err := grant(ctx, env, f.principal, all[0].Rights); err != nil {
			return err
		}
	}
	return r.printRights(f, all)
}

func grant(ctx context.Context, env *boot.Env, principal string, rights []topology.Right) error {
	client, err := env.Cluster.Client(ctx)
	if err != nil {
		return err
	}
	return topology.Grant(ctx, client, principal, rights)
}

func (r *root) printRights(f *aclsFlags, all []roleRights) error {
	switch f.output {
	case "json":
		return printJSON(r.Out, struct {
			Applied   bool         `json:"applied"`
			Principal string       `json:"principal,omitempty"`
			Roles     []roleRights `json:"roles"`
		}{f.apply, f.principal, all})
	case "commands":
		for _, role := range all {
			for _, right := range role.Rights {
				if _, err := fmt.Fprintln(r.Out, "kafka-acls --bootstrap-server \"$BROKERS\" "+strings.Join(right.Command(f.principal), " ")); err != nil {
					return err
				}
			}
		}
		return nil
	}
	g := grid{header: []any{"role", "operations", "kind", "name"}}
	for _, role := range all {
		for _, right := range role.Rights {
			name := right.Name
			if right.Prefixed {
				name += "*"
			}
			g.rows = append(g.rows, []any{role.Role, strings.Join(right.Operations, ", "), string(right.Kind), name})
		}
	}
	if err := printGrid(r.Out, g); err != nil {
		return err
	}
	if f.apply {
		_, err := fmt.Fprintf(r.Out, "granted to %s\n", f.principal)
		return err
	}
	return nil
}
