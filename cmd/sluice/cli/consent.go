package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
)

type consentFlags struct {
	customer, subject     string
	grant, deny           []string
	gpc, dnt, age         string
	source, policyVersion string
	overridden            bool
	dryRun, yes           bool
	author                string
	output                string
}

func (r *root) consentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "consent",
		GroupID: "mend",
		Short:   "See, change and erase what subjects have consented to",
		Long: `See, change and erase what subjects have consented to.

The consent topic is the customer's consent service's; these commands write to it
as the service does, for single subjects and for whole files. Routers and senders
follow it within seconds.`,
		Args: noCommand,
		RunE: help,
	}
	cmd.AddCommand(r.consentGetCommand(), r.consentHistoryCommand(), r.consentSetCommand(), r.consentRevokeCommand(), r.consentEraseCommand(), r.consentImportCommand(), r.consentPurgeCommand())
	return cmd
}

func (r *root) subjectFlags(cmd *cobra.Command, f *consentFlags) {
	cmd.Flags().StringVar(&f.customer, "customer", "", "the customer (required)")
	cmd.Flags().StringVar(&f.subject, "subject", "", "the subject's id, as events carry it (required)")
	require(cmd, "customer", "subject")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
}

// changeFlags are those of commands that change a subject's record.
func (r *root) changeFlags(cmd *cobra.Command, f *consentFlags) {
	cmd.Flags().StringVar(&f.author, "author", "", "who, for the history (default: the user of this machine)")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do it although no resource names the customer")
	r.subjectFlags(cmd, f)
}

// by is whoever changes consent with a command.
func (r *root) by(f *consentFlags, method string) consentadmin.Author {
	return consentadmin.Author{Name: r.authorOr(f.author), Method: method}
}

func (f *consentFlags) who() consentadmin.Subject {
	return consentadmin.Subject{Customer: f.customer, ID: identity.NewRaw(f.subject)}
}

// known refuses a customer that is probably misspelt.
func (f *consentFlags) known(ctx context.Context, env *boot.Env) error {
	if f.yes {
		return nil
	}
	return knownCustomers(ctx, env, "--customer", f.customer)
}

func (r *root) consentGetCommand() *cobra.Command {
	var f consentFlags
	cmd := &cobra.Command{
		Use:   "get",
		Short: "Show a subject's record",
		Long: `Show a subject's consent record as it stands. What an event's own snapshot says
may be newer; "sluice trace" shows which of them decided.`,
		Example: `  sluice consent get --customer acme --subject s-4711`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error {
				r.noteCustomer(ctx, env, f.customer)
				admin, err := boot.ConsentAdmin(env)
				if err != nil {
					return err
				}
				entry, err := admin.Get(ctx, f.who())
				if err != nil {
					return err
				}
				return r.printConsent(&f, entry)
			})
		},
	}
	r.subjectFlags(cmd, &f)
	return cmd
}

func (r *root) consentSetCommand() *cobra.Command {
	var f consentFlags
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Change a subject's record",
		Long: `Change what is named in a subject's consent record and keep the rest. The time of
the choice is now. A subject who was erased gets a new record only where it grants
ad_user_data: anything else would remove the erasure silently.`,
		Example: `  sluice consent set --customer acme --subject s-4711 --grant ad_user_data --deny ad_storage
  sluice consent set --customer acme --subject s-4711 --gpc true`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error {
				return r.consentSet(ctx, env, &f, "sluice consent set")
			})
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.grant, "grant", nil, "purposes that are granted: ad_storage, ad_user_data, ad_personalization, analytics_storage")
	flags.StringSliceVar(&f.deny, "deny", nil, "purposes that are denied")
	flags.StringVar(&f.gpc, "gpc", "", "Global Privacy Control: true, false or unset")
	flags.StringVar(&f.dnt, "dnt", "", "Do Not Track: true, false or unset")
	flags.StringVar(&f.age, "age-group", "", "child, teen or adult")
	flags.BoolVar(&f.overridden, "opt-out-overridden", false, "the grants were given after the subject was shown the conflict with GPC or DNT")
	flags.StringVar(&f.source, "source", "sluice consent set", "where the choice was made, for audits")
	flags.StringVar(&f.policyVersion, "policy-version", "", "which text the subject has seen, for audits")
	completeWords(cmd, "grant", purposeWords...)
	completeWords(cmd, "deny", purposeWords...)
	completeWords(cmd, "gpc", "true", "false", "unset")
	completeWords(cmd, "dnt", "true", "false", "unset")
	completeWords(cmd, "age-group", "child", "teen", "adult")
	r.changeFlags(cmd, &f)
	return cmd
}

