package resource_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// everything is one document of each form with every key.
func everything(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("testdata/everything.yaml")
	require.NoError(t, err)
	return string(data)
}

func TestLoadEverything(t *testing.T) {
	t.Parallel()
	r := load(t, everything(t))
	yes := true
	want := &resource.Destination{
		ID: "acme-meta", Customer: "acme", Owner: "growth@acme.example", Runbook: "https://wiki.acme.example/meta",
		Provider: "meta", Active: true, Mode: resource.ModeLive,
		Account: []byte(`{"dataset_id":"1234567890"}`),
		Section: []byte(`{"api_version":"v25.0","external_id":"hashed","test_event_code":""}`),
		Secret:  "file:acme-meta.json",
		Terms: resource.Terms{
			AcceptedBy: "dpo@acme.example", AcceptedAt: "2026-11-01",
			Documents: []resource.TermsDocument{{Name: "Business tools terms", Version: "2026-01"}},
		},
		Identifiers:    decision.Kinds(decision.KindEmail, decision.KindPhone, decision.KindClickID),
		HasIdentifiers: true,
		Consent:        resource.ConsentSpec{Policy: "acme", Choice: resource.Restrict, Unknown: resource.Hold, Requires: consent.AdStorage},
		Sensitive:      resource.SensitiveHealth,
		BrowserTag:     &yes,
		Traffic:        []string{"live", "test"},
		ContextualOnly: true,
		Defaults:       resource.Defaults{PhoneCountry: "DE", Currency: "EUR"},
		Dedup:          resource.DedupSpec{WindowMS: (10 * 24 * time.Hour).Milliseconds(), AlsoByTransaction: true},
		Delivery:       resource.DeliverySpec{RatePerSecond: 200, RetryForMS: (12 * time.Hour).Milliseconds(), MinClickAgeMS: (6 * time.Hour).Milliseconds(), ExactDiagnostics: true},
		Objectives:     resource.Objectives{SLAMS: (15 * time.Minute).Milliseconds(), ExpectedPerDay: map[string]int64{"transaction.purchase": 500}},
	}
	got, ok := r.Destination("acme-meta")
	require.True(t, ok)
	require.Len(t, got.Hash, 16)
	require.Empty(t, cmp.Diff(want, got, cmpopts.IgnoreFields(resource.Destination{}, "Hash")))

	names := map[string]*resource.Mapping{}
	for _, m := range r.Mappings {
		names[m.DestinationID+" "+m.Name] = m
	}
	m := names["acme-meta acme-web/acme-meta/cart.added"]
	require.NotNil(t, m)
	require.Empty(t, cmp.Diff(&resource.Mapping{
		Name: "acme-web/acme-meta/cart.added", DestinationID: "acme-meta", SourceEvent: "cart.added", ProviderEvent: "AddToCart",
		Enabled: true, Lane: decision.LaneBatch, MaxWaitMS: 300_000, When: `event.source == "web"`,
		Fields: map[string]string{"content_type": "'product'", "value": "1"}, ItemID: "'shopify_DE_' + item.id",
		Include: map[string]bool{"item_names": true}, Properties: []string{"plan"}, URLParameters: []string{"partner"}, URL: "full",
		Requires: consent.AdPersonalization, Sensitive: resource.SensitiveOther, Section: []byte(`{"a":1,"b":{"c":null},"d":2}`),
	}, m, cmpopts.IgnoreFields(resource.Mapping{}, "Hash")))
	purchase := names["acme-meta acme-web/acme-meta/transaction.purchase"]
	require.Equal(t, decision.LaneRealtime, purchase.Lane, "from defaults")
	require.Equal(t, []byte(`{"a":1,"b":{"c":null},"d":1}`), []byte(purchase.Section))
	require.JSONEq(t, `{"conversion_action":"22"}`, string(names["acme-google acme-web/acme-google/cart.added"].Section), "each destination gets its own provider's section")

	short := names["acme-google acme-google-refund"]
	require.NotNil(t, short, "one destination and one event: the document's own name")
	require.False(t, short.Enabled)

	row := names["acme-meta acme-meta-commerce/acme-meta/product.viewed"]
	require.Equal(t, "commerce", row.FromTemplate)
	require.Equal(t, decision.LaneRealtime, row.Lane, "template rows take defaults")
	require.Nil(t, names["acme-meta acme-meta-commerce/acme-meta/transaction.purchase"], "replaced by the explicit mapping")
	require.Nil(t, names["acme-meta acme-meta-commerce/acme-meta/cart.added"], "excepted")

	policy, ok := r.Policy("acme")
	require.True(t, ok)
	require.Equal(t, 390*24*time.Hour, policy.Lifetime)
	require.Equal(t, consent.Row{Regime: "opt_out", HonourDNT: consent.False}, policy.Jurisdictions["US"])
	require.Equal(t, "2023-01-01", policy.Jurisdictions["US-CA"].GPCRequiredSince)
	require.Contains(t, policy.Jurisdictions, "NO", "Norway is not false")
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	r := load(t, `
apiVersion: sluice/v1
kind: Destination
metadata: {name: d, customer: acme}
spec: {provider: meta, account: {dataset_id: "1"}}
---
{"apiVersion": "sluice/v1", "kind": "Mapping", "metadata": {"name": "m"}, "spec": {"destination": "d", "event": "e", "provider_event": "E"}}
`)
	require.Empty(t, cmp.Diff(&resource.Destination{
		ID: "d", Customer: "acme", Provider: "meta", Account: []byte(`{"dataset_id":"1"}`),
		Consent: resource.ConsentSpec{Policy: "default"}, Traffic: []string{"live"},
		Dedup:    resource.DedupSpec{WindowMS: resource.DefaultDedupWindowMS},
		Delivery: resource.DeliverySpec{RetryForMS: resource.DefaultRetryForMS, MinClickAgeMS: -1},
	}, r.Destinations[0], cmpopts.IgnoreFields(resource.Destination{}, "Hash")))
	require.Empty(t, cmp.Diff(&resource.Mapping{Name: "m", DestinationID: "d", SourceEvent: "e", ProviderEvent: "E", Enabled: true},
		r.Mappings[0], cmpopts.IgnoreFields(resource.Mapping{}, "Hash")))
}

