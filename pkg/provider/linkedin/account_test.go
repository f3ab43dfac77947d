package linkedin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/linkedin"
	"github.com/sluicehq/sluice/pkg/provider/linkedin/fake"
)

// What works, but will not or not as meant, is warned about.
func TestWarnings(t *testing.T) {
	t.Parallel()
	yes := true
	for name, c := range map[string]struct {
		section string
		tag     *bool
		account string
		path    string // "": nothing to warn of
	}{
		"default":         {"", nil, accountJSON, ""},
		"ends soon":       {`{"api_version":"202601"}`, nil, accountJSON, "spec.linkedin.api_version"},
		"has ended":       {`{"api_version":"202510"}`, nil, accountJSON, "spec.linkedin.api_version"},
		"has not begun":   {`{"api_version":"202612"}`, nil, accountJSON, "spec.linkedin.api_version"},
		"the tag reports": {"", &yes, accountJSON, "spec.browser_tag"},
		"nothing to ask":  {`{"probe":"rule"}`, nil, `{"ad_account_id":"1"}`, "spec.linkedin.probe"},
	} {
		p := linkedin.New(provider.Deps{Now: func() int64 { return now }})
		account, problems := p.Open(&resource.Destination{ID: "d", Account: json.RawMessage(c.account), Section: json.RawMessage(c.section), BrowserTag: c.tag})
		require.NotNil(t, account, name)
		if c.path == "" {
			require.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		require.Equal(t, c.path, problems[0].Path, name)
		require.True(t, problems[0].Warning, name)
	}
}

// A version ends on the 15th of the same month of the next year.
func TestVersionEnds(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"202601": "2027-01-15", "202602": "2027-02-15", "202511": "2026-11-15", "202612": "2027-12-15"} {
		account, problems := newProvider().Open(&resource.Destination{Account: json.RawMessage(accountJSON), Section: json.RawMessage(`{"api_version":"` + version + `"}`)})
		require.Empty(t, problems)
		name, ends := account.(provider.Versioned).Version()
		require.Equal(t, version, name)
		require.Equal(t, want, time.UnixMilli(ends).UTC().Format(time.DateOnly))
	}
}

