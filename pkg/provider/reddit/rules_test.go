package reddit_test

import (
	"encoding/json"
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

// Amounts are numbers as people write them: four places, no exponent, no sign;
// what is no amount is refused.
func TestHostileAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   float64
		want string // "": refused
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {0.1 + 0.2, "0.3"}, {19.99, "19.99"}, {1.00005, "1.0001"}, {1e21, "1000000000000000000000"},
		{-0.01, ""}, {math.NaN(), ""}, {math.Inf(1), ""},
	} {
		ev := webEvent()
		ev.Commerce.Value = event.Some(c.in)
		built := provider.Build(nil, input(newRoute(t, "PURCHASE"), ev))
		if c.want == "" {
			require.Equal(t, decision.ProviderFieldInvalid, built.PreflightReason, c.in)
			continue
		}
		require.Contains(t, string(built.Fragment), `"currency":"USD","value":`+c.want+`,`, c.in)
	}
}

func TestHostileFields(t *testing.T) {
	t.Parallel()
	number := func(f float64) event.Value { return event.Value{Kind: event.Double, Double: f} }
	for _, c := range []struct {
		name   string
		value  event.Value
		reason decision.Reason
	}{
		{"item_count", number(1.5), decision.ProviderFieldInvalid}, {"item_count", number(-1), decision.ProviderFieldInvalid}, {"item_count", number(3), decision.ReasonNone},
		{"item_count", event.Value{}, decision.ReasonNone}, {"item_count", event.Value{Kind: event.String, Str: "x"}, decision.ProviderFieldInvalid},
		{"value", event.Value{Kind: event.String, Str: "12,50"}, decision.ProviderFieldInvalid}, {"currency", event.Value{Kind: event.String, Str: "EURO"}, decision.ProviderCurrencyInvalid},
	} {
		in := input(newRoute(t, "PURCHASE"), webEvent())
		in.Fields = []resource.Field{{Name: c.name, Value: c.value}}
		require.Equal(t, c.reason, provider.Build(nil, in).PreflightReason, "%s %v", c.name, c.value)
	}
}

// Where an event cannot be said at Reddit, pre-flight says why.
func TestPreflight(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target string
		change func(*event.Event)
		want   decision.Reason
	}{
		"a refund as a purchase":  {"PURCHASE", func(e *event.Event) { e.Name = "transaction.refunded" }, decision.ProviderUnsupportedEvent},
		"a refund of its own":     {"Refund", func(e *event.Event) { e.Name, e.Commerce.Value.Value = "transaction.refunded", 5 }, decision.ReasonNone},
		"no source":               {"PURCHASE", func(e *event.Event) { e.Source, e.Page.URL = "", "" }, decision.ProviderSourceMissing},
		"another source":          {"PURCHASE", func(e *event.Event) { e.Source = "website" }, decision.ProviderFieldInvalid},
		"no currency":             {"PURCHASE", func(e *event.Event) { e.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		"no currency, none asked": {"VIEW_CONTENT", func(e *event.Event) { e.Commerce.Currency = "" }, decision.ReasonNone},
		"no URL":                  {"PURCHASE", func(e *event.Event) { e.Page.URL = "" }, decision.ReasonNone},
		"a URL that is none":      {"PURCHASE", func(e *event.Event) { e.Page.URL = "javascript:alert(1)" }, decision.ReasonNone},
	} {
		ev := webEvent()
		c.change(ev)
		built := provider.Build(nil, input(newRoute(t, c.target), ev))
		require.Equal(t, c.want, built.PreflightReason, "%s: %s", name, built.Detail)
	}
}

// One identifier is enough, but address and user agent tell nobody.
func TestWhatSuffices(t *testing.T) {
	t.Parallel()
	var none event.Identity
	for name, c := range map[string]struct {
		change     func(*event.Event)
		contextual bool
		want       decision.Reason
	}{
		"click id":              {func(e *event.Event) { e.Identity, e.Device = none, event.Device{} }, false, decision.ReasonNone},
		"phone":                 {func(e *event.Event) { e.Identity.Emails, e.Device, e.Click = nil, event.Device{}, event.Click{} }, false, decision.ReasonNone},
		"both alone":            {func(e *event.Event) { e.Identity, e.Click = none, event.Click{} }, false, decision.IdentifiersInsufficient},
		"both alone, asked for": {func(e *event.Event) { e.Identity, e.Click = none, event.Click{} }, true, decision.ReasonNone},
		"nobody":                {func(e *event.Event) { e.Identity, e.Click, e.Device = none, event.Click{}, event.Device{} }, false, decision.IdentifiersNone},
		"a device of no platform": {func(e *event.Event) {
			e.Identity, e.Click, e.Device = none, event.Click{}, event.Device{AdvertisingID: raw("AEBE52E7-03EE-455A-B3C4-E57283966239")}
		}, false, decision.IdentifiersNone},
	} {
		ev := webEvent()
		c.change(ev)
		route := newRoute(t, "PURCHASE", func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = c.contextual })
		built := provider.Build(nil, input(route, ev))
		require.Equal(t, c.want, built.IdentifierReason, "%s: %s", name, built.Detail)
	}
}