// TestExportRoundTrip: what export writes loads without problems to the same
// records, and applying it would change nothing.
func TestExportRoundTrip(t *testing.T) {
	t.Parallel()
	r := load(t, everything(t))
	exported := resource.Export(r)
	again := load(t, string(exported))
	ignore := cmpopts.IgnoreUnexported(resource.Resources{})
	require.Empty(t, cmp.Diff(r, again, ignore), string(exported))
	require.True(t, resource.Diff(r, again, true).Empty())
	require.Equal(t, string(exported), string(resource.Export(again)))

	// One exported record does not own its siblings.
	one := load(t, string(resource.Export(&resource.Resources{Destinations: r.Destinations, Mappings: r.Mappings[:1], Policies: r.Policies})))
	require.Empty(t, resource.Diff(r, one, false).Changes)
}

func TestEmbeddedPolicy(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("default_policy.yaml")
	require.NoError(t, err)
	_, problems := resource.Load([]resource.File{{Name: "default_policy.yaml", Data: text}}, nil, resource.Installation{})
	require.Empty(t, problems)
	p := resource.EmbeddedPolicy()
	require.Equal(t, "default", p.ID)
	require.Empty(t, p.Validate())
	require.Contains(t, p.Jurisdictions, "DE")
}

// TestBase: a mapping may name what is applied already.
func TestBase(t *testing.T) {
	t.Parallel()
	base := load(t, everything(t))
	file := resource.File{Name: "m.yaml", Data: []byte(`
apiVersion: sluice/v1
kind: Mapping
metadata: {name: more}
spec: {destination: acme-meta, event: lead.submitted, provider_event: Lead}
`)}
	_, problems := resource.Load([]resource.File{file}, nil, fakeProviders())
	require.True(t, resource.HasErrors(problems))
	r, problems := resource.Load([]resource.File{file}, base, fakeProviders())
	require.Empty(t, problems)
	require.Empty(t, resource.Check(base, r, false, fakeProviders()))
	plan := resource.Diff(base, r, false)
	require.Len(t, plan.Changes, 1)
	require.Equal(t, []string{"would start sending lead.submitted to acme-meta as Lead"}, plan.Effects)
}

func TestReadFS(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"r/b.yml": {Data: []byte("b")}, "r/a.yaml": {Data: []byte("a")}, "r/sub/c.json": {Data: []byte("c")},
		"r/.hidden/x.yaml": {}, "r/.y.yaml": {}, "r/notes.md": {},
	}
	files, err := resource.ReadFS(fsys, "r")
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	require.Equal(t, "r/a.yaml r/b.yml r/sub/c.json", strings.Join(names, " "))
	files, err = resource.ReadFS(fsys, "r/notes.md")
	require.NoError(t, err)
	require.Len(t, files, 1, "a file that is named is read, whatever its name")
	_, err = resource.ReadFS(fsys, "nowhere")
	require.ErrorContains(t, err, "reading resources below nowhere")
}

func FuzzLoad(f *testing.F) {
	data, err := os.ReadFile("testdata/everything.yaml")
	require.NoError(f, err)
	f.Add(string(data))
	for _, seed := range []string{"a: &x [*x]", "<<: {a: 1}", "--- {kind: Policy}", "? a\n: b", "{\"a\": \"\\ud800\"}", "!!str 5", "a: |\n x\n---\n- b", "kind: Mapping\nspec: {events: {a: {}}, destinations: [x]}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, problems := resource.Load([]resource.File{{Name: "f", Data: []byte(text)}}, nil, fakeProviders())
		for _, p := range problems {
			require.NotZero(t, p.Line, p.String())
			require.Positive(t, p.Column, p.String())
		}
		if resource.HasErrors(problems) {
			return
		}
		_, problems = resource.Compile(r, fakeProviders())
		require.False(t, resource.HasErrors(problems), problems)
		again, problems := resource.Load([]resource.File{{Name: "g", Data: resource.Export(r)}}, nil, fakeProviders())
		require.False(t, resource.HasErrors(problems), "%v\n%s", problems, resource.Export(r))
		require.True(t, resource.Diff(r, again, true).Empty())
	})
}
