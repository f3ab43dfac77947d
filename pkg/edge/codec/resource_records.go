package codec

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/schemas"
)

// destinationFields lists the fields of schemas/destination.avsc.
func destinationFields(c *coder, d *resource.Destination) {
	c.str("id", &d.ID)
	c.str("customer_id", &d.Customer)
	c.str("owner", &d.Owner)
	c.str("runbook", &d.Runbook)
	c.str("provider", &d.Provider)
	c.boolean("active", &d.Active)
	c.boolean("paused", &d.Paused)
	word(c, "mode", &d.Mode, modeWords[d.Mode&1], parseMode)
	jsonField(c, "account", &d.Account)
	jsonField(c, "section", &d.Section)
	c.str("secret", &d.Secret)
	termsFields(c, &d.Terms)
	kindsField(c, d)
	c.record("consent")
	c.str("policy", &d.Consent.Policy)
	onFailField(c, "choice", &d.Consent.Choice)
	onFailField(c, "denied", &d.Consent.Denied)
	onFailField(c, "unknown", &d.Consent.Unknown)
	purposesField(c, "requires", &d.Consent.Requires)
	c.end()
	c.str("sensitive", (*string)(&d.Sensitive))
	pointerField(c, "browser_tag", &d.BrowserTag)
	c.strs("traffic", &d.Traffic)
	c.boolean("contextual_only", &d.ContextualOnly)
	c.record("defaults")
	c.str("phone_country", &d.Defaults.PhoneCountry)
	c.str("currency", &d.Defaults.Currency)
	c.end()
	c.record("prehashed")
	c.str("phone", &d.Prehashed.Phone)
	c.str("email", &d.Prehashed.Email)
	c.end()
	c.record("dedup")
	c.long("window_ms", &d.Dedup.WindowMS)
	alsoByField(c, &d.Dedup.AlsoByTransaction)
	c.end()
	c.record("delivery")
	c.double("rate_per_second", &d.Delivery.RatePerSecond)
	c.long("retry_for_ms", &d.Delivery.RetryForMS)
	c.long("min_click_age_ms", &d.Delivery.MinClickAgeMS)
	c.boolean("exact_diagnostics", &d.Delivery.ExactDiagnostics)
	c.end()
	c.record("objectives")
	c.long("sla_ms", &d.Objectives.SLAMS)
	mapField(c, "expected_per_day", &d.Objectives.ExpectedPerDay, func(v *int64) { c.long("expected_per_day", v) })
	c.end()
	c.str("hash", &d.Hash)
}

func termsFields(c *coder, t *resource.Terms) {
	c.record("terms")
	c.str("accepted_by", &t.AcceptedBy)
	c.str("accepted_at", &t.AcceptedAt)
	for l := c.array("documents", len(t.Documents)); c.next(&l); {
		grow(c, &t.Documents)
		c.record("")
		c.str("name", &t.Documents[l.i].Name)
		c.str("version", &t.Documents[l.i].Version)
		c.end()
	}
	c.end()
}

// mappingFields lists the fields of schemas/mapping.avsc.
func mappingFields(c *coder, m *resource.Mapping) {
	c.str("name", &m.Name)
	c.str("destination_id", &m.DestinationID)
	c.str("source_event", &m.SourceEvent)
	c.str("provider_event", &m.ProviderEvent)
	c.boolean("enabled", &m.Enabled)
	word(c, "lane", &m.Lane, m.Lane.String(), decision.ParseLane)
	c.long("max_wait_ms", &m.MaxWaitMS)
	c.str("when", &m.When)
	mapField(c, "fields", &m.Fields, func(v *string) { c.str("fields", v) })
	c.str("item_id", &m.ItemID)
	setField(c, "include", &m.Include)
	c.strs("properties", &m.Properties)
	c.strs("url_parameters", &m.URLParameters)
	c.str("url", &m.URL)
	purposesField(c, "requires", &m.Requires)
	c.str("sensitive", (*string)(&m.Sensitive))
	jsonField(c, "section", &m.Section)
	c.str("from_template", &m.FromTemplate)
	c.str("hash", &m.Hash)
}

