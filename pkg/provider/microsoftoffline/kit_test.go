package microsoftoffline_test

import (
	"context"
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
	"github.com/sluicehq/sluice/pkg/provider/microsoftoffline"
	"github.com/sluicehq/sluice/pkg/provider/microsoftoffline/fake"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixMilli()

const (
	hour      = int64(3600_000)
	day       = 24 * hour
	account   = `{"customer_id":"77","account_id":"99","events":{"purchase":"Kauf – online","close_convert_lead":"Closed deal"}}`
	secret    = `{"client_id":"app","client_secret":"s","refresh_token":"r1","developer_token":"dev"}`
	msclkid   = "f894f652ea334e739002f7167ab8f8e3"
	adjust    = `{"adjust":true}`
	adjustTag = `{"adjust":true,"online":true}`
)

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// sale is a purchase of three hours ago, with a click of a day before.
func sale() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 3*hour + 345, ID: "order-1001", Source: event.SourceSystem,
		Identity: event.Identity{Emails: []identity.Raw{raw(" John.Smith+shop@Example.com ")}, Phones: []identity.Raw{raw("+1 (650) 555-1212")}},
		Click:    event.Click{Msclkid: raw(msclkid), CapturedAt: now - day},
		Commerce: event.Commerce{TransactionID: "1001", Value: event.Some(142.52), Currency: "usd"},
	}
}

// refund takes the sale back.
func refund() *event.Event {
	e := sale()
	e.Name, e.ID, e.Time = "transaction.refunded", "refund-1", now-hour
	e.Original = event.Original{Name: "transaction.purchase", Time: now - 3*hour + 345, TransactionID: "1001"}
	return e
}

type option func(*resource.Destination, *resource.Mapping)

// section gives a mapping Microsoft's keys.
func section(text string) option {
	return func(_ *resource.Destination, m *resource.Mapping) {
		m.Section, m.SourceEvent = json.RawMessage(text), "transaction.refunded"
	}
}

// remaining is a mapping that computes what remains.
func remaining(_ *resource.Destination, m *resource.Mapping) {
	m.Fields = map[string]string{"value": "event.properties.left"}
}

func newRoute(t testing.TB, name string, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-offline", Customer: "acme", Provider: microsoftoffline.Name, Account: json.RawMessage(account)}
	d.Defaults.PhoneCountry, d.Delivery.MinClickAgeMS = "DE", -1
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: name, Enabled: true}
	for _, o := range options {
		o(d, m)
	}
	p := microsoftoffline.Provider{}
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

func number(v float64) []resource.Field {
	return []resource.Field{{Name: "value", Value: event.Value{Kind: event.Double, Double: v}}}
}

func endpoint(route *resource.Route) *provider.Endpoint {
	return &provider.Endpoint{
		Destination: route.Destination, Account: route.Account.(provider.Account),
		BaseURL: "https://campaign.api.bingads.microsoft.com/bingads", TokenURL: "https://login.microsoftonline.com/bingads/common/oauth2/v2.0/token",
	}
}

// strict is a stand-in with one account, whose goals are old but one.
func strict(l *ledger.Ledger) *fake.Service {
	old := time.UnixMilli(now - 30*day)
	return fake.New(fake.Config{DeveloperToken: "dev", Accounts: map[string]fake.Account{"99": {
		Customer: "77", RefreshTokens: []string{"r1"},
		Goals: map[string]fake.Goal{"Kauf – online": {Created: old}, "Closed deal": {Created: old}, "New": {Created: time.UnixMilli(now)}},
	}}}, l)
}

// exchange hands token requests to a stand-in.
type exchange struct{ s *fake.Service }

func (x exchange) Do(_ context.Context, r provider.Request, form url.Values) (provider.Response, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return provider.Response{}, err
	}
	a := x.s.Serve(call.Request{
		Method: r.Method, Path: u.Path, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(form.Encode()), Now: time.UnixMilli(now),
	})
	return provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: now}, nil
}

// take hands a request to the strict stand-in, which shares no code with the
// provider, and gives its answer as the provider reads it.
func take(t testing.TB, s *fake.Service, n int, r provider.Request, headers []provider.SecretHeader, at int64) provider.Answer {
	t.Helper()
	u, err := url.Parse(r.URL)
	require.NoError(t, err)
	req := call.Request{Method: r.Method, Path: u.Path, Host: u.Host, Scheme: u.Scheme, Query: u.Query(), Header: http.Header{}, Body: r.Body, Now: time.UnixMilli(at)}
	for _, h := range r.Header {
		req.Header.Set(h.Name, h.Value)
	}
	for _, h := range headers {
		req.Header.Set(h.Name, h.Value.Reveal())
	}
	a := s.Serve(req)
	return microsoftoffline.Provider{}.Classify(n, &provider.Response{Status: a.Status, Header: a.Header.Get, Body: a.Body, Now: at})
}

// send hands built events to a stand-in.
func send(t testing.TB, s *fake.Service, route *resource.Route, built ...provider.Built) provider.Answer {
	t.Helper()
	at := endpoint(route)
	auth, err := microsoftoffline.Provider{}.Authorize(t.Context(), exchange{s}, at, raw(secret))
	require.NoError(t, err)
	var fragments [][]byte
	for _, b := range built {
		fragments = append(fragments, b.Fragment)
	}
	r := at.Account.Assemble(nil, &provider.Batch{Endpoint: at, Group: built[0].Group, Fragments: fragments})
	return take(t, s, len(built), r, auth.Header, now+61_000) // events may be a minute ahead, and wait for their time
}

func judge(t testing.TB, route *resource.Route, built ...provider.Built) provider.Answer {
	t.Helper()
	return send(t, strict(ledger.New()), route, built...)
}

func read(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}
