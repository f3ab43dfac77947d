package meta_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

func TestCompileDestinationRefusals(t *testing.T) {
	p := meta.New(provider.Deps{})
	for name, c := range map[string]struct {
		account, section string
		change           func(*resource.Destination)
		path             string // "": no problem
		warning          bool
	}{
		"fine":                {`{"dataset_id":"1234567890"}`, `{"api_version":"v24.0","external_id":"raw","partner_agent":"acme_1_0"}`, nil, "", false},
		"twenty digits":       {`{"dataset_id":"12345678901234567890"}`, ``, nil, "", false},
		"no account":          {``, ``, nil, "spec.account.dataset_id", false},
		"a number":            {`{"dataset_id":1234567890}`, ``, nil, "spec.account.dataset_id", false},
		"letters":             {`{"dataset_id":"12a"}`, ``, nil, "spec.account.dataset_id", false},
		"too long":            {`{"dataset_id":"123456789012345678901"}`, ``, nil, "spec.account.dataset_id", false},
		"unknown account key": {`{"dataset_id":"1","pixel":"2"}`, ``, nil, "spec.account.pixel", false},
		"unknown section key": {`{"dataset_id":"1"}`, `{"apiversion":"v25.0"}`, nil, "spec.meta.apiversion", false},
		"bad version":         {`{"dataset_id":"1"}`, `{"api_version":"25"}`, nil, "spec.meta.api_version", false},
		"unknown version":     {`{"dataset_id":"1"}`, `{"api_version":"v99.0"}`, nil, "spec.meta.api_version", true},
		"external id":         {`{"dataset_id":"1"}`, `{"external_id":"plain"}`, nil, "spec.meta.external_id", false},
		"agent too long":      {`{"dataset_id":"1"}`, `{"partner_agent":"abcdefghijklmnopqrstuvw"}`, nil, "spec.meta.partner_agent", false},
		"agent of digits":     {`{"dataset_id":"1"}`, `{"partner_agent":"a_1_0"}`, nil, "spec.meta.partner_agent", false},
		"test code":           {`{"dataset_id":"1"}`, `{"test_event_code":"TEST12345"}`, nil, "spec.meta.test_event_code", true},
		"segmentation":        {`{"dataset_id":"1"}`, `{"customer_segmentation":"top"}`, nil, "spec.meta.customer_segmentation", false},
		"phone country":       {`{"dataset_id":"1"}`, ``, func(d *resource.Destination) { d.Defaults.PhoneCountry = "XX" }, "spec.defaults.phone_country", false},
		"currency":            {`{"dataset_id":"1"}`, ``, func(d *resource.Destination) { d.Defaults.Currency = "XXX" }, "spec.defaults.currency", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := &resource.Destination{ID: "d", Account: json.RawMessage(c.account), Section: json.RawMessage(c.section)}
			if c.change != nil {
				c.change(d)
			}
			account, problems := p.Open(d)
			if c.path == "" {
				require.Empty(t, problems)
				require.True(t, strings.HasPrefix(account.Fingerprint(), "meta:1234567890"))
				return
			}
			require.NotEmpty(t, problems)
			require.Equal(t, c.path, problems[0].Path)
			require.Equal(t, c.warning, problems[0].Warning)
			require.Equal(t, c.warning, account != nil, "what is wrong is not opened")
			require.NotEmpty(t, problems[0].Fix)
			require.Equal(t, "Destination/d", problems[0].Resource)
		})
	}
}

