package cli

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluicehq/sluice/cmd/sluice/terminal"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/ops/consentadmin"
)

// consentJSON is a subject's record for programs: what an NDJSON file of
// records has, and what is known about the record.
type consentJSON struct {
	Found      bool            `json:"found"`
	Erased     bool            `json:"erased"`
	Unreadable bool            `json:"unreadable"`
	StoredAt   string          `json:"stored_at,omitempty"`
	Record     json.RawMessage `json:"record,omitempty"`
}

func (r *root) printConsent(f *consentFlags, entry *consentadmin.Entry) error {
	if f.output == "json" {
		out := consentJSON{Found: entry != nil}
		if entry != nil {
			out.Erased, out.Unreadable = entry.Erased, entry.Unreadable
			out.StoredAt = entry.StoredAt.UTC().Format(time.RFC3339)
			s := codec.SubjectRecord{CustomerID: f.customer, SubjectID: f.who().ID, Record: entry.Record}
			out.Record = codec.AppendConsentJSON(nil, &s)
		}
		return printJSON(r.Out, out)
	}
	switch {
	case entry == nil:
		_, err := fmt.Fprintln(r.Out, "no record: only what events say themselves counts")
		return err
	case entry.Unreadable:
		_, err := fmt.Fprintln(r.Out, "the record cannot be read, which denies everything; write it again with sluice consent set")
		return err
	}
	g := grid{header: []any{"field", "value"}, rows: consentRows(terminal.Shown(&entry.Record))}
	if entry.Erased {
		g.rows = append(g.rows, []any{"erased", "yes: nothing leaves until the subject grants again"})
	}
	return printGrid(r.Out, g)
}

func consentRows(record *consent.Record) [][]any {
	text := func(f consent.Field) string {
		if !f.Given {
			return "not given"
		}
		return f.Value
	}
	tri := func(t consent.Tri) string {
		switch t {
		case consent.True:
			return "true"
		case consent.False:
			return "false"
		default:
			return "not given"
		}
	}
	rows := [][]any{
		{"ad_storage", text(record.AdStorage)}, {"ad_user_data", text(record.AdUserData)},
		{"ad_personalization", text(record.AdPersonalization)}, {"analytics_storage", text(record.AnalyticsStorage)},
		{"gpc", tri(record.GPC)}, {"dnt", tri(record.DNT)},
	}
	optional := func(name, value string) {
		if value != "" {
			rows = append(rows, []any{name, value})
		}
	}
	optional("tcf", record.TCF.Value)
	optional("gpp", record.GPP.Value)
	optional("age_group", record.AgeGroup.Value)
	if record.OptOutOverridden {
		optional("opt_out_overridden", "true")
	}
	optional("source", record.Source)
	optional("policy_version", record.PolicyVersion)
	return append(rows, []any{"updated_at", time.UnixMilli(record.UpdatedAt).UTC().Format(time.RFC3339)})
}
