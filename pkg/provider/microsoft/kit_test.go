package microsoft_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/microsoft"
	sandbox "github.com/sluicehq/sluice/pkg/provider/microsoft/fake"
)

var now = time.Date(2026, 11, 21, 9, 0, 5, 0, time.UTC).UnixMilli()

const (
	account = `{"tag_id":"187654321"}`
	secret  = `{"access_token":"token"}`
)

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// webEvent is a purchase on the web with what Microsoft takes.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001", Source: event.SourceWeb,
		Page:   event.Page{URL: "https://shop.example.com/thank-you?utm_source=news&q=1&msclkid=f894f652ea334e739002f7167ab8f8e3", Referrer: "https://www.example.org/", Title: "Thank you"},
		Device: event.Device{IP: raw("203.0.113.7"), UserAgent: raw("Mozilla/5.0 (X11)")},
		Identity: event.Identity{
			Emails: []identity.Raw{raw(" John.Smith+shop@Example.com ")}, Phones: []identity.Raw{raw("+1 (650) 555-1212")}, ExternalIDs: []identity.Raw{raw("User 123")},
		},
		Click: event.Click{Uetvid: raw("8bb3c8a09f3f11ee8c900242ac120002")},
		Commerce: event.Commerce{
			TransactionID: "1001", Value: event.Some(142.52), Currency: "usd", SearchTerm: "kettle",
			Items: []event.Item{
				{ID: "sku1", Name: "Shirt", Quantity: event.Some(int64(2)), Price: event.Some(60.0)},
				{ID: "sku2", Price: event.Some(22.52)},
				{Name: "no id"},
			},
		},
	}
}

type option func(*resource.Destination, *resource.Mapping)

func everything(_ *resource.Destination, m *resource.Mapping) {
	m.Include = map[string]bool{"item_names": true, "search_term": true, "page_title": true}
}

func newRoute(t testing.TB, name string, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-microsoft", Customer: "acme", Provider: microsoft.Name, Account: json.RawMessage(account)}
	d.Defaults.PhoneCountry = "DE"
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: name, Enabled: true}
	for _, o := range options {
		o(d, m)
	}
	p := microsoft.Provider{}
	a, problems := p.Open(d)
	require.Empty(t, problems)
	target, problems := a.Map(m)
	require.Empty(t, problems)
	return &resource.Route{Destination: d, Mapping: m, Provider: p, Account: a, Fingerprint: a.Fingerprint(), Target: target, Key: target.Key(), Kinds: p.Supported(), Needs: p.Needs()}
}

func input(route *resource.Route, ev *event.Event) *provider.Input {
	id, source := ev.EffectiveID()
	return &provider.Input{
		Event: ev, Route: route, EventID: id, EventIDSource: source, Usable: consent.AllPurposes,
		Said: consent.State{Granted: consent.AllPurposes}, Regime: consent.OptIn, Now: now, Scratch: &provider.Scratch{},
	}
}

func endpoint(route *resource.Route) *provider.Endpoint {
	return &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://capi.uet.microsoft.com/uet"}
}

func strict(l *ledger.Ledger) *sandbox.Service {
	return sandbox.New(sandbox.Config{Tags: map[string]sandbox.Tag{"187654321": {Tokens: []string{"token"}}}}, l)
}

// take hands a request to the strict stand-in, which shares no code with the
// provider, and gives its answer as the provider reads it.
func take(t testing.TB, s *sandbox.Service, n int, r provider.Request, secret string) provider.Answer {
	t.Helper()
	p := microsoft.Provider{}
	auth, err := p.Authorize(t.Context(), nil, nil, raw(secret))
	require.NoError(t, err)
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	req := call.Request{Method: r.Method, Path: u.Path, Host: u.Host, Scheme: u.Scheme, Query: u.Query(), Header: http.Header{}, Body: r.Body, Now: time.UnixMilli(now)}
	for _, h := range r.Header {
		req.Header.Set(h.Name, h.Value)
	}
	for _, h := range auth.Header {
		req.Header.Set(h.Name, h.Value.Reveal())
	}
	a := s.Serve(req)
	return p.Classify(n, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
}

func judge(t testing.TB, route *resource.Route, fragments ...[]byte) provider.Answer {
	t.Helper()
	at := endpoint(route)
	return take(t, strict(ledger.New()), len(fragments), at.Account.Assemble(nil, &provider.Batch{Endpoint: at, Fragments: fragments}), secret)
}

func read(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}
