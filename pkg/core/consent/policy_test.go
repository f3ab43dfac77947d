package consent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

func TestTheTestPolicyIsValid(t *testing.T) {
	t.Parallel()
	require.Empty(t, testPolicy().Validate())
}

func TestValidate(t *testing.T) {
	t.Parallel()
	row := func(p *consent.Policy, key string, r consent.Row) { p.Jurisdictions[key] = r }
	for name, c := range map[string]struct {
		edit func(*consent.Policy)
		want []string // paths
	}{
		"no regime by default": {func(p *consent.Policy) { p.Default.Regime = "" }, []string{"default.regime"}},
		"unknown regime":       {func(p *consent.Policy) { row(p, "DE", consent.Row{Regime: "optin"}) }, []string{"jurisdictions.DE.regime"}},
		"negative lifetime":    {func(p *consent.Policy) { p.Lifetime = -time.Hour }, []string{"consent_lifetime"}},
		"children allowed":     {func(p *consent.Policy) { p.Minors.Child = "allow" }, []string{"minors.child"}},
		"unknown action":       {func(p *consent.Policy) { p.Minors.Teen = "skip" }, []string{"minors.teen"}},
		"teens allowed":        {func(p *consent.Policy) { p.Minors.Teen = "allow" }, nil},
		"block list":           {func(p *consent.Policy) { p.Sensitive.Block = []string{"US-MD", "Maryland"} }, []string{"sensitive.block[1]"}},
		"lower case key":       {func(p *consent.Policy) { row(p, "us-tx", consent.Row{}) }, []string{"jurisdictions.us-tx"}},
		"date":                 {func(p *consent.Policy) { row(p, "US-TX", consent.Row{GPCRequiredSince: "2025-13-01"}) }, []string{"jurisdictions.US-TX.gpc_required_since"}},
		"GPC ignored where required": {func(p *consent.Policy) {
			row(p, "US-CA", consent.Row{HonourGPC: consent.False, GPCRequiredSince: "2023-01-01"})
		}, []string{"jurisdictions.US-CA.honour_gpc"}},
		"GPC ignored in the US":        {func(p *consent.Policy) { row(p, "US", consent.Row{Regime: "opt_out", HonourGPC: consent.False}) }, []string{"jurisdictions.US.honour_gpc"}},
		"GPC ignored by default":       {func(p *consent.Policy) { p.Default.HonourGPC = consent.False }, []string{"jurisdictions.US.honour_gpc"}},
		"GPC ignored in a state alone": {func(p *consent.Policy) { row(p, "US-WY", consent.Row{HonourGPC: consent.False}) }, nil},
		"required in the whole country": {func(p *consent.Policy) {
			row(p, "NZ", consent.Row{GPCRequiredSince: "2026-01-01"})
			row(p, "NZ-AUK", consent.Row{HonourGPC: consent.False})
		}, []string{"jurisdictions.NZ-AUK.honour_gpc"}},
		"DNT may be ignored": {func(p *consent.Policy) { row(p, "US", consent.Row{Regime: "opt_out", HonourDNT: consent.False}) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := testPolicy()
			c.edit(p)
			var paths []string
			for _, problem := range p.Validate() {
				paths = append(paths, problem.Path)
				require.NotEmpty(t, problem.Message)
				require.NotEmpty(t, problem.Fix)
			}
			require.Equal(t, c.want, paths)
		})
	}
}

func TestTheMostSpecificRowWinsAndInheritsTheRest(t *testing.T) {
	t.Parallel()
	p := testPolicy()
	california := p.Resolve(consent.NewJurisdiction("US", "CA"))
	require.Equal(t, consent.OptOut, california.Regime)
	require.Equal(t, "CCPA", california.Source)
	require.Equal(t, "US-CA", california.Row.String())
	wyoming := p.Resolve(consent.NewJurisdiction("US", "WY"))
	require.Equal(t, consent.OptOut, wyoming.Regime)
	require.Equal(t, "US", wyoming.Row.String())
	require.Equal(t, "US-WY", wyoming.Jurisdiction.String())
	unlisted := p.Resolve(consent.NewJurisdiction("BR", "SP"))
	require.Equal(t, consent.OptIn, unlisted.Regime)
	require.Zero(t, unlisted.Row)
	require.Equal(t, "default", unlisted.PolicyID)
}

// A policy that reached us without Validate is still held to the law it names.
func TestResolveReadsWrongPoliciesStrictly(t *testing.T) {
	t.Parallel()
	p := &consent.Policy{
		Default: consent.Row{HonourGPC: consent.False},
		Minors:  consent.MinorRules{Child: "allow", Teen: "perhaps"},
		Jurisdictions: map[string]consent.Row{
			"US":    {Regime: "opt_out", HonourGPC: consent.False},
			"US-CA": {HonourGPC: consent.False, GPCRequiredSince: "2023-01-01"},
			"FR":    {Regime: "opt-out"},
		},
	}
	require.Equal(t, consent.OptIn, p.Resolve(consent.NewJurisdiction("FR", "")).Regime)
	require.False(t, p.Resolve(consent.NewJurisdiction("US", "")).IgnoreGPC)
	require.False(t, p.Resolve(consent.NewJurisdiction("US", "CA")).IgnoreGPC)
	require.False(t, p.Resolve(consent.NewJurisdiction("US", "CA")).AllowTeens)
	require.Equal(t, consent.OptIn, (&consent.Policy{}).Resolve(consent.Jurisdiction{}).Regime)
}

