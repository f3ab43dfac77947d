package tiktok_test

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
)

const hour, day = int64(3600_000), int64(86400_000)

// What the gates say of events that TikTok would refuse, or could not use.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	computed := func(name string, v event.Value) func(*provider.Input) {
		return func(in *provider.Input) { in.Fields = []resource.Field{{Name: name, Value: v}} }
	}
	text := func(s string) event.Value { return event.Value{Kind: event.String, Str: s} }
	for name, c := range map[string]struct {
		options []option
		event   func(*event.Event)
		input   func(*provider.Input)
		want    decision.Reason
	}{
		"no page":                 {nil, func(e *event.Event) { e.Page.URL = "" }, nil, decision.ProviderURLMissing},
		"a page that is no URL":   {nil, func(e *event.Event) { e.Page.URL = "javascript:alert(1)" }, nil, decision.ProviderFieldInvalid},
		"a currency off the list": {nil, func(e *event.Event) { e.Commerce.Currency = "BGN" }, nil, decision.ProviderCurrencyInvalid},
		"no currency":             {nil, func(e *event.Event) { e.Commerce.Currency = "" }, nil, decision.ProviderCurrencyMissing},
		"a negative value":        {nil, func(e *event.Event) { e.Commerce.Value = event.Some(-1.0) }, nil, decision.ProviderFieldInvalid},
		"text for a number":       {nil, nil, computed("num_items", text("three")), decision.ProviderFieldInvalid},
		"half an article":         {nil, nil, computed("num_items", event.Value{Kind: event.Double, Double: 1.5}), decision.ProviderFieldInvalid},
		"another kind of content": {nil, nil, computed("content_type", text("hotel")), decision.ProviderFieldInvalid},
		"a number for text":       {nil, nil, computed("description", event.Value{Kind: event.Long, Long: 1}), decision.ProviderFieldInvalid},
		"a refund as a purchase":  {nil, func(e *event.Event) { e.Name = "transaction.refunded" }, nil, decision.ProviderUnsupportedEvent},
		"no app":                  {[]option{at("app")}, func(e *event.Event) { *e = *appEvent(); e.Device.AppID = "" }, nil, decision.ProviderAppDataMissing},
		"no lead":                 {[]option{at("crm")}, nil, nil, decision.IdentifiersInsufficient},
		"an address for a lead":   {[]option{at("crm")}, func(e *event.Event) { e.Identity.LeadID = raw("ada@mail.example") }, nil, decision.IdentifiersInsufficient},
		"address and agent alone": {nil, func(e *event.Event) { e.Identity, e.Click = event.Identity{}, event.Click{} }, nil, decision.IdentifiersInsufficient},
		"a name alone":            {nil, func(e *event.Event) { e.Identity = event.Identity{FirstName: raw("Ada")}; e.Click = event.Click{} }, nil, decision.IdentifiersInsufficient},
		"an external id offline":  {[]option{at("offline")}, func(e *event.Event) { e.Identity = event.Identity{ExternalIDs: []identity.Raw{raw("u1")}} }, nil, decision.IdentifiersNone},
		"a phone hash of digits": {[]option{at("offline")}, func(e *event.Event) {
			e.Identity = event.Identity{Phones: []identity.Raw{raw("c59475d94b3d6c2a9aa1c8a8b7a8a6e1b4e9c6f1a3d8e2b7c1d4f6a8b9c0d1e2")}}
		}, nil, decision.IdentifiersNone},
		"a device without consent": {[]option{at("app")}, func(e *event.Event) {
			*e = *appEvent()
			e.Identity = event.Identity{}
			e.Device.TrackingAuthorized = event.Some(false)
		}, nil, decision.IdentifiersInsufficient},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := webEvent()
			if c.event != nil {
				c.event(ev)
			}
			in := input(newRoute(t, c.options...), ev)
			if c.input != nil {
				c.input(in)
			}
			built := provider.Build(nil, in)
			got := built.IdentifierReason
			if got == decision.ReasonNone {
				got = built.PreflightReason
			}
			require.Equal(t, c.want.String(), got.String(), built.Detail)
			require.NotEmpty(t, built.Detail)
			require.Empty(t, built.Fragment)
		})
	}
}

