package x_test

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
	"github.com/sluicehq/sluice/pkg/provider/x"
	"github.com/sluicehq/sluice/pkg/provider/x/fake"
)

// now is 2026-11-20T15:07:01Z.
const now = int64(1795187221000)

const accountJSON = `{"pixel_id":"o8z6j","events":{"purchase":"ol288","lead":"ol28a","sign_up":"ol28b","add_to_cart":"tw-o8z6j-ol28c","search":"ol28d"}}`

func newProvider() *x.Provider { return x.New(provider.Deps{}) }

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// webEvent is a purchase on the web with every identifier and two items.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001", Source: event.SourceWeb,
		Page:   event.Page{URL: "https://shop.example.com/thank-you?utm_source=news&twclid=23opevjt88psuo13lu8d020qkn", Title: "Thank you"},
		Device: event.Device{IP: raw("203.0.113.7"), UserAgent: raw("Mozilla/5.0 (X11; Linux x86_64)")},
		Identity: event.Identity{
			Emails: []identity.Raw{raw(" John_Smith@gmail.com ")}, Phones: []identity.Raw{raw("+16505551212")}, ExternalIDs: []identity.Raw{raw("User 123")},
		},
		Click: event.Click{Twclid: raw("23opevjt88psuo13lu8d020qkn")},
		Commerce: event.Commerce{
			TransactionID: "1001", Value: event.Some(142.52), Currency: "usd", SearchTerm: "blue shirt",
			Items: []event.Item{
				{ID: "sku1", GroupID: "shirts", Name: "Shirt", Quantity: event.Some(int64(2)), Price: event.Some(60.0)},
				{ID: "sku2", Name: "Gift card", Price: event.Some(22.52)}, {ID: "discount", Price: event.Some(-5.0)},
			},
		},
	}
}

type option func(*resource.Destination, *resource.Mapping)

func details(_ *resource.Destination, m *resource.Mapping) {
	m.Include = map[string]bool{"item_names": true, "search_term": true}
	m.Fields = map[string]string{"description": "'x'"}
}

func newRoute(t testing.TB, providerEvent string, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-x", Customer: "acme", Provider: x.Name, Account: json.RawMessage(accountJSON)}
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
	return &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://ads-api.x.com"}
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

// judge hands fragments to the strict stand-in and gives the answer as the provider
// reads it.
func judge(t testing.TB, route *resource.Route, fragments ...[]byte) provider.Answer {
	t.Helper()
	req := endpoint(route).Account.Assemble(nil, &provider.Batch{Endpoint: endpoint(route), Fragments: fragments, Now: now})
	u, err := url.Parse(req.URL)
	require.NoError(t, err)
	auth, err := newProvider().Authorize(t.Context(), nil, nil, raw(`{"pixel_token":"t"}`))
	require.NoError(t, err)
	in := call.Request{Method: req.Method, Path: "/x" + u.Path, Header: http.Header{}, Body: req.Body, Now: time.UnixMilli(now)}
	for _, h := range req.Header {
		in.Header.Set(h.Name, h.Value)
	}
	for _, h := range auth.Header {
		in.Header.Set(h.Name, h.Value.Reveal())
	}
	a := fake.New(fake.Config{}, ledger.New()).Serve(in)
	return newProvider().Classify(len(fragments), &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
}
