package webhook_test

import (
	"encoding/json"
	"net/http"
	"net/url"
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
	"github.com/sluicehq/sluice/pkg/provider/webhook"
	sandbox "github.com/sluicehq/sluice/pkg/provider/webhook/fake"
)

var now = time.Date(2026, 11, 20, 15, 7, 1, 0, time.UTC).UnixMilli()

const (
	endpoint = "hooks.acme.example/conversions"
	secret   = `{"signing_key":"` + sandbox.Key + `"}`
)

func newProvider() *webhook.Provider {
	return webhook.New(provider.Deps{Hosts: []string{"hooks.acme.example"}})
}

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// webEvent is a purchase on the web with five identifiers and two items.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001",
		Page: event.Page{URL: "https://shop.example.com/thank-you?utm_source=news&q=1", Referrer: "https://www.example.org/"},
		Identity: event.Identity{
			Emails: []identity.Raw{raw(" John_Smith@gmail.com ")}, Phones: []identity.Raw{raw("+16505551212")},
			ExternalIDs: []identity.Raw{raw("User 123")},
		},
		Click: event.Click{Gclid: raw("Cj0KCQiA_wcB"), Fbp: raw("fb.1.1596403881668.1116446470"), CapturedAt: now - 86400_000},
		Commerce: event.Commerce{
			TransactionID: "1001", Value: event.Some(142.52), Currency: "usd",
			Items: []event.Item{
				{ID: "sku1", Name: "Shirt", Brand: "Acme", Category: "Tops", Quantity: event.Some(int64(2)), Price: event.Some(60.0)},
				{ID: "sku2", Quantity: event.Some(int64(1)), Price: event.Some(22.52)},
			},
		},
	}
}

type option func(*resource.Destination, *resource.Mapping)

func newRoute(t testing.TB, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-hooks", Customer: "acme", Provider: webhook.Name, Account: json.RawMessage(`{"url":"https://` + endpoint + `"}`)}
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: "transaction.purchase", Enabled: true}
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

func target(route *resource.Route) *provider.Endpoint {
	return &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account)}
}

func authorize(t testing.TB, secret string) provider.Authorization {
	t.Helper()
	a, err := newProvider().Authorize(t.Context(), nil, nil, raw(secret))
	require.NoError(t, err)
	return a
}

// receiver is the strict stand-in, which shares no code with the provider.
type receiver struct {
	service *sandbox.Service
	ledger  *ledger.Ledger
}

func newReceiver(cfg sandbox.Config) *receiver {
	l := ledger.New()
	return &receiver{sandbox.New(cfg, l), l}
}

// take hands a request over at a time and gives the answer as the provider
// reads it.
func (r *receiver) take(t testing.TB, req provider.Request, n int, at int64) provider.Answer {
	t.Helper()
	u, err := url.Parse(req.URL)
	require.NoError(t, err)
	in := call.Request{Method: req.Method, Path: sandbox.Prefix + u.Host + u.Path, Header: http.Header{}, Body: req.Body, Now: time.UnixMilli(at)}
	for _, h := range req.Header {
		in.Header.Set(h.Name, h.Value)
	}
	a := r.service.Serve(in)
	return newProvider().Classify(n, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: at})
}

func judge(t testing.TB, route *resource.Route, fragments ...[]byte) provider.Answer {
	t.Helper()
	req := target(route).Account.Assemble(nil, &provider.Batch{Endpoint: target(route), Fragments: fragments, Authorization: authorize(t, secret), Now: now})
	return newReceiver(sandbox.Config{}).take(t, req, len(fragments), now)
}