// A mapping needs a rule; a template's row without one is left out with a note.
func TestMappings(t *testing.T) {
	t.Parallel()
	account, problems := newProvider().Open(&resource.Destination{Account: json.RawMessage(accountJSON)})
	require.Empty(t, problems)
	for name, c := range map[string]struct {
		mapping resource.Mapping
		path    string // "": no problem
		warning bool
		key     string
	}{
		"purchase":        {resource.Mapping{ProviderEvent: "purchase", Fields: map[string]string{"value": "1.0", "currency": "'EUR'"}}, "", false, "104012"},
		"no rule":         {resource.Mapping{ProviderEvent: "sign_up"}, "spec.provider_event", false, ""},
		"a row":           {resource.Mapping{ProviderEvent: "sign_up", FromTemplate: "commerce"}, "spec.provider_event", true, ""},
		"none":            {resource.Mapping{ProviderEvent: "none"}, "spec.provider_event", false, ""},
		"a refund's row":  {resource.Mapping{ProviderEvent: "none", FromTemplate: "commerce"}, "", false, "none"},
		"another field":   {resource.Mapping{ProviderEvent: "purchase", Fields: map[string]string{"margin": "1.0"}}, "fields.margin", false, "104012"},
		"a title":         {resource.Mapping{ProviderEvent: "purchase", Fields: map[string]string{"title": "'x'"}}, "fields.title", false, "104012"},
		"its own section": {resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"rule":"1"}`)}, "linkedin", false, "104012"},
	} {
		target, problems := account.Map(&c.mapping)
		require.Equal(t, c.key, target.Key(), name)
		if c.path == "" {
			require.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		require.Equal(t, c.path, problems[0].Path, name)
		require.Equal(t, c.warning, problems[0].Warning, name)
	}
}

// A probe asks for one rule, where the destination says so; its answer tells a rule
// that cannot work.
func TestProbe(t *testing.T) {
	t.Parallel()
	_, asks := endpoint(newRoute(t, "purchase")).Account.Probe(nil, endpoint(newRoute(t, "purchase")))
	require.False(t, asks, "by default nobody is asked")
	route := newRoute(t, "purchase", section(`{"probe":"rule"}`))
	req, asks := endpoint(route).Account.Probe(nil, endpoint(route))
	require.True(t, asks)
	require.Equal(t, "https://api.linkedin.com/rest/conversions/104015?account=urn%3Ali%3AsponsoredAccount%3A508001", req.URL)
	for name, c := range map[string]struct {
		rule  fake.Rule
		token string
		want  provider.Class
	}{
		"sound":          {fake.Rule{Account: "508001"}, "t", provider.Accepted},
		"another method": {fake.Rule{Account: "508001", Method: "INSIGHT_TAG"}, "t", provider.Configuration},
		"disabled":       {fake.Rule{Account: "508001", Disabled: true}, "t", provider.Configuration},
		"another's":      {fake.Rule{Account: "508002"}, "t", provider.Configuration},
		"a bad token":    {fake.Rule{Account: "508001"}, "x", provider.Credentials},
	} {
		s := fake.New(fake.Config{Accounts: map[string]fake.Account{"508001": {Tokens: []string{"t"}}}, Rules: map[string]fake.Rule{"104015": c.rule}}, ledger.New())
		require.Equal(t, c.want.String(), ask(t, s, req, c.token, 0).Class.String(), name)
	}
}

// doer hands forms to the stand-in's token endpoint.
type doer struct{ s *fake.Service }

func (d doer) Do(_ context.Context, r provider.Request, form url.Values) (provider.Response, error) {
	if form == nil {
		return provider.Response{}, errors.New("no form")
	}
	a := d.s.Serve(call.Request{
		Method: r.Method, Path: d.s.TokenPath(), Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(form.Encode()), Now: time.UnixMilli(now),
	})
	return provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now}, nil
}

// A refresh token gives access tokens, whose end is known, and says when it ends
// itself.
func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase")
	s := fake.New(fake.Config{
		Accounts: map[string]fake.Account{"508001": {RefreshTokens: []string{"r1"}}}, Rules: map[string]fake.Rule{"104012": {Account: "508001"}}, RefreshLifetime: 20 * 24 * time.Hour,
	}, ledger.New())
	secret := func(refresh string) provider.Secret {
		return raw(`{"client_id":"c","client_secret":"s","refresh_token":"` + refresh + `"}`)
	}
	auth, err := newProvider().Authorize(t.Context(), doer{s}, endpoint(route), secret("r1"))
	require.NoError(t, err)
	require.Equal(t, now+20*24*3600_000, auth.SecretEnds)
	require.Equal(t, now+60*24*3600_000-300_000, auth.Expires)
	require.Len(t, auth.Header, 1)
	token := auth.Header[0].Value.Reveal()[len("Bearer "):]

	fragment := pass(t, input(route, webEvent())).Fragment
	req := endpoint(route).Account.Assemble(nil, &provider.Batch{Endpoint: endpoint(route), Fragments: [][]byte{fragment}, Now: now})
	require.Equal(t, provider.Accepted, ask(t, s, req, token, 1).Class)
	s.RevokeTokens()
	revoked := ask(t, s, req, token, 1)
	require.Equal(t, provider.Credentials, revoked.Class)
	require.Equal(t, "65601", revoked.Code)

	_, err = newProvider().Authorize(t.Context(), doer{s}, endpoint(route), secret("r2"))
	var refused *linkedin.AuthError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, provider.Credentials, refused.AnswerClass())
	require.NotContains(t, err.Error(), "r2")
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"both forms": `{"access_token":"a","refresh_token":"b","client_id":"c","client_secret":"d"}`, "a line break": `{"access_token":"a\nb"}`,
		"no client": `{"refresh_token":"b"}`, "another member": `{"access_token":"a","ad_account":"1"}`,
	} {
		_, err := newProvider().Authorize(t.Context(), doer{fake.New(fake.Config{}, ledger.New())}, nil, raw(text))
		require.Error(t, err, name)
	}
}

// Every test event is stored, and the command says so.
func TestTrial(t *testing.T) {
	t.Parallel()
	p := newProvider()
	trial, err := p.Trial(&resource.Destination{ID: "d"}, provider.TrialOptions{})
	require.NoError(t, err)
	require.True(t, trial.Stored)
	require.False(t, trial.ValidateOnly)
	require.NotEmpty(t, trial.Means)
	for _, o := range []provider.TrialOptions{{Code: "TEST1"}, {Real: true}} {
		_, err := p.Trial(&resource.Destination{ID: "d"}, o)
		var wrong *provider.TrialError
		require.ErrorAs(t, err, &wrong)
	}
}
