package cli

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/ops/consenttrail"
)

func (r *root) consentHistoryCommand() *cobra.Command {
	var f consentFlags
	cmd := &cobra.Command{
		Use:   "history SUBJECT",
		Short: "Tell who changed a subject's consent, when, and from what to what",
		Long: `Tell who changed a subject's consent, when, how, and from what to what, newest
first. The author and the method stand in the headers of each record (sluice-author,
sluice-method), which these commands write and consent services should.

The consent topic is compacted: every change is held for as long as consent.history
says, and the output says what yours holds. What the oldest version changed is not
known where an older one may have stood before it.`,
		Example: `  sluice consent history s-4711 --customer acme
  sluice consent history s-4711 --output json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 1 && f.subject != "" && f.subject != args[0]:
				return usagef("the subject is given twice: as argument and as --subject")
			case len(args) == 1:
				f.subject = args[0]
			case f.subject == "":
				return usagef("which subject? give its id, as events carry it: sluice consent history s-4711")
			}
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.consentHistory(ctx, env, &f) })
		},
	}
	cmd.Flags().StringVar(&f.customer, "customer", "", "only this customer; without it, every one that has a subject of this id")
	cmd.Flags().StringVar(&f.subject, "subject", "", "the subject's id, in place of the argument")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) consentHistory(ctx context.Context, env *boot.Env, f *consentFlags) error {
	r.noteCustomer(ctx, env, f.customer)
	answer, err := boot.ConsentTrail(env).Trail(ctx, consenttrail.Request{Customer: f.customer, Subject: identity.NewRaw(f.subject)})
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	b := teller{paint: painter{on: r.colour()}}
	for i := range answer.Changes {
		b.consentChange(&answer.Changes[i])
	}
	if len(answer.Changes) == 0 {
		b.line(0, "no record of this subject is held")
	}
	kept := "Old versions may go at any time: min.compaction.lag.ms of the consent topic is 0 (set consent.history, then sluice topology apply)."
	if answer.KeptSeconds > 0 {
		kept = "Every change is held for at least " + days(time.Duration(answer.KeptSeconds)*time.Second) + "; older ones go once newer ones stand in their place."
	}
	b.line(0, b.paint.faint(kept))
	if _, err := fmt.Fprint(r.Out, b.text.String()); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

var changeWords = map[string]string{
	consenttrail.First: "wrote the oldest record that is held", consenttrail.Changed: "changed", consenttrail.Repeated: "wrote the same again",
	consenttrail.Removed: "removed the record: what events say themselves counts again", consenttrail.Unreadable: "wrote a record that cannot be read, which denies everything",
}

// consentChange tells one version of a subject's record.
func (b *teller) consentChange(c *consenttrail.Change) {
	b.line(0, b.paint.strong(c.StoredAt[:len("2006-01-02")]+" "+c.StoredAt[len("2006-01-02T"):len("2006-01-02T15:04:05")])+"  "+c.Customer+"  "+
		cmp.Or(c.Author, "nobody is named: the record has no sluice-author header"))
	if c.Method != "" {
		b.line(2, "by: "+c.Method)
	}
	if c.MadeAt != "" && c.MadeAt != c.StoredAt {
		b.line(2, "the choice was made at "+c.MadeAt)
	}
	if word := changeWords[c.Action]; c.Action != consenttrail.Changed && (c.Action != consenttrail.First || !c.Complete) {
		b.line(2, word)
	}
	for _, f := range c.Fields {
		from := "not known"
		if c.Complete {
			from = fieldSaid(f.From)
		}
		b.line(4, f.Name+": "+from+" -> "+fieldSaid(f.To))
	}
	if c.Erased {
		b.line(2, "erased: nothing leaves until the subject grants again")
	}
	b.line(0, "")
}

// longestValue is what a terminal shows of a consent string; JSON has all of it.
const longestValue = 48

func fieldSaid(value *string) string {
	switch {
	case value == nil:
		return "not given"
	case *value == "":
		return `""`
	case len(*value) > longestValue:
		return (*value)[:longestValue] + "…"
	default:
		return *value
	}
}
