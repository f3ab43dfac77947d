package consent

import "strings"

// Rules answers for a policy that does not change any more. What most events
// ask, the rule of a country whose region is not known, is worked out once: it
// takes going through every row.
type Rules struct {
	policy  *Policy
	unknown map[string]Rule
}

// NewRules works out what it can. The policy must not be changed behind it.
func NewRules(p *Policy) *Rules {
	r := &Rules{policy: p, unknown: map[string]Rule{"": p.Resolve(Jurisdiction{})}}
	for key := range p.Jurisdictions {
		r.add(key)
	}
	for _, key := range p.Sensitive.Block {
		r.add(key)
	}
	return r
}

func (r *Rules) add(key string) {
	country, _, _ := strings.Cut(key, "-")
	r.unknown[country] = r.policy.Resolve(Jurisdiction{Country: country})
}

// At returns the rule for a place, as [Policy.At] does.
func (r *Rules) At(place Place) Rule { return at(place, r.resolve) }

func (r *Rules) resolve(j Jurisdiction) Rule {
	if j.Region == "" {
		if rule, ok := r.unknown[j.Country]; ok {
			return rule
		}
	}
	return r.policy.Resolve(j)
}
