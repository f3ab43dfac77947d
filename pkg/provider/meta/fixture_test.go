package meta_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

func raw(s string) identity.Raw { return identity.NewRaw(s) }

// webEvent is a purchase on the web with seven identifiers and two items.
func webEvent() *event.Event {
	return &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - 5000, ID: "order-1001",
		Page:   event.Page{URL: "https://shop.example.com/thank-you?utm_source=news&q=1", Referrer: "https://www.example.org/"},
		Device: event.Device{IP: raw("2001:db8:85a3::8a2e:370:7334"), UserAgent: raw("Mozilla/5.0 (X11)")},
		Identity: event.Identity{
			Emails: []identity.Raw{raw("John_Smith@gmail.com")}, Phones: []identity.Raw{raw("+1 (650) 555-1212")},
			FirstName: raw("John"), LastName: raw("Smith"), ExternalIDs: []identity.Raw{raw("User 123")},
		},
		Click: event.Click{Fbc: raw("fb.1.1554763741205.AbCdEfGhIj"), Fbp: raw("fb.1.1596403881668.1116446470")},
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

func newRoute(t testing.TB, target string, options ...option) *resource.Route {
	t.Helper()
	d := &resource.Destination{ID: "acme-meta", Customer: "acme", Provider: meta.Name, Account: json.RawMessage(`{"dataset_id":"1234567890"}`)}
	m := &resource.Mapping{Name: "acme-web", DestinationID: d.ID, SourceEvent: "transaction.purchase", ProviderEvent: target, Enabled: true}
	for _, o := range options {
		o(d, m)
	}
	p := meta.New(provider.Deps{})
	account, problems := p.Open(d)
	require.Empty(t, problems)
	target2, problems := account.Map(m)
	require.Empty(t, problems)
	kinds := p.Supported()
	if d.HasIdentifiers {
		kinds = d.Identifiers
	}
	return &resource.Route{Destination: d, Mapping: m, Provider: p, Account: account, Fingerprint: account.Fingerprint(), Target: target2, Key: target2.Key(), Kinds: kinds}
}

func input(route *resource.Route, ev *event.Event) *provider.Input {
	id, source := ev.EffectiveID()
	return &provider.Input{
		Event: ev, Route: route, EventID: id, EventIDSource: source, Usable: consent.Advertising, Regime: consent.OptIn,
		Now: now, Scratch: &provider.Scratch{},
	}
}

func build(t testing.TB, route *resource.Route, ev *event.Event, change ...func(*provider.Input)) provider.Built {
	t.Helper()
	in := input(route, ev)
	for _, c := range change {
		c(in)
	}
	return buildInput(t, in)
}

// buildInput builds and checks what holds for every answer.
func buildInput(t testing.TB, in *provider.Input) provider.Built {
	t.Helper()
	built := provider.Build(nil, in)
	if built.IdentifierReason == decision.ReasonNone && built.PreflightReason == decision.ReasonNone && built.Restrictable {
		require.True(t, json.Valid(built.Fragment), string(built.Fragment))
	} else {
		require.Empty(t, built.Fragment)
	}
	return built
}