// A purchase without a value is taken, and so is a cart whose currency TikTok does
// not list, without its prices.
func TestWhatLeavesWithoutAmounts(t *testing.T) {
	t.Parallel()
	ev := webEvent()
	ev.Commerce.Value, ev.Commerce.Currency = event.Opt[float64]{}, "BGN"
	built := provider.Build(nil, input(newRoute(t), ev))
	require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
	require.NotContains(t, string(built.Fragment), "price")
	require.NotContains(t, string(built.Fragment), "currency")
	require.Contains(t, string(built.Fragment), `"contents":[{"content_id":"sku1","quantity":2},{"content_id":"sku2","quantity":1}]`)
	require.Equal(t, provider.Accepted, judge(t, newRoute(t), built.Fragment).Class)
}

// Limited data use: in the United States, where a choice may be restricted, for
// web and app events, and only where there is an address to go by.
func TestRestricted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options []option
		change  func(*provider.Input)
		want    bool
	}{
		"web":             {nil, nil, true},
		"another state":   {nil, func(in *provider.Input) { in.Place = consent.Place{Location: consent.NewJurisdiction("US", "WY")} }, true},
		"app":             {[]option{at("app")}, func(in *provider.Input) { in.Event = appEvent() }, true},
		"offline":         {[]option{at("offline")}, nil, false},
		"crm":             {[]option{at("crm")}, nil, false},
		"Germany":         {nil, func(in *provider.Input) { in.Place = consent.Place{Location: consent.NewJurisdiction("DE", "")} }, false},
		"opt-in":          {nil, func(in *provider.Input) { in.Regime = consent.OptIn }, false},
		"no address":      {nil, func(in *provider.Input) { in.Event.Device.IP = raw("10.0.0.1") }, false},
		"no address kind": {nil, func(in *provider.Input) { in.Route.Kinds &^= 1 << decision.KindIP }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(newRoute(t, c.options...), webEvent())
			restricted(in)
			if c.change != nil {
				c.change(in)
			}
			built := provider.Build(nil, in)
			require.Equal(t, c.want, built.Restrictable)
			if !c.want {
				require.Empty(t, built.Fragment)
				return
			}
			require.Contains(t, string(built.Fragment), `"limited_data_use":true`)
			require.False(t, built.ReliesOn.Has(consent.AdUserData))
		})
	}
}

// How old an event may be, and until when a pixel's copy is recognised.
func TestLimits(t *testing.T) {
	t.Parallel()
	yes := true
	for name, c := range map[string]struct {
		options  []option
		reported event.Opt[bool]
		age      int64
		until    int64
		risk     bool
		unsafe   bool
	}{
		"web":                {nil, event.Opt[bool]{}, 7 * day, 0, true, false},
		"web, reported":      {nil, event.Some(true), 7 * day, 47 * hour, false, false},
		"web, not reported":  {nil, event.Some(false), 7 * day, 0, false, false},
		"web, with a tag":    {[]option{func(d *resource.Destination, _ *resource.Mapping) { d.BrowserTag = &yes }}, event.Opt[bool]{}, 7 * day, 47 * hour, false, false},
		"web, of our choice": {[]option{with(`{"max_age":"2d"}`)}, event.Some(false), 2 * day, 0, false, false},
		"offline":            {[]option{at("offline")}, event.Some(true), 28 * day, 0, false, false},
		"crm":                {[]option{at("crm")}, event.Some(true), 7 * day, 0, false, false},
		"app":                {[]option{at("app")}, event.Some(true), 7 * day, 0, false, true},
		"app, with ids":      {[]option{at("app"), with(`{"app_event_id":"sent"}`)}, event.Some(true), 7 * day, 0, false, false},
	} {
		ev := appEvent()
		ev.Page.URL, ev.Identity.LeadID, ev.BrowserReported = "https://shop.example.com/", raw("7000000000000000001"), c.reported
		built := provider.Build(nil, input(newRoute(t, c.options...), ev))
		require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
		require.Equal(t, ev.Time+c.age-hour, built.NotAfter, name)
		until := int64(0)
		if c.until > 0 {
			until = ev.Time + c.until
		}
		require.Equal(t, until, built.DedupUntil, name)
		require.Equal(t, c.risk, built.DedupRisk, name)
		require.Equal(t, c.unsafe, built.ResendUnsafe, name)
		require.Equal(t, int64(60_000), built.FutureTolerance, name)
	}
}

