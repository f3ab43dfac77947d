package x_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/x"
)

// A value that is none costs the value and not the event.
func TestHostileAmounts(t *testing.T) {
	t.Parallel()
	route := newRoute(t, "purchase")
	for _, c := range []struct {
		in   float64
		want string // "": no value
		why  decision.Reason
	}{
		{0, "0.00", 0}, {math.Copysign(0, -1), "0.00", 0}, {20, "20.00", 0}, {49.9, "49.90", 0}, {0.125, "0.125", 0}, {0.1 + 0.2, "0.30", 0}, {1e12, "1000000000000.00", 0},
		{-5, "", 0}, {4111111111111111, "", 0}, {1e300, "", 0}, {math.NaN(), "", decision.ProviderFieldInvalid},
	} {
		in := input(route, webEvent())
		in.Event.Commerce.Value = event.Some(c.in)
		out := provider.Build(nil, in)
		require.Equal(t, c.why, out.PreflightReason, c.in)
		if c.why == decision.ReasonNone {
			require.Equal(t, c.want != "", strings.Contains(string(out.Fragment), `"value":"`+c.want+`","price_currency":"USD"`), "%v %s", c.in, out.Fragment)
		}
	}
	for _, quantity := range []int64{0, -1, math.MaxInt64} {
		in := input(route, webEvent())
		in.Event.Commerce.Items[0].Quantity = event.Some(quantity)
		require.Equal(t, provider.Accepted, judge(t, route, pass(t, in).Fragment).Class)
	}
	in := input(route, webEvent())
	in.Event.Commerce.Items = nil
	for range 300 {
		in.Event.Commerce.Items = append(in.Event.Commerce.Items, event.Item{ID: "sku", Quantity: event.Some(int64(1))})
	}
	require.Equal(t, 100, strings.Count(string(pass(t, in).Fragment), "content_id"))
}

// Gate 6: IP address and user agent only complete another identifier.
func TestIdentifiersThatSuffice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*event.Event)
		want   decision.Reason
	}{
		"nothing":    {func(*event.Event) {}, decision.IdentifiersNone},
		"click":      {func(e *event.Event) { e.Click.Twclid = raw("23opevjt88psuo13lu8d020qkn") }, 0},
		"email":      {func(e *event.Event) { e.Identity.Emails = []identity.Raw{raw("a@mail.example")} }, 0},
		"phone":      {func(e *event.Event) { e.Identity.Phones = []identity.Raw{raw("+16505551212")} }, 0},
		"a hash":     {func(e *event.Event) { e.Identity.Emails = []identity.Raw{raw(strings.Repeat("ab", 32))} }, 0},
		"ip":         {func(e *event.Event) { e.Device.IP = raw("203.0.113.7") }, decision.IdentifiersInsufficient},
		"ip and ua":  {func(e *event.Event) { e.Device.IP, e.Device.UserAgent = raw("203.0.113.7"), raw("Mozilla/5.0") }, decision.IdentifiersInsufficient},
		"IPv6 alone": {func(e *event.Event) { e.Device.IP = raw("2001:db8::7") }, decision.IdentifiersNone},
		"a bad phone": {func(e *event.Event) {
			e.Identity.Phones = []identity.Raw{raw("0151 23456789")}
		}, decision.IdentifiersNone},
	} {
		for _, contextual := range []bool{false, true} {
			e := webEvent()
			e.Identity, e.Click, e.Device, e.Page.URL = event.Identity{}, event.Click{}, event.Device{}, "https://shop.example.com/"
			c.change(e)
			route := newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = contextual })
			require.Equal(t, c.want, provider.Build(nil, input(route, e)).IdentifierReason, name)
		}
	}
}

// The pixel's copy is recognised by the order's id for purchases, by the event's
// own for the rest, and for how long is not known.
func TestDeduplication(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, c := range map[string]struct {
		tag      *bool
		reported event.Opt[bool]
		until    bool
		risk     bool
	}{
		"not known":           {nil, event.Opt[bool]{}, false, true},
		"the pixel reports":   {&yes, event.Opt[bool]{}, true, false},
		"no pixel":            {&no, event.Opt[bool]{}, false, false},
		"this one, not":       {&yes, event.Some(false), false, false},
		"this one, it did":    {nil, event.Some(true), true, false},
		"it did, says no tag": {&no, event.Some(true), true, false},
	} {
		in := input(newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) { d.BrowserTag = c.tag }), webEvent())
		in.Event.BrowserReported = c.reported
		out := pass(t, in)
		require.Equal(t, c.risk, out.DedupRisk, name)
		require.Equal(t, c.until, out.DedupUntil == in.Event.Time+47*3600_000, name)
		require.Equal(t, "1001", out.ClaimID)
	}
	route := newRoute(t, "lead", func(_ *resource.Destination, m *resource.Mapping) { m.SourceEvent = "lead.submitted" })
	in := input(route, webEvent())
	in.Event.ID = " order-1001 "
	in.EventID = in.Event.ID
	out := pass(t, in)
	require.Equal(t, "order-1001", out.ClaimID)
	require.Contains(t, string(out.Fragment), `"conversion_id":"order-1001"`)
}

