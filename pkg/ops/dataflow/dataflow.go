// Package dataflow makes the record of what leaves where, under which legal
// setting, and what is kept how long, from the live resources and topics.
package dataflow

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// Record is the answer. Its JSON is that of `sluice data-flow --output json`.
type Record struct {
	MadeAt string              `json:"made_at"`
	Flows  []resource.DataFlow `json:"destinations"`
	Rules  []PolicyRules       `json:"policies"`
	Kept   []KeptTopic         `json:"topics"`
	KeyID  string              `json:"privacy_key_id"`
	// SealKeyID is the installation key with which originals are sealed; empty: they
	// are not.
	SealKeyID string `json:"erase_key_id"`
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

// topics are the cluster's.
type topics interface {
	RequireTopics(ctx context.Context, names ...string) error
	Retentions(ctx context.Context, topics ...string) ([]cluster.Retention, error)
}

// Deps of a Recorder; all are needed.
type Deps struct {
	Topics topics
	// Applied is what is applied now.
	Applied   func(ctx context.Context) (*resource.Resources, []resource.Problem, error)
	Resources resource.Installation
	// Declared are the topics of the installation beside Input.
	Declared []topology.Topic
	Input    string
	Names    topology.Names
	// KeyID names the key with which diagnostics hash subjects.
	KeyID string
	// SealKeyID names the installation key that seals originals; empty: none.
	SealKeyID string
	Now       func() time.Time
}

// Recorder holds nothing open and is safe for concurrent use.
type Recorder struct{ deps Deps }

// New makes a Recorder.
func New(deps Deps) *Recorder { return &Recorder{deps} }

// Record makes the record.
func (r *Recorder) Record(ctx context.Context) (*Record, error) {
	current, _, err := r.deps.Applied(ctx)
	if err != nil {
		return nil, err
	}
	set, _ := resource.Compile(current, r.deps.Resources)
	record := &Record{MadeAt: r.deps.Now().UTC().Format(time.RFC3339), Flows: resource.DataFlows(set), KeyID: r.deps.KeyID, SealKeyID: r.deps.SealKeyID}
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
	record.Kept, err = r.kept(ctx)
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
func (r *Recorder) kept(ctx context.Context) ([]KeptTopic, error) {
	names := []string{r.deps.Input}
	for i := range r.deps.Declared {
		names = append(names, r.deps.Declared[i].Name)
	}
	if err := r.deps.Topics.RequireTopics(ctx, names...); err != nil {
		return nil, err
	}
	retentions, err := r.deps.Topics.Retentions(ctx, names...)
	if err != nil {
		return nil, err
	}
	var all []KeptTopic
	for i, kept := range retentions {
		k := KeptTopic{Topic: kept.Topic, Keeps: document.FormatMilliseconds(kept.Keeps.Milliseconds()), Personal: "in clear", Why: "the customer's analytics; Sluice only reads it"}
		if i > 0 {
			t := r.deps.Declared[i-1]
			k.Why, k.Personal = t.Why, r.personal(&t)
		}
		if kept.Forever {
			k.Keeps = "until replaced or removed"
		}
		all = append(all, k)
	}
	return all, nil
}

// personal says in which form personal data stands in a topic of ours.
func (r *Recorder) personal(t *topology.Topic) string {
	n := r.deps.Names
	switch {
	case t.PersonalData && r.deps.SealKeyID == "":
		return "in clear"
	case t.Name == n.Hold():
		return "sealed, a key per event; subject id"
	case t.PersonalData:
		return "sealed to the installation"
	case t.Name == n.SubjectKeys():
		return "subject id, wrapped keys"
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
