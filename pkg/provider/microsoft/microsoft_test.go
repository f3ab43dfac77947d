package microsoft_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/microsoft"
	"github.com/sluicehq/sluice/pkg/provider/providertest"
)

// I9: TestConformance holds the provider to what router and sender rely on.
func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, microsoft.Provider{}, providertest.Fixture{
		Account: json.RawMessage(account),
		Mapping: resource.Mapping{ProviderEvent: "purchase"},
		Invalid: []providertest.Invalid{
			{Name: "no tag", Account: json.RawMessage(`{}`), Path: "account.tag_id"},
			{Name: "a name as a tag", Account: json.RawMessage(`{"tag_id":"shop"}`), Path: "account.tag_id"},
			{Name: "a section", Section: json.RawMessage(`{"x":1}`), Path: "microsoft"},
		},
		NoProperties: true,
		Without:      []string{"item_brands", "item_categories", "coupons"},
		Answers: []providertest.Answer{
			{Name: "taken", N: 2, Status: 200, Body: `{"eventsReceived":2}`, Class: provider.Accepted},
			{Name: "one refused", N: 3, Status: 400, Body: `{"error":{"code":"ValidationError","details":[{"index":1,"propertyName":"data[1].eventTime","errorMessage":"x"}]}}`, Class: provider.Invalid, Faults: []int{1}},
			{Name: "the others taken", N: 2, Status: 200, Body: `{"eventsReceived":1,"error":{"code":"ValidationError","details":[{"index":0,"propertyName":"data[0]","errorMessage":"x"}]}}`, Class: provider.Invalid, Faults: []int{0}, RestDelivered: true},
			{Name: "a strange index", N: 1, Status: 400, Body: `{"error":{"code":"ValidationError","details":[{"index":7,"propertyName":"data[7]","errorMessage":"x"}]}}`, Class: provider.Invalid},
			{Name: "throttled", N: 1, Status: 429, Header: map[string]string{"Retry-After": "2"}, Class: provider.Throttled, WaitMS: 2000},
		},
	})
}

// The payload of an event that has everything, as a person reads it.
func TestGolden(t *testing.T) {
	t.Parallel()
	built := provider.Build(nil, input(newRoute(t, "purchase", everything), webEvent()))
	require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
	require.JSONEq(t, `{
		"eventType": "custom", "eventName": "purchase", "eventId": "order-1001", "eventTime": 1795251600,
		"eventSourceUrl": "https://shop.example.com/thank-you?utm_source=news&msclkid=f894f652ea334e739002f7167ab8f8e3",
		"referrerUrl": "https://www.example.org/", "adStorageConsent": "G",
		"userData": {
			"anonymousId": "8bb3c8a0-9f3f-11ee-8c90-0242ac120002",
			"externalId": "`+digest("User 123")+`", "em": "`+digest("johnsmith@example.com")+`", "ph": "`+digest("+16505551212")+`",
			"clientIpAddress": "203.0.113.7", "clientUserAgent": "Mozilla/5.0 (X11)", "msclkid": "f894f652-ea33-4e73-9002-f7167ab8f8e3"
		},
		"customData": {
			"value": 142.52, "currency": "USD", "transactionId": "1001", "searchTerm": "kettle", "pageType": "purchase",
			"items": [{"id": "sku1", "name": "Shirt", "price": 60, "quantity": 2}, {"id": "sku2", "price": 22.52, "quantity": 1}],
			"itemIds": ["sku1", "sku2"]
		}
	}`, string(built.Fragment))
	require.Equal(t, provider.Accepted, judge(t, newRoute(t, "purchase"), built.Fragment).Class)
}