// Policy is a policy's record: the policy and its content hash.
type Policy struct {
	consent.Policy
	Hash string
}

// policyFields lists the fields of schemas/policy.avsc.
func policyFields(c *coder, p *Policy) {
	c.str("id", &p.ID)
	c.str("customer_id", &p.Customer)
	c.str("version", &p.Version)
	rowFields(c, &p.Default)
	lifetime := p.Lifetime.Milliseconds()
	c.long("consent_lifetime_ms", &lifetime)
	if c.mode == reading {
		p.Lifetime = time.Duration(lifetime) * time.Millisecond
	}
	c.record("minors")
	c.str("child", &p.Minors.Child)
	c.str("teen", &p.Minors.Teen)
	c.str("gpp", &p.Minors.GPP)
	c.end()
	c.strs("sensitive_block", &p.Sensitive.Block)
	mapField(c, "jurisdictions", &p.Jurisdictions, func(r *consent.Row) { rowFields(c, r) })
	c.str("hash", &p.Hash)
	stringRuleFields(c, &p.TCF, &p.GPP)
}

// stringRuleFields are how IAB strings are read.
func stringRuleFields(c *coder, t *consent.TCFRules, g *consent.GPPRules) {
	c.record("tcf")
	c.str("purpose_7", &t.Purpose7)
	for l := c.array("gpp_without_disclosed_vendors", len(t.GPPWithoutDisclosedVendors)); c.next(&l); {
		grow(c, &t.GPPWithoutDisclosedVendors)
		integer(c, "gpp_without_disclosed_vendors", &t.GPPWithoutDisclosedVendors[l.i])
	}
	tolerance := t.FutureTolerance.Milliseconds()
	c.long("future_tolerance_ms", &tolerance)
	if c.mode == reading {
		t.FutureTolerance = time.Duration(tolerance) * time.Millisecond
	}
	c.end()
	c.record("gpp")
	c.str("other_states", &g.OtherStates)
	c.str("missing_notice", &g.MissingNotice)
	c.str("service_provider", &g.ServiceProvider)
	c.end()
}

func rowFields(c *coder, r *consent.Row) {
	c.str("regime", &r.Regime)
	c.tri("honour_gpc", &r.HonourGPC)
	c.tri("honour_dnt", &r.HonourDNT)
	c.str("gpc_required_since", &r.GPCRequiredSince)
	c.str("source", &r.Source)
}

// AppendDestination appends d as a framed Avro value.
func AppendDestination(dst []byte, id SchemaID, d *resource.Destination) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	destinationFields(&c, d)
	return c.buf
}

// DecodeDestination reads a destination in our schema (without its frame).
func DecodeDestination(dst *resource.Destination, body []byte) error {
	*dst = resource.Destination{}
	c := reader(bytes.Clone(body)) // tables keep the strings
	destinationFields(&c, dst)
	return c.err()
}

// Destinations reads destinations, whoever wrote them.
func Destinations(r *Registry) (*Decoder[resource.Destination], error) {
	return newDecoder(r, schemas.Destination, DecodeDestination)
}

// AppendMapping appends m as a framed Avro value.
func AppendMapping(dst []byte, id SchemaID, m *resource.Mapping) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	mappingFields(&c, m)
	return c.buf
}

// DecodeMapping reads a mapping record in our schema (without its frame).
func DecodeMapping(dst *resource.Mapping, body []byte) error {
	*dst = resource.Mapping{}
	c := reader(bytes.Clone(body)) // tables keep the strings
	mappingFields(&c, dst)
	return c.err()
}

// Mappings reads mapping records, whoever wrote them.
func Mappings(r *Registry) (*Decoder[resource.Mapping], error) {
	return newDecoder(r, schemas.Mapping, DecodeMapping)
}

// AppendPolicy appends p as a framed Avro value.
func AppendPolicy(dst []byte, id SchemaID, p *Policy) []byte {
	c := coder{mode: writing, buf: AppendFrame(dst, id)}
	policyFields(&c, p)
	return c.buf
}

// DecodePolicy reads a policy in our schema (without its frame).
func DecodePolicy(dst *Policy, body []byte) error {
	*dst = Policy{}
	c := reader(bytes.Clone(body)) // tables keep the strings
	policyFields(&c, dst)
	return c.err()
}