func TestJurisdiction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ country, region, want string }{
		{"US", "CA", "US-CA"}, {"us", " ca ", "US-CA"}, {"US", "US-CA", "US-CA"}, {"DE", "", "DE"},
		{"US", "California", "US-CA"}, {"USA", "CA", "US-CA"}, {"United States", "Washington", "US-WA"}, {"", "CA", ""}, {"D1", "", ""},
		{"US", "XX", "US"}, {"US", "T1", "US"}, {"US", "53", "US"}, {"US", "ON", "US"}, {"US", "CA-ON", "US"}, {"CA", "CA-ON", "CA-ON"}, {"EU", "", ""}, {"XX", "CA", ""}, {"Czechia", "", "CZ"}, {"GB", "ENG", "GB-ENG"}, {"JP", "13", "JP-13"},
	} {
		require.Equal(t, c.want, consent.NewJurisdiction(c.country, c.region).String())
	}
	_, ok := consent.ParseJurisdiction("US-")
	require.False(t, ok)
	j, ok := consent.ParseJurisdiction("US-CA")
	require.True(t, ok)
	require.True(t, j.Within(consent.Jurisdiction{Country: "US"}))
	require.False(t, consent.Jurisdiction{Country: "US"}.Within(j))
}

func TestPurposes(t *testing.T) {
	t.Parallel()
	set, err := consent.ParsePurposes([]string{"ad_personalization", "ad_storage"})
	require.NoError(t, err)
	require.Equal(t, []string{"ad_storage", "ad_personalization"}, set.Names())
	require.Equal(t, "ad_storage,ad_personalization", set.String())
	require.Equal(t, consent.AdStorage, set.First())
	var each []string
	for p := range set.All() {
		each = append(each, p.String())
	}
	require.Equal(t, set.Names(), each)
	_, err = consent.ParsePurposes([]string{"ads"})
	require.ErrorContains(t, err, `"ads"`)
	require.Equal(t, consent.NotGiven, consent.State{}.Get(consent.AdStorage))
	require.Equal(t, "denied", consent.State{Granted: consent.AdStorage}.Deny(consent.AdStorage).Get(consent.AdStorage).String())
}

func TestCausesAreInGateOrderAndClassed(t *testing.T) {
	t.Parallel()
	var all consent.Causes
	for c := consent.Erased; c <= consent.Unknown; c++ {
		all = all.With(c)
	}
	require.Equal(t, consent.ChoiceCauses|consent.ConsentCauses, all)
	first, ok := all.First()
	require.True(t, ok)
	require.Equal(t, consent.Erased, first)
	require.Equal(t, consent.Causes(0).With(consent.GPC).With(consent.DNT), all.InClass(consent.ClassChoice))
	require.Equal(t, consent.Causes(0).With(consent.DeniedPurpose), all.InClass(consent.ClassDenied))
	require.Equal(t, consent.Causes(0).With(consent.Unknown), all.InClass(consent.ClassUnknown))
	_, ok = consent.Causes(0).First()
	require.False(t, ok)
}

// TestRulesAnswerAsTheirPolicy: what is worked out beforehand is what the rows
// say.
func TestRulesAnswerAsTheirPolicy(t *testing.T) {
	t.Parallel()
	p := testPolicy()
	p.Jurisdictions["US-WA"] = consent.Row{Regime: "opt_in", Source: "My Health My Data Act"}
	p.Jurisdictions["BE"] = consent.Row{Regime: "opt_out"}
	p.Jurisdictions["BE-VLG"] = consent.Row{Regime: "opt_in"}
	p.Sensitive.Block = append(p.Sensitive.Block, "CA-QC")
	rules := consent.NewRules(p)
	var places []consent.Jurisdiction
	for _, at := range [][2]string{{"", ""}, {"US", ""}, {"US", "WA"}, {"US", "CA"}, {"US", "XX"}, {"BE", ""}, {"BE", "VAN"}, {"BE", "BRU"}, {"CA", ""}, {"CA", "QC"}, {"DE", ""}, {"FR", "IDF"}, {"NZ", ""}} {
		places = append(places, consent.NewJurisdiction(at[0], at[1]))
	}
	for _, location := range places {
		for _, identity := range places {
			place := consent.Place{Location: location, Identity: identity}
			require.Equal(t, p.At(place), rules.At(place), "%+v", place)
		}
	}
	unknown := rules.At(consent.Place{Location: consent.NewJurisdiction("US", "")})
	require.Equal(t, consent.OptIn, unknown.Regime)
	require.Equal(t, "US-WA", unknown.Row.String())
	require.Equal(t, "My Health My Data Act", unknown.Source)
	require.Equal(t, "US", unknown.Jurisdiction.String())
	require.True(t, unknown.SensitiveBlocked)
}

// TestARowOfNoPlaceIsRefused: it would never apply, and nobody would notice.
func TestARowOfNoPlaceIsRefused(t *testing.T) {
	t.Parallel()
	p := testPolicy()
	p.Jurisdictions["US-XX"], p.Jurisdictions["EU"], p.Jurisdictions["us-CA"] = consent.Row{}, consent.Row{}, consent.Row{}
	p.Sensitive.Block = []string{"US-California", "DE-BY"}
	var paths []string
	for _, problem := range p.Validate() {
		paths = append(paths, problem.Path)
	}
	require.Equal(t, []string{"sensitive.block[0]", "jurisdictions.EU", "jurisdictions.US-XX", "jurisdictions.us-CA"}, paths)
}
