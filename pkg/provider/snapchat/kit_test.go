package snapchat_test

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
	"github.com/sluicehq/sluice/pkg/provider/snapchat"
	sandbox "github.com/sluicehq/sluice/pkg/provider/snapchat/fake"
)

var now = time.Date(2026, 11, 21, 9, 0, 5, 0, time.UTC).UnixMilli()

const secret = `{"access_token":"token"}`

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// webEvent is a purchase on the web with seven identifiers and two items.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001",
		Page:   event.Page{URL: "https://shop.example.com/thank-you?utm_source=news&q=1", Referrer: "https://www.example.org/"},
		Device: event.Device{IP: raw("2001:db8:85a3::8a2e:370:7334"), UserAgent: raw("Mozilla/5.0 (X11)")},
		Identity: event.Identity{
			Emails: []identity.Raw{raw(" John_Smith@gmail.com ")}, Phones: []identity.Raw{raw("+1 (650) 555-1212")},
			FirstName: raw("John"), LastName: raw("Smith"), ExternalIDs: []identity.Raw{raw("User 123")},
		},
		Click: event.Click{Sccid: raw("a1B2c3D4-e5f6-7890-AbCd-ef1234567890"), Scid: raw("6d8087f0-4d7a-4c83-9c3a-6dfc5f0a5c01")},
		Commerce: event.Commerce{
			TransactionID: "1001", Value: event.Some(142.52), Currency: "usd",
			Items: []event.Item{
				{ID: "sku1", Name: "Shirt", Brand: "Acme", Category: "Tops", Quantity: event.Some(int64(2)), Price: event.Some(60.0)},
				{ID: "sku2", Quantity: event.Some(int64(1)), Price: event.Some(22.52)},
			},
		},
	}
}

// appEvent is a purchase in an app on iOS.
func appEvent() *event.Event {
	ev := webEvent()
	ev.Source, ev.Page, ev.Click = event.SourceApp, event.Page{}, event.Click{}
	ev.Device = event.Device{
		IP: ev.Device.IP, UserAgent: ev.Device.UserAgent, AppID: "com.acme.shop", AppVersion: "1.4.0", AppBuild: "1.4.0 (77)", Platform: "ios", OSVersion: "18.1",
		Model: "iPhone17,1", Language: "de_DE", Timezone: "Europe/Berlin", AdvertisingID: raw("6D92078A-8246-4BA4-AE5B-76104861E7DC"),
		VendorID: raw("68753A44-4D6F-1226-9C60-0050E4C00067"), TrackingAuthorized: event.Some(true), ScreenWidth: event.Some(int64(1179)), ScreenDensity: event.Some(3.0),
	}
	return ev
}

type option func(*resource.Destination, *resource.Mapping)

const pixel = "1ec32188-754e-4be2-8e55-c949a984a39f"

// app makes the destination one of an app.
func app(d *resource.Destination, _ *resource.Mapping) {
	d.Account = json.RawMessage(`{"snap_app_id":"SNAP_APP"}`)
}

func with(section string) option {
	return func(d *resource.Destination, _ *resource.Mapping) { d.Section = json.RawMessage(section) }
}

func as(name string) option {
	return func(_ *resource.Destination, m *resource.Mapping) { m.ProviderEvent = name }
}

func include(names ...string) option {
	return func(_ *resource.Destination, m *resource.Mapping) {
		m.Include = map[string]bool{}
		for _, n := range names {
			m.Include[n] = true
		}
	}
}

func newRoute(t testing.TB, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-snapchat", Customer: "acme", Provider: snapchat.Name, Account: json.RawMessage(`{"pixel_id":"` + pixel + `"}`)}
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: "PURCHASE", Enabled: true}
	for _, o := range options {
		o(d, m)
	}
	p := snapchat.New(provider.Deps{})
	account, problems := p.Open(d)
	require.False(t, resource.HasErrors(problems), "%v", problems)
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

// restricted asks for the reduced form in California.
func restricted(in *provider.Input) {
	in.Restricted, in.Regime = true, consent.OptOut
	in.Place = consent.Place{Location: consent.NewJurisdiction("US", "CA")}
	in.Usable = consent.AdStorage
}

// assemble makes the request for fragments.
func assemble(t testing.TB, route *resource.Route, fragments ...[]byte) (provider.Request, provider.Authorization) {
	t.Helper()
	target := &provider.Endpoint{Destination: route.Destination, Account: route.Account.(provider.Account), BaseURL: "https://tr.snapchat.com"}
	auth, err := snapchat.Provider{}.Authorize(t.Context(), nil, target, raw(secret))
	require.NoError(t, err)
	return target.Account.Assemble(nil, &provider.Batch{Endpoint: target, Fragments: fragments, Authorization: auth, Now: now}), auth
}

// serve hands a request to a stand-in and gives its answer as the provider reads
// it.
func serve(t testing.TB, s *sandbox.Service, n int, r provider.Request, auth provider.Authorization) provider.Answer {
	t.Helper()
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	req := call.Request{Method: r.Method, Path: u.Path, Host: u.Host, Scheme: u.Scheme, Query: url.Values{}, Header: http.Header{}, Body: r.Body, Now: time.UnixMilli(now)}
	for _, h := range r.Header {
		req.Header.Set(h.Name, h.Value)
	}
	for _, q := range auth.Query {
		req.Query.Set(q.Name, q.Value.Reveal())
	}
	a := s.Serve(req)
	return snapchat.Provider{}.Classify(n, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now})
}

// judge sends fragments to the strict stand-in, which shares no code with the
// provider.
func judge(t testing.TB, route *resource.Route, fragments ...[]byte) provider.Answer {
	t.Helper()
	r, auth := assemble(t, route, fragments...)
	return serve(t, sandbox.New(sandbox.Config{}, ledger.New()), len(fragments), r, auth)
}
