package tiktok_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/tiktok"
	sandbox "github.com/sluicehq/sluice/pkg/provider/tiktok/fake"
)

func TestAuthorize(t *testing.T) {
	t.Parallel()
	p := tiktok.New(provider.Deps{})
	a, err := p.Authorize(t.Context(), nil, nil, raw(secret))
	require.NoError(t, err)
	require.Len(t, a.Header, 1)
	require.Equal(t, "Access-Token", a.Header[0].Name)
	require.Equal(t, "token", a.Header[0].Value.Reveal())
	require.Empty(t, a.Query)
	require.Zero(t, a.Expires)
	for _, bad := range []string{
		"", "canary-token", `{"access_token":""}`, `{"access_token":"canary\ntoken"}`, `{"access_token":"Bearer canary"}`, `{"token":"canary"}`,
		`{"access_token":["canary"]}`, `{"access_token":"canary"`,
	} {
		_, err := p.Authorize(t.Context(), nil, nil, raw(bad))
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "canary")
	}
}

// The event source, not the name of the destination, is the account; a test code
// is no part of it.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	require.Equal(t, "tiktok:web:C123PIXEL456", newRoute(t).Fingerprint)
	require.Equal(t, newRoute(t).Fingerprint, newRoute(t, with(`{"test_event_code":"TEST1"}`)).Fingerprint)
	require.NotEqual(t, newRoute(t, at("offline")).Fingerprint, newRoute(t, at("crm"), as("x")).Fingerprint)
}

func TestTrials(t *testing.T) {
	t.Parallel()
	p := tiktok.New(provider.Deps{})
	d := newRoute(t).Destination
	for _, o := range []provider.TrialOptions{{}, {Real: true, Code: "TEST1"}, {Code: "TEST 1"}} {
		_, err := p.Trial(d, o)
		var wrong *provider.TrialError
		require.ErrorAs(t, err, &wrong)
		require.NotEmpty(t, wrong.Fix)
	}
	own := newRoute(t, with(`{"test_event_code":"TEST1","location":"clear"}`)).Destination
	trial, err := p.Trial(own, provider.TrialOptions{})
	require.NoError(t, err)
	require.Same(t, own, trial.Destination)
	trial, err = p.Trial(own, provider.TrialOptions{Code: "TEST2"})
	require.NoError(t, err)
	require.JSONEq(t, `{"test_event_code":"TEST2","location":"clear"}`, string(trial.Destination.Section))
	require.Contains(t, string(own.Section), "TEST1", "the given destination stays as it is")
	require.Subset(t, []string{"user", "lead"}, trial.Private)
}

// What the stand-in refuses is read as what it means, whether it names the event
// or not.
func TestRefusalsOfTheSandboxAreUnderstood(t *testing.T) {
	t.Parallel()
	route := newRoute(t)
	good := provider.Build(nil, input(route, webEvent())).Fragment
	for name, c := range map[string]struct {
		bad    string
		code   string
		faults []int
	}{
		"a number as content_id": {strings.Replace(string(good), `"content_id":"sku2"`, `"content_id":2`, 1), "40002", []int{1}},
		"an address in clear":    {strings.Replace(string(good), `"email":["`, `"email":["ada@mail.example","`, 1), "40062", []int{}},
		"no page":                {strings.Replace(string(good), `"page":`, `"pages":`, 1), "40002", []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := judge(t, route, good, []byte(c.bad))
			require.Equal(t, provider.Invalid, a.Class)
			require.Equal(t, c.code, a.Code)
			require.Equal(t, c.faults, indices(&a))
			require.False(t, a.Unmapped)
			require.NotEmpty(t, a.RequestID)
		})
	}
}

