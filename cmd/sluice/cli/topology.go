package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/edge/unready"
)

type topologyFlags struct {
	partitions  int32
	replication int16
	needInput   bool
	shrink      bool
	output      string
}

func (r *root) topologyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "topology",
		GroupID: "set",
		Short:   "Create the topics that Sluice needs, and keep their settings",
		Long: `Create the topics that Sluice needs, and keep their settings, as
topology/topics.yaml declares them with a reason each. The analytics topic is not
ours: it is never created or changed.`,
		Args: noCommand,
		RunE: help,
	}
	var apply topologyFlags
	applying := r.topologyVerb(&apply, "apply", "Create missing topics and mend settings", `Create missing topics and mend settings. What only a person can mend, such as a
partition count that differs, is refused before anything is changed: raising the
count of a keyed topic would move subjects between partitions.

How long topics keep their records is topology.retention of the configuration. A
topic that keeps them longer in the cluster goes on doing so, and that is noted:
shortening deletes what is older, and only --shrink does it.

The analytics topic is somebody else's to create. Where it is missing that is
noted; with --require-input it is an error, after our own topics were made.`, `  # A cluster of one broker
  sluice topology apply --replication 1
  sluice topology apply --brokers kafka-0:9092,kafka-1:9092`, r.topologyApply)
	applying.Flags().BoolVar(&apply.needInput, "require-input", false, "fail where the analytics topic does not exist, as the roles would")
	cmd.AddCommand(
		applying,
		r.topologyVerb(&topologyFlags{}, "diff", "Compare the cluster with the declaration", `Compare the cluster with the declaration and change nothing. The exit code is 0
whether or not something differs.`, `  sluice topology diff
  sluice topology diff --output json | jq '.topics[] | select(.action != "keep")'`, r.topologyDiff),
		r.topologyACLs(),
	)
	return cmd
}

type topologyRun func(ctx context.Context, env *boot.Env, plan topology.Plan, f *topologyFlags) error

func (r *root) topologyVerb(f *topologyFlags, verb, short, long, example string, run topologyRun) *cobra.Command {
	cmd := &cobra.Command{
		Use: verb, Short: short, Long: long, Example: example,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, plan, err := r.topologyPlan(cmd.Context(), f)
			if err != nil {
				return err
			}
			defer closing(r, env)
			return run(cmd.Context(), env, plan, f)
		},
	}
	cmd.Flags().Int32Var(&f.partitions, "partitions", 0, "partitions of the keyed topics (default: as declared)")
	cmd.Flags().Int16Var(&f.replication, "replication", 0, "replicas of every topic (default: as declared)")
	cmd.Flags().BoolVar(&f.shrink, "shrink", false, "shorten retentions that are longer in the cluster: deletes what is older")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) topologyPlan(ctx context.Context, f *topologyFlags) (_ *boot.Env, _ topology.Plan, err error) {
	env, err := r.tool()
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			closing(r, env)
		}
	}()
	topics, err := env.Topology(topology.Options{Partitions: f.partitions, Replication: f.replication})
	if err != nil {
		return nil, nil, usage(err)
	}
	client, err := env.Cluster.Client(ctx)
	if err != nil {
		return nil, nil, err
	}
	plan, err := topology.Diff(ctx, client, topics, f.shrink)
	if err != nil {
		return nil, nil, err
	}
	return env, plan, nil
}

func (r *root) topologyDiff(ctx context.Context, env *boot.Env, plan topology.Plan, f *topologyFlags) error {
	if err := r.printTopology(plan, f.output, false); err != nil {
		return err
	}
	r.hintInput(ctx, env)
	return nil
}

func (r *root) topologyApply(ctx context.Context, env *boot.Env, plan topology.Plan, f *topologyFlags) error {
	client, err := env.Cluster.Client(ctx)
	if err != nil {
		return err
	}
	if plan.Refused() {
		if err := r.printTopology(plan, f.output, false); err != nil {
			return err
		}
		return &unready.Error{What: "the cluster differs in a way that only a person can mend; nothing was changed", Fix: "see the topics above that say refuse"}
	}
	err = topology.Apply(ctx, client, plan)
	if errors.Is(err, kerr.InvalidReplicationFactor) {
		return &unready.Error{What: "the cluster has fewer brokers than the topics should have replicas", Err: err, Fix: "start more brokers, or say --replication: 1 on a cluster of one broker"}
	}
	if err != nil {
		return err
	}
	if err := r.printTopology(plan, f.output, true); err != nil {
		return err
	}
	if f.needInput {
		return env.Cluster.RequireTopics(ctx, env.Config.Topics.Input)
	}
	r.hintInput(ctx, env)
	return nil
}

// hintInput says when the analytics topic is missing: it is somebody else's to
// create, and without it no role starts.
func (r *root) hintInput(ctx context.Context, env *boot.Env) {
	if err := env.Cluster.RequireTopics(ctx, env.Config.Topics.Input); err != nil {
		fmt.Fprintf(r.Err, "note: the analytics topic %s does not exist; Sluice never creates it (topics.input names it)\n", env.Config.Topics.Input)
	}
}

func (r *root) printTopology(plan topology.Plan, output string, applied bool) error {
	if output == "json" {
		return printJSON(r.Out, struct {
			Applied bool          `json:"applied"`
			Pending bool          `json:"pending"`
			Topics  topology.Plan `json:"topics"`
		}{applied, plan.Pending() && !applied, plan})
	}
	g := grid{header: []any{"action", "topic", "details"}}
	kept := 0
	var advice, notes []string
	for _, c := range plan {
		if c.Advice != "" && !slices.Contains(advice, c.Advice) {
			advice = append(advice, c.Advice)
		}
		if c.Note != "" {
			notes = append(notes, c.Topic+": "+c.Note)
		}
		if c.Action == topology.Keep {
			kept++
			continue
		}
		g.rows = append(g.rows, []any{string(c.Action), c.Topic, strings.Join(c.Details, "\n")})
	}
	if len(g.rows) > 0 {
		if err := printGrid(r.Out, g); err != nil {
			return err
		}
	}
	text := count(len(g.rows), "topic") + " to change, " + count(kept, "topic") + " as declared\n"
	if applied {
		text = count(len(g.rows), "topic") + " changed, " + count(kept, "topic") + " as declared before\n"
	}
	b := teller{}
	for _, a := range advice {
		b.line(0, "refused: "+a)
	}
	for _, n := range notes {
		b.line(0, "note: "+n)
	}
	_, err := fmt.Fprint(r.Out, b.text.String()+text)
	return err
}
