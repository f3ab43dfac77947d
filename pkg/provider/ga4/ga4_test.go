package ga4_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/ga4"
	sandbox "github.com/sluicehq/sluice/pkg/provider/ga4/fake"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	t.Parallel()
	for name, section := range map[string]string{"plain": `{}`, "everyone": everyone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, ga4.Provider{}, providertest.Fixture{
				Account: json.RawMessage(webAccount), Section: json.RawMessage(section), Secret: secret,
				Mapping: resource.Mapping{ProviderEvent: "purchase", Properties: []string{"plan"}},
				Change: func(e *event.Event) {
					e.Analytics = event.Analytics{ClientID: raw("GA1.1.1234567890.1795251000"), SessionID: raw("1795251000")}
				},
				Invalid: []providertest.Invalid{
					{Name: "no stream", Account: json.RawMessage(`{}`), Path: "account.measurement_id"},
					{Name: "both streams", Account: json.RawMessage(`{"measurement_id":"G-ABCD12345","firebase_app_id":"1:2:ios:ab"}`), Path: "account.firebase_app_id"},
					{Name: "a name as a stream", Account: json.RawMessage(`{"measurement_id":"UA-1"}`), Path: "account.measurement_id"},
					{Name: "no such region", Section: json.RawMessage(`{"region":"us"}`), Path: "ga4.region"},
					{Name: "no such setting", Section: json.RawMessage(`{"x":1}`), Path: "ga4.x"},
				},
				StatusDecides: true,
				Answers: []providertest.Answer{
					{Name: "taken, or not", N: 1, Status: 204, Class: provider.Accepted},
					{Name: "a reserved name", N: 1, Status: 200, Body: `{"validationMessages":[{"fieldPath":"events","description":"x","validationCode":"NAME_RESERVED"}]}`, Class: provider.Configuration},
					{Name: "cut off", N: 1, Status: 200, Body: `{"validationMessages":[{"fieldPath":`, Class: provider.UnknownOutcome},
					{Name: "throttled", N: 1, Status: 429, Header: map[string]string{"Retry-After": "2"}, Class: provider.Throttled, WaitMS: 2000},
				},
			})
		})
	}
}

// The request of an event that has everything, as a person reads it.
func TestGolden(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase", details)
	built := pass(t, input(route, webEvent()))
	require.JSONEq(t, `{
		"client_id": "1234567890.1795251000", "user_id": "customer-42", "timestamp_micros": 1795251600000000,
		"consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"}, "user_properties": {"tier": {"value": "b2b"}},
		"ip_override": "203.0.113.7", "user_agent": "Mozilla/5.0 (X11)",
		"user_data": {
			"sha256_email_address": ["d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69"],
			"sha256_phone_number": ["1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"],
			"address": [{
				"sha256_first_name": "343b97011010c3549fe7fcd6c226ed9431ea37b0b77ed78f6300a0098925faf1",
				"sha256_last_name": "b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba",
				"sha256_street": "c56a092e33fef672c4d8658e31ad4b17e8ceac569d5a88ca481846966d364fe5",
				"city": "san francisco", "region": "ca", "postal_code": "941031", "country": "US"
			}]
		},
		"events": [{"name": "purchase", "params": {
			"session_id": "1795251000", "engagement_time_msec": 1, "transaction_id": "1001", "value": 142.52, "currency": "USD", "tax": 2.5,
			"items": [
				{"item_id": "sku1", "item_name": "Shirt", "item_brand": "Acme", "item_category": "Clothes", "quantity": 2, "price": 60},
				{"item_id": "sku2", "quantity": 1, "price": 22.52}
			],
			"page_location": "https://shop.example.com/thank-you?utm_source=news&gclid=Cj0KCQiAinvented_wcB", "page_referrer": "https://www.example.org/",
			"page_title": "Thank you", "search_term": "kettle", "coupon": "AUTUMN", "customer_type": "new", "plan": "gold", "seats": 3, "trial": "true"
		}}]
	}`, string(built.Fragment))
	require.Equal(t, provider.Accepted, judge(t, route, built.Fragment).Class)
	require.Equal(t, consent.AdUserData|consent.AdPersonalization|consent.AdStorage|consent.AnalyticsStorage, built.ReliesOn)
	require.Equal(t, "1001", built.ClaimID)
	require.False(t, built.ResendUnsafe)
	require.False(t, built.DedupRisk)
}

