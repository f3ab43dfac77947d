package resource

import (
	"slices"
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
)

// The functions below give a resource as the tree of its document, without
// what is the default anyway. Hashes, exports and plans are made from it, so
// they cannot disagree about what a resource contains.

func documentTree(kind string, metadata, spec *tree) *tree {
	return newMap().putText("apiVersion", apiVersion).putText("kind", kind).put("metadata", metadata).put("spec", spec)
}

func newMap() *tree { return &tree{shape: shapeMap} }

func destinationTree(d *Destination) *tree {
	metadata := newMap().putText("name", d.ID).putText("customer", d.Customer).putText("owner", d.Owner).putText("runbook", d.Runbook)
	spec := newMap().putText("provider", d.Provider).put("active", onlyTrue(d.Active)).put("paused", onlyTrue(d.Paused))
	if d.Mode == ModeShadow {
		spec.putText("mode", d.Mode.String())
	}
	spec.put("account", orEmptyMap(treeFromJSON(d.Account))).putText("secret", d.Secret).put("terms", termsTree(d.Terms))
	if d.HasIdentifiers {
		names := make([]string, 0, decision.KindCount)
		for _, k := range d.Identifiers.List() {
			names = append(names, k.String())
		}
		spec.put("identifiers", textsTree(names))
	}
	spec.put("consent", consentTree(d.Consent)).putText("sensitive", string(d.Sensitive))
	if d.BrowserTag != nil {
		spec.put("browser_tag", boolTree(*d.BrowserTag))
	}
	if !slices.Equal(d.Traffic, []string{"live"}) {
		spec.put("traffic", textsTree(d.Traffic))
	}
	spec.put("contextual_only", onlyTrue(d.ContextualOnly))
	spec.put("defaults", newMap().putText("phone_country", d.Defaults.PhoneCountry).putText("currency", d.Defaults.Currency).orNil())
	spec.put("dedup", dedupTree(d.Dedup)).put("delivery", deliveryTree(d.Delivery)).put("objectives", objectivesTree(d.Objectives))
	if section := treeFromJSON(d.Section); section != nil {
		spec.put(d.Provider, section)
	}
	return documentTree(KindDestination, metadata, spec)
}

func onlyTrue(b bool) *tree {
	if !b {
		return nil
	}
	return boolTree(true)
}

func orEmptyMap(t *tree) *tree {
	if t == nil {
		return newMap()
	}
	return t
}

func termsTree(t Terms) *tree {
	out := newMap().putText("accepted_by", t.AcceptedBy).putText("accepted_at", t.AcceptedAt)
	if len(t.Documents) > 0 {
		list := &tree{shape: shapeList}
		for _, doc := range t.Documents {
			list.list = append(list.list, newMap().putText("name", doc.Name).putText("version", doc.Version))
		}
		out.put("documents", list)
	}
	return out.orNil()
}

func consentTree(c ConsentSpec) *tree {
	out := newMap()
	if c.Policy != DefaultPolicy {
		out.putText("policy", c.Policy)
	}
	putChoice := func(key string, choice OnFail) {
		if choice != Skip {
			out.putText(key, choice.String())
		}
	}
	putChoice("choice", c.Choice)
	putChoice("denied", c.Denied)
	putChoice("unknown", c.Unknown)
	return out.put("requires", requiresTree(c.Requires)).orNil()
}

func requiresTree(set consent.PurposeSet) *tree {
	if set == 0 {
		return nil
	}
	return textsTree(set.Names())
}

func dedupTree(d DedupSpec) *tree {
	out := newMap()
	if d.WindowMS != DefaultDedupWindowMS {
		out.putText("window", FormatDuration(d.WindowMS))
	}
	if d.AlsoByTransaction {
		out.putText("also_by", "transaction_id")
	}
	return out.orNil()
}