// Limits in time, and until when a second copy is recognised.
func TestLimits(t *testing.T) {
	t.Parallel()
	const hour = int64(3600_000)
	yes, no := true, false
	tagged := func(tag *bool) option {
		return func(d *resource.Destination, _ *resource.Mapping) { d.BrowserTag = tag }
	}
	ev := webEvent()
	built := provider.Build(nil, input(newRoute(t, "PURCHASE"), ev))
	require.Equal(t, ev.Time+167*hour, built.NotAfter)
	require.True(t, built.DedupRisk, "nobody knows whether a pixel reports it")
	require.False(t, built.ResendUnsafe)
	require.Equal(t, ev.Time+47*hour, provider.Build(nil, input(newRoute(t, "PURCHASE", tagged(&yes)), ev)).DedupUntil)
	built = provider.Build(nil, input(newRoute(t, "PURCHASE", tagged(&no)), ev))
	require.False(t, built.DedupRisk)
	require.Zero(t, built.DedupUntil)
	ev.Time = now - 48*hour
	require.True(t, provider.Build(nil, input(newRoute(t, "PURCHASE"), ev)).ResendUnsafe)
	ev.Time = now + 30_000
	require.Contains(t, string(provider.Build(nil, input(newRoute(t, "PURCHASE"), ev)).Fragment), `"event_at":1795251600000,`)
	for _, country := range []string{"DE", "CA", ""} {
		in := input(newRoute(t, "PURCHASE"), webEvent())
		in.Restricted, in.Place = true, consent.Place{Location: consent.NewJurisdiction(country, "")}
		require.False(t, provider.Build(nil, in).Restrictable, country)
	}
	in := input(newRoute(t, "PURCHASE"), webEvent())
	in.Restricted, in.Place = true, consent.Place{Location: consent.NewJurisdiction("US", "CA")}
	require.False(t, provider.Build(nil, in).Restrictable, "under opt-in nothing leaves without a grant")
}