func digest(s string) string {
	h := identity.Hash([]byte(s))
	return string(h.AppendHex(nil))
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event  string
		change func(*event.Event)
		want   decision.Reason
	}{
		"a page view without a page": {"pageLoad", func(e *event.Event) { e.Page.URL = "" }, decision.ProviderURLMissing},
		"a page that is no URL":      {"purchase", func(e *event.Event) { e.Page.URL = "shop" }, decision.ProviderFieldInvalid},
		"value without currency":     {"purchase", func(e *event.Event) { e.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		"only address and agent": {"purchase", func(e *event.Event) {
			e.Identity, e.Click, e.Page.URL = event.Identity{}, event.Click{}, "https://shop.example.com/"
		}, decision.IdentifiersInsufficient},
		"nobody": {"purchase", func(e *event.Event) {
			e.Identity, e.Click, e.Device, e.Page.URL = event.Identity{}, event.Click{}, event.Device{}, "https://shop.example.com/"
		}, decision.IdentifiersNone},
	} {
		ev := webEvent()
		c.change(ev)
		built := provider.Build(nil, input(newRoute(t, c.event), ev))
		require.Contains(t, []decision.Reason{built.IdentifierReason, built.PreflightReason}, c.want, "%s: %s", name, built.Detail)
		require.Empty(t, built.Fragment, name)
	}
	refund, ok := microsoft.Provider{}.TemplateEvent("commerce", "transaction.refunded")
	require.True(t, ok)
	built := provider.Build(nil, input(newRoute(t, refund.ProviderEvent, func(_ *resource.Destination, m *resource.Mapping) { m.FromTemplate = "commerce" }), webEvent()))
	require.Equal(t, decision.ProviderUnsupportedEvent, built.PreflightReason)
}

func TestMappingsAreChecked(t *testing.T) {
	t.Parallel()
	a, _ := microsoft.Provider{}.Open(newRoute(t, "purchase").Destination)
	for path, m := range map[string]resource.Mapping{
		"provider_event": {ProviderEvent: ""},
		"properties":     {ProviderEvent: "purchase", Properties: []string{"plan"}},
		"fields.colour":  {ProviderEvent: "purchase", Fields: map[string]string{"colour": "'red'"}},
		"include":        {ProviderEvent: "purchase", Include: map[string]bool{"coupons": true}},
		"url":            {ProviderEvent: "purchase", URL: "whole"},
		"url_parameters": {ProviderEvent: "purchase", URLParameters: []string{"msclkid"}},
		"microsoft":      {ProviderEvent: "purchase", Section: json.RawMessage(`{"x":1}`)},
	} {
		_, problems := a.Map(&m)
		require.Len(t, problems, 1, path)
		require.Equal(t, path, problems[0].Path)
	}
}

func TestRequestsAndCredentials(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase")
	at := endpoint(route)
	probe, ok := at.Account.Probe(nil, at)
	require.True(t, ok)
	l := ledger.New()
	require.Equal(t, provider.Configuration, take(t, strict(l), 0, probe, secret).Class, "the token is good: the request has no events")
	require.Equal(t, provider.Credentials, take(t, strict(l), 0, probe, `{"access_token":"other"}`).Class)
	for status, class := range map[int]provider.Class{400: provider.Accepted, 401: provider.Credentials, 403: provider.Configuration, 503: provider.Transient} {
		a := provider.ClassifyProbe(microsoft.Provider{}, &provider.Response{
			Status: status, Body: []byte(`{"error":{"code":"x","message":"x","details":[{"propertyName":"data","errorMessage":"none"}]}}`),
			Header: func(string) string { return "" }, Now: now,
		})
		require.Equal(t, class, a.Class, "a probe answered with %d", status)
	}
	require.Zero(t, l.Totals().Accepted)
	for _, bad := range []string{``, `{}`, `"token"`, `{"access_token":""}`, `{"access_token":"a b"}`, `{"access_token":"a","x":1}`} {
		_, err := microsoft.Provider{}.Authorize(t.Context(), nil, nil, raw(bad))
		require.ErrorContains(t, err, "access_token", bad)
		require.NotContains(t, err.Error(), "a b")
	}
	_, err := microsoft.Provider{}.Trial(route.Destination, provider.TrialOptions{})
	require.ErrorContains(t, err, "no call that only checks", "a test event would count")
	trial, err := microsoft.Provider{}.Trial(route.Destination, provider.TrialOptions{Real: true})
	require.NoError(t, err)
	require.True(t, trial.Stored)
}

// Whatever an event has, the strict stand-in takes what Build lets through.
func TestTheSandboxTakesWhatIsEligible(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"purchase", "pageLoad", "own name"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, name, everything)
			providertest.Eligible(t, 2_500, now, 0.05, func(e *event.Event) *provider.Input { return input(route, e) },
				func(fragment []byte) provider.Answer { return judge(t, route, fragment) })
		})
	}
}