func deliveryTree(d DeliverySpec) *tree {
	out := newMap()
	if d.RatePerSecond > 0 {
		out.putText("rate", formatRate(d.RatePerSecond))
	}
	if d.RetryForMS != DefaultRetryForMS {
		out.putText("retry_for", FormatDuration(d.RetryForMS))
	}
	if d.MinClickAgeMS >= 0 {
		out.putText("min_click_age", FormatDuration(d.MinClickAgeMS))
	}
	return out.put("exact_diagnostics", onlyTrue(d.ExactDiagnostics)).orNil()
}

func objectivesTree(o Objectives) *tree {
	out := newMap()
	if o.SLAMS > 0 {
		out.putText("sla", FormatDuration(o.SLAMS))
	}
	if len(o.ExpectedPerDay) > 0 {
		expected := newMap()
		for _, event := range sortedKeys(o.ExpectedPerDay) {
			expected.put(event, numberTree(strconv.FormatInt(o.ExpectedPerDay[event], 10)))
		}
		out.put("expected_per_day", expected)
	}
	return out.orNil()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// mappingTree gives one record in the short form. The provider's section needs
// its name, which the record itself does not know: it is told by the caller
// where it matters (export) and is "section" otherwise.
func mappingTree(m *Mapping) *tree { return mappingTreeFor(m, "section") }

func mappingTreeFor(m *Mapping, provider string) *tree {
	spec := newMap().putText("destination", m.DestinationID).putText("event", m.SourceEvent).putText("provider_event", m.ProviderEvent)
	if !m.Enabled {
		spec.put("enabled", boolTree(false))
	}
	if m.Lane != decision.LaneBatch {
		spec.putText("lane", m.Lane.String())
	}
	if m.MaxWaitMS > 0 {
		spec.putText("max_wait", FormatDuration(m.MaxWaitMS))
	}
	spec.putText("when", m.When)
	if len(m.Fields) > 0 {
		fields := newMap()
		for _, name := range sortedKeys(m.Fields) {
			fields.putText(name, m.Fields[name])
		}
		spec.put("fields", fields)
	}
	spec.putText("item_id", m.ItemID)
	if len(m.Include) > 0 {
		spec.put("include", textsTree(sortedKeys(m.Include)))
	}
	putList := func(key string, list []string) {
		if len(list) > 0 {
			spec.put(key, textsTree(list))
		}
	}
	putList("properties", m.Properties)
	putList("url_parameters", m.URLParameters)
	spec.putText("url", m.URL).put("consent", newMap().put("requires", requiresTree(m.Requires)).orNil())
	spec.putText("sensitive", string(m.Sensitive)).putText("from_template", m.FromTemplate)
	if section := treeFromJSON(m.Section); section != nil {
		spec.put(provider, section)
	}
	return documentTree(KindMapping, newMap().putText("name", m.Name), spec)
}

func policyTree(p *consent.Policy) *tree {
	metadata := newMap().putText("name", p.ID).putText("customer", p.Customer)
	spec := newMap().putText("version", p.Version).put("default", policyRowTree(p.Default))
	if p.Lifetime > 0 {
		spec.putText("consent_lifetime", FormatDuration(p.Lifetime.Milliseconds()))
	}
	spec.put("minors", newMap().putText("child", p.Minors.Child).putText("teen", p.Minors.Teen).orNil())
	if len(p.Sensitive.Block) > 0 {
		spec.put("sensitive", newMap().put("block", textsTree(p.Sensitive.Block)))
	}
	rows := newMap()
	for _, key := range sortedKeys(p.Jurisdictions) {
		rows.put(key, policyRowTree(p.Jurisdictions[key]))
	}
	return documentTree(KindPolicy, metadata, spec.put("jurisdictions", rows.orNil()))
}

func policyRowTree(row consent.Row) *tree {
	out := newMap().putText("regime", row.Regime)
	putTri := func(key string, t consent.Tri) {
		if t != consent.Unset {
			out.put(key, boolTree(t == consent.True))
		}
	}
	putTri("honour_gpc", row.HonourGPC)
	putTri("honour_dnt", row.HonourDNT)
	return out.putText("gpc_required_since", row.GPCRequiredSince).putText("source", row.Source)
}
