package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/ops/dataflow"
)

func (r *root) dataFlowCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "data-flow",
		GroupID: "see",
		Short:   "Write the record of what leaves where, why it may, and what is kept how long",
		Long: `Write the data-flow and retention record for privacy counsel, from the resources
that are applied and the topics as they are: for each destination which events and
identifiers may leave and which purposes must be allowed; for each policy the rules
by jurisdiction with their sources; for each topic what it holds and how long.

It is Markdown, or JSON with the same content. It describes settings; whether they
are enough is for counsel to say.`,
		Example: `  sluice data-flow > data-flow.md
  sluice data-flow --output json | jq '.destinations[] | {destination_id, identifiers, purposes}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.withEnv(cmd, func(ctx context.Context, env *boot.Env) error {
				recorder, err := boot.DataFlow(env)
				if err != nil {
					return err
				}
				record, err := recorder.Record(ctx)
				if err != nil {
					return err
				}
				if output == "json" {
					return printJSON(r.Out, record)
				}
				_, err = fmt.Fprint(r.Out, recordText(record))
				return err
			})
		},
	}
	outputFlag(cmd, &output, "markdown", "json")
	r.connecting(cmd)
	return cmd
}

// recordCommand refuses the name that data-flow had.
func (r *root) recordCommand() *cobra.Command {
	return &cobra.Command{
		Use: "record", Hidden: true, DisableFlagParsing: true,
		Short: "Renamed to sluice data-flow",
		RunE: func(*cobra.Command, []string) error {
			return usagef("sluice record is called sluice data-flow now; its flags and its output are the same")
		},
	}
}

// recordText is the record as a document.
func recordText(d *dataflow.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Data flows and retention\n\nMade %s by `sluice data-flow` from the live resources and topics. It describes\nsettings and is not legal advice.\n", d.MadeAt)
	b.WriteString("\n## What leaves\n\nNothing leaves to a destination or for an event that is not listed. E-mail\naddresses, phone numbers, names, dates of birth and streets leave hashed; IP\naddress, user agent, click and browser ids, region and postal code leave as the\nprovider takes them. Custom properties leave only where they are named.\n")
	for i := range d.Flows {
		flowText(&b, &d.Flows[i])
	}
	if len(d.Flows) == 0 {
		b.WriteString("\nNo destination is applied: nothing leaves.\n")
	}
	b.WriteString("\n## Under which rules\n")
	for _, p := range d.Rules {
		fmt.Fprintf(&b, "\n### Policy %s, version %s\n\n", p.Policy, cmp.Or(p.Version, "(none)"))
		if p.Lifetime != "" {
			fmt.Fprintf(&b, "A grant is good for %s.\n\n", p.Lifetime)
		}
		b.WriteString("| place | regime | GPC | DNT | sensitive | source |\n| --- | --- | --- | --- | --- | --- |\n")
		for _, row := range p.Rows {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", row.Jurisdiction, row.Regime, honoured(row.HonourGPC), honoured(row.HonourDNT), row.Sensitive, cell(row.Source))
		}
	}
	b.WriteString("\n## What is kept, and how long\n\n| topic | kept | personal data | for |\n| --- | --- | --- | --- |\n")
	for _, t := range d.Kept {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", t.Topic, t.Keeps, t.Personal, cell(t.Why))
	}
	b.WriteString("\nRedis holds hashed ids of events for the time named with each destination.\n")
	if d.KeyID != "" {
		fmt.Fprintf(&b, "Subjects in diagnostics are hashed with the key `%s`; destroying it unlinks them.\n", d.KeyID)
	}
	if d.SealKeyID == "" {
		b.WriteString("Original events are kept in clear: an erasure stops them from leaving, and they go with the retention of their topics (`erase.keys` seals them).\n")
	} else {
		fmt.Fprintf(&b, "Original events are sealed, and erasing a subject destroys the keys of its own; the installation key `%s` wraps those and is not in Kafka. An erased key leaves the disks with the compaction of `subject-keys`: within two days, as declared.\n", d.SealKeyID)
	}
	return b.String()
}

func honoured(yes bool) string {
	if yes {
		return "honoured"
	}
	return "ignored"
}

// cell keeps text inside a table's cell.
func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", "\\|"), "\n", " ")
}

func flowText(b *strings.Builder, f *resource.DataFlow) {
	fmt.Fprintf(b, "\n### %s\n\n| setting | value |\n| --- | --- |\n", f.Destination)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "| %s | %s |\n", name, cell(value))
		}
	}
	row("customer", f.Customer)
	row("owner", f.Owner)
	row("recipient", f.Provider+" "+f.Account)
	row("state", f.State)
	row("terms accepted", cmp.Or(f.TermsAccepted, "no"))
	row("accepted documents", strings.Join(f.TermsDocuments, ", "))
	row("identifiers that may leave", cmp.Or(strings.Join(f.Identifiers, ", "), "none"))
	row("purposes that must be allowed", strings.Join(f.Purposes, ", "))
	row("policy", f.Policy)
	row("where a signal objects, consent is denied, or unknown", f.Choice+", "+f.Denied+", "+f.Unknown)
	row("sensitive", f.Sensitive)
	row("hashed ids of delivered events are kept", document.FormatMilliseconds(f.ClaimMS))
	if len(f.Events) == 0 {
		b.WriteString("\nNo mapping: nothing leaves.\n")
		return
	}
	b.WriteString("\n| event | leaves as | page URL | beyond the standard fields |\n| --- | --- | --- | --- |\n")
	for _, e := range f.Events {
		extra := append([]string(nil), e.Extra...)
		if len(e.Purposes) > 0 {
			extra = append(extra, "also needs "+strings.Join(e.Purposes, ", "))
		}
		if e.Condition != "" {
			extra = append(extra, "only if "+e.Condition)
		}
		if !e.Enabled {
			extra = append(extra, "disabled")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", e.SourceEvent, e.Target, e.URL, cell(strings.Join(extra, "; ")))
	}
}