func TestCompileMappingRefusals(t *testing.T) {
	p := meta.New(provider.Deps{})
	d := &resource.Destination{Account: json.RawMessage(`{"dataset_id":"1"}`)}
	account, _ := p.Open(d)
	for name, c := range map[string]struct {
		m    resource.Mapping
		path string
	}{
		"standard": {resource.Mapping{ProviderEvent: "Purchase", Fields: map[string]string{"value": "1", "num_adults": "2"}}, ""},
		"travel and homes": {resource.Mapping{ProviderEvent: "Search", Fields: map[string]string{
			"preferred_star_ratings": "'4'", "suggested_hotels": "'h1'", "destination_ids": "'d1'", "fb_level": "'3'"}}, ""},
		"no key of Meta's":  {resource.Mapping{ProviderEvent: "Search", Fields: map[string]string{"preferred": "'4'"}}, "fields.preferred"},
		"custom":            {resource.Mapping{ProviderEvent: "Lead qualified", Properties: []string{"plan"}, Include: map[string]bool{"coupons": true}}, ""},
		"no name":           {resource.Mapping{}, "provider_event"},
		"a long name":       {resource.Mapping{ProviderEvent: strings.Repeat("ä", 51)}, "provider_event"},
		"fifty characters":  {resource.Mapping{ProviderEvent: strings.Repeat("ä", 50)}, ""},
		"wrong case":        {resource.Mapping{ProviderEvent: "purchase"}, "provider_event"},
		"nearly standard":   {resource.Mapping{ProviderEvent: "Purchse"}, "provider_event"},
		"a template's row":  {resource.Mapping{ProviderEvent: "Purchse", FromTemplate: "commerce"}, ""},
		"an address":        {resource.Mapping{ProviderEvent: "jane@example.com"}, "provider_event"},
		"surrounding space": {resource.Mapping{ProviderEvent: " Bought"}, "provider_event"},
		"a refund":          {resource.Mapping{ProviderEvent: "Purchase", SourceEvent: "transaction.refunded"}, "provider_event"},
		"identifier field":  {resource.Mapping{ProviderEvent: "Lead", Fields: map[string]string{"em": "x"}}, "fields.em"},
		"list field":        {resource.Mapping{ProviderEvent: "Lead", Fields: map[string]string{"contents": "x"}}, "fields.contents"},
		"standard property": {resource.Mapping{ProviderEvent: "Lead", Properties: []string{"value"}}, "properties"},
		"include":           {resource.Mapping{ProviderEvent: "Lead", Include: map[string]bool{"names": true}}, "include"},
		"url":               {resource.Mapping{ProviderEvent: "Lead", URL: "host"}, "url"},
		"click parameter":   {resource.Mapping{ProviderEvent: "Lead", URLParameters: []string{"fbclid"}}, "url_parameters"},
		"a section":         {resource.Mapping{ProviderEvent: "Lead", Section: json.RawMessage(`{"x":1}`)}, "meta"},
	} {
		t.Run(name, func(t *testing.T) {
			c.m.Name = "m"
			out, problems := account.Map(&c.m)
			require.Equal(t, c.m.ProviderEvent, out.Key())
			if c.path == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, c.path, problems[0].Path)
			require.NotEmpty(t, problems[0].Fix)
		})
	}
}

// TestANameThatIsNearlyStandardIsToldOf: custom events are allowed, so it is
// never refused.
func TestANameThatIsNearlyStandardIsToldOf(t *testing.T) {
	p := meta.New(provider.Deps{})
	account, _ := p.Open(&resource.Destination{Account: json.RawMessage(`{"dataset_id":"1"}`)})
	_, problems := account.Map(&resource.Mapping{Name: "m", ProviderEvent: "Purchse"})
	require.Len(t, problems, 1)
	require.True(t, problems[0].Warning)
	require.Equal(t, "Purchse", problems[0].Value)
	require.Contains(t, problems[0].Fix, "Purchase")
}

func TestTemplate(t *testing.T) {
	p := meta.New(provider.Deps{})
	account, _ := p.Open(&resource.Destination{Account: json.RawMessage(`{"dataset_id":"1"}`)})
	for source, want := range map[string]string{
		"transaction.purchase": "Purchase", "cart.added": "AddToCart", "product.viewed": "ViewContent", "checkout.started": "InitiateCheckout",
		"payment_info.added": "AddPaymentInfo", "user.signed_up": "CompleteRegistration", "lead.submitted": "Lead",
		"lead.qualified": "Lead qualified", "lead.converted": "Lead converted",
	} {
		m, ok := p.TemplateEvent("commerce", source)
		require.True(t, ok, source)
		require.Equal(t, want, m.ProviderEvent)
		require.True(t, m.Enabled)
		_, problems := account.Map(&m)
		require.Empty(t, problems, source)
	}
	m, _ := p.TemplateEvent("commerce", "transaction.purchase")
	require.Equal(t, decision.LaneRealtime, m.Lane)
	m, ok := p.TemplateEvent("commerce", "transaction.refunded")
	require.True(t, ok)
	require.Equal(t, resource.NoEvent, m.ProviderEvent, "Meta cannot take a purchase back: the decision says so")
	_, ok = p.TemplateEvent("travel", "transaction.purchase")
	require.False(t, ok)
}

func TestVersionsWarnBeforeTheirEnd(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return d
	}
	require.Empty(t, meta.VersionWarning("v25.0", day("2026-11-21")))
	require.Empty(t, meta.VersionWarning("v26.0", day("2036-11-21")), "no end announced")
	require.Contains(t, meta.VersionWarning("v21.0", day("2026-11-21")), "in 61 days")
	require.Contains(t, meta.VersionWarning("v20.0", day("2026-11-21")), "ended on 2026-09-24")
	require.Contains(t, meta.VersionWarning("v99.0", day("2026-11-21")), "not one that this build knows")
}

