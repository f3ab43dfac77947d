package boot

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// DataRecord is the record of what leaves where, under which legal setting, and
// what is kept how long, from the live resources and topics.
type DataRecord struct {
	MadeAt string              `json:"made_at"`
	Flows  []resource.DataFlow `json:"destinations"`
	Rules  []PolicyRules       `json:"policies"`
	Kept   []KeptTopic         `json:"topics"`
	KeyID  string              `json:"privacy_key_id"`
}

// PolicyRules are the rules of one policy by jurisdiction.
type PolicyRules struct {
	Policy   string    `json:"policy"`
	Version  string    `json:"version"`
	Lifetime string    `json:"consent_lifetime,omitempty"`
	Rows     []RuleRow `json:"jurisdictions"`
}

// RuleRow is what holds in one jurisdiction, resolved.
type RuleRow struct {
	Jurisdiction string `json:"jurisdiction"` // "everywhere else" for the default
	Regime       string `json:"regime"`
	HonourGPC    bool   `json:"honour_gpc"`
	HonourDNT    bool   `json:"honour_dnt"`
	Sensitive    string `json:"sensitive"` // explicit grants, or blocked
	Source       string `json:"source,omitempty"`
}

// KeptTopic is one topic with how long it keeps records.
type KeptTopic struct {
	Topic    string `json:"topic"`
	Keeps    string `json:"keeps"`
	Personal string `json:"personal_data"`
	Why      string `json:"why"`
}

// DataRecord makes the record.
func (e *Env) DataRecord(ctx context.Context) (*DataRecord, error) {
	current, _, err := Applier(e).Current(ctx)
	if err != nil {
		return nil, err
	}
	set, _ := resource.Compile(current, ForResources(e.Providers()))
	record := &DataRecord{MadeAt: e.Now().UTC().Format(time.RFC3339), Flows: resource.DataFlows(set), KeyID: e.Config.Privacy.KeyID}
	if record.Flows == nil {
		record.Flows = []resource.DataFlow{}
	}
	used := map[string]bool{}
	for _, f := range record.Flows {
		used[f.Policy] = true
	}
	for _, id := range slices.Sorted(maps.Keys(used)) {
		if policy, ok := set.Policy(id); ok {
			record.Rules = append(record.Rules, rulesOf(policy))
		}
	}
	record.Kept, err = e.kept(ctx)
	return record, err
}

func rulesOf(p *consent.Policy) PolicyRules {
	rules := PolicyRules{Policy: p.ID, Version: p.Version}
	if p.Lifetime > 0 {
		rules.Lifetime = document.FormatMilliseconds(p.Lifetime.Milliseconds())
	}
	row := func(name string, rule consent.Rule) {
		sensitive := "explicit grants"
		if rule.SensitiveBlocked {
			sensitive = "blocked"
		}
		rules.Rows = append(rules.Rows, RuleRow{name, rule.Regime.String(), !rule.IgnoreGPC, !rule.IgnoreDNT, sensitive, rule.Source})
	}
	for _, key := range slices.Sorted(maps.Keys(p.Jurisdictions)) {
		if place, ok := consent.ParseJurisdiction(key); ok {
			row(key, p.At(consent.Place{Location: place}))
		}
	}
	row("everywhere else", p.At(consent.Place{}))
	return rules
}

// kept asks the cluster how long each topic keeps its records.
func (e *Env) kept(ctx context.Context) ([]KeptTopic, error) {
	declared, err := e.Topology(topology.Options{})
	if err != nil {
		return nil, err
	}
	input := e.Config.Topics.Input
	names := append([]string{input}, namesOf(declared)...)
	if err := e.Cluster.RequireTopics(ctx, names...); err != nil {
		return nil, err
	}
	retentions, err := e.Cluster.Retentions(ctx, names...)
	if err != nil {
		return nil, err
	}
	var all []KeptTopic
	for i, r := range retentions {
		k := KeptTopic{Topic: r.Topic, Keeps: document.FormatMilliseconds(r.Keeps.Milliseconds()), Personal: "in clear", Why: "the customer's analytics; Sluice only reads it"}
		if i > 0 {
			t := declared[i-1]
			k.Why, k.Personal = t.Why, e.personal(&t)
		}
		if r.Forever {
			k.Keeps = "until replaced or removed"
		}
		all = append(all, k)
	}
	return all, nil
}

// personal says in which form personal data stands in a topic of ours.
func (e *Env) personal(t *topology.Topic) string {
	n := e.Names
	switch {
	case t.PersonalData:
		return "in clear"
	case slices.Contains([]string{n.Destinations(), n.Mappings(), n.Policies(), n.DestinationStatus(), n.State()}, t.Name):
		return "none"
	case t.Name == n.Diagnostics():
		return "subject as keyed hash"
	case t.Name == n.Consent():
		return "subject id, choices"
	default:
		return "as built for the provider"
	}
}