// Accounts, tokens and versions as TikTok judges them.
func TestAccountsOfTheSandbox(t *testing.T) {
	t.Parallel()
	route := newRoute(t)
	event := provider.Build(nil, input(route, webEvent())).Fragment
	r, auth := assemble(t, route, event)
	for name, c := range map[string]struct {
		accounts string
		code     string
		class    provider.Class
	}{
		"registered":        {`{"sources":{"C123PIXEL456":{"kind":"web","tokens":["token"]}}}`, "", provider.Accepted},
		"another kind":      {`{"sources":{"C123PIXEL456":{"kind":"offline","tokens":["token"]}}}`, "40001", provider.Configuration},
		"another source":    {`{"sources":{"C9":{"kind":"web","tokens":["token"]}}}`, "40001", provider.Configuration},
		"another token":     {`{"sources":{"C123PIXEL456":{"kind":"web","tokens":["other"]}}}`, "40105", provider.Credentials},
		"an expired token":  {`{"sources":{"C123PIXEL456":{"kind":"web","tokens":["new"],"expired_tokens":["token"]}}}`, "40102", provider.Credentials},
		"not allowed":       {`{"sources":{"C123PIXEL456":{"kind":"web","tokens":["token"],"not_on_allow_list":true}}}`, "40118", provider.Configuration},
		"a version's end":   {`{"versions":{"v1.3":"2026-11-20"}}`, "41001", provider.Configuration},
		"its last day":      {`{"versions":{"v1.3":"2026-11-21"}}`, "", provider.Accepted},
		"another version":   {`{"versions":{"v1.4":"2030-01-01"}}`, "40051", provider.Configuration},
		"everybody is open": {`{}`, "", provider.Accepted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sandbox.New(sandbox.Config{}, ledger.New())
			require.NoError(t, s.Accounts(json.RawMessage(c.accounts)))
			a := serve(t, s, 1, r, auth)
			require.Equal(t, c.class.String(), a.Class.String(), a.Message)
			require.Equal(t, c.code, a.Code)
		})
	}
	for _, bad := range []string{`{"pixels":{}}`, `{"sources":{"C1":{"kind":"pixel"}}}`, `{"versions":{"v1.3":"soon"}}`, `[]`} {
		require.Error(t, sandbox.New(sandbox.Config{}, ledger.New()).Accounts(json.RawMessage(bad)), bad)
	}
}

// The plan says what TikTok would not take, and what is probably not meant.
func TestMappings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source  string
		mapping resource.Mapping
		path    string
		warning bool
	}{
		"another case":             {"web", resource.Mapping{ProviderEvent: "purchase"}, "provider_event", false},
		"nearly":                   {"web", resource.Mapping{ProviderEvent: "Purchases"}, "provider_event", true},
		"an address":               {"web", resource.Mapping{ProviderEvent: "for ada@mail.example"}, "provider_event", false},
		"nothing":                  {"web", resource.Mapping{ProviderEvent: resource.NoEvent}, "provider_event", false},
		"a custom name offline":    {"offline", resource.Mapping{ProviderEvent: "Lead qualified"}, "provider_event", false},
		"a refund as a purchase":   {"web", resource.Mapping{ProviderEvent: "Purchase", SourceEvent: "transaction.refunded"}, "provider_event", true},
		"an unknown field":         {"web", resource.Mapping{ProviderEvent: "Purchase", Fields: map[string]string{"margin": "1"}}, "fields.margin", false},
		"a property of one's own":  {"web", resource.Mapping{ProviderEvent: "Purchase", Properties: []string{"plan"}}, "properties", false},
		"an unknown detail":        {"web", resource.Mapping{ProviderEvent: "Purchase", Include: map[string]bool{"names": true}}, "include", false},
		"a click id in parameters": {"web", resource.Mapping{ProviderEvent: "Purchase", URLParameters: []string{"ttclid"}}, "url_parameters", false},
		"a section":                {"web", resource.Mapping{ProviderEvent: "Purchase", Section: json.RawMessage(`{"x":1}`)}, "tiktok", false},
		"an unknown URL mode":      {"web", resource.Mapping{ProviderEvent: "Purchase", URL: "some"}, "url", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := newRoute(t, at(c.source))
			_, problems := route.Account.Map(&c.mapping)
			require.Len(t, problems, 1)
			require.Equal(t, c.path, problems[0].Path)
			require.Equal(t, c.warning, problems[0].Warning)
			require.NotEmpty(t, problems[0].Fix)
		})
	}
}

// A template's row has the name of its kind of event source, and none where that
// takes no such event.
func TestTheTemplateByEventSource(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]map[string]string{
		"web":     {"transaction.purchase": "Purchase", "checkout.started": "InitiateCheckout", "lead.qualified": "Lead qualified", "transaction.refunded": resource.NoEvent},
		"app":     {"transaction.purchase": "Purchase", "checkout.started": "Checkout", "user.signed_up": "Registration", "lead.submitted": "GenerateLead"},
		"offline": {"transaction.purchase": "Purchase", "checkout.started": "InitiateCheckout", "lead.qualified": resource.NoEvent},
		"crm":     {"lead.submitted": "Lead", "lead.qualified": "Lead qualified", "lead.converted": "Lead converted"},
	} {
		account := newRoute(t, at(source)).Account
		for event, name := range want {
			m, ok := tiktok.Provider{}.TemplateEvent("commerce", event)
			require.True(t, ok, event)
			target, problems := account.Map(&m)
			require.Empty(t, problems, "%s at %s", event, source)
			require.Equal(t, name, target.Key(), "%s at %s", event, source)
		}
	}
}