// Policies reads policies, whoever wrote them.
func Policies(r *Registry) (*Decoder[Policy], error) {
	return newDecoder(r, schemas.Policy, DecodePolicy)
}

// mapField is a map, written in the order of its keys so that equal resources
// have equal bytes.
func mapField[T any](c *coder, name string, p *map[string]T, value func(*T)) {
	keys := slices.Sorted(maps.Keys(*p))
	for l := c.dict(name, len(keys)); c.next(&l); {
		var key string
		var v T
		if c.mode != reading {
			key = keys[l.i]
			v = (*p)[key]
		}
		c.entryKey(name, &key)
		value(&v)
		if c.mode == reading && c.fault == "" {
			if *p == nil {
				*p = make(map[string]T)
			}
			(*p)[key] = v
		}
	}
}

// setField is a set of names.
func setField(c *coder, name string, p *map[string]bool) {
	var names []string
	for key, in := range *p {
		if in {
			names = append(names, key)
		}
	}
	slices.Sort(names)
	c.strs(name, &names)
	if c.mode != reading || len(names) == 0 {
		return
	}
	*p = make(map[string]bool, len(names))
	for _, key := range names {
		(*p)[key] = true
	}
}

// jsonField is a provider's own section: JSON in a string, empty for none.
func jsonField(c *coder, name string, p *json.RawMessage) {
	text := string(*p)
	c.str(name, &text)
	if c.mode != reading || text == "" {
		return
	}
	*p = json.RawMessage(text)
	if !json.Valid(*p) {
		c.broken(name, "it is not JSON")
	}
}

// kindsField is null where the destination takes every supported kind.
func kindsField(c *coder, d *resource.Destination) {
	const name = "identifiers"
	if !c.optional(name, d.HasIdentifiers) {
		return
	}
	var words []string
	for _, k := range d.Identifiers.List() {
		words = append(words, k.String())
	}
	c.strs(name, &words)
	if c.mode != reading {
		return
	}
	d.HasIdentifiers = true
	for _, text := range words {
		if k, ok := decision.ParseKind(text); ok {
			d.Identifiers = d.Identifiers.With(k)
		} else {
			c.broken(name, "its word is not known")
		}
	}
}

func purposesField(c *coder, name string, p *consent.PurposeSet) {
	words := p.Names()
	if c.mode == reading {
		words = nil
	}
	c.strs(name, &words)
	if c.mode != reading || c.fault != "" {
		return
	}
	set, err := consent.ParsePurposes(words)
	if err != nil {
		c.broken(name, "its word is not known")
	}
	*p = set
}

func pointerField(c *coder, name string, p **bool) {
	var v bool
	if *p != nil {
		v = **p
	}
	if !c.optional(name, *p != nil) {
		return
	}
	if c.boolean(name, &v); c.mode == reading {
		*p = &v
	}
}

// alsoByField is the word transaction_id, or none.
func alsoByField(c *coder, p *bool) {
	text := ""
	if *p {
		text = "transaction_id"
	}
	word(c, "also_by", p, text, func(text string) (bool, error) {
		if text != "" && text != "transaction_id" {
			return false, errWord
		}
		return text != "", nil
	})
}

var modeWords = [...]string{resource.ModeLive: "live", resource.ModeShadow: "shadow"}

func parseMode(text string) (resource.Mode, error) {
	i := slices.Index(modeWords[:], text)
	if i < 0 {
		return 0, errWord
	}
	return resource.Mode(i), nil
}

var onFailWords = [...]string{resource.Skip: "skip", resource.Hold: "hold", resource.Restrict: "restrict"}

func onFailField(c *coder, name string, p *resource.OnFail) {
	text := onFailWords[resource.Skip]
	if int(*p) < len(onFailWords) {
		text = onFailWords[*p]
	}
	word(c, name, p, text, func(text string) (resource.OnFail, error) {
		i := slices.Index(onFailWords[:], text)
		if i < 0 {
			return 0, errWord
		}
		return resource.OnFail(i), nil
	})
}
