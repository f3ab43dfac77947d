package google_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
)

// now is the clock of every test; events happen an hour before.
var now = time.Date(2026, 11, 20, 15, 7, 1, 0, time.UTC).UnixMilli()

const (
	hour = int64(3600_000)
	day  = 24 * hour
)

// kit is one event on its way to one destination; tests change what they are
// about and leave the rest.
type kit struct {
	destination resource.Destination
	mapping     resource.Mapping
	in          provider.Input
}

func newKit() *kit {
	k := &kit{
		destination: resource.Destination{
			ID: "acme-google", Customer: "acme", Provider: google.Name,
			Account:  json.RawMessage(`{"conversion_actions":{"purchase":"987654321","generate_lead":{"id":"987654322","type":"offline"}},"customer_id":"1234567890","login_customer_id":"1112223334"}`),
			Section:  json.RawMessage(`{"merchant":{"feed_label":"DE","id":"42","language":"de"}}`),
			Delivery: resource.DeliverySpec{MinClickAgeMS: -1},
		},
		mapping: resource.Mapping{Name: "acme-google-purchase", DestinationID: "acme-google", SourceEvent: "transaction.purchase", ProviderEvent: "purchase", Enabled: true},
	}
	k.in = provider.Input{
		Event: webPurchase(), Usable: consent.AllPurposes,
		Said:   consent.State{Granted: consent.Advertising},
		Regime: consent.OptIn, Place: consent.Place{Location: consent.NewJurisdiction("DE", "")},
		Now: now, Scratch: &provider.Scratch{},
	}
	return k
}

func analyticsKit() *kit {
	k := newKit()
	k.destination.Account = json.RawMessage(`{"measurement_id":"G-ABCDEF1234","property_id":"123456789"}`)
	k.destination.Section = nil
	k.in.Event.Analytics = event.Analytics{
		ClientID: identity.NewRaw("1234567890.1690000000"), SessionID: identity.NewRaw("1690000000"), UserID: identity.NewRaw("u-42"),
	}
	return k
}

func webPurchase() *event.Event {
	e := &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - hour, ID: "evt-1",
		Origin: event.Coordinates{Topic: "analytics.events", TopicID: event.TopicID{1}, Partition: 3, Offset: 42},
	}
	e.Page.URL = "https://shop.example/thanks?utm_source=news&email=jane%40shop.example#top"
	e.Device.IP, e.Device.UserAgent = identity.NewRaw("203.0.113.9"), identity.NewRaw("Mozilla/5.0 (X11)")
	e.Identity.Emails = []identity.Raw{identity.NewRaw(" Jane.Doe+shop@Gmail.com"), identity.NewRaw("jane@shop.example"), identity.NewRaw("janedoe@gmail.com")}
	e.Identity.Phones = []identity.Raw{identity.NewRaw("030 901820")}
	e.Identity.FirstName, e.Identity.LastName = identity.NewRaw("Dr. Jane"), identity.NewRaw("Doe, PhD")
	e.Identity.Country, e.Identity.PostalCode = identity.NewRaw("de"), identity.NewRaw(" 10115 ")
	e.Click.Gclid = identity.NewRaw("EAIaIQobChMI_example")
	e.Commerce = event.Commerce{
		TransactionID: "ORDER-1001", Value: event.Some(49.9), Currency: "eur", Discount: event.Some(5.0),
		Coupons: []string{"WELCOME10"}, CustomerType: "new", CustomerValueBucket: "high",
		Items: []event.Item{
			{ID: "SKU-1", Name: "Teapot", Brand: "Acme", Quantity: event.Some[int64](2), Price: event.Some(24.95)},
			{ID: "SKU-2", Price: event.Some(0.0)},
		},
	}
	e.Properties = []event.Property{
		{Key: "plan", Value: event.Value{Kind: event.String, Str: "gold"}},
		{Key: "note", Value: event.Value{Kind: event.String, Str: "call +49 30 901820"}},
		{Key: "seats", Value: event.Value{Kind: event.Long, Long: 3}},
		{Key: "secret", Value: event.Value{Kind: event.String, Str: "stays"}},
	}
	return e
}

// route compiles destination and mapping, which tests of payloads take for
// granted.
func (k *kit) route(t testing.TB) *resource.Route {
	t.Helper()
	p := google.New(provider.Deps{Now: func() int64 { return now }})
	account, problems := p.Open(&k.destination)
	require.Empty(t, problems)
	target, problems := account.Map(&k.mapping)
	require.Empty(t, problems)
	kinds := p.Supported()
	if k.destination.HasIdentifiers {
		kinds &= k.destination.Identifiers
	}
	return &resource.Route{
		Destination: &k.destination, Mapping: &k.mapping, Provider: p, Account: account, Fingerprint: account.Fingerprint(),
		Target: target, Key: target.Key(), Kinds: kinds,
	}
}

func (k *kit) build(t testing.TB) provider.Built {
	t.Helper()
	if k.in.Route == nil {
		k.in.Route = k.route(t)
	}
	k.in.EventID, k.in.EventIDSource = k.in.Event.EffectiveID()
	return provider.Build(nil, &k.in)
}

// payload builds what must pass.
func (k *kit) payload(t testing.TB) string {
	t.Helper()
	b := k.build(t)
	require.Zero(t, b.IdentifierReason, "%s: %s", b.IdentifierReason, b.Detail)
	require.Zero(t, b.PreflightReason, "%s: %s", b.PreflightReason, b.Detail)
	require.True(t, json.Valid(b.Fragment), string(b.Fragment))
	return string(b.Fragment)
}

func (k *kit) target(t testing.TB) *provider.Endpoint {
	t.Helper()
	return &provider.Endpoint{Destination: &k.destination, Account: k.route(t).Account.(provider.Account)}
}