func (r *root) consentRevokeCommand() *cobra.Command {
	var f consentFlags
	cmd := &cobra.Command{
		Use:   "revoke",
		Short: "Deny every advertising purpose for a subject",
		Long: `Deny every advertising purpose for a subject. Nothing that was decided before and
is not sent yet starts later than 5 s after the record is readable. What a
provider has already is not taken back: "sluice consent erase" lists it.`,
		Example: `  sluice consent revoke --customer acme --subject s-4711`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error {
				f.deny = purposeWords[:3]
				return r.consentSet(ctx, env, &f, "sluice consent revoke")
			})
		},
	}
	cmd.Flags().StringVar(&f.source, "source", "sluice consent revoke", "where the choice was made, for audits")
	r.changeFlags(cmd, &f)
	return cmd
}

// purposeWords are the purposes of a record, the advertising ones first.
var purposeWords = []string{"ad_storage", "ad_user_data", "ad_personalization", "analytics_storage"}

// withEnv opens what a command needs and closes it.
func (r *root) withEnv(cmd *cobra.Command, run func(ctx context.Context, env *boot.Env) error) error {
	ctx, stop := signals(cmd.Context())
	defer stop()
	env, err := r.tool()
	if err != nil {
		return err
	}
	defer closing(r, env)
	return run(ctx, env)
}

func (r *root) consentSet(ctx context.Context, env *boot.Env, f *consentFlags, method string) error {
	var record consent.Record
	if err := f.change(&record); err != nil { // what is wrong is said before anything is connected to
		return err
	}
	if err := f.known(ctx, env); err != nil {
		return err
	}
	admin, err := boot.ConsentAdmin(env)
	if err != nil {
		return err
	}
	entry, err := admin.Set(ctx, consentadmin.SetRequest{Subject: f.who(), Author: r.by(f, method), Change: f.change})
	if errors.Is(err, consentadmin.ErrErased) {
		return usagef("%w\n  fix: nothing has to be written; only a new, explicit grant lifts an erasure", err)
	}
	if err != nil {
		return err
	}
	return r.printConsent(f, &entry)
}

// change makes the record what the flags say.
func (f *consentFlags) change(r *consent.Record) error {
	fields := map[string]*consent.Field{
		"ad_storage": &r.AdStorage, "ad_user_data": &r.AdUserData, "ad_personalization": &r.AdPersonalization, "analytics_storage": &r.AnalyticsStorage,
	}
	changed := len(f.grant)+len(f.deny) > 0
	for _, said := range []struct {
		words []string
		value string
	}{{f.grant, "granted"}, {f.deny, "denied"}} {
		for _, word := range said.words {
			field := fields[word]
			if field == nil {
				return usagef("purpose %s: want %s", word, strings.Join(purposeWords, ", "))
			}
			*field = consent.Text(said.value)
		}
	}
	for _, word := range f.grant {
		if slices.Contains(f.deny, word) {
			return usagef("purpose %s is granted and denied at once", word)
		}
	}
	if len(f.deny) > 0 {
		// A string of a consent tool that said otherwise would win where fields
		// and string disagree only if it is stricter; it stays for audits.
		r.OptOutOverridden = false
	}
	for _, signal := range []struct {
		name, text string
		into       *consent.Tri
	}{{"gpc", f.gpc, &r.GPC}, {"dnt", f.dnt, &r.DNT}} {
		if signal.text == "" {
			continue
		}
		tri, known := map[string]consent.Tri{"true": consent.True, "false": consent.False, "unset": consent.Unset}[signal.text]
		if !known {
			return usagef("--%s %s: want true, false or unset", signal.name, signal.text)
		}
		*signal.into, changed = tri, true
	}
	if f.age != "" {
		if !slices.Contains([]string{"child", "teen", "adult"}, f.age) {
			return usagef("--age-group %s: want child, teen or adult", f.age)
		}
		r.AgeGroup, changed = consent.Text(f.age), true
	}
	if f.overridden {
		r.OptOutOverridden, changed = true, true
	}
	if f.policyVersion != "" {
		r.PolicyVersion, changed = f.policyVersion, true
	}
	r.Source = f.source
	if !changed {
		return usagef("nothing to set: give --grant, --deny, --gpc, --dnt or --age-group")
	}
	return nil
}
