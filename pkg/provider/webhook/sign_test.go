package webhook_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/webhook"
	sandbox "github.com/sluicehq/sluice/pkg/provider/webhook/fake"
)

func header(r provider.Request, name string) string {
	for _, h := range r.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

func assemble(t testing.TB, secret string, at int64, events ...string) provider.Request {
	t.Helper()
	b := provider.Batch{Endpoint: target(newRoute(t)), Authorization: authorize(t, secret), Now: at}
	for _, e := range events {
		b.Fragments = append(b.Fragments, []byte(e))
	}
	return b.Endpoint.Account.Assemble(nil, &b)
}

// TestTheStandInSignsAsTheSchemeDoes holds the stand-in, which judges us, to
// the example that the Standard Webhooks libraries are tested with.
func TestTheStandInSignsAsTheSchemeDoes(t *testing.T) {
	got, err := sandbox.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`))
	require.NoError(t, err)
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", got)
}

// A repeat an hour later: the same bytes and id, another time and signature;
// and the receiver, which binds ids to bodies, takes both.
func TestRepeatsKeepIDAndBody(t *testing.T) {
	_, out := built(t, &scenario{})
	event, receiver := string(out.Fragment), newReceiver(sandbox.Config{})
	first, later := assemble(t, secret, now, event), assemble(t, secret, now+3600_000, event)
	require.Equal(t, string(first.Body), string(later.Body))
	require.Equal(t, header(first, "webhook-id"), header(later, "webhook-id"))
	require.NotEqual(t, header(first, "webhook-timestamp"), header(later, "webhook-timestamp"))
	require.NotEqual(t, header(first, "webhook-signature"), header(later, "webhook-signature"))
	require.Equal(t, provider.Accepted, receiver.take(t, first, 1, now).Class)
	require.Equal(t, provider.Accepted, receiver.take(t, later, 1, now+3600_000).Class)
	require.Equal(t, provider.Credentials, receiver.take(t, first, 1, now+3600_000).Class, "an old signature is worth nothing")
	totals := receiver.ledger.Totals()
	require.Equal(t, 1, totals.Accepted)
	require.Equal(t, 1, totals.Repeats)
}

// Other company, other destination: another id. The event's own id tells
// repeats apart there.
func TestIDsFollowTheContent(t *testing.T) {
	ids := map[string]bool{}
	one, two := `{"event_id":"1"}`, `{"event_id":"2"}`
	for _, events := range [][]string{{one}, {two}, {one, two}, {two, one}} {
		ids[header(assemble(t, secret, now, events...), "webhook-id")] = true
	}
	route := newRoute(t)
	route.Destination.ID = "acme-hooks-2"
	b := provider.Batch{Endpoint: target(route), Fragments: [][]byte{[]byte(one)}, Authorization: authorize(t, secret), Now: now}
	ids[header(b.Endpoint.Account.Assemble(nil, &b), "webhook-id")] = true
	b.ValidateOnly = true
	test := b.Endpoint.Account.Assemble(nil, &b)
	ids[header(test, "webhook-id")] = true
	require.Len(t, ids, 6)
	require.JSONEq(t, `{"version":1,"events":[{"event_id":"1"}],"test":true}`, string(test.Body))
}

// While keys are exchanged both sign, so the receiver may know either.
func TestKeysAreExchangedWithoutAGap(t *testing.T) {
	fresh := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	both := `{"signing_key":"` + fresh + `","previous_signing_key":"` + sandbox.Key + `"}`
	_, out := built(t, &scenario{})
	r := assemble(t, both, now, string(out.Fragment))
	require.Len(t, strings.Fields(header(r, "webhook-signature")), 2)
	for name, known := range map[string][]string{"old": {sandbox.Key}, "new": {fresh}} {
		a := newReceiver(sandbox.Config{Endpoints: map[string][]string{endpoint: known}}).take(t, r, 1, now)
		require.Equal(t, provider.Accepted, a.Class, name)
	}
	a := newReceiver(sandbox.Config{Endpoints: map[string][]string{endpoint: {"whsec_" + strings.Repeat("QUJD", 8)}}}).take(t, r, 1, now)
	require.Equal(t, provider.Credentials, a.Class)
}

func TestSecretsAreReadStrictly(t *testing.T) {
	key := func(n int) string {
		return "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", n)))
	}
	for name, text := range map[string]string{
		"no JSON": "whsec_canary", "no key": `{}`, "another key": `{"token":"canary"}`, "no prefix": `{"signing_key":"` + strings.TrimPrefix(key(32), "whsec_") + `"}`,
		"short": `{"signing_key":"` + key(23) + `"}`, "long": `{"signing_key":"` + key(65) + `"}`, "no base64": `{"signing_key":"whsec_canary!canary!canary!canary!canary!"}`,
		"a bad previous key": `{"signing_key":"` + key(32) + `","previous_signing_key":"canary"}`,
	} {
		_, err := newProvider().Authorize(t.Context(), nil, nil, raw(text))
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "canary", name)
	}
	for _, n := range []int{24, 32, 64} {
		_, err := newProvider().Authorize(t.Context(), nil, nil, raw(`{"signing_key":"`+key(n)+`"}`))
		require.NoError(t, err)
	}
}

func TestNothingIsSentUnsigned(t *testing.T) {
	b := provider.Batch{Endpoint: target(newRoute(t)), Fragments: [][]byte{[]byte("{}")}, Now: now}
	require.Equal(t, provider.Request{}, b.Endpoint.Account.Assemble(nil, &b))
}

// A sandbox finds the endpoint's own host and path behind its own.
func TestBaseURLKeepsThePlace(t *testing.T) {
	b := provider.Batch{Endpoint: target(newRoute(t)), Authorization: authorize(t, secret), Fragments: [][]byte{[]byte("{}")}}
	require.Equal(t, "https://"+endpoint, b.Endpoint.Account.Assemble(nil, &b).URL)
	b.Endpoint.BaseURL = "http://127.0.0.1:9999/webhook/"
	require.Equal(t, "http://127.0.0.1:9999/webhook/"+endpoint, b.Endpoint.Account.Assemble(nil, &b).URL)
	_, ok := b.Endpoint.Account.Probe(nil, b.Endpoint)
	require.False(t, ok)
}

// What the receiver refuses is read as the fault of the events that it names.
func TestTheReceiversRefusalIsUnderstood(t *testing.T) {
	_, out := built(t, &scenario{})
	good := string(out.Fragment)
	bad := strings.Replace(strings.Replace(good, "order-1001", "order-2", 1), `"USD"`, `"$"`, 1)
	worse := strings.Replace(good, "order-1001", "jane@example.com", 1)
	r := newReceiver(sandbox.Config{})
	a := r.take(t, assemble(t, secret, now, good, bad, worse), 3, now)
	require.Equal(t, provider.Invalid, a.Class)
	require.Equal(t, []provider.Fault{
		{Index: 1, Code: "422/currency", Message: "event.commerce.currency is no ISO 4217 code"},
		{Index: 2, Code: "422/personal_data", Message: "event.event_id holds an e-mail address"},
	}, a.Faults)
	require.Zero(t, r.ledger.Totals().Acceptances, "nothing of a refused request is kept")
	require.Equal(t, provider.Accepted, r.take(t, assemble(t, secret, now, good), 1, now).Class)
}

// The docs tell receivers how to compute identifiers; this is that, in other
// words.
func TestHashesAreThoseOfTheDocs(t *testing.T) {
	_, out := built(t, &scenario{})
	var e struct {
		User map[string][]string `json:"user"`
	}
	require.NoError(t, json.Unmarshal(out.Fragment, &e))
	hash := func(s string) []string { h := sha256.Sum256([]byte(s)); return []string{hex.EncodeToString(h[:])} }
	require.Equal(t, map[string][]string{
		"email_sha256": hash("john_smith@gmail.com"), "phone_sha256": hash("16505551212"), "external_id_sha256": hash("User 123"),
	}, e.User)
}

func TestAnswersAreRedactedAndBounded(t *testing.T) {
	classify := func(body string) provider.Answer {
		return newProvider().Classify(2, &provider.Response{Status: 422, Body: []byte(body), Header: func(name string) string {
			if name == "X-Request-Id" {
				return strings.Repeat("r", 1000)
			}
			return ""
		}})
	}
	a := classify(`{"message":"jane@example.com is unknown ` + strings.Repeat("é", 1000) + `","errors":[{"index":1,"message":"jane@example.com","code":"jane@example.com"}]}`)
	require.NotContains(t, a.Message+a.Faults[0].Message+a.Faults[0].Code, "jane@")
	require.LessOrEqual(t, len(a.Message), 300)
	require.Len(t, a.RequestID, 128)
	require.Equal(t, "plain words", classify("plain words").Message)
	require.Empty(t, classify("<html><body>no").Message)
	require.Equal(t, "an error", classify(`{"error":"an error"}`).Message)
	for _, row := range newProvider().Spec().Errors {
		require.NotEmpty(t, row.Meaning, row.Code)
		require.True(t, row.Class == provider.Accepted || row.Fix != "", row.Code)
	}
	require.Equal(t, "webhook", newProvider().Spec().Name)
	require.Equal(t, webhook.Name, newProvider().Name())
}
