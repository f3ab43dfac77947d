package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/unready"
	"github.com/sluicehq/sluice/pkg/ops/claims"
)

func (r *root) claimsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "claims",
		GroupID: "mend",
		Short:   "Make the claims in Redis complete again",
		Args:    noCommand,
		RunE:    help,
	}
	var force bool
	var output string
	rebuild := &cobra.Command{
		Use:   "rebuild",
		Short: "Restore claims and marks from the diagnostics",
		Long: `Restore every claim and mark of the last nine days from the diagnostics. The roles
do so by themselves when Redis is new or was emptied; this is for when none runs,
or when Redis has lost a part and says nothing (--force). While it works, routing
and sending wait. Repeating it is safe.`,
		Example: `  sluice claims rebuild
  sluice claims rebuild --force     # although Redis says that it is complete`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.claimsRebuild(ctx, env, force, output) })
		},
	}
	rebuild.Flags().BoolVar(&force, "force", false, "also where Redis says that it is complete")
	outputFlag(rebuild, &output, "table", "json")
	r.connecting(rebuild)
	cmd.AddCommand(rebuild)
	return cmd
}

func (r *root) claimsRebuild(ctx context.Context, env *boot.Env, force bool, output string) error {
	if err := env.Cluster.RequireTopics(ctx, env.Names.Diagnostics()); err != nil {
		return err
	}
	store, err := env.Claims()
	if err != nil {
		return err
	}
	if _, err := store.CheckServer(ctx); err != nil {
		return &unready.Error{What: "Redis does not answer at " + env.Config.Redis.Address, Err: err, Fix: "start Redis, or correct redis.address (--redis)"}
	}
	rebuilder, err := boot.ClaimsRebuilder(env, store)
	if err != nil {
		return err
	}
	done, err := rebuilder.Rebuild(ctx, claims.Request{Force: force})
	if err != nil {
		return err
	}
	if output == "json" {
		return printJSON(r.Out, done)
	}
	text := fmt.Sprintf("claims are rebuilt: %d claims, %d marks, %d lost\n", done.Claims, done.Marks, done.Lost)
	if !done.Rebuilt {
		text = "nothing to do: Redis says that its claims are complete (--force rebuilds them all the same)\n"
	}
	_, err = fmt.Fprint(r.Out, text)
	return err
}