func TestWhatIsNotRecognisedIsNotSentTwice(t *testing.T) {
	t.Parallel()
	without := func(e *event.Event) { e.Commerce.TransactionID = "" }
	reported := func(e *event.Event) { e.BrowserReported = event.Some(true) }
	for name, c := range map[string]struct {
		event        string
		change       func(*event.Event)
		options      []option
		unsafe, risk bool
	}{
		"a purchase":                     {"purchase", nil, nil, false, false},
		"a purchase of no transaction":   {"purchase", without, nil, true, true},
		"a purchase in an app":           {"purchase", func(e *event.Event) { e.Source = event.SourceApp }, []option{inApp}, true, false},
		"a lead that the tag may report": {"generate_lead", nil, nil, true, true},
		"a lead that the tag reported":   {"generate_lead", reported, nil, true, true},
		"a lead that nobody else reports": {"generate_lead", nil, []option{func(d *resource.Destination, _ *resource.Mapping) {
			no := false
			d.BrowserTag = &no
		}}, true, false},
	} {
		ev := webEvent()
		if c.change != nil {
			c.change(ev)
		}
		built := pass(t, input(newRoute(t, c.event, c.options...), ev))
		require.Equal(t, c.unsafe, built.ResendUnsafe, name)
		require.Equal(t, c.risk, built.DedupRisk, name)
		require.Empty(t, built.Group, "one group")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*provider.Input)
		want   decision.Reason
	}{
		"no client id":              {func(in *provider.Input) { in.Event.Analytics.ClientID = raw("") }, decision.IdentifiersNone},
		"a strange client id":       {func(in *provider.Input) { in.Event.Analytics.ClientID = raw("abc") }, decision.IdentifiersNone},
		"a user id alone":           {func(in *provider.Input) { in.Event.Analytics = event.Analytics{UserID: raw("42")} }, decision.IdentifiersNone},
		"no analytics_storage":      {func(in *provider.Input) { in.Usable &^= consent.AnalyticsStorage }, decision.IdentifiersNone},
		"value without currency":    {func(in *provider.Input) { in.Event.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		"a transaction id too long": {func(in *provider.Input) { in.Event.Commerce.TransactionID = strings.Repeat("x", 101) }, decision.ProviderFieldInvalid},
	} {
		in := input(newRoute(t, "purchase"), webEvent())
		c.change(in)
		built := provider.Build(nil, in)
		require.Contains(t, []decision.Reason{built.IdentifierReason, built.PreflightReason}, c.want, "%s: %s", name, built.Detail)
		require.Empty(t, built.Fragment, name)
	}
}

func TestReducedForm(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase", details)
	in := input(route, webEvent())
	in.Restricted, in.Cause, in.Usable = true, decision.ConsentDenied, consent.AnalyticsStorage|consent.AdStorage
	in.Said = consent.State{Denied: consent.AdUserData}
	built := pass(t, in)
	require.True(t, built.Restrictable)
	require.Equal(t, consent.AnalyticsStorage, built.ReliesOn)
	require.Contains(t, string(built.Fragment), `"consent":{"ad_user_data":"DENIED","ad_personalization":"DENIED"}`)
	for _, absent := range []string{"user_data", "user_id", "ip_override", "user_agent", "user_properties", "gclid"} {
		require.NotContains(t, strings.ReplaceAll(string(built.Fragment), `"ad_user_data"`, ""), absent)
	}
	require.Equal(t, provider.Accepted, judge(t, route, built.Fragment).Class)
	in.Usable = consent.AdStorage
	require.False(t, provider.Build(nil, in).Restrictable, "the browser's id stands on analytics_storage")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase", details, func(_ *resource.Destination, m *resource.Mapping) { m.Properties = nil })
	ev := webEvent()
	for range 400 {
		ev.Commerce.Items = append(ev.Commerce.Items, event.Item{ID: strings.Repeat("i", 100), Name: strings.Repeat("ä", 100), Brand: strings.Repeat("\"", 100)})
	}
	ev.Page.Title, ev.Page.URL = strings.Repeat("t", 301), "https://shop.example/"+strings.Repeat("p/", 600)
	ev.Properties[3].Value.Str = strings.Repeat("x", 37)
	in := input(route, ev)
	for i := range 30 {
		in.Fields = append(in.Fields, resource.Field{Name: "own_" + string(rune('a'+i%26)) + strings.Repeat("x", i), Value: event.Value{Kind: event.Long, Long: 7}})
	}
	built := pass(t, in)
	require.Less(t, len(built.Fragment), ga4.Provider{}.Spec().MaxBytes)
	for _, absent := range []string{"page_title", "page_location", "user_properties"} {
		require.NotContains(t, string(built.Fragment), absent)
	}
	require.Equal(t, provider.Accepted, judge(t, route, built.Fragment).Class, "the twenty-sixth parameter is left out")
}

func TestMappingsAreChecked(t *testing.T) {
	t.Parallel()
	web, _ := ga4.Provider{}.Open(newRoute(t, "purchase").Destination)
	for path, m := range map[string]resource.Mapping{
		"spec.provider_event":      {ProviderEvent: "session_start"},
		"properties":               {ProviderEvent: "purchase", Properties: []string{"session_id"}},
		"fields.transaction_id":    {ProviderEvent: "purchase", Fields: map[string]string{"transaction_id": "'x'"}},
		"fields.ga_x":              {ProviderEvent: "purchase", Fields: map[string]string{"ga_x": "'x'"}},
		"include":                  {ProviderEvent: "purchase", Include: map[string]bool{"everything": true}},
		"url":                      {ProviderEvent: "purchase", URL: "whole"},
		"url_parameters":           {ProviderEvent: "purchase", URLParameters: []string{"gclid"}},
		"spec.ga4.x":               {ProviderEvent: "purchase", Section: json.RawMessage(`{"x":1}`)},
		"spec.ga4.user_properties": {ProviderEvent: "purchase", Section: json.RawMessage(`{"user_properties":["user_id"]}`)},
	} {
		_, problems := web.Map(&m)
		require.Len(t, problems, 1, path)
		require.Equal(t, path, problems[0].Path)
	}
	_, problems := web.Map(&resource.Mapping{ProviderEvent: "screen_view"})
	require.NotEmpty(t, problems)
	app, _ := ga4.Provider{}.Open(newRoute(t, "purchase", inApp).Destination)
	_, problems = app.Map(&resource.Mapping{ProviderEvent: "screen_view"})
	require.Empty(t, problems, "an app's stream has it")
}

func TestRequestsAndCredentials(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase")
	at, l := endpoint(route), ledger.New()
	_, ok := at.Account.Probe(nil, at)
	require.False(t, ok, "nothing looks at the secret")
	built := pass(t, input(route, webEvent()))
	b := &provider.Batch{Endpoint: at, Fragments: [][]byte{built.Fragment}}
	r := at.Account.Assemble(nil, b)
	require.Equal(t, "https://www.google-analytics.com/mp/collect?measurement_id=G-ABCD12345", r.URL)
	strict := sandbox.New(sandbox.Config{Streams: map[string]sandbox.Stream{"G-ABCD12345": {Secrets: []string{"se/cret+1"}}}}, l)
	require.Equal(t, provider.Accepted, take(t, strict, r, secret).Class)
	require.Equal(t, 1, l.Totals().Accepted)
	require.Equal(t, provider.Accepted, take(t, strict, r, `{"api_secret":"other"}`).Class, "nobody is told")
	require.Equal(t, 1, l.Totals().Acceptances, "and it is lost")
	eu := newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) { d.Section = json.RawMessage(`{"region":"eu"}`) })
	b.Endpoint = endpoint(eu)
	require.True(t, strings.HasPrefix(b.Endpoint.Account.Assemble(nil, b).URL, "https://region1.google-analytics.com/mp/collect?"))
	b.Endpoint.BaseURL = "http://127.0.0.1:9999/"
	require.True(t, strings.HasPrefix(b.Endpoint.Account.Assemble(nil, b).URL, "http://127.0.0.1:9999/mp/collect?"), "an installation's own address stays")
	mobile := endpoint(newRoute(t, "purchase", inApp))
	b.Endpoint, b.ValidateOnly = mobile, true
	require.Equal(t, "https://www.google-analytics.com/debug/mp/collect?firebase_app_id=1%3A1234567890%3Aandroid%3Aabcdef", mobile.Account.Assemble(nil, b).URL)
	for _, bad := range []string{``, `{}`, `"secret"`, `{"api_secret":""}`, `{"api_secret":"a b"}`, `{"api_secret":"a","x":1}`} {
		_, err := ga4.Provider{}.Authorize(t.Context(), nil, nil, raw(bad))
		require.ErrorContains(t, err, "api_secret", bad)
		require.NotContains(t, err.Error(), "a b")
	}
}

