package linkedin_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// A value that LinkedIn must not be told costs the value and not the event; one
// that is no amount at all, or has no currency, is refused.
func TestHostileAmounts(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase")
	for _, c := range []struct {
		in   float64
		want string // "": no value
		why  decision.Reason
	}{
		{0, "0", 0}, {math.Copysign(0, -1), "0", 0}, {0.1 + 0.2, "0.3", 0}, {49.9 * 0.8, "39.92", 0}, {1e-9, "0", 0}, {12.345, "12.345", 0}, {1e12, "1000000000000", 0},
		{-5, "", 0}, {1e15, "", 0}, {4111111111111111, "", 0}, {1e300, "", 0},
		{math.NaN(), "", decision.ProviderFieldInvalid}, {math.Inf(1), "", decision.ProviderFieldInvalid},
	} {
		in := input(route, webEvent())
		in.Event.Commerce.Value = event.Some(c.in)
		out := provider.Build(nil, in)
		require.Equal(t, c.why, out.PreflightReason, c.in)
		if c.why != decision.ReasonNone {
			require.Empty(t, out.Fragment)
			continue
		}
		if c.want == "" {
			require.NotContains(t, string(out.Fragment), "conversionValue")
			require.False(t, out.Value.Set)
			continue
		}
		require.Contains(t, string(out.Fragment), `"conversionValue":{"currencyCode":"USD","amount":"`+c.want+`"}`)
	}
	for in, want := range map[string]decision.Reason{" eur ": 0, "Euro": decision.ProviderCurrencyInvalid, "": decision.ProviderCurrencyMissing, "undefined": decision.ProviderCurrencyMissing} {
		i := input(route, webEvent())
		i.Event.Commerce.Currency = in
		require.Equal(t, want, provider.Build(nil, i).PreflightReason, in)
	}
	// Prices of items have no member: they need no currency.
	in := input(route, webEvent())
	in.Event.Commerce = event.Commerce{Items: []event.Item{{ID: "a", Price: event.Some(1.5)}}}
	pass(t, in)
}

// Gate 6: what LinkedIn recognises somebody by.
func TestIdentifiersThatSuffice(t *testing.T) {
	t.Parallel()
	only := func(change func(*event.Event)) *event.Event {
		e := webEvent()
		e.Identity, e.Click, e.Device = event.Identity{}, event.Click{}, event.Device{}
		change(e)
		return e
	}
	for name, c := range map[string]struct {
		section string
		change  func(*event.Event)
		want    decision.Reason
	}{
		"nothing":             {"", func(*event.Event) {}, decision.IdentifiersNone},
		"email":               {"", func(e *event.Event) { e.Identity.Emails = []identity.Raw{raw("a@mail.example")} }, 0},
		"a bad email":         {"", func(e *event.Event) { e.Identity.Emails = []identity.Raw{raw("nobody")} }, decision.IdentifiersNone},
		"click":               {"", func(e *event.Event) { e.Click.LiFatID = raw("8a3f2b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b") }, 0},
		"click in the URL":    {"", func(e *event.Event) { e.Page.URL += "&li_fat_id=8a3f2b1c-4d5e-4f60-8a7b-9c0d1e2f3a4b" }, 0},
		"a click of no UUID":  {"", func(e *event.Event) { e.Click.LiFatID = raw("df5gf5-gh6t7-ph4j7h-fgf6n1") }, decision.IdentifiersNone},
		"phone":               {"", func(e *event.Event) { e.Identity.Phones = []identity.Raw{raw("+16505551212")} }, decision.IdentifiersInsufficient},
		"external id":         {"", func(e *event.Event) { e.Identity.ExternalIDs = []identity.Raw{raw("u1")} }, decision.IdentifiersInsufficient},
		"external id allowed": {everything, func(e *event.Event) { e.Identity.ExternalIDs = []identity.Raw{raw("u1")} }, decision.IdentifiersInsufficient},
		"names":               {everything, func(e *event.Event) { e.Identity.FirstName, e.Identity.LastName = raw("Ada"), raw("Lovelace") }, 0},
		"hashed names":        {hashes, func(e *event.Event) { e.Identity.FirstName, e.Identity.LastName = raw("Ada"), raw("Lovelace") }, 0},
		"names not allowed":   {"", func(e *event.Event) { e.Identity.FirstName, e.Identity.LastName = raw("Ada"), raw("Lovelace") }, decision.IdentifiersNone},
		"one name":            {everything, func(e *event.Event) { e.Identity.FirstName = raw("Ada") }, decision.IdentifiersNone},
		"Acxiom":              {"", func(e *event.Event) { e.Identity.LoginIDs = []event.NamedRaw{{Name: "acxiom", Value: raw("abc")}} }, 0},
		"another login":       {"", func(e *event.Event) { e.Identity.LoginIDs = []event.NamedRaw{{Name: "facebook", Value: raw("abc")}} }, decision.IdentifiersNone},
		"Android": {"", func(e *event.Event) {
			e.Device.Platform, e.Device.AdvertisingID = "android", raw("38400000-8cf0-11bd-b23e-10b96e40000d")
		}, 0},
		"iOS": {"", func(e *event.Event) {
			e.Device.Platform, e.Device.AdvertisingID = "ios", raw("38400000-8cf0-11bd-b23e-10b96e40000d")
		}, decision.IdentifiersNone},
		"Android, tracking refused": {"", func(e *event.Event) {
			e.Device.Platform, e.Device.AdvertisingID, e.Device.TrackingAuthorized = "android", raw("38400000-8cf0-11bd-b23e-10b96e40000d"), event.Some(false)
		}, decision.IdentifiersNone},
		"lead form":      {"", func(e *event.Event) { e.Identity.LeadID = raw("urn:li:leadGenFormResponse:a") }, decision.IdentifiersInsufficient},
		"another's lead": {"", func(e *event.Event) { e.Identity.LeadID = raw("1234567890123456") }, decision.IdentifiersNone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := provider.Build(nil, input(newRoute(t, "purchase", section(c.section)), only(c.change)))
			require.Equal(t, c.want, out.IdentifierReason, "%s: %s", out.Detail, out.Fragment)
		})
	}
}

