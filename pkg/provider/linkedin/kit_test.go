package linkedin_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/linkedin"
	"github.com/sluicehq/sluice/pkg/provider/linkedin/fake"
)

// now is 2026-11-20T15:07:01Z.
const now = int64(1795187221000)

const (
	accountJSON = `{"ad_account_id":"508001","events":{"purchase":"104012","lead":"104013","qualify_lead":"104014","add_to_cart":"104015"}}`
	everything  = `{"api_version":"202609","clear":["name","title","company","country","external_id","ip"]}`
	hashes      = `{"api_version":"202609","hashed":["name","ip"]}`
)

func newProvider() *linkedin.Provider { return linkedin.New(provider.Deps{}) }

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// webEvent is a purchase on the web of somebody with everything.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001", Source: event.SourceWeb,
		Page:   event.Page{URL: "https://shop.example.com/thank-you?utm_source=news"},
		Device: event.Device{IP: raw("203.0.113.7"), UserAgent: raw("Mozilla/5.0 (X11; Linux x86_64)")},
		Identity: event.Identity{
			Emails: []identity.Raw{raw(" John_Smith@gmail.com ")}, Phones: []identity.Raw{raw("+16505551212")}, ExternalIDs: []identity.Raw{raw("User 123")},
			FirstName: raw("Mary"), LastName: raw("O'Brien"), Country: raw("Ireland"),
		},
		Click:    event.Click{LiFatID: raw("8a3f2b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b")},
		Commerce: event.Commerce{TransactionID: "1001", Value: event.Some(142.52), Currency: "usd"},
	}
}

type option func(*resource.Destination, *resource.Mapping)

func section(text string) option {
	return func(d *resource.Destination, _ *resource.Mapping) { d.Section = json.RawMessage(text) }
}

func newRoute(t testing.TB, providerEvent string, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-linkedin", Customer: "acme", Provider: linkedin.Name, Account: json.RawMessage(accountJSON)}
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: providerEvent, Enabled: true}
	for _, o := range options {
		o(d, m)
	}
	p := newProvider()
	account, problems := p.Open(d)
	require.Empty(t, problems)
	target, problems := account.Map(m)
	require.Empty(t, problems)
	return &resource.Route{Destination: d, Mapping: m, Provider: p, Account: account, Fingerprint: account.Fingerprint(), Target: target, Key: target.Key(), Kinds: p.Supported()}
}

func input(route *resource.Route, ev *event.Event) *provider.Input {
	id, source := ev.EffectiveID()
	return &provider.Input{
		Event: ev, Route: route, EventID: id, EventIDSource: source, Usable: consent.Advertising,
		Said: consent.State{Granted: consent.Advertising}, Regime: consent.OptIn, Now: now, Scratch: &provider.Scratch{},
	}
}

func endpoint(route *resource.Route) *provider.Endpoint {
	return &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://api.linkedin.com"}
}

// pass builds what has to pass.
func pass(t testing.TB, in *provider.Input) provider.Built {
	t.Helper()
	out := provider.Build(nil, in)
	require.Equal(t, decision.ReasonNone, out.IdentifierReason, out.Detail)
	require.Equal(t, decision.ReasonNone, out.PreflightReason, out.Detail)
	require.True(t, json.Valid(out.Fragment), string(out.Fragment))
	return out
}

// ask hands a request to the strict stand-in and gives the answer as the provider
// reads it.
func ask(t testing.TB, s *fake.Service, req provider.Request, token string, n int) provider.Answer {
	t.Helper()
	u, err := url.Parse(req.URL)
	require.NoError(t, err)
	in := call.Request{Method: req.Method, Path: "/linkedin" + u.Path, Query: u.Query(), Header: http.Header{}, Body: req.Body, Now: time.UnixMilli(now)}
	for _, h := range req.Header {
		in.Header.Set(h.Name, h.Value)
	}
	in.Header.Set("Authorization", "Bearer "+token)
	a := s.Serve(in)
	return newProvider().Classify(n, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
}

func judge(t testing.TB, route *resource.Route, fragments ...[]byte) provider.Answer {
	t.Helper()
	req := endpoint(route).Account.Assemble(nil, &provider.Batch{Endpoint: endpoint(route), Fragments: fragments, Now: now})
	return ask(t, fake.New(fake.Config{}, ledger.New()), req, "t", len(fragments))
}