// Each kind of event source has its own members, and what it does not take is
// said.
func TestWhatEachSourceTakes(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]struct{ event, user []string }{
		"web":     {[]string{"event", "event_time", "event_id", "user", "page", "properties"}, []string{"email", "phone", "external_id", "first_name", "last_name", "zip_code", "ttclid", "ttp", "ip", "user_agent", "locale"}},
		"app":     {[]string{"event", "event_time", "user", "app", "properties"}, []string{"email", "phone", "ip", "user_agent", "locale", "idfa", "idfv", "att_status"}},
		"offline": {[]string{"event", "event_time", "event_id", "user", "properties"}, []string{"email", "phone"}},
		"crm":     {[]string{"event", "event_time", "event_id", "user", "lead", "properties"}, []string{"email", "phone", "external_id"}},
	} {
		ev := appEvent()
		ev.Page, ev.Click = webEvent().Page, webEvent().Click
		ev.Identity.LeadID, ev.Identity.PostalCode, ev.Identity.City = raw("7000000000000000001"), raw("94103"), raw("San Francisco")
		built := provider.Build(nil, input(newRoute(t, at(source)), ev))
		require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
		var got map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(built.Fragment, &got))
		require.ElementsMatch(t, want.event, keys(got), source)
		var user map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(got["user"], &user))
		require.ElementsMatch(t, want.user, keys(user), source)
		require.Contains(t, built.Identifiers.Dropped, decision.Dropped{Kind: decision.KindAddress, Reason: decision.DropUnsupported}, source)
		require.Equal(t, provider.Accepted, judge(t, newRoute(t, at(source)), built.Fragment).Class)
	}
}

func keys(m map[string]json.RawMessage) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}

// The click id is read from the page's URL too, stays there only with ad_storage,
// and the bytes depend on it.
func TestClickIDs(t *testing.T) {
	t.Parallel()
	ev := webEvent()
	ev.Click = event.Click{}
	ev.Page.URL = "https://shop.example.com/?ttclid=E.C.P.Abc%2D1&utm_source=x"
	built := provider.Build(nil, input(newRoute(t), ev))
	require.Contains(t, string(built.Fragment), `"ttclid":"E.C.P.Abc-1"`)
	require.Contains(t, string(built.Fragment), `?ttclid=`)
	require.True(t, built.ReliesOn.Has(consent.AdStorage))
	in := input(newRoute(t), ev)
	in.Usable = consent.AdUserData
	built = provider.Build(nil, in)
	require.NotContains(t, string(built.Fragment), "E.C.P")
	require.Contains(t, built.Identifiers.Dropped, decision.Dropped{Kind: decision.KindClickID, Reason: decision.DropConsent})
}

// The other reading of a doubtful rule is a setting.
func TestNamesWithTheirSpaces(t *testing.T) {
	t.Parallel()
	for section, want := range map[string]string{`{}`: "maryann", `{"names":"compact"}`: "maryann", `{"names":"spaced"}`: "mary ann"} {
		ev := webEvent()
		ev.Identity.FirstName = raw(" Mary Ann. ")
		sum := identity.Hash([]byte(want))
		built := provider.Build(nil, input(newRoute(t, with(section)), ev))
		require.Contains(t, string(built.Fragment), `"first_name":"`+string(sum.AppendHex(nil))+`"`, section)
	}
}

// Build is on the hot path: what it allocates are the lists of identifier kinds.
func BenchmarkBuild(b *testing.B) {
	in := input(newRoute(b), webEvent())
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		provider.Build(dst, in)
	}
}
