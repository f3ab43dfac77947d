package consent

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	minorBlock = "block"
	minorAllow = "allow"

	gppAny           = "any"
	gppNoConsent     = "no_consent"
	settingIgnore    = "ignore"
	settingCount     = "count"
	settingDeny      = "deny"
	purpose7Consent  = "consent"
	purpose7Interest = "consent_or_legitimate_interest"
)

// Validate returns everything that is wrong with the policy, in a stable order.
func (p *Policy) Validate() []Problem {
	var v problems
	if p.Default.Regime == "" {
		v.add("default.regime", "is missing", "write opt_in, unless your counsel has approved opt_out for places that no row names")
	}
	v.row("default", p.Default)
	if p.Lifetime < 0 {
		v.add("consent_lifetime", "is negative", "write a duration such as 390d, or leave it out")
	}
	v.minors(p.Minors)
	v.strings(p)
	for i, key := range p.Sensitive.Block {
		v.key(fmt.Sprintf("sensitive.block[%d]", i), key)
	}
	for _, key := range slices.Sorted(maps.Keys(p.Jurisdictions)) {
		path := "jurisdictions." + key
		v.key(path, key)
		v.row(path, p.Jurisdictions[key])
	}
	p.validateGPC(&v)
	return v
}

// validateGPC refuses to ignore GPC where the law requires it to be honoured,
// whether a row says so itself or inherits it.
func (p *Policy) validateGPC(v *problems) {
	if p.Default.GPCRequiredSince != "" && p.Default.HonourGPC == False {
		v.add("default.honour_gpc", "is false although the row says gpc_required_since", "remove honour_gpc: false")
	}
	us := p.Jurisdictions[unitedStates]
	if inherited(us, p.Default) == False {
		v.add("jurisdictions.US.honour_gpc", "is false, and the United States as a whole include states that require GPC",
			"write honour_gpc: true in jurisdictions.US; a state without such a law can have a row of its own")
	}
	for _, key := range slices.Sorted(maps.Keys(p.Jurisdictions)) {
		j, ok := ParseJurisdiction(key)
		if !ok || key == unitedStates {
			continue
		}
		row, country := p.Jurisdictions[key], p.Jurisdictions[j.Country]
		since := row.GPCRequiredSince
		if since == "" {
			since = country.GPCRequiredSince
		}
		honour := inherited(row, country, p.Default)
		// In the United States the country's own false is reported above, once.
		own := row.HonourGPC == False || j.Country != unitedStates
		if since != "" && honour == False && own {
			v.add("jurisdictions."+key+".honour_gpc", "is false although GPC is required there since "+since,
				"remove honour_gpc: false")
		}
	}
}

// inherited returns the first honour_gpc that a row in the chain states.
func inherited(rows ...Row) Tri {
	for _, row := range rows {
		if row.HonourGPC != Unset {
			return row.HonourGPC
		}
	}
	return Unset
}

type problems []Problem

func (v *problems) add(path, message, fix string) {
	*v = append(*v, Problem{Path: path, Message: message, Fix: fix})
}

func (v *problems) row(path string, row Row) {
	if row.Regime != "" {
		if _, ok := ParseRegime(row.Regime); !ok {
			v.add(path+".regime", fmt.Sprintf("is %q", row.Regime), "write opt_in or opt_out")
		}
	}
	if row.GPCRequiredSince != "" {
		if _, err := time.Parse(time.DateOnly, row.GPCRequiredSince); err != nil {
			v.add(path+".gpc_required_since", fmt.Sprintf("is %q, which is no date", row.GPCRequiredSince), "write a date such as 2025-01-01")
		}
	}
}

func (v *problems) key(path, key string) {
	if _, ok := ParseJurisdiction(key); !ok {
		v.add(path, fmt.Sprintf("%q is no jurisdiction", key),
			"write an ISO 3166-1 country in capitals, such as DE, or with an ISO 3166-2 subdivision, such as US-CA")
	}
}

// strings checks how strings are to be read.
func (v *problems) strings(p *Policy) {
	v.word("minors.gpp", p.Minors.GPP, gppAny, gppNoConsent, settingIgnore)
	v.word("tcf.purpose_7", p.TCF.Purpose7, purpose7Consent, purpose7Interest)
	v.word("gpp.other_states", p.GPP.OtherStates, settingCount, settingIgnore)
	v.word("gpp.missing_notice", p.GPP.MissingNotice, settingIgnore, settingDeny)
	v.word("gpp.service_provider", p.GPP.ServiceProvider, settingIgnore, settingDeny)
	if p.TCF.FutureTolerance < 0 {
		v.add("tcf.future_tolerance", "is negative", "write a duration such as 1d, or leave it out")
	}
	for i, id := range p.TCF.GPPWithoutDisclosedVendors {
		if id < 2 || id > 4095 {
			v.add(fmt.Sprintf("tcf.gpp_without_disclosed_vendors[%d]", i), fmt.Sprintf("%d is no id of a consent management platform", id),
				"write the CMP id, 2 to 4095, as it stands in the platform's TC strings")
		}
	}
}

// word refuses what is none of the words; the first is the default.
func (v *problems) word(path, value string, words ...string) {
	if value != "" && !slices.Contains(words, value) {
		v.add(path, fmt.Sprintf("is %q", value), "write one of "+strings.Join(words, ", "))
	}
}

func (v *problems) minors(m MinorRules) {
	switch m.Child {
	case "", minorBlock:
	case minorAllow:
		v.add("minors.child", "is allow, and events of known children never leave", "write block")
	default:
		v.add("minors.child", fmt.Sprintf("is %q", m.Child), "write block")
	}
	switch m.Teen {
	case "", minorBlock, minorAllow:
	default:
		v.add("minors.teen", fmt.Sprintf("is %q", m.Teen), "write block, or allow where your counsel has approved it")
	}
}
