package consent

// country of the one federation whose states the law of GPC is about.
const unitedStates = "US"

// Resolve returns the rule for a jurisdiction. The most specific row wins, and
// what it does not say is taken from the next: region, country, default. What
// is written wrongly counts as the stricter value.
func (p *Policy) Resolve(j Jurisdiction) Rule {
	r := Rule{
		Lifetime:         p.Lifetime,
		AllowTeens:       p.Minors.Teen == minorAllow,
		SensitiveBlocked: p.blocksSensitive(j),
		Jurisdiction:     j,
		PolicyID:         p.ID,
		PolicyVersion:    p.Version,
	}
	r.apply(p.Default)
	if j.Country == "" {
		return r
	}
	var required bool
	if row, ok := p.Jurisdictions[j.Country]; ok {
		r.apply(row)
		r.Row = Jurisdiction{Country: j.Country}
		required = row.GPCRequiredSince != ""
	}
	if j.Country == unitedStates {
		// Refused by Validate; a policy that came in some other way is held to
		// it too. A state's own row may still say otherwise.
		r.IgnoreGPC = false
	}
	if j.Region != "" {
		// The concatenation stays on the stack: it only serves the lookup.
		if row, ok := p.Jurisdictions[j.Country+"-"+j.Region]; ok {
			r.apply(row)
			r.Row = j
			required = required || row.GPCRequiredSince != ""
		}
	}
	if required {
		r.IgnoreGPC = false
	}
	return r
}

// At returns the rule for a place: that of the location, or a stricter one that
// identity.country implies.
func (p *Policy) At(place Place) Rule {
	rule := p.Resolve(place.Location)
	id := place.Identity
	if id.Country == "" || id.Country == place.Location.Country {
		return rule
	}
	return Stricter(rule, p.Resolve(id))
}

func (r *Rule) apply(row Row) {
	if row.Regime != "" {
		r.Regime, _ = ParseRegime(row.Regime)
	}
	if row.HonourGPC != Unset {
		r.IgnoreGPC = row.HonourGPC == False
	}
	if row.HonourDNT != Unset {
		r.IgnoreDNT = row.HonourDNT == False
	}
	if row.Source != "" {
		r.Source = row.Source
	}
}

func (p *Policy) blocksSensitive(j Jurisdiction) bool {
	for _, key := range p.Sensitive.Block {
		if j.Country != "" && (key == j.Country || key == j.Country+"-"+j.Region) {
			return true
		}
	}
	return false
}

// Stricter returns rule made as strict as other, the rule that identity.country
// implies: the stricter regime, every signal that either honours, what either
// blocks, the shorter lifetime. FromIdentity says that anything changed; where
// the regime did, the rule is other's.
func Stricter(rule, other Rule) Rule {
	out, second := rule, other
	if rule.Regime == OptOut && other.Regime == OptIn {
		out, second = other, rule
		out.FromIdentity = true
	}
	merged := out
	merged.IgnoreGPC = out.IgnoreGPC && second.IgnoreGPC
	merged.IgnoreDNT = out.IgnoreDNT && second.IgnoreDNT
	merged.AllowTeens = out.AllowTeens && second.AllowTeens
	merged.SensitiveBlocked = out.SensitiveBlocked || second.SensitiveBlocked
	if second.Lifetime > 0 && (out.Lifetime == 0 || second.Lifetime < out.Lifetime) {
		merged.Lifetime = second.Lifetime
	}
	merged.FromIdentity = out.FromIdentity || merged != out
	return merged
}
