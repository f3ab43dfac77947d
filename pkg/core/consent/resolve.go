package consent

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent/iab"
	"github.com/sluicehq/sluice/pkg/core/geo"
)

// country of the one federation whose states the law of GPC is about.
const unitedStates = "US"

// Resolve returns the rule for a jurisdiction. The most specific row wins, and
// what it does not say is taken from the next: region, the region that it is
// part of, country, default. Where the region is not known, or is larger than
// that of a row, every row that may be the one counts with what is stricter in
// it. What is written wrongly counts as the stricter value.
func (p *Policy) Resolve(j Jurisdiction) Rule {
	r := p.forCountry(j.Country)
	country := r
	r.Jurisdiction = j
	if j.Region != "" {
		r = p.forRegion(r, j.Region)
	}
	for _, key := range p.narrower(j) {
		_, region, _ := strings.Cut(key, "-")
		r = r.orStricter(p.forRegion(country, region))
	}
	r.SensitiveBlocked = p.blocksSensitive(j)
	return r
}

// forCountry is the rule of a country whose regions have none of their own.
func (p *Policy) forCountry(country string) Rule {
	r := Rule{
		Lifetime:      p.Lifetime,
		AllowTeens:    p.Minors.Teen == minorAllow,
		PolicyID:      p.ID,
		PolicyVersion: p.Version,
	}
	r.readStrings(p)
	r.apply(p.Default)
	if country == "" {
		return r
	}
	r.Jurisdiction.Country = country
	row, ok := p.Jurisdictions[country]
	if ok {
		r.apply(row)
		r.Row = Jurisdiction{Country: country}
	}
	// The United States are held to it by Validate; a policy that came in some
	// other way is, too. A state's own row may still say otherwise.
	if row.GPCRequiredSince != "" || country == unitedStates {
		r.IgnoreGPC = false
	}
	return r
}

// forRegion is a country's rule made that of a region: the rows of what it lies
// in apply first, its own last.
func (p *Policy) forRegion(r Rule, region string) Rule {
	country := r.Jurisdiction.Country
	required := p.Jurisdictions[country].GPCRequiredSince != ""
	var chain [3]string // the deepest nesting of ISO 3166-2 is two
	depth := 0
	for at := region; at != "" && depth < len(chain); at = geo.Parent(country, at) {
		chain[depth] = at
		depth++
	}
	for depth--; depth >= 0; depth-- {
		// The concatenation stays on the stack: it only serves the lookup.
		if row, ok := p.Jurisdictions[country+"-"+chain[depth]]; ok {
			r.apply(row)
			r.Row = Jurisdiction{Country: country, Region: chain[depth]}
			required = required || row.GPCRequiredSince != ""
		}
	}
	if required {
		r.IgnoreGPC = false
	}
	return r
}

// narrower lists the keys of the rows that j may lie in and is not known to, in
// order.
func (p *Policy) narrower(j Jurisdiction) []string {
	var keys []string
	for key := range p.Jurisdictions {
		country, region, found := strings.Cut(key, "-")
		if found && country == j.Country && region != j.Region && (j.Region == "" || geo.Within(country, region, j.Region)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// At returns the rule for a place: that of the location, or a stricter one that
// identity.country implies.
func (p *Policy) At(place Place) Rule { return at(place, p.Resolve) }

func at(place Place, resolve func(Jurisdiction) Rule) Rule {
	rule := resolve(place.Location)
	id := place.Identity
	if id.Country == "" || id.Country == place.Location.Country {
		return rule
	}
	return Stricter(rule, resolve(id))
}

// readStrings takes over how strings are read. What is written wrongly counts as
// the stricter value.
func (r *Rule) readStrings(p *Policy) {
	switch p.Minors.GPP {
	case gppNoConsent:
		r.IgnoreMinors = iab.ChildWithConsent | iab.TeenWithConsent
	case settingIgnore:
		r.IgnoreMinors = ^Minors(0)
	}
	r.OwnStateOnly = p.GPP.OtherStates == settingIgnore
	r.IgnoreMissingNotice = ignores(p.GPP.MissingNotice)
	r.IgnoreServiceProvider = ignores(p.GPP.ServiceProvider)
	r.InterestForMeasurement = p.TCF.Purpose7 == purpose7Interest
	r.FutureTolerance = p.TCF.FutureTolerance
	if r.FutureTolerance <= 0 {
		r.FutureTolerance = DefaultFutureTolerance
	}
	r.tcf = &p.TCF
}

func ignores(setting string) bool { return setting == "" || setting == settingIgnore }

// toleratesCMP tells whether a platform's TC strings inside GPP may lack the
// disclosed vendors.
func (r *Rule) toleratesCMP(id uint16) bool {
	return r.tcf != nil && slices.Contains(r.tcf.GPPWithoutDisclosedVendors, int(id))
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
		country, region, _ := strings.Cut(key, "-")
		if j.Country != "" && j.maybeIn(Jurisdiction{Country: country, Region: region}) {
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
	merged := rule.merge(other)
	merged.blockedByIdentity = merged.SensitiveBlocked && !rule.SensitiveBlocked
	asked := merged
	asked.SensitiveBlocked, asked.blockedByIdentity = rule.SensitiveBlocked, rule.blockedByIdentity
	merged.FromIdentity = rule.FromIdentity || asked != rule
	return merged
}

// orStricter returns r made as strict as the rule of a region that it may be
// about. It stays the rule of the place that is known; Row and Source name the
// row that changed the regime.
func (r Rule) orStricter(other Rule) Rule {
	merged := r.merge(other)
	merged.Jurisdiction = r.Jurisdiction
	return merged
}

// merge returns the stricter of both in every respect. Where the regime is
// other's, so are the place, the row and its source.
func (r Rule) merge(other Rule) Rule {
	out, second := r, other
	if r.Regime == OptOut && other.Regime == OptIn {
		out, second = other, r
	}
	out.IgnoreGPC = out.IgnoreGPC && second.IgnoreGPC
	out.IgnoreDNT = out.IgnoreDNT && second.IgnoreDNT
	out.AllowTeens = out.AllowTeens && second.AllowTeens
	out.SensitiveBlocked = out.SensitiveBlocked || second.SensitiveBlocked
	if second.Lifetime > 0 && (out.Lifetime == 0 || second.Lifetime < out.Lifetime) {
		out.Lifetime = second.Lifetime
	}
	return out
}
