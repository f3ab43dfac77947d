package google_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
	sandbox "github.com/sluicehq/sluice/pkg/provider/google/fake"
)

// wire sends requests to the strict stand-in without a network between.
type wire struct {
	service *sandbox.Service
	token   provider.Authorization
}

func (w *wire) serve(r provider.Request, body []byte, contentType string) provider.Response {
	u, err := url.Parse(r.URL)
	if err != nil {
		panic(err)
	}
	h := http.Header{"Content-Type": {contentType}}
	for _, x := range r.Header {
		h.Set(x.Name, x.Value)
	}
	for _, x := range w.token.Header {
		h.Set(x.Name, x.Value.Reveal())
	}
	a := w.service.Serve(call.Request{
		Method: r.Method, Path: u.Path, Host: u.Host, Scheme: u.Scheme, Query: u.Query(), Header: h, Body: body, Now: time.UnixMilli(now),
	})
	return provider.Response{Status: a.Status, Body: a.Body, Header: a.Header.Get, Now: now}
}

func (w *wire) send(r provider.Request) provider.Response {
	return w.serve(r, r.Body, "application/json")
}

// Do implements provider.Doer.
func (w *wire) Do(_ context.Context, r provider.Request, form url.Values) (provider.Response, error) {
	return w.serve(r, []byte(form.Encode()), "application/x-www-form-urlencoded"), nil
}

func openWire() *wire {
	return &wire{
		service: sandbox.New(sandbox.Config{}, ledger.New()),
		token:   provider.Authorization{Header: []provider.SecretHeader{{Name: "Authorization", Value: identity.NewRaw("Bearer any")}}},
	}
}

// TestTheStrictStandInTakesEveryGolden: what the goldens show is what the
// other side accepts, without a warning, by rules that share no code.
func TestTheStrictStandInTakesEveryGolden(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.name, func(t *testing.T) {
			k := newKit()
			g.change(k)
			b := k.build(t)
			p := newProvider()
			r := k.target(t).Account.Assemble(nil, &provider.Batch{Endpoint: k.target(t), Group: b.Group, Fragments: [][]byte{b.Fragment}})
			w := openWire()
			answer := w.send(r)
			got := p.Classify(1, &answer)
			require.Equal(t, provider.Accepted, got.Class, "%s: %s %s", answer.Body, got.Message, got.Warnings)
			require.NotEmpty(t, got.RequestID)
		})
	}
}

func TestProbesAreAccepted(t *testing.T) {
	for name, k := range map[string]*kit{"Ads": newKit(), "Analytics": analyticsKit()} {
		t.Run(name, func(t *testing.T) {
			p := newProvider()
			r, ok := k.target(t).Account.Probe(nil, k.target(t))
			require.True(t, ok)
			require.Contains(t, string(r.Body), `"validateOnly":true`)
			answer := openWire().send(r)
			require.Equal(t, provider.Accepted, p.Classify(1, &answer).Class, string(answer.Body))
		})
	}
	k := newKit()
	k.destination.Account = json.RawMessage(`{"customer_id":"1234567890"}`)
	account, problems := newProvider().Open(&k.destination)
	require.Empty(t, problems)
	_, ok := account.(provider.Account).Probe(nil, &provider.Endpoint{Account: account.(provider.Account)})
	require.False(t, ok, "without a conversion action there is nothing to ask about")
}

func TestAssembleByteForByte(t *testing.T) {
	k := newKit()
	k.destination.Section = json.RawMessage(`{"quota_project":"acme-ads"}`)
	target := k.target(t)
	target.BaseURL = "http://127.0.0.1:8099/"
	r := target.Account.Assemble(nil, &provider.Batch{Endpoint: target, Group: "987654321", Fragments: [][]byte{[]byte(`{"a":1}`), []byte(`{"b":2}`)}, ValidateOnly: true})
	require.Equal(t, `{"destinations":[{"operatingAccount":{"accountType":"GOOGLE_ADS","accountId":"1234567890"},`+
		`"loginAccount":{"accountType":"GOOGLE_ADS","accountId":"1112223334"},"productDestinationId":"987654321"}],`+
		`"events":[{"a":1},{"b":2}],"encoding":"HEX","validateOnly":true}`, string(r.Body))
	require.Equal(t, "http://127.0.0.1:8099/v1/events:ingest", r.URL)
	require.Equal(t, []provider.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "x-goog-user-project", Value: "acme-ads"}}, r.Header)
	require.Equal(t, "acme-ads", target.Account.(provider.Quotas).Quota())
}

func serviceAccount(t *testing.T, pkcs1 bool) (secret string, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if !pkcs1 {
		block.Type = "PRIVATE KEY"
		block.Bytes, err = x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
	}
	raw, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "bot@acme.iam.gserviceaccount.com", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&block)), "token_uri": "https://evil.example/token",
	})
	require.NoError(t, err)
	return string(raw), key
}