func TestADestinationIsWarnedOfItsVersionsEnd(t *testing.T) {
	compile := func(p meta.Provider, section string) []resource.Problem {
		d := &resource.Destination{ID: "acme-meta", Account: json.RawMessage(`{"dataset_id":"1"}`), Section: json.RawMessage(section)}
		_, problems := p.Open(d)
		return problems
	}
	at := func(day string) meta.Provider {
		d, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		return meta.New(provider.Deps{Now: d.UnixMilli})
	}
	require.Empty(t, compile(at("2026-11-21"), `{}`))
	require.Empty(t, compile(meta.New(provider.Deps{}), `{"api_version":"v20.0"}`), "no clock, no warning")
	for day, want := range map[string]string{"2026-11-21": "in 61 days", "2027-01-22": "ended on 2027-01-21"} {
		problems := compile(at(day), `{"api_version":"v21.0"}`)
		require.Len(t, problems, 1)
		require.True(t, problems[0].Warning, "the version may live on: nothing is stopped")
		require.Contains(t, problems[0].Value, want)
	}
	require.Len(t, compile(at("2028-07-01"), `{}`), 1, "also of the version that is sent where none is named")
	require.Len(t, compile(at("2026-11-21"), `{"api_version":"v99.0"}`), 1, "said once")
}

func TestAssemble(t *testing.T) {
	p := meta.New(provider.Deps{})
	target := func(section string) *provider.Endpoint {
		account, _ := p.Open(&resource.Destination{Account: json.RawMessage(`{"dataset_id":"1234567890"}`), Section: json.RawMessage(section)})
		return &provider.Endpoint{Account: account.(provider.Account), BaseURL: "https://graph.facebook.com/"}
	}
	r := target("").Account.Assemble([]byte("x"), &provider.Batch{Endpoint: target(""), Fragments: [][]byte{[]byte(`{"a":1}`), []byte(`{"b":2}`)}})
	require.Equal(t, "POST", r.Method)
	require.Equal(t, "https://graph.facebook.com/v25.0/1234567890/events", r.URL)
	require.Equal(t, `{"data":[{"a":1},{"b":2}]}`, string(r.Body))
	require.Equal(t, []provider.Header{{Name: "Content-Type", Value: "application/json"}}, r.Header)

	r = target(`{"api_version":"v24.0","test_event_code":"TEST1","partner_agent":"acme_1_0"}`).Account.Assemble(nil, &provider.Batch{Endpoint: target(`{"api_version":"v24.0","test_event_code":"TEST1","partner_agent":"acme_1_0"}`), Fragments: [][]byte{[]byte(`{}`)}})
	require.Equal(t, "https://graph.facebook.com/v24.0/1234567890/events", r.URL)
	require.Equal(t, `{"data":[{}],"test_event_code":"TEST1","partner_agent":"acme_1_0"}`, string(r.Body))

	_, ok := target("").Account.Probe(nil, target(""))
	require.False(t, ok)
}

func TestAuthorize(t *testing.T) {
	p := meta.New(provider.Deps{})
	a, err := p.Authorize(context.Background(), nil, nil, identity.NewRaw(`{"access_token":"token123","app_secret":"key"}`))
	require.NoError(t, err)
	require.Equal(t, "Authorization", a.Header[0].Name)
	require.Equal(t, "Bearer token123", a.Header[0].Value.Reveal())
	require.Equal(t, "appsecret_proof", a.Query[0].Name)
	require.Equal(t, hmacHex("key", "token123"), a.Query[0].Value.Reveal())
	require.Zero(t, a.Expires)

	a, err = p.Authorize(context.Background(), nil, nil, identity.NewRaw(`{"access_token":"token123"}`))
	require.NoError(t, err)
	require.Empty(t, a.Query)

	for _, bad := range []string{"", "canary-token", `{"access_token":""}`, `{"access_token":"canary\ntoken"}`, `{"token":"canary"}`, `{"access_token":["canary"]}`, `{"access_token":"canary"`} {
		_, err := p.Authorize(context.Background(), nil, nil, identity.NewRaw(bad))
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "canary")
	}
}

func TestSpec(t *testing.T) {
	s := meta.New(provider.Deps{}).Spec()
	require.Equal(t, []string{"graph.facebook.com"}, s.Hosts)
	require.Equal(t, 1000, s.MaxBatch)
	require.Equal(t, 200, s.RealtimeBatch)
	require.Equal(t, 900*1024, s.MaxBytes)
	require.False(t, s.Asynchronous)
	require.Equal(t, consent.Needs{Purposes: consent.AdUserData}, meta.New(provider.Deps{}).Needs())
	require.Len(t, meta.New(provider.Deps{}).Supported().List(), int(decision.KindCount))
}
