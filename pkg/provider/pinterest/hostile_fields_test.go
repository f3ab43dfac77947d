package pinterest_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Amounts are strings as people write them: four places, no exponent, no sign;
// what is no amount is refused.
func TestHostileAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   float64
		want string // "": refused
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {0.1 + 0.2, "0.3"}, {19.99, "19.99"}, {1.00005, "1.0001"}, {5e-324, "0"}, {1e6, "1000000"},
		{1e21, "1000000000000000000000"}, {-0.01, ""}, {math.NaN(), ""}, {math.Inf(1), ""}, {math.Inf(-1), ""},
	} {
		ev := webEvent()
		ev.Commerce.Value = event.Some(c.in)
		built := provider.Build(nil, input(newRoute(t, "checkout"), ev))
		if c.want == "" {
			require.Equal(t, decision.ProviderFieldInvalid, built.PreflightReason, c.in)
			continue
		}
		require.Contains(t, string(built.Fragment), `"currency":"USD","value":"`+c.want+`"`, c.in)
	}
}

// Whoever computes a wrong number or text is told; a null leaves the member out.
func TestHostileFields(t *testing.T) {
	t.Parallel()
	number := func(f float64) event.Value { return event.Value{Kind: event.Double, Double: f} }
	text := func(s string) event.Value { return event.Value{Kind: event.String, Str: s} }
	for _, c := range []struct {
		name   string
		value  event.Value
		reason decision.Reason
	}{
		{"num_items", number(1.5), decision.ProviderFieldInvalid}, {"num_items", number(-1), decision.ProviderFieldInvalid}, {"num_items", text("three"), decision.ProviderFieldInvalid},
		{"num_items", event.Value{}, decision.ReasonNone}, {"num_items", number(3), decision.ReasonNone},
		{"predicted_ltv", number(-1), decision.ProviderFieldInvalid}, {"predicted_ltv", text("x"), decision.ProviderFieldInvalid}, {"predicted_ltv", event.Value{}, decision.ReasonNone},
		{"value", text("12,50"), decision.ProviderFieldInvalid}, {"value", event.Value{}, decision.ReasonNone},
		{"currency", text("EURO"), decision.ProviderCurrencyInvalid}, {"content_name", number(1), decision.ProviderFieldInvalid},
		{"order_id", event.Value{Kind: event.Boolean}, decision.ProviderFieldInvalid}, {"order_id", text("jane@example.com"), decision.ReasonNone},
		{"search_string", text("jane@example.com"), decision.ReasonNone},
	} {
		in := input(newRoute(t, "checkout"), webEvent())
		in.Fields = []resource.Field{{Name: c.name, Value: c.value}}
		built := provider.Build(nil, in)
		require.Equal(t, c.reason, built.PreflightReason, "%s %v", c.name, c.value)
		require.NotContains(t, string(built.Fragment), "jane")
	}
}

// Where an event cannot be said at Pinterest, pre-flight says why.
func TestPreflight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target string
		change func(*event.Event)
		want   decision.Reason
	}{
		"a refund as a purchase": {"checkout", func(e *event.Event) { e.Name = "transaction.refunded" }, decision.ProviderUnsupportedEvent},
		"a refund of its own":    {"refund", func(e *event.Event) { e.Name = "transaction.refunded" }, decision.ReasonNone},
		"no source":              {"checkout", func(e *event.Event) { e.Source, e.Page.URL = "", "" }, decision.ProviderSourceMissing},
		"another source":         {"checkout", func(e *event.Event) { e.Source = "website" }, decision.ProviderFieldInvalid},
		"an app of no platform":  {"checkout", func(e *event.Event) { e.Source = event.SourceApp }, decision.ProviderAppDataMissing},
		"no currency":            {"checkout", func(e *event.Event) { e.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		"no URL":                 {"checkout", func(e *event.Event) { e.Page.URL = "" }, decision.ReasonNone},
		"a URL that is none":     {"checkout", func(e *event.Event) { e.Page.URL = "javascript:alert(1)" }, decision.ReasonNone},
		"no value":               {"checkout", func(e *event.Event) { e.Commerce.Value = event.Opt[float64]{} }, decision.ReasonNone},
	} {
		ev := webEvent()
		c.change(ev)
		built := provider.Build(nil, input(newRoute(t, c.target), ev))
		require.Equal(t, c.want, built.PreflightReason, "%s: %s", name, built.Detail)
	}
}

// Gate 6: em, hashed_maids, or address and user agent.
func TestWhatSuffices(t *testing.T) {
	t.Parallel()
	var none event.Identity
	for name, c := range map[string]struct {
		change     func(*event.Event)
		contextual bool
		want       decision.Reason
	}{
		"e-mail":                {func(e *event.Event) { e.Device = event.Device{} }, false, decision.ReasonNone},
		"phone":                 {func(e *event.Event) { e.Device, e.Identity.Emails = event.Device{}, nil }, false, decision.IdentifiersInsufficient},
		"phone and address":     {func(e *event.Event) { e.Device.UserAgent, e.Identity.Emails = identity.Raw{}, nil }, false, decision.IdentifiersInsufficient},
		"phone with both":       {func(e *event.Event) { e.Identity.Emails = nil }, false, decision.ReasonNone},
		"click id with both":    {func(e *event.Event) { e.Identity = none }, false, decision.ReasonNone},
		"click id alone":        {func(e *event.Event) { e.Identity, e.Device = none, event.Device{} }, false, decision.IdentifiersInsufficient},
		"both alone":            {func(e *event.Event) { e.Identity, e.Click = none, event.Click{} }, false, decision.IdentifiersInsufficient},
		"both alone, asked for": {func(e *event.Event) { e.Identity, e.Click = none, event.Click{} }, true, decision.ReasonNone},
		"advertising id": {func(e *event.Event) {
			e.Identity, e.Click = none, event.Click{}
			e.Device = event.Device{AdvertisingID: raw("AEBE52E7-03EE-455A-B3C4-E57283966239")}
		}, false, decision.ReasonNone},
		"nobody": {func(e *event.Event) { e.Identity, e.Click, e.Device = none, event.Click{}, event.Device{} }, false, decision.IdentifiersNone},
	} {
		ev := webEvent()
		c.change(ev)
		route := newRoute(t, "checkout", func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = c.contextual })
		built := provider.Build(nil, input(route, ev))
		require.Equal(t, c.want, built.IdentifierReason, "%s: %s", name, built.Detail)
	}
}

// Limits in time, and who recognises a second copy.
func TestLimits(t *testing.T) {
	t.Parallel()
	const hour, day = int64(3600_000), int64(86400_000)
	yes, no := true, false
	tagged := func(tag *bool) option {
		return func(d *resource.Destination, _ *resource.Mapping) { d.BrowserTag = tag }
	}
	ev := webEvent()
	built := provider.Build(nil, input(newRoute(t, "checkout"), ev))
	require.Equal(t, ev.Time+7*day-hour, built.NotAfter)
	require.True(t, built.DedupRisk, "nobody knows whether a tag reports it")
	require.Zero(t, built.DedupUntil)
	built = provider.Build(nil, input(newRoute(t, "checkout", section(`{"max_age":"72h"}`), tagged(&yes)), ev))
	require.Equal(t, ev.Time+3*day, built.NotAfter)
	require.Equal(t, ev.Time+47*hour, built.DedupUntil)
	built = provider.Build(nil, input(newRoute(t, "checkout", tagged(&no)), ev))
	require.False(t, built.DedupRisk)
	require.Zero(t, built.DedupUntil)
	ev.BrowserReported = event.Some(true)
	require.Equal(t, ev.Time+47*hour, provider.Build(nil, input(newRoute(t, "checkout", tagged(&no)), ev)).DedupUntil)
	for _, source := range []string{event.SourceInStore, event.SourcePhone, event.SourceSystem, event.SourceOther} {
		ev.Source = source
		built = provider.Build(nil, input(newRoute(t, "checkout"), ev))
		require.True(t, built.ResendUnsafe, source)
		require.Equal(t, "offline", built.Group, source)
		require.Contains(t, string(built.Fragment), `"action_source":"offline"`)
		require.NotContains(t, string(built.Fragment), "event_source_url")
	}
}

// Outside the United States there is no reduced form.
func TestThereIsNoReducedFormElsewhere(t *testing.T) {
	t.Parallel()
	for _, country := range []string{"DE", "CA", ""} {
		in := input(newRoute(t, "checkout"), webEvent())
		in.Restricted, in.Place = true, consent.Place{Location: consent.NewJurisdiction(country, "")}
		built := provider.Build([]byte("x"), in)
		require.False(t, built.Restrictable, country)
		require.Equal(t, "x", string(built.Fragment))
	}
	in := input(newRoute(t, "checkout"), webEvent())
	in.Restricted, in.Place = true, consent.Place{Location: consent.NewJurisdiction("US", "CA")}
	require.False(t, provider.Build(nil, in).Restrictable, "under opt-in nothing leaves without a grant")
}

// At most ten values of a key leave, in order and once.
func TestValuesAreBounded(t *testing.T) {
	t.Parallel()
	ev := webEvent()
	ev.Identity.Emails = nil
	for i := range 30 {
		ev.Identity.Emails = append(ev.Identity.Emails, raw(strings.Repeat("a", 1+i%15)+"@mail.example"))
	}
	built := provider.Build(nil, input(newRoute(t, "checkout"), ev))
	require.Contains(t, built.Identifiers.Dropped, decision.Dropped{Kind: decision.KindEmail, Reason: decision.DropLimit})
}
