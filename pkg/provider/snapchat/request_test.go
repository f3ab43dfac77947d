package snapchat_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/snapchat"
	sandbox "github.com/sluicehq/sluice/pkg/provider/snapchat/fake"
)

// The token goes into the query, and into no header and no address.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	p := snapchat.New(provider.Deps{})
	a, err := p.Authorize(t.Context(), nil, nil, raw(secret))
	require.NoError(t, err)
	require.Empty(t, a.Header)
	require.Len(t, a.Query, 1)
	require.Equal(t, "access_token", a.Query[0].Name)
	require.Equal(t, "token", a.Query[0].Value.Reveal())
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

func TestTrials(t *testing.T) {
	t.Parallel()
	p := snapchat.New(provider.Deps{})
	d := newRoute(t).Destination
	_, err := p.Trial(d, provider.TrialOptions{Code: "TEST1"})
	var wrong *provider.TrialError
	require.ErrorAs(t, err, &wrong)
	trial, err := p.Trial(d, provider.TrialOptions{})
	require.NoError(t, err)
	require.True(t, trial.ValidateOnly)
	require.False(t, trial.Stored)
	trial, err = p.Trial(d, provider.TrialOptions{Real: true})
	require.NoError(t, err)
	require.False(t, trial.ValidateOnly)
	require.True(t, trial.Stored)
	require.Subset(t, trial.Private, []string{"user_data", "app_data"})
}

// The probe asks for statistics: with a good token it is accepted, and delivers
// nothing; so does checking.
func TestProbesAndChecksStoreNothing(t *testing.T) {
	t.Parallel()
	route := newRoute(t)
	at := &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://tr.snapchat.com"}
	_, auth := assemble(t, route)
	s := sandbox.New(sandbox.Config{}, ledger.New())
	probe, ok := at.Account.Probe(nil, at)
	require.True(t, ok)
	require.Equal(t, provider.Accepted, serve(t, s, 0, probe, auth).Class)
	require.Equal(t, provider.Credentials, serve(t, s, 0, probe, provider.Authorization{}).Class)
	fragment := provider.Build(nil, input(route, webEvent())).Fragment
	check := at.Account.Assemble(nil, &provider.Batch{Endpoint: at, Fragments: [][]byte{fragment}, ValidateOnly: true})
	require.Equal(t, provider.Accepted, serve(t, s, 1, check, auth).Class)
	require.Zero(t, s.Ledger().Totals().Accepted)
	require.Equal(t, int64(1), s.Stats()["validated_events"])
	require.Equal(t, provider.Accepted, serve(t, s, 1, at.Account.Assemble(nil, &provider.Batch{Endpoint: at, Fragments: [][]byte{fragment}}), auth).Class)
	require.Equal(t, 1, s.Ledger().Totals().Accepted)
}

// What the stand-in refuses is read as what it means.
func TestRefusalsOfTheSandboxAreUnderstood(t *testing.T) {
	t.Parallel()
	route := newRoute(t)
	good := provider.Build(nil, input(route, webEvent())).Fragment
	for name, bad := range map[string]string{
		"an address in clear":   strings.Replace(string(good), `"em":["`, `"em":["ada@mail.example","`, 1),
		"no page":               strings.Replace(string(good), `"event_source_url":`, `"event_url":`, 1),
		"a value without money": strings.Replace(string(good), `"currency":"USD",`, ``, 1),
		"a device of the web":   strings.Replace(string(good), `"em":`, `"madid":"6d92078a-8246-4ba4-ae5b-76104861e7dc","em":`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := judge(t, route, good, []byte(bad))
			require.Equal(t, provider.Invalid, a.Class)
			require.Equal(t, []int{1}, indices(&a))
			require.False(t, a.Unmapped)
			require.NotEmpty(t, a.RequestID)
		})
	}
}

