package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/ops/changelog"
)

type historyFlags struct {
	changelog.Request
	since, output string
}

func (r *root) historyCommand() *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:     "history [NAME...]",
		GroupID: "see",
		Short:   "Tell who changed a resource, when and why",
		Long: `Tell who changed destinations, mappings and policies, when and why, newest first:
what each "sluice apply" wrote, with its author and reason, the fields that it
changed and what began or ceased to be sent. NAME is a destination, a policy, a
mapping document or one of the records that it expanded to; without a name every
change is told.

The resource topics are compacted, so that old versions go once newer ones stand
in their place: not before 90 days with our topics, and the output says what
yours keep. What the oldest version changed that is held is not known then.
Archive "sluice export" where more is needed.`,
		Example: `  sluice history acme-meta --mappings
  sluice history --since 2d
  sluice history acme-web --output json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Names = args
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.history(ctx, env, &f) })
		},
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return r.appliedNames(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Kind, "kind", "", "only destination, mapping or policy")
	flags.BoolVar(&f.Mappings, "mappings", false, "also the mappings of the destinations that are named")
	flags.StringVar(&f.since, "since", "", "only changes since this long ago (90m, 2d) or this time (RFC 3339)")
	flags.IntVar(&f.Limit, "limit", 20, "at most so many, the newest; 0 for all")
	completeWords(cmd, "kind", "destination", "mapping", "policy")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) history(ctx context.Context, env *boot.Env, f *historyFlags) error {
	if f.Limit < 0 {
		return usagef("--limit %d: want a number of changes, or 0 for all", f.Limit)
	}
	if f.since != "" {
		var err error
		if f.Since, err = parseMoment("since", f.since, env.Now()); err != nil {
			return err
		}
	}
	if f.Kind != "" {
		kinds := map[string]string{"destination": resource.KindDestination, "mapping": resource.KindMapping, "policy": resource.KindPolicy}
		kind, ok := kinds[strings.ToLower(f.Kind)]
		if !ok {
			return usagef("--kind %s: want destination, mapping or policy", f.Kind)
		}
		f.Kind = kind
	}
	answer, err := boot.Changelog(env).Changes(ctx, f.Request)
	if unknown := (*changelog.UnknownResourceError)(nil); errors.As(err, &unknown) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	return r.printHistory(&answer)
}

func (r *root) printHistory(a *changelog.Answer) error {
	a = terminal.Shown(a)
	b := teller{paint: painter{on: r.colour()}}
	for i := range a.Applies {
		b.applied(&a.Applies[i])
	}
	switch {
	case len(a.Applies) == 0:
		b.line(0, "no change is held")
	case a.More > 0:
		b.line(0, count(a.More, "earlier change")+" not shown (--limit 0)")
	}
	kept := "Old versions may go at any time: min.compaction.lag.ms of the resource topics is 0 (sluice topology apply)."
	if a.KeptSeconds > 0 {
		kept = "Every version is held for at least " + days(time.Duration(a.KeptSeconds)*time.Second) + "; older ones go once newer ones stand in their place."
	}
	b.line(0, b.paint.faint(kept))
	if _, err := fmt.Fprint(r.Out, b.text.String()); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// days is a long time in words.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.String()
	}
	return count(int(d/(24*time.Hour)), "day")
}

var pastVerbs = map[resource.Verb]string{resource.Create: "created", resource.Update: "changed", resource.Delete: "removed"}

// applied tells one apply.
func (b *teller) applied(a *changelog.Apply) {
	who := cmp.Or(a.Author, "nobody is named: it was not written by sluice apply")
	b.line(0, b.paint.strong(a.At.UTC().Format("2006-01-02 15:04:05"))+"  "+who)
	if a.Author != "" {
		b.line(2, "why: "+cmp.Or(a.Reason, "no reason was given"))
	}
	for _, e := range a.Effects {
		b.line(2, e)
	}
	for _, c := range a.Changes {
		b.line(2, pastVerbs[resource.Verb(c.Verb)]+" "+strings.ToLower(c.Kind)+" "+c.Name)
		for _, detail := range c.Details {
			b.line(4, detail)
		}
	}
	if len(a.Oldest) > 0 {
		b.line(2, "wrote the oldest versions that are held; what they changed is not known:")
		for _, name := range a.Oldest {
			b.line(4, lowerFirst(name))
		}
	}
	for _, name := range a.Unreadable {
		b.line(2, "wrote "+lowerFirst(name)+", which this version of sluice cannot read")
	}
	if len(a.Changes)+len(a.Oldest)+len(a.Unreadable) == 0 {
		b.line(2, "wrote the same again")
	}
	b.line(0, "")
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }
