package consent_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// now is the time of every decision in the cases: noon.
var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// testPolicy has the shape of the default policy and few rows.
func testPolicy() *consent.Policy {
	return &consent.Policy{
		ID: "default", Version: "1",
		Default:   consent.Row{Regime: "opt_in", HonourGPC: consent.True, HonourDNT: consent.True},
		Lifetime:  390 * 24 * time.Hour,
		Minors:    consent.MinorRules{Child: "block", Teen: "block"},
		Sensitive: consent.Sensitive{Block: []string{"US-MD"}},
		Jurisdictions: map[string]consent.Row{
			"DE":    {Regime: "opt_in", Source: "GDPR"},
			"US":    {Regime: "opt_out"},
			"US-CA": {GPCRequiredSince: "2023-01-01", Source: "CCPA"},
			"US-MD": {GPCRequiredSince: "2025-10-01"},
			"NZ":    {Regime: "opt_out", HonourGPC: consent.False, HonourDNT: consent.False},
		},
	}
}

// A case is one file of the archive, named by the sentence that it shows. Its
// lines are a key and words:
//
//	place    US-CA, DE, - (nothing known); identity=DE; _ stands for a space
//	snapshot, record   name=value of the consent fields; at=HH:MM or at=400d
//	         (ago); stored=…; malformed; unknown=member; copied; tcf=p1,v755 and
//	         gpp=8:sale as built in strings_test.go, or =text
//	needs    purposes; google; sensitive
//	policy   teen=allow, no-lifetime, row=US-WA:opt_in, block=BE-VLG, settings such
//	         as minors.gpp=ignore
//	want     the first cause, or ok
//	usable, said, basis, also   optional: what else has to hold
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(t, err)
		require.NotEmpty(t, archive.Files, file)
		for _, f := range archive.Files {
			t.Run(filepath.Base(file)+"/"+f.Name, func(t *testing.T) {
				t.Parallel()
				runCase(t, string(f.Data))
			})
		}
	}
}

type testCase struct {
	place            consent.Place
	snapshot, record consent.Statement
	needs            consent.Needs
	policy           *consent.Policy
}

func runCase(t *testing.T, text string) {
	t.Helper()
	c := testCase{policy: testPolicy(), needs: consent.Needs{Purposes: consent.AdUserData}}
	c.place.Location = consent.NewJurisdiction("DE", "")
	c.snapshot = consent.Normalise(consent.Input{}, clock(t, "11:00"), 0)
	var checks [][2]string
	for line := range strings.Lines(text) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		rest = strings.TrimSpace(rest)
		switch key {
		case "", "#":
		case "place":
			c.place = parsePlace(rest)
		case "snapshot":
			c.snapshot = parseSnapshot(t, rest)
		case "record":
			c.record = parseRecord(t, rest)
		case "needs":
			c.needs = parseNeeds(t, rest)
		case "policy":
			parsePolicy(t, c.policy, rest)
		default:
			checks = append(checks, [2]string{key, rest})
		}
	}
	require.NotEmpty(t, checks, "the case checks nothing")
	rule := c.policy.At(c.place)
	effective := consent.Merge(c.snapshot, c.record, c.place, rule, now.UnixMilli())
	out := consent.Judge(&effective, c.needs)
	for _, check := range checks {
		require.Equal(t, check[1], answer(t, check[0], out), check[0])
	}
}

func answer(t *testing.T, key string, out consent.Outcome) string {
	t.Helper()
	switch key {
	case "want":
		if cause, against := out.Causes.First(); against {
			return cause.String()
		}
		require.True(t, out.OK())
		return "ok"
	case "also": // every cause
		var all []string
		for c := consent.Erased; c <= consent.Unknown; c++ {
			if out.Causes.Has(c) {
				all = append(all, c.String())
			}
		}
		return strings.Join(all, " ")
	case "usable":
		return strings.Join((out.Usable &^ consent.AnalyticsStorage).Names(), " ")
	case "said":
		return "granted=" + out.Said.Granted.String() + " denied=" + out.Said.Denied.String()
	case "basis":
		b := out.Basis
		words := []string{b.Source.String()}
		if b.Source != consent.Nobody {
			words = append(words, time.UnixMilli(b.At).UTC().Format("15:04"))
		}
		words = append(words, b.Regime.String(), b.Jurisdiction.String(), b.Purpose.String(), b.Malformed.String())
		if b.FromIdentity {
			words = append(words, "by identity.country")
		}
		if b.Detail != "" {
			words = append(words, "("+b.Detail+")")
		}
		return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
	default:
		t.Fatalf("unknown key %q", key)
		return ""
	}
}

func parsePlace(rest string) consent.Place {
	var p consent.Place
	for word := range strings.FieldsSeq(rest) {
		word = strings.ReplaceAll(word, "_", " ")
		if id, ok := strings.CutPrefix(word, "identity="); ok {
			country, region, _ := strings.Cut(id, "-")
			p.Identity = consent.DeclaredJurisdiction(country, region)
			continue
		}
		country, region, _ := strings.Cut(word, "-")
		p.Location = consent.NewJurisdiction(country, region)
	}
	return p
}

func parseSnapshot(t *testing.T, rest string) consent.Statement {
	t.Helper()
	in, words := parseInput(t, rest)
	at := clock(t, "11:00") // the event's time
	if words["event"] != "" {
		at = clock(t, words["event"])
	}
	if words["at"] != "" {
		in.CapturedAt = clock(t, words["at"])
	}
	return consent.Normalise(in, at, stored(t, words))
}

func parseRecord(t *testing.T, rest string) consent.Statement {
	t.Helper()
	in, words := parseInput(t, rest)
	r := consent.Record{Input: in, Offset: 7, UpdatedAt: clock(t, "10:00")}
	if words["at"] != "" {
		r.UpdatedAt = clock(t, words["at"])
	}
	_, r.Erased = words["erased"]
	_, r.OptOutOverridden = words["opt_out_overridden"]
	return consent.NormaliseRecord(r, stored(t, words))
}

func stored(t *testing.T, words map[string]string) int64 {
	t.Helper()
	if words["stored"] == "" {
		return 0
	}
	return clock(t, words["stored"])
}

// clock reads HH:MM of the day of the decision, or 400d before it.
func clock(t *testing.T, s string) int64 {
	t.Helper()
	if days, ok := strings.CutSuffix(s, "d"); ok {
		return now.AddDate(0, 0, -number(t, days)).UnixMilli()
	}
	at, err := time.Parse("15:04", s)
	require.NoError(t, err)
	return now.Truncate(24 * time.Hour).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute).UnixMilli()
}

// parseInput reads the consent fields and returns the words that are none.
func parseInput(t *testing.T, rest string) (consent.Input, map[string]string) {
	t.Helper()
	var in consent.Input
	other := map[string]string{}
	tri := map[string]consent.Tri{"true": consent.True, "false": consent.False}
	for word := range strings.FieldsSeq(rest) {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "ad_storage":
			in.AdStorage = consent.Text(value)
		case "ad_user_data":
			in.AdUserData = consent.Text(value)
		case "ad_personalization":
			in.AdPersonalization = consent.Text(value)
		case "analytics_storage":
			in.AnalyticsStorage = consent.Text(value)
		case "all": // the three advertising purposes
			in.AdStorage, in.AdUserData, in.AdPersonalization = consent.Text(value), consent.Text(value), consent.Text(value)
		case "age_group":
			in.AgeGroup = consent.Text(value)
		case "gpc":
			in.GPC = tri[value]
		case "dnt":
			in.DNT = tri[value]
		case "malformed":
			in.Malformed = true
		case "unknown":
			in.UnknownMember = value
		case "copied":
			in.Copied = true
		case "gdpr_applies":
			in.GDPRApplies = tri[value]
		case "gpp_sid":
			in.GPPSID.AddText(value)
		case "tcf":
			in.TCF = encoded(t, value, tcString)
		case "gpp":
			in.GPP = encoded(t, value, gppString)
		default:
			other[key] = value
		}
	}
	return in, other
}

func encoded(t *testing.T, value string, build func(testing.TB, string) string) consent.Field {
	t.Helper()
	if text, ok := strings.CutPrefix(value, "="); ok {
		return consent.Text(text)
	}
	return consent.Text(build(t, value))
}

func parseNeeds(t *testing.T, rest string) consent.Needs {
	t.Helper()
	var n consent.Needs
	for word := range strings.FieldsSeq(rest) {
		switch word {
		case "google":
			n.TCFVendor = 755
		case "sensitive":
			n.Sensitive = true
		default:
			p, err := consent.ParsePurposes([]string{word})
			require.NoError(t, err)
			n.Purposes |= p
		}
	}
	return n
}

func parsePolicySetting(t *testing.T, p *consent.Policy, key, value string) {
	t.Helper()
	switch key {
	case "minors.gpp":
		p.Minors.GPP = value
	case "purpose_7":
		p.TCF.Purpose7 = value
	case "gpp_without_disclosed_vendors":
		p.TCF.GPPWithoutDisclosedVendors = append(p.TCF.GPPWithoutDisclosedVendors, number(t, value))
	case "future_tolerance":
		p.TCF.FutureTolerance = time.Duration(number(t, strings.TrimSuffix(value, "d"))) * 24 * time.Hour
	case "other_states":
		p.GPP.OtherStates = value
	case "missing_notice":
		p.GPP.MissingNotice = value
	case "service_provider":
		p.GPP.ServiceProvider = value
	default:
		t.Fatalf("unknown policy word %q", key)
	}
	require.Empty(t, p.Validate())
}

func parsePolicy(t *testing.T, p *consent.Policy, rest string) {
	t.Helper()
	for word := range strings.FieldsSeq(rest) {
		if key, ok := strings.CutPrefix(word, "row="); ok {
			key, regime, _ := strings.Cut(key, ":")
			p.Jurisdictions[key] = consent.Row{Regime: regime}
			continue
		}
		if key, ok := strings.CutPrefix(word, "block="); ok {
			p.Sensitive.Block = []string{key}
			continue
		}
		switch word {
		case "teen=allow":
			p.Minors.Teen = "allow"
		case "no-lifetime":
			p.Lifetime = 0
		case "default=opt_out":
			p.Default.Regime = "opt_out"
		default:
			key, value, _ := strings.Cut(word, "=")
			parsePolicySetting(t, p, key, value)
		}
	}
}