func TestTrials(t *testing.T) {
	t.Parallel()
	d := newRoute(t, "purchase").Destination
	_, err := ga4.Provider{}.Trial(d, provider.TrialOptions{Code: "TEST"})
	require.ErrorContains(t, err, "no such code")
	trial, err := ga4.Provider{}.Trial(d, provider.TrialOptions{})
	require.NoError(t, err)
	require.True(t, trial.ValidateOnly)
	require.False(t, trial.Stored)
	require.Contains(t, trial.Means, "secret", "it is not tried")
	trial, err = ga4.Provider{}.Trial(d, provider.TrialOptions{Real: true})
	require.NoError(t, err)
	require.True(t, trial.Stored)
}

// What the debug path says echoes values: they are redacted.
func TestWordsAreRedacted(t *testing.T) {
	t.Parallel()
	a := ga4.Provider{}.Classify(1, &provider.Response{Status: 200, Body: []byte(
		`{"validationMessages":[{"description":"unsupported value [string_value: \"ann@example.org\"]","validationCode":"INTERNAL_ERROR"}]}`)})
	require.Equal(t, provider.Invalid, a.Class)
	require.NotContains(t, a.Message+a.Faults[0].Message, "ann@")
}

// Whatever an event has, the strict stand-in takes what Build lets through.
func TestTheSandboxTakesWhatIsEligible(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]option{"plain": nil, "details": {details}, "app": {details, inApp}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, "purchase", options...)
			least := 0.05
			providertest.Eligible(t, 3_000, now, least, func(e *event.Event) *provider.Input {
				if name == "app" && e.Analytics.AppInstanceID.Reveal() == "" {
					e.Analytics.AppInstanceID = raw("c999009a4ff19788a53a4ad14989e902")
				}
				in := input(route, e)
				in.Fields = []resource.Field{{Name: "own", Value: event.Value{Kind: event.String, Str: e.Page.Title}}, {Name: "shipping", Value: e.Properties[1].Value}}
				return in
			}, func(fragment []byte) provider.Answer {
				require.False(t, bytes.Contains(fragment, []byte(`"transaction_id":""`)))
				return judge(t, route, fragment)
			})
		})
	}
}
