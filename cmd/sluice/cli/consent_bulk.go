package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/lines"
)

type importFlags struct {
	file, author      string
	overwrite, dryRun bool
	output            string
}

func (r *root) consentImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import --file FILE",
		Short: "Write the consent records of an NDJSON file",
		Long: `Write the consent records of an NDJSON file: a record's fields, customer_id and
subject_id on each line; the last line of a subject wins. A file with a bad line
is refused whole.

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
	cmd.Flags().StringVar(&f.author, "author", "", "who, for the history (default: the user of this machine)")
	require(cmd, "file")
	completeFiles(cmd, "file", "ndjson", "json")
	outputFlag(cmd, &f.output, "table", "json")
	r.connecting(cmd)
	return cmd
}

// imported is what a file comes to.
type imported struct {
	Records   int  `json:"records"`
	Written   int  `json:"written"`
	Malformed int  `json:"malformed"`
	Erased    int  `json:"would_remove_erasure"`
	Older     int  `json:"older_than_what_stands"`
	DryRun    bool `json:"dry_run"`
}

func (r *root) consentImport(ctx context.Context, env *boot.Env, f *importFlags) error {
	records, keys, err := r.readRecords(f.file)
	if err != nil {
		return err
	}
	standing, err := env.Consents(ctx, func(key string) bool { _, meant := records[key]; return meant })
	if err != nil {
		return err
	}
	result := imported{Records: len(keys), DryRun: f.dryRun}
	var chosen []codec.SubjectRecord
	for _, key := range keys {
		record := records[key]
		entry := standing[key]
		removes := entry != nil && entry.Erased && !record.Record.Erased && !boot.Grants(&record.Record)
		older := entry != nil && !removes && entry.Record.UpdatedAt > record.Record.UpdatedAt
		if consent.NormaliseRecord(record.Record, 0).Malformed != consent.WellFormed {
			result.Malformed++
		}
		if removes {
			result.Erased++
		}
		if older {
			result.Older++
		}
		if f.overwrite || !removes && !older {
			chosen = append(chosen, record)
		}
	}
	if !f.dryRun && len(chosen) > 0 {
		writer, err := env.ConsentWriter(ctx, boot.ConsentAuthor{Name: r.authorOr(f.author), Method: "sluice consent import"})
		if err != nil {
			return err
		}
		if err := writer.Write(ctx, chosen...); err != nil {
			return err
		}
	}
	result.Written = len(chosen)
	return r.printImport(f, result)
}

// readRecords reads a whole file, so that a bad line stops all of it. It gives
// the records by key, and the keys in order.
func (r *root) readRecords(name string) (map[string]codec.SubjectRecord, []string, error) {
	in, err := r.open("file", name)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	records, keys := map[string]codec.SubjectRecord{}, []string{}
	var notes lines.ConsentNotes
	err = lines.EachConsent(name, in, &notes, func(record *codec.SubjectRecord) error {
		key := string(event.Key(nil, record.CustomerID, record.SubjectID.Reveal(), ""))
		if _, again := records[key]; !again {
			keys = append(keys, key)
		}
		records[key] = *record
		return nil
	})
	fmt.Fprint(r.Err, notes.String())
	return records, keys, usage(err)
}

func (r *root) printImport(f *importFlags, i imported) error {
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
	older := time.Duration(ms) * time.Millisecond
	if err := f.safe(ctx, env, older); err != nil {
		return err
	}
	ends, err := env.ConsentEnds(ctx)
	if err != nil {
		return err
	}
	before := env.Now().Add(-older)
	entries, err := env.Consents(ctx, f.wants)
	if err != nil {
		return err
	}
	var keys []string
	for key, entry := range entries {
		if entry.Record.Erased && entry.StoredAt.Before(before) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	restored := 0
	if !f.dryRun && len(keys) > 0 {
		writer, err := env.ConsentWriter(ctx, boot.ConsentAuthor{Name: r.authorOr(f.author), Method: "sluice consent purge"})
		if err != nil {
			return err
		}
		if restored, err = writer.Purge(ctx, keys, ends); err != nil {
			return err
		}
	}
	if f.output == "json" {
		return printJSON(r.Out, struct {
			Purged   int  `json:"purged"`
			Restored int  `json:"written_again"`
			DryRun   bool `json:"dry_run"`
		}{len(keys), restored, f.dryRun})
	}
	text := count(len(keys), "marker") + " removed\n"
	switch {
	case len(keys) == 0:
		text = "nothing matches: no erasure is older than " + f.olderThan + "\n"
	case f.dryRun:
		text = count(len(keys), "marker") + " would be removed; nothing was\n"
	}
	_, err = fmt.Fprint(r.Out, text)
	return err
}

func (f *purgeFlags) wants(key string) bool {
	if len(f.customers) == 0 {
		return true
	}
	return slices.ContainsFunc(f.customers, func(c string) bool { return len(key) > len(c) && key[:len(c)] == c && key[len(c)] == ':' })
}

// safe refuses an age at which something older can still be pending.
func (f *purgeFlags) safe(ctx context.Context, env *boot.Env, older time.Duration) error {
	topics := env.PendingTopics()
	if err := env.Cluster.RequireTopics(ctx, topics...); err != nil {
		return err
	}
	kept, err := env.Cluster.Retentions(ctx, topics...)
	if err != nil {
		return err
	}
	for _, k := range kept {
		switch {
		case k.Forever && !f.yes && !f.dryRun:
			return usagef("%s keeps its records for ever, so that older events of an erased subject could still be read\n  fix: limit its retention, or give --yes", k.Topic)
		case !k.Forever && older < k.Keeps:
			return usagef("--older-than %s: %s keeps its records for %s, so that older events of an erased subject can still be pending\n  fix: give at least %s",
				f.olderThan, k.Topic, document.FormatMilliseconds(k.Keeps.Milliseconds()), document.FormatMilliseconds(k.Keeps.Milliseconds()))
		}
	}
	return nil
}
