package reddit_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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
	"github.com/sluicehq/sluice/pkg/provider/reddit"
	sandbox "github.com/sluicehq/sluice/pkg/provider/reddit/fake"
)

// now is when tests happen; the given payloads are of that second.
const now = int64(1_795_251_600_000)

const (
	pixel  = "a2_abc123"
	secret = `{"access_token":"token"}`
)

func raw(s string) identity.Raw { return identity.NewRaw(s) }

func newProvider() reddit.Provider {
	return reddit.New(provider.Deps{Now: func() int64 { return now }})
}

// read reads a file of testdata.
func read(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// webEvent is a purchase on the web with seven identifiers and two items.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001", Source: event.SourceWeb,
		Page:   event.Page{URL: "https://shop.example.com/thank-you?utm_source=news&q=1", Referrer: "https://www.example.org/"},
		Device: event.Device{IP: raw("203.0.113.7"), UserAgent: raw("Mozilla/5.0 (X11)")},
		Identity: event.Identity{
			Emails: []identity.Raw{raw(" John_Smith@gmail.com ")}, Phones: []identity.Raw{raw("+16505551212")},
			ExternalIDs: []identity.Raw{raw("User 123")},
		},
		Click: event.Click{RdtCid: raw("4912830817409212345"), RdtUUID: raw("1684189007728.7c73f2de-5c2f-4d2b-8f8e-0a8e21c31b3e")},
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

func section(text string) option {
	return func(d *resource.Destination, _ *resource.Mapping) { d.Section = json.RawMessage(text) }
}

func include(names ...string) option {
	return func(_ *resource.Destination, m *resource.Mapping) {
		m.Include = map[string]bool{}
		for _, n := range names {
			m.Include[n] = true
		}
	}
}

func newRoute(t testing.TB, target string, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-reddit", Customer: "acme", Provider: reddit.Name, Account: json.RawMessage(`{"pixel_id":"` + pixel + `"}`)}
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: target, Enabled: true}
	for _, o := range options {
		o(d, m)
	}
	p := newProvider()
	account, problems := p.Open(d)
	require.False(t, resource.HasErrors(problems), "%v", problems)
	mapped, problems := account.Map(m)
	require.Empty(t, problems)
	return &resource.Route{Destination: d, Mapping: m, Provider: p, Account: account, Fingerprint: account.Fingerprint(), Target: mapped, Key: mapped.Key(), Kinds: p.Supported()}
}

func input(route *resource.Route, ev *event.Event) *provider.Input {
	id, source := ev.EffectiveID()
	return &provider.Input{
		Event: ev, Route: route, EventID: id, EventIDSource: source, Usable: consent.Advertising,
		Said: consent.State{Granted: consent.Advertising}, Regime: consent.OptIn, Now: now, Scratch: &provider.Scratch{},
	}
}

func endpoint(route *resource.Route) *provider.Endpoint {
	return &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://ads-api.reddit.com"}
}

// strict is the stand-in with two registered pixels.
func strict(cfg sandbox.Config) *sandbox.Service {
	cfg.Pixels = map[string]sandbox.Pixel{pixel: {Tokens: []string{"token"}, Tests: []string{"t2_test"}}, "a2_other": {Tokens: []string{"other"}}}
	return sandbox.New(cfg, ledger.New())
}

// serve hands a request to the stand-in, which shares no code with the provider,
// and gives its answer.
func serve(t testing.TB, service *sandbox.Service, r provider.Request, token string) *provider.Response {
	t.Helper()
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	req := call.Request{Method: r.Method, Path: u.Path, Host: u.Host, Scheme: u.Scheme, Query: u.Query(), Header: http.Header{}, Body: r.Body, Now: time.UnixMilli(now)}
	for _, h := range r.Header {
		req.Header.Set(h.Name, h.Value)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	a := service.Serve(req)
	return &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now}
}

// judge sends fragments to the stand-in and gives its answer as the provider
// reads it.
func judge(t testing.TB, service *sandbox.Service, route *resource.Route, fragments ...[]byte) provider.Answer {
	t.Helper()
	at := endpoint(route)
	auth, err := newProvider().Authorize(t.Context(), nil, at, raw(secret))
	require.NoError(t, err)
	token := auth.Header[0].Value.Reveal()[len("Bearer "):]
	r := at.Account.Assemble(nil, &provider.Batch{Endpoint: at, Fragments: fragments, Authorization: auth})
	return newProvider().Classify(len(fragments), serve(t, service, r, token))
}