func TestAuthorizeWithAServiceAccount(t *testing.T) {
	for _, pkcs1 := range []bool{false, true} {
		secret, key := serviceAccount(t, pkcs1)
		w := &wire{service: sandbox.New(sandbox.Config{ServiceAccounts: map[string]*rsa.PublicKey{"bot@acme.iam.gserviceaccount.com": &key.PublicKey}}, ledger.New())}
		target := newKit().target(t)
		target.TokenURL = "https://tokens.example/token"
		auth, err := newProvider().Authorize(t.Context(), w, target, identity.NewRaw(secret))
		require.NoError(t, err)
		require.Equal(t, "Authorization", auth.Header[0].Name)
		require.InDelta(t, now+3600_000-60_000, auth.Expires, 2000, "a token ends a minute early")

		w.token = auth
		k := newKit()
		b := k.build(t)
		answer := w.send(k.target(t).Account.Assemble(nil, &provider.Batch{Endpoint: k.target(t), Group: b.Group, Fragments: [][]byte{b.Fragment}}))
		require.Equal(t, 200, answer.Status, string(answer.Body))
	}
}

func TestAuthorizeWithARefreshToken(t *testing.T) {
	w := &wire{service: sandbox.New(sandbox.Config{Clients: map[string]sandbox.Client{"id": {Secret: "hush", RefreshTokens: []string{"1//good"}}}}, ledger.New())}
	secret := `{"client_id":"id","client_secret":"hush","refresh_token":"%s","quota_project":"acme-ads"}`
	auth, err := newProvider().Authorize(t.Context(), w, newKit().target(t), identity.NewRaw(fmt.Sprintf(secret, "1//good")))
	require.NoError(t, err)
	require.Equal(t, "x-goog-user-project", auth.Header[1].Name)

	_, err = newProvider().Authorize(t.Context(), w, newKit().target(t), identity.NewRaw(fmt.Sprintf(secret, "1//revoked")))
	var refused *google.AuthError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, provider.Credentials, refused.Class)
	require.Equal(t, "invalid_grant", refused.Code)
	require.NotContains(t, err.Error(), "revoked\"")
	require.NotContains(t, err.Error(), "hush")
}

// answerWith is a token endpoint that always says the same.
type answerWith struct {
	status int
	body   string
	err    error
}

func (a answerWith) Do(context.Context, provider.Request, url.Values) (provider.Response, error) {
	return provider.Response{Status: a.status, Body: []byte(a.body), Now: now}, a.err
}

func TestAuthorizeFailures(t *testing.T) {
	const refresh = `{"client_id":"id","client_secret":"hush","refresh_token":"1//x"}`
	lost := errors.New("connection reset")
	tests := []struct {
		name, secret string
		do           answerWith
		class        provider.Class
	}{
		{"not JSON", "hush-hush", answerWith{}, provider.Credentials},
		{"neither form", `{"type":"service_account"}`, answerWith{}, provider.Credentials},
		{"half a refresh token", `{"refresh_token":"1//x"}`, answerWith{}, provider.Credentials},
		{"not PEM", `{"client_email":"a@b.example","private_key":"hush"}`, answerWith{}, provider.Credentials},
		{"no e-mail", `{"private_key":"hush"}`, answerWith{}, provider.Credentials},
		{"outage", refresh, answerWith{status: 503, body: "<html>"}, provider.Transient},
		{"throttled", refresh, answerWith{status: 429}, provider.Throttled},
		{"unknown client", refresh, answerWith{status: 401, body: `{"error":"invalid_client"}`}, provider.Credentials},
		{"an unknown refusal", refresh, answerWith{status: 400, body: `{"error":{"code":1}}`}, provider.Credentials},
		{"a success without a token", refresh, answerWith{status: 200, body: `{}`}, provider.Transient},
		{"HTML", refresh, answerWith{status: 200, body: "<html>"}, provider.Transient},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newProvider().Authorize(t.Context(), tt.do, newKit().target(t), identity.NewRaw(tt.secret))
			var refused *google.AuthError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, tt.class, refused.AnswerClass())
			require.NotContains(t, err.Error(), "hush")
		})
	}
	_, err := newProvider().Authorize(t.Context(), answerWith{err: lost}, newKit().target(t), identity.NewRaw(refresh))
	require.ErrorIs(t, err, lost, "the network's errors stay the network's")
}

func TestStatusOfARequest(t *testing.T) {
	p := newProvider()
	k := newKit()
	r := p.StatusRequest(k.target(t), "3f5a-4b&x=1")
	require.Equal(t, "https://datamanager.googleapis.com/v1/requestStatus:retrieve?requestId=3f5a-4b%26x%3D1", r.URL)
	body := `{"requestStatusPerDestination":[{"requestStatus":"PARTIAL_SUCCESS","eventsIngestionStatus":{"recordCount":"3"},
		"errorInfo":{"errorCounts":[{"recordCount":"1","reason":"PROCESSING_ERROR_REASON_CLICK_NOT_FOUND"},{"recordCount":2,"reason":"NEW_REASON"}]}}]}`
	s, a := p.ParseStatus(&provider.Response{Status: 200, Body: []byte(body)})
	require.Equal(t, provider.Accepted, a.Class)
	require.Equal(t, provider.RequestStatus{
		State: provider.StatePartial, Records: 3,
		Errors: []provider.ReasonCount{{Reason: "PROCESSING_ERROR_REASON_CLICK_NOT_FOUND", Count: 1}, {Reason: "NEW_REASON", Count: 2}},
	}, s)
	_, a = p.ParseStatus(&provider.Response{Status: 200, Body: []byte(`{}`)})
	require.Equal(t, provider.UnknownOutcome, a.Class)
	_, a = p.ParseStatus(&provider.Response{Status: 503})
	require.Equal(t, provider.Transient, a.Class)
}