// A name that looks like contact data never leaves in clear, nor does one that was
// hashed.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase", section(everything))
	for _, name := range []string{"jane@shop.example", "+49 151 23456789", "4111111111111111", "542d240129883c019e106e3b1b2d3f3cb3537c43c425364de8e951d5a3083345", "undefined", "a\x00b"} {
		in := input(route, webEvent())
		in.Event.Identity.LastName = raw(name)
		out := pass(t, in)
		require.NotContains(t, string(out.Fragment), "userInfo", name)
		require.NotContains(t, out.Identifiers.Present, decision.KindName)
	}
	in := input(route, webEvent())
	in.Event.Identity.ExternalIDs = []identity.Raw{raw("jane@shop.example"), raw("u-2")}
	require.Contains(t, string(pass(t, in).Fragment), `"externalIds":["u-2"]`)
	for _, title := range []string{"jane@shop.example", "call +49 151 23456789"} {
		in = input(route, webEvent())
		in.Fields = []resource.Field{{Name: "title", Value: event.Value{Kind: event.String, Str: title}}}
		out := pass(t, in)
		require.NotContains(t, string(out.Fragment), `"title"`)
		require.Positive(t, out.Identifiers.UnsafeDropped)
	}
}

// A refund is nothing to LinkedIn: the template's row decides so.
func TestRefundsAreUnsupported(t *testing.T) {
	t.Parallel()
	m, ok := newProvider().TemplateEvent("commerce", "transaction.refunded")
	require.True(t, ok)
	route := newRoute(t, "none", func(_ *resource.Destination, to *resource.Mapping) { to.FromTemplate = m.FromTemplate })
	out := provider.Build(nil, input(route, webEvent()))
	require.Equal(t, decision.ProviderUnsupportedEvent, out.PreflightReason)
	require.Empty(t, out.Fragment)
}

// TestAllocations keeps the hot path as it is: the lists of present and dropped
// kinds.
func TestAllocations(t *testing.T) {
	route := newRoute(t, "purchase")
	in := input(route, webEvent())
	in.Scratch.Buf = make([]byte, 0, 512)
	dst := make([]byte, 0, 4096)
	var out provider.Built
	n := testing.AllocsPerRun(200, func() { out = provider.Build(dst, in) })
	require.NotEmpty(t, out.Fragment)
	require.LessOrEqual(t, n, 3.0)
}