// Assets, tokens and versions as Snapchat judges them.
func TestAccountsOfTheSandbox(t *testing.T) {
	t.Parallel()
	route := newRoute(t)
	r, auth := assemble(t, route, provider.Build(nil, input(route, webEvent())).Fragment)
	for name, c := range map[string]struct {
		accounts, code string
		class          provider.Class
	}{
		"registered":           {`{"assets":{"` + pixel + `":{"tokens":["token"]}}}`, "", provider.Accepted},
		"an app":               {`{"assets":{"` + pixel + `":{"tokens":["token"],"app":true}}}`, "4006", provider.Invalid},
		"another asset":        {`{"assets":{"other":{"tokens":["token"]}}}`, "HTTP 404", provider.Configuration},
		"another organisation": {`{"assets":{"` + pixel + `":{"tokens":["theirs"]},"other":{"tokens":["token"]}}}`, "HTTP 403", provider.Credentials},
		"a revoked token":      {`{"assets":{"` + pixel + `":{"tokens":["new"],"revoked_tokens":["token"]}}}`, "HTTP 401", provider.Credentials},
		"another token":        {`{"assets":{"` + pixel + `":{"tokens":["new"]}}}`, "HTTP 401", provider.Credentials},
		"a version's end":      {`{"versions":{"v3":"2026-11-20"}}`, "HTTP 404", provider.Configuration},
		"its last day":         {`{"versions":{"v3":"2026-11-21"}}`, "", provider.Accepted},
		"everybody is open":    {`{}`, "", provider.Accepted},
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
	for _, bad := range []string{`{"pixels":{}}`, `{"assets":{"a b":{}}}`, `{"versions":{"v3":"soon"}}`, `[]`} {
		require.Error(t, sandbox.New(sandbox.Config{}, ledger.New()).Accounts(json.RawMessage(bad)), bad)
	}
}

// Every scripted fault is read as what it stands for.
func TestFaultsOfTheSandbox(t *testing.T) {
	t.Parallel()
	s := sandbox.New(sandbox.Config{}, ledger.New())
	read := func(f call.Fault) provider.Answer {
		a := s.Refuse(f)
		return snapchat.Provider{}.Classify(1, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
	}
	require.Equal(t, provider.Credentials, read(call.Fault{BadToken: true}).Class)
	require.Equal(t, provider.Transient, read(call.Fault{}).Class)
	require.Equal(t, provider.Transient, read(call.Fault{In200: true}).Class)
	for _, f := range s.Throttles() {
		f.Throttle, f.RetryAfter = true, 3
		a := read(f)
		require.Equal(t, provider.Throttled, a.Class)
		require.Equal(t, int64(3000), a.WaitMS)
	}
}

// The plan says what Snapchat would not take, and what is probably not meant.
func TestMappings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mapping resource.Mapping
		path    string
		warning bool
	}{
		"another case":             {resource.Mapping{ProviderEvent: "Purchase"}, "provider_event", false},
		"nearly":                   {resource.Mapping{ProviderEvent: "PURCHASES"}, "provider_event", true},
		"an address":               {resource.Mapping{ProviderEvent: "for ada@mail.example"}, "provider_event", false},
		"nothing":                  {resource.Mapping{ProviderEvent: resource.NoEvent}, "provider_event", false},
		"a refund as a purchase":   {resource.Mapping{ProviderEvent: "PURCHASE", SourceEvent: "transaction.refunded"}, "provider_event", true},
		"an unknown field":         {resource.Mapping{ProviderEvent: "PURCHASE", Fields: map[string]string{"margin": "1"}}, "fields.margin", false},
		"a personal property":      {resource.Mapping{ProviderEvent: "PURCHASE", Properties: []string{"of ada@mail.example"}}, "properties", false},
		"a click id in parameters": {resource.Mapping{ProviderEvent: "PURCHASE", URLParameters: []string{"ScCid"}}, "url_parameters", false},
		"a section":                {resource.Mapping{ProviderEvent: "PURCHASE", Section: json.RawMessage(`{"x":1}`)}, "snapchat", false},
		"an unknown URL mode":      {resource.Mapping{ProviderEvent: "PURCHASE", URL: "some"}, "url", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := newRoute(t).Account.Map(&c.mapping)
			require.Len(t, problems, 1)
			require.Equal(t, c.path, problems[0].Path)
			require.Equal(t, c.warning, problems[0].Warning)
			require.NotEmpty(t, problems[0].Fix)
		})
	}
}