func TestMappings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*resource.Mapping)
		path    string // empty: no problem
		warning bool
	}{
		"a known event":       {func(m *resource.Mapping) { m.ProviderEvent = "PAGE_VISIT" }, "", false},
		"one of its own":      {func(m *resource.Mapping) { m.ProviderEvent = "Quiz – finished" }, "", false},
		"as the pixel writes": {func(m *resource.Mapping) { m.ProviderEvent = "AddToCart" }, "provider_event", false},
		"in lower case":       {func(m *resource.Mapping) { m.ProviderEvent = "purchase" }, "provider_event", false},
		"nearly known":        {func(m *resource.Mapping) { m.ProviderEvent = "PURCHSE" }, "provider_event", true},
		"custom itself":       {func(m *resource.Mapping) { m.ProviderEvent = "CUSTOM" }, "provider_event", false},
		"too long":            {func(m *resource.Mapping) { m.ProviderEvent = strings.Repeat("ä", 65) }, "provider_event", false},
		"as long as may be":   {func(m *resource.Mapping) { m.ProviderEvent = strings.Repeat("ä", 64) }, "", false},
		"personal":            {func(m *resource.Mapping) { m.ProviderEvent = "jane@shop.example" }, "provider_event", false},
		"no event":            {func(m *resource.Mapping) { m.ProviderEvent = resource.NoEvent }, "provider_event", false},
		"a refund":            {func(m *resource.Mapping) { m.SourceEvent = "transaction.refunded" }, "provider_event", true},
		"a field":             {func(m *resource.Mapping) { m.Fields = map[string]string{"item_count": "1"} }, "", false},
		"another field":       {func(m *resource.Mapping) { m.Fields = map[string]string{"conversion_id": "1"} }, "fields.conversion_id", false},
		"a property":          {func(m *resource.Mapping) { m.Properties = []string{"plan"} }, "properties", false},
		"a URL mode":          {func(m *resource.Mapping) { m.URL = "whole" }, "url", false},
		"a click id":          {func(m *resource.Mapping) { m.URLParameters = []string{"rdt_cid"} }, "url_parameters", false},
		"a section":           {func(m *resource.Mapping) { m.Section = json.RawMessage(`{"x":1}`) }, "reddit", false},
	} {
		m := &resource.Mapping{Name: "acme-web", SourceEvent: "transaction.purchase", ProviderEvent: "PURCHASE", Enabled: true}
		c.change(m)
		_, problems := newRoute(t, "PURCHASE").Account.Map(m)
		if c.path == "" {
			require.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		require.Equal(t, c.path, problems[0].Path, name)
		require.Equal(t, c.warning, problems[0].Warning, name)
		require.NotEmpty(t, problems[0].Fix, name)
	}
	for _, row := range commerceRows {
		m, ok := newProvider().TemplateEvent("commerce", row[0])
		require.True(t, ok, row[0])
		require.Equal(t, row[1], m.ProviderEvent)
		_, problems := newRoute(t, "PURCHASE").Account.Map(&m)
		require.Empty(t, problems, row[0])
	}
}

var commerceRows = [][2]string{
	{"transaction.purchase", "PURCHASE"}, {"cart.added", "ADD_TO_CART"}, {"product.viewed", "VIEW_CONTENT"}, {"checkout.started", "InitiateCheckout"},
	{"payment_info.added", "AddPaymentInfo"}, {"user.signed_up", "SIGN_UP"}, {"lead.submitted", "LEAD"}, {"transaction.refunded", resource.NoEvent},
}

// A test event carries a test id: the given one, or the destination's.
func TestTrials(t *testing.T) {
	t.Parallel()
	d := newRoute(t, "PURCHASE", section(`{"phone":"digits"}`)).Destination
	trial, err := newProvider().Trial(d, provider.TrialOptions{Code: "t2_test"})
	require.NoError(t, err)
	require.JSONEq(t, `{"phone":"digits","test_id":"t2_test"}`, string(trial.Destination.Section))
	require.JSONEq(t, `{"phone":"digits"}`, string(d.Section), "the destination itself stays")
	require.True(t, trial.Stored)
	d.Section = json.RawMessage(`{"test_id":"t2_own"}`)
	trial, err = newProvider().Trial(d, provider.TrialOptions{})
	require.NoError(t, err)
	require.Same(t, d, trial.Destination)
	for _, o := range []provider.TrialOptions{{Real: true, Code: "t2_test"}, {Code: `a"b`}, {}} {
		_, err = newProvider().Trial(newRoute(t, "PURCHASE").Destination, o)
		var refused *provider.TrialError
		require.ErrorAs(t, err, &refused)
		require.NotEmpty(t, refused.Fix)
	}
}

// A key holds one value: the first that is usable.
func TestTheFirstUsableValueLeaves(t *testing.T) {
	t.Parallel()
	ev := webEvent()
	ev.Identity.Emails = []identity.Raw{raw("nobody"), raw("b@mail.example"), raw("a@mail.example")}
	built := provider.Build(nil, input(newRoute(t, "PURCHASE"), ev))
	want := identity.Hash([]byte("b@mail.example"))
	require.Contains(t, string(built.Fragment), `"email":"`+string(want.AppendHex(nil))+`"`)
	require.Contains(t, built.Identifiers.Dropped, decision.Dropped{Kind: decision.KindEmail, Reason: decision.DropLimit})
}