// A refund is nothing to X: the template's row decides so.
func TestRefundsAreUnsupported(t *testing.T) {
	t.Parallel()
	m, ok := newProvider().TemplateEvent("commerce", "transaction.refunded")
	require.True(t, ok)
	route := newRoute(t, "none", func(_ *resource.Destination, to *resource.Mapping) { to.FromTemplate = m.FromTemplate })
	out := provider.Build(nil, input(route, webEvent()))
	require.Equal(t, decision.ProviderUnsupportedEvent, out.PreflightReason)
	require.Empty(t, out.Fragment)
}

// Both forms of an event's id count as one.
func TestKeys(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"ol288", "tw-o8z6j-ol288"} {
		route := newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) {
			d.Account = json.RawMessage(`{"pixel_id":"o8z6j","events":{"purchase":"` + id + `"}}`)
		})
		require.Equal(t, "ol288", route.Target.Key())
		require.Contains(t, string(pass(t, input(route, webEvent())).Fragment), `"event_id":"`+id+`"`)
	}
}

// How old an event may be is a setting.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	for section, hours := range map[string]int64{``: 167, `{"max_age":"48h"}`: 48} {
		in := input(newRoute(t, "purchase", func(d *resource.Destination, _ *resource.Mapping) { d.Section = json.RawMessage(section) }), webEvent())
		out := pass(t, in)
		require.Equal(t, hours*3600_000, out.NotAfter-in.Event.Time)
	}
}

func TestMappings(t *testing.T) {
	t.Parallel()
	account, problems := newProvider().Open(&resource.Destination{Account: json.RawMessage(accountJSON)})
	require.Empty(t, problems)
	for name, c := range map[string]struct {
		mapping resource.Mapping
		path    string // "": no problem
		warning bool
	}{
		"purchase":        {resource.Mapping{ProviderEvent: "purchase", Fields: map[string]string{"value": "1.0", "description": "'x'"}}, "", false},
		"no event":        {resource.Mapping{ProviderEvent: "subscribe"}, "spec.provider_event", false},
		"a row":           {resource.Mapping{ProviderEvent: "subscribe", FromTemplate: "commerce"}, "spec.provider_event", true},
		"a refund's row":  {resource.Mapping{ProviderEvent: "none", FromTemplate: "commerce"}, "", false},
		"another field":   {resource.Mapping{ProviderEvent: "purchase", Fields: map[string]string{"margin": "1.0"}}, "fields.margin", false},
		"a click id":      {resource.Mapping{ProviderEvent: "purchase", URLParameters: []string{"twclid"}}, "url_parameters", false},
		"its own section": {resource.Mapping{ProviderEvent: "purchase", Section: json.RawMessage(`{"a":1}`)}, "x", false},
	} {
		_, problems := account.Map(&c.mapping)
		if c.path == "" {
			require.Empty(t, problems, name)
			continue
		}
		require.Len(t, problems, 1, name)
		require.Equal(t, c.path, problems[0].Path, name)
		require.Equal(t, c.warning, problems[0].Warning, name)
	}
}

// Every test event is stored, and the command says so.
func TestTrial(t *testing.T) {
	t.Parallel()
	p := newProvider()
	trial, err := p.Trial(&resource.Destination{ID: "d"}, provider.TrialOptions{})
	require.NoError(t, err)
	require.True(t, trial.Stored)
	require.False(t, trial.ValidateOnly)
	for _, o := range []provider.TrialOptions{{Code: "TEST1"}, {Real: true}} {
		_, err := p.Trial(&resource.Destination{ID: "d"}, o)
		var wrong *provider.TrialError
		require.ErrorAs(t, err, &wrong)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"OAuth 1.0a": `{"consumer_key":"a","consumer_secret":"b"}`, "a line break": `{"pixel_token":"a\nb"}`, "another member": `{"pixel_token":"a","pixel_id":"1"}`, "empty": `{"pixel_token":""}`,
	} {
		_, err := x.New(provider.Deps{}).Authorize(t.Context(), nil, nil, raw(text))
		require.Error(t, err, name)
	}
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
	require.LessOrEqual(t, n, 4.0)
}
