package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

type importFlags struct {
	file, author           string
	overwrite, dryRun, yes bool
	output                 string
}

func (r *root) consentImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import --file FILE",
		Short: "Write the consent records of an NDJSON file",
		Long: `Write the consent records of an NDJSON file: a record's fields, customer_id and
subject_id on each line; the last line of a subject wins. A file with a bad line
is refused whole, and so is one with a customer that no resource names, which is
probably misspelt; --yes insists.

Two kinds of records are left out, with a warning, unless --overwrite is given:
those of erased subjects that grant no ad_user_data themselves, because they would
remove the erasure, and those that are older than what stands there.`,
		Example: `  sluice consent import --file consent.ndjson --dry-run
  sluice consent import --file consent.ndjson`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.consentImport(ctx, env, &f) })
		},
	}
	cmd.Flags().StringVar(&f.file, "file", "", "NDJSON file, - for standard input (required)")
	cmd.Flags().BoolVar(&f.overwrite, "overwrite", false, "also write what would undo an erasure or a newer choice")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "count and write nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do it although no resource names a customer of the file")
	cmd.Flags().StringVar(&f.author, "author", "", "who, for the history (default: the user of this machine)")
	require(cmd, "file")
	completeFiles(cmd, "file", "ndjson", "json")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) consentImport(ctx context.Context, env *boot.Env, f *importFlags) error {
	records, err := r.readRecords(f.file)
	if err != nil {
		return err
	}
	if !f.yes {
		customers := map[string]bool{}
		for i := range records {
			customers[records[i].CustomerID] = true
		}
		if err := knownCustomers(ctx, env, "customer_id in "+f.file, slices.Sorted(maps.Keys(customers))...); err != nil {
			return err
		}
	}
	admin, err := boot.ConsentAdmin(env)
	if err != nil {
		return err
	}
	answer, err := admin.Import(ctx, consentadmin.ImportRequest{
		Records: records, Author: consentadmin.Author{Name: r.authorOr(f.author), Method: "sluice consent import"}, Overwrite: f.overwrite, DryRun: f.dryRun,
	})
	if err != nil {
		return err
	}
	return r.printImport(f, &answer)
}

// readRecords reads a whole file, so that a bad line stops all of it.
func (r *root) readRecords(name string) ([]codec.SubjectRecord, error) {
	in, err := r.open("file", name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var records []codec.SubjectRecord
	var notes lines.ConsentNotes
	err = lines.EachConsent(name, in, &notes, func(record *codec.SubjectRecord) error {
		records = append(records, *record)
		return nil
	})
	fmt.Fprint(r.Err, notes.String())
	return records, usage(err)
}

func (r *root) printImport(f *importFlags, i *consentadmin.ImportAnswer) error {
	warn := func(n int, what string) {
		if n == 0 {
			return
		}
		done := "left out"
		if f.overwrite {
			done = "written all the same"
		}
		_, _ = fmt.Fprintf(r.Err, "warning: %s %s: %s\n", count(n, "record"), what, done)
	}
	warn(i.Erased, "without a grant would remove an erasure")
	warn(i.Older, "older than what stands there")
	if i.Malformed > 0 {
		_, _ = fmt.Fprintf(r.Err, "warning: %d of the records are malformed, which denies\n", i.Malformed)
	}
	if f.output == "json" {
		return printJSON(r.Out, i)
	}
	text := "%s written, of %d subjects in the file\n"
	if i.DryRun {
		text = "%s would be written, of %d subjects in the file; nothing was\n"
	}
	_, err := fmt.Fprintf(r.Out, text, count(i.Written, "record"), i.Records)
	return err
}

type purgeFlags struct {
	olderThan   string
	author      string
	customers   []string
	dryRun, yes bool
	output      string
}

func (r *root) consentPurgeCommand() *cobra.Command {
	var f purgeFlags
	cmd := &cobra.Command{
		Use:   "purge --older-than AGE",
		Short: "Remove markers of erasures after which nothing older can be pending",
		Long: `Remove the markers that erasures have left, once nothing from before them can be
decided or sent any more: not from the analytics topic, not from a waiting place,
not from the dead letters. A marker that is younger than the longest retention of
those topics is refused; where the analytics topic is kept for ever, a replay could
still read older events, and --yes says that nobody will.`,
		Example: `  sluice consent purge --older-than 60d --dry-run
  sluice consent purge --older-than 60d`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error { return r.consentPurge(ctx, env, &f) })
		},
	}
	cmd.Flags().StringVar(&f.olderThan, "older-than", "", "age of the erasure, such as 60d (required)")
	cmd.Flags().StringSliceVar(&f.customers, "customer", nil, "only these customers")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "count and write nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "do it although the analytics topic keeps its events for ever")
	cmd.Flags().StringVar(&f.author, "author", "", "who, for the history (default: the user of this machine)")
	require(cmd, "older-than")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

func (r *root) consentPurge(ctx context.Context, env *boot.Env, f *purgeFlags) error {
	ms, err := document.ParseMilliseconds(f.olderThan)
	if err != nil || ms <= 0 {
		return usagef("--older-than %s: want a duration such as 60d", f.olderThan)
	}
	admin, err := boot.ConsentAdmin(env)
	if err != nil {
		return err
	}
	answer, err := admin.Purge(ctx, consentadmin.PurgeRequest{
		OlderThan: time.Duration(ms) * time.Millisecond, Customers: f.customers, DryRun: f.dryRun, KeptForEver: f.yes,
		Author: consentadmin.Author{Name: r.authorOr(f.author), Method: "sluice consent purge"},
	})
	if pending, is := errors.AsType[*consentadmin.PendingError](err); is {
		return f.refused(pending)
	}
	if err != nil {
		return err
	}
	if f.output == "json" {
		return printJSON(r.Out, answer)
	}
	text := count(answer.Purged, "marker") + " removed\n"
	switch {
	case answer.Purged == 0:
		text = "nothing matches: no erasure is older than " + f.olderThan + "\n"
	case f.dryRun:
		text = count(answer.Purged, "marker") + " would be removed; nothing was\n"
	}
	_, err = fmt.Fprint(r.Out, text)
	return err
}

// refused says what to do about an age at which something older can still be
// pending.
func (f *purgeFlags) refused(why *consentadmin.PendingError) error {
	if why.Forever {
		return usagef("%w\n  fix: limit its retention, or give --yes", why)
	}
	return usagef("--older-than %s: %w\n  fix: give at least %s", f.olderThan, why, document.FormatMilliseconds(why.Keeps.Milliseconds()))
}
