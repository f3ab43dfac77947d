package meta_test

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

func TestPreflightNamesTheFirstProblemInGateOrder(t *testing.T) {
	app := func(ev *event.Event) {
		ev.Source = event.SourceApp
		ev.Device.Platform, ev.Device.OSVersion, ev.Device.TrackingAuthorized = "ios", "17.4", event.Some(true)
	}
	for name, c := range map[string]struct {
		target string
		change func(*event.Event)
		want   decision.Reason
	}{
		"fine":                  {"Purchase", func(*event.Event) {}, decision.ReasonNone},
		"no value":              {"Purchase", func(ev *event.Event) { ev.Commerce.Value.Set = false }, decision.ProviderValueMissing},
		"value zero":            {"Purchase", func(ev *event.Event) { ev.Commerce.Value.Value = 0 }, decision.ReasonNone},
		"negative value":        {"ViewContent", func(ev *event.Event) { ev.Commerce.Value.Value = -1 }, decision.ProviderFieldInvalid},
		"value is no number":    {"ViewContent", func(ev *event.Event) { ev.Commerce.Value.Value = math.NaN() }, decision.ProviderFieldInvalid},
		"no currency":           {"Purchase", func(ev *event.Event) { ev.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		"bad currency":          {"Purchase", func(ev *event.Event) { ev.Commerce.Currency = "EURO" }, decision.ProviderCurrencyInvalid},
		"currency of no value":  {"ViewContent", func(ev *event.Event) { ev.Commerce.Value.Set = false; ev.Commerce.Currency = "EURO" }, decision.ReasonNone},
		"no URL":                {"Purchase", func(ev *event.Event) { ev.Page.URL = ""; ev.Source = event.SourceWeb }, decision.ProviderURLMissing},
		"no web URL":            {"Purchase", func(ev *event.Event) { ev.Page.URL = "shop.example.com/x" }, decision.ProviderFieldInvalid},
		"no user agent":         {"Purchase", func(ev *event.Event) { ev.Device.UserAgent = raw("") }, decision.ProviderUserAgentMissing},
		"no source":             {"Purchase", func(ev *event.Event) { ev.Page.URL = "" }, decision.ProviderSourceMissing},
		"unknown source":        {"Purchase", func(ev *event.Event) { ev.Source = "kiosk" }, decision.ProviderFieldInvalid},
		"app":                   {"Purchase", app, decision.ReasonNone},
		"app without platform":  {"Purchase", func(ev *event.Event) { app(ev); ev.Device.Platform = "tv" }, decision.ProviderAppDataMissing},
		"app without version":   {"Purchase", func(ev *event.Event) { app(ev); ev.Device.OSVersion = "" }, decision.ProviderAppDataMissing},
		"app without tracking":  {"Purchase", func(ev *event.Event) { app(ev); ev.Device.TrackingAuthorized.Set = false }, decision.ProviderAppDataMissing},
		"refund as a purchase":  {"Purchase", func(ev *event.Event) { ev.Name = "transaction.refunded" }, decision.ProviderUnsupportedEvent},
		"refund as custom":      {"Refunded", func(ev *event.Event) { ev.Name = "transaction.refunded" }, decision.ReasonNone},
		"append without origin": {"AppendValue", func(*event.Event) {}, decision.ProviderFieldInvalid},
		"messaging with a name of its own": {"Chatted", func(ev *event.Event) {
			ev.Source, ev.Messaging = event.SourceChat, event.Messaging{Channel: "messenger", PageID: raw("1"), PageScopedUserID: raw("2")}
		}, decision.ProviderUnsupportedEvent},
		"messaging without a page": {"Purchase", func(ev *event.Event) {
			ev.Source, ev.Messaging = event.SourceChat, event.Messaging{Channel: "messenger", PageScopedUserID: raw("2")}
		}, decision.ProviderFieldInvalid},
		"messaging on another channel": {"Purchase", func(ev *event.Event) {
			ev.Source, ev.Messaging = event.SourceChat, event.Messaging{Channel: "telegram"}
		}, decision.ProviderFieldInvalid},
		"two problems": {"Purchase", func(ev *event.Event) { ev.Page.URL = "x"; ev.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
	} {
		t.Run(name, func(t *testing.T) {
			ev := webEvent()
			c.change(ev)
			in := input(newRoute(t, "Custom"), ev)
			if c.target != "Custom" {
				in.Route = newRoute(t, c.target, func(_ *resource.Destination, m *resource.Mapping) { m.SourceEvent = "other" })
			}
			built := buildInput(t, in)
			require.Equal(t, c.want.String(), built.PreflightReason.String(), built.Detail)
			require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
			require.Equal(t, c.want != decision.ReasonNone, built.Detail != "")
		})
	}
}

func TestDefaultsAndComputedMoney(t *testing.T) {
	route := newRoute(t, "Purchase", func(d *resource.Destination, _ *resource.Mapping) { d.Defaults.Currency = "chf" })
	ev := webEvent()
	ev.Commerce.Currency = ""
	built := build(t, route, ev)
	require.Equal(t, "CHF", built.Currency)
	require.Contains(t, string(built.Fragment), `"value":142.52,"currency":"CHF"`)

	for want, value := range map[string]event.Value{
		`"value":80,`:   {Kind: event.Double, Double: 80.00000000000001},
		`"value":7,`:    {Kind: event.Long, Long: 7},
		`"value":19.5,`: {Kind: event.String, Str: "19.5"},
	} {
		built = build(t, route, ev, func(in *provider.Input) { in.Fields = []resource.Field{{Name: "value", Value: value}} })
		require.Contains(t, string(built.Fragment), want)
	}
	for _, bad := range []resource.Field{
		{Name: "value", Value: event.Value{Kind: event.String, Str: "a lot"}}, {Name: "value", Value: event.Value{Kind: event.Boolean}},
		{Name: "num_items", Value: event.Value{Kind: event.Double, Double: 1.5}}, {Name: "content_type", Value: event.Value{Kind: event.String, Str: "thing"}},
		{Name: "content_name", Value: event.Value{Kind: event.Long}},
	} {
		ev := webEvent()
		built = build(t, newRoute(t, "ViewContent"), ev, func(in *provider.Input) { in.Fields = []resource.Field{bad} })
		require.Equal(t, decision.ProviderFieldInvalid, built.PreflightReason, bad.Name)
	}
}

func TestIdentifierGate(t *testing.T) {
	bare := func(ev *event.Event) {
		ev.Identity, ev.Click = event.Identity{}, event.Click{}
		ev.Source, ev.Page, ev.Device = event.SourcePhone, event.Page{}, event.Device{}
	}
	ipAndAgent := event.Device{IP: raw("203.0.113.7"), UserAgent: raw("Mozilla/5.0")}
	for name, c := range map[string]struct {
		change     func(*event.Event)
		contextual bool
		want       decision.Reason
	}{
		"none":                  {func(*event.Event) {}, false, decision.IdentifiersNone},
		"unusable":              {func(ev *event.Event) { ev.Identity.Emails = []identity.Raw{raw("nobody")} }, false, decision.IdentifiersNone},
		"email":                 {func(ev *event.Event) { ev.Identity.Emails = []identity.Raw{raw("a@b.co")} }, false, decision.ReasonNone},
		"external id":           {func(ev *event.Event) { ev.Identity.ExternalIDs = []identity.Raw{raw("u1")} }, false, decision.ReasonNone},
		"ip and agent":          {func(ev *event.Event) { ev.Device = ipAndAgent }, false, decision.IdentifiersInsufficient},
		"ip and agent, allowed": {func(ev *event.Event) { ev.Device = ipAndAgent }, true, decision.ReasonNone},
		"agent alone, allowed":  {func(ev *event.Event) { ev.Device.UserAgent = raw("Mozilla") }, true, decision.IdentifiersInsufficient},
		"place": {func(ev *event.Event) {
			ev.Identity.City = raw("Bonn")
			ev.Identity.Country = raw("de")
			ev.Device = ipAndAgent
		}, false, decision.IdentifiersInsufficient},
		"date of birth":         {func(ev *event.Event) { ev.Identity.DateOfBirth = raw("1990-12-31") }, false, decision.IdentifiersInsufficient},
		"first name and gender": {func(ev *event.Event) { ev.Identity.FirstName = raw("Jo"); ev.Identity.Gender = raw("f") }, false, decision.IdentifiersInsufficient},
		"last name and gender":  {func(ev *event.Event) { ev.Identity.LastName = raw("Doe"); ev.Identity.Gender = raw("f") }, false, decision.IdentifiersInsufficient},
		"both names":            {func(ev *event.Event) { ev.Identity.FirstName = raw("Jo"); ev.Identity.LastName = raw("Doe") }, false, decision.ReasonNone},
		"lead id":               {func(ev *event.Event) { ev.Identity.LeadID = raw("123456789012345") }, false, decision.ReasonNone},
		"event id is an address": {func(ev *event.Event) {
			ev.Identity.Emails = []identity.Raw{raw("a@b.co")}
			ev.ID = "jane%40example.com"
		}, false, decision.IdentifiersUnsafeID},
		"event id is a phone": {func(ev *event.Event) { ev.Identity.Emails = []identity.Raw{raw("a@b.co")}; ev.ID = "+49 151 2345678" }, false, decision.IdentifiersUnsafeID},
		"transaction id is a card": {func(ev *event.Event) {
			ev.Identity.Emails = []identity.Raw{raw("a@b.co")}
			ev.Commerce.TransactionID = "4111111111111111"
		}, false, decision.IdentifiersUnsafeID},
		"nothing and an unsafe id": {func(ev *event.Event) { ev.ID = "jane@example.com" }, false, decision.IdentifiersNone},
	} {
		t.Run(name, func(t *testing.T) {
			ev := webEvent()
			bare(ev)
			c.change(ev)
			route := newRoute(t, "Purchase", func(d *resource.Destination, _ *resource.Mapping) { d.ContextualOnly = c.contextual })
			require.Equal(t, c.want.String(), build(t, route, ev).IdentifierReason.String())
		})
	}
}

func TestDestinationNarrowsIdentifiers(t *testing.T) {
	route := newRoute(t, "Purchase", func(d *resource.Destination, _ *resource.Mapping) {
		d.HasIdentifiers, d.Identifiers = true, decision.Kinds(decision.KindEmail, decision.KindUserAgent)
	})
	ev := webEvent()
	ev.Page.URL += "&fbclid=AbC"
	built := build(t, route, ev)
	require.Equal(t, []decision.Kind{decision.KindEmail, decision.KindUserAgent}, built.Identifiers.Present)
	require.Contains(t, built.Identifiers.Dropped, decision.Dropped{Kind: decision.KindPhone, Reason: decision.DropNotAllowed})
	require.NotContains(t, string(built.Fragment), "fbclid")
	require.NotContains(t, string(built.Fragment), "fbc")
	require.False(t, built.ReliesOn.Has(consent.AdStorage))

	route.Kinds = decision.Kinds(decision.KindEmail)
	require.Equal(t, decision.ProviderUserAgentMissing, build(t, route, webEvent()).PreflightReason)
}

// A conversation never shares a request with other events: its rules are its
// own, and one refused event refuses a request.
func TestConversationsTravelAlone(t *testing.T) {
	ev := webEvent()
	require.Empty(t, build(t, newRoute(t, "Purchase"), ev).Group)
	ev.Source, ev.Messaging = event.SourceChat, event.Messaging{Channel: "messenger", PageID: raw("1"), PageScopedUserID: raw("2")}
	require.Equal(t, "business_messaging", build(t, newRoute(t, "Purchase"), ev).Group)
	ev.Messaging = event.Messaging{}
	require.Empty(t, build(t, newRoute(t, "Purchase"), ev).Group, "a chat without messaging ids is an event like others")
}

func TestLimitedDataUseByState(t *testing.T) {
	want := map[string]string{"CA": "1000", "CO": "1001", "CT": "1002", "FL": "1003", "OR": "1004", "TX": "1005", "MT": "1006",
		"DE": "1007", "NE": "1008", "NH": "1009", "NJ": "1010", "MN": "1011", "MD": "1012", "RI": "1013"}
	restricted := func(regime consent.Regime, country, region string) provider.Built {
		return build(t, newRoute(t, "Purchase"), webEvent(), func(in *provider.Input) {
			in.Regime, in.Restricted, in.Usable = regime, true, 0
			in.Place = consent.Place{Location: consent.NewJurisdiction(country, region)}
		})
	}
	for region, code := range want {
		built := restricted(consent.OptOut, "US", region)
		require.True(t, built.Restrictable, region)
		require.Contains(t, string(built.Fragment), `"data_processing_options":["LDU"],"data_processing_options_country":1,"data_processing_options_state":`+code+`,`)
		require.Contains(t, string(built.Fragment), `"em":[`, "identifiers stay")
		require.Zero(t, built.ReliesOn, "what it was restricted for is not relied on")
	}
	for _, c := range [][2]string{{"US", "NY"}, {"US", ""}, {"DE", "BE"}, {"", ""}} {
		require.False(t, restricted(consent.OptOut, c[0], c[1]).Restrictable, c)
	}
	require.False(t, restricted(consent.OptIn, "US", "CA").Restrictable)
}

func TestTimes(t *testing.T) {
	const hour, day = int64(3600_000), int64(86400_000)
	ev := webEvent()
	built := build(t, newRoute(t, "Purchase"), ev)
	require.Equal(t, ev.Time+7*day-hour, built.NotAfter)
	require.Equal(t, int64(60_000), built.FutureTolerance)
	ev.Source = event.SourceInStore
	require.Equal(t, ev.Time+62*day-hour, build(t, newRoute(t, "Purchase"), ev).NotAfter)

	ahead := webEvent()
	ahead.Time = now + 40_000
	require.Contains(t, string(build(t, newRoute(t, "Purchase"), ahead).Fragment), `"event_time":1795262400,`, "sent as now")
}

func TestBrowserCopies(t *testing.T) {
	yes, no := true, false
	for name, c := range map[string]struct {
		tag      *bool
		reported event.Opt[bool]
		source   string
		id       string
		window   bool
		risk     bool
	}{
		"unknown":               {nil, event.Opt[bool]{}, "", "e1", false, true},
		"reported":              {nil, event.Some(true), "", "e1", true, false},
		"not reported":          {nil, event.Some(false), "", "e1", false, false},
		"tag":                   {&yes, event.Opt[bool]{}, "", "e1", true, false},
		"tag, but not reported": {&yes, event.Some(false), "", "e1", false, false},
		"no tag":                {&no, event.Opt[bool]{}, "", "e1", false, false},
		"no tag, but reported":  {&no, event.Some(true), "", "e1", true, false},
		"tag, in a store":       {&yes, event.Opt[bool]{}, event.SourceInStore, "e1", false, false},
		"tag, derived id":       {&yes, event.Opt[bool]{}, "", "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			ev := webEvent()
			ev.ID, ev.BrowserReported, ev.Source = c.id, c.reported, c.source
			built := build(t, newRoute(t, "Purchase", func(d *resource.Destination, _ *resource.Mapping) { d.BrowserTag = c.tag }), ev)
			want := int64(0)
			if c.window {
				want = ev.Time + 47*3600_000
			}
			require.Equal(t, want, built.DedupUntil)
			require.Equal(t, c.risk, built.DedupRisk)
		})
	}
}

func TestIdsThatCountAnEventOnce(t *testing.T) {
	built := build(t, newRoute(t, "Purchase"), webEvent())
	require.Equal(t, "order-1001", built.ClaimID)
	require.Equal(t, "order-1001", built.ProviderID)
	require.Equal(t, decision.DuplicateEventID, built.DuplicateReason)
	require.Equal(t, "1001", built.TransactionID)
	require.Empty(t, built.Group)
}

func TestListsAreSortedUniqueAndCapped(t *testing.T) {
	ev := webEvent()
	ev.Identity.Emails = nil
	for _, s := range strings.Fields("b@x.co A@x.co a@x.co bad c@x.co d@x.co e@x.co f@x.co g@x.co h@x.co i@x.co j@x.co k@x.co") {
		ev.Identity.Emails = append(ev.Identity.Emails, raw(s))
	}
	built := build(t, newRoute(t, "Purchase"), ev)
	var out struct {
		UserData struct{ Em []string } `json:"user_data"`
	}
	require.NoError(t, json.Unmarshal(built.Fragment, &out))
	require.Len(t, out.UserData.Em, 10)
	require.IsIncreasing(t, out.UserData.Em)
	require.Contains(t, built.Identifiers.Dropped, decision.Dropped{Kind: decision.KindEmail, Reason: decision.DropLimit})
}

func TestBuildAppendsToWhatIsThere(t *testing.T) {
	in := input(newRoute(t, "Purchase"), webEvent())
	first := provider.Build([]byte("head"), in)
	require.True(t, strings.HasPrefix(string(first.Fragment), `head{"event_name"`))
	again := provider.Build([]byte("head"), in)
	require.Equal(t, string(first.Fragment), string(again.Fragment), "byte-identical")
	in.Scratch = nil
	require.Equal(t, string(first.Fragment), string(provider.Build([]byte("head"), in).Fragment))
	in.Event.ID, in.EventID = "a@b.co", "a@b.co"
	require.Equal(t, "head", string(provider.Build([]byte("head"), in).Fragment), "nothing is left of a refused event")
}
