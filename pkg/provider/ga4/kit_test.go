package ga4_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
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
	"github.com/sluicehq/sluice/pkg/provider/ga4"
	sandbox "github.com/sluicehq/sluice/pkg/provider/ga4/fake"
)

var now = time.Date(2026, 11, 21, 9, 0, 5, 0, time.UTC).UnixMilli()

const (
	webAccount = `{"measurement_id":"G-ABCD12345"}`
	appAccount = `{"firebase_app_id":"1:1234567890:android:abcdef"}`
	everyone   = `{"user_id":"external_id","user_data":true,"ip_override":true,"user_agent":true}`
	secret     = `{"api_secret":"se/cret+1"}`
)

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// webEvent is a purchase on the web with what Google Analytics takes.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001", Source: event.SourceWeb,
		Page:      event.Page{URL: "https://shop.example.com/thank-you?utm_source=news&q=1&gclid=Cj0KCQiAinvented_wcB#x", Referrer: "https://www.example.org/?gclid=Cj0KCQiAinvented_wcB", Title: "Thank you"},
		Device:    event.Device{IP: raw("203.0.113.7"), UserAgent: raw("Mozilla/5.0 (X11)")},
		Analytics: event.Analytics{ClientID: raw("GA1.1.1234567890.1795251000"), SessionID: raw("GS2.1.s1795251000$o3$g1"), AppInstanceID: raw("0123456789ABCDEF0123456789ABCDEF")},
		Identity: event.Identity{
			Emails: []identity.Raw{raw(" Jane.Doe@GMAIL.com ")}, Phones: []identity.Raw{raw("+1 (650) 555-1212")}, ExternalIDs: []identity.Raw{raw("customer-42")},
			FirstName: raw("Mary Ann"), LastName: raw("O'Brien"), Street: raw("123 Main St."), City: raw("San Francisco"), Region: raw("CA."), PostalCode: raw("94103~1"), Country: raw("us"),
		},
		Commerce: event.Commerce{
			TransactionID: "1001", Value: event.Some(142.52), Currency: "usd", Tax: event.Some(2.5), SearchTerm: "kettle", Coupons: []string{"AUTUMN"}, CustomerType: "New",
			Items: []event.Item{
				{ID: "sku1", Name: "Shirt", Brand: "Acme", Category: "Clothes", Quantity: event.Some(int64(2)), Price: event.Some(60.0)},
				{ID: "sku2", Price: event.Some(22.52)},
				{Name: "no id"},
			},
		},
		Properties: []event.Property{
			{Key: "plan", Value: event.Value{Kind: event.String, Str: "gold"}}, {Key: "seats", Value: event.Value{Kind: event.Long, Long: 3}},
			{Key: "trial", Value: event.Value{Kind: event.Boolean, Bool: true}}, {Key: "tier", Value: event.Value{Kind: event.String, Str: "b2b"}},
		},
	}
}

type option func(*resource.Destination, *resource.Mapping)

func details(d *resource.Destination, m *resource.Mapping) {
	d.Section = json.RawMessage(everyone)
	m.Include = map[string]bool{"item_names": true, "item_brands": true, "item_categories": true, "coupons": true, "search_term": true, "page_title": true}
	m.Properties = []string{"plan", "seats", "trial"}
	m.Section = json.RawMessage(`{"user_properties":["tier"]}`)
}

func inApp(d *resource.Destination, _ *resource.Mapping) { d.Account = json.RawMessage(appAccount) }

func newRoute(t testing.TB, name string, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-ga4", Customer: "acme", Provider: ga4.Name, Account: json.RawMessage(webAccount)}
	d.Defaults.PhoneCountry = "DE"
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: name, Enabled: true}
	for _, o := range options {
		o(d, m)
	}
	p := ga4.Provider{}
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

// pass builds what has to pass.
func pass(t testing.TB, in *provider.Input) provider.Built {
	t.Helper()
	built := provider.Build(nil, in)
	require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
	require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
	return built
}

func endpoint(route *resource.Route) *provider.Endpoint {
	return &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://www.google-analytics.com"}
}

// take hands a request to a stand-in, which shares no code with the provider, and
// gives its answer as the provider reads it.
func take(t testing.TB, s *sandbox.Service, r provider.Request, secret string) provider.Answer {
	t.Helper()
	p := ga4.Provider{}
	auth, err := p.Authorize(t.Context(), nil, nil, raw(secret))
	require.NoError(t, err)
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	req := call.Request{Method: r.Method, Path: u.Path, Host: u.Host, Scheme: u.Scheme, Query: u.Query(), Header: http.Header{}, Body: r.Body, Now: time.UnixMilli(now)}
	for _, q := range auth.Query {
		req.Query.Set(q.Name, q.Value.Reveal())
	}
	a := s.Serve(req)
	return p.Classify(1, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
}

// judge asks the debug path, and sends the event too: both have to agree.
func judge(t testing.TB, route *resource.Route, fragment []byte) provider.Answer {
	t.Helper()
	at, l := endpoint(route), ledger.New()
	s := sandbox.New(sandbox.Config{}, l)
	b := &provider.Batch{Endpoint: at, Fragments: [][]byte{fragment}}
	require.Equal(t, provider.Accepted, take(t, s, at.Account.Assemble(nil, b), secret).Class)
	b.ValidateOnly = true
	a := take(t, s, at.Account.Assemble(nil, b), secret)
	taken := 0
	if a.Class == provider.Accepted {
		taken = 1
	}
	require.Equal(t, taken, l.Totals().Accepted)
	return a
}

func read(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}
