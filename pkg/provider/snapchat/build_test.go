package snapchat_test

import (
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

// What the gates say of events that Snapchat would refuse, or could not use.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	text := func(name, s string) func(*provider.Input) {
		return func(in *provider.Input) {
			in.Fields = []resource.Field{{Name: name, Value: event.Value{Kind: event.String, Str: s}}}
		}
	}
	apps := func(change func(*event.Event)) func(*event.Event) {
		return func(e *event.Event) { *e = *appEvent(); change(e) }
	}
	for name, c := range map[string]struct {
		options []option
		event   func(*event.Event)
		input   func(*provider.Input)
		want    decision.Reason
	}{
		"no page":                 {nil, func(e *event.Event) { e.Page.URL, e.Source = "", event.SourceWeb }, nil, decision.ProviderURLMissing},
		"a page that is no URL":   {nil, func(e *event.Event) { e.Page.URL, e.Source = "javascript:alert(1)", event.SourceWeb }, nil, decision.ProviderFieldInvalid},
		"nowhere":                 {nil, func(e *event.Event) { e.Page = event.Page{} }, nil, decision.ProviderSourceMissing},
		"an unknown source":       {nil, func(e *event.Event) { e.Source = "kiosk" }, nil, decision.ProviderFieldInvalid},
		"a purchase for nothing":  {nil, func(e *event.Event) { e.Commerce.Value = event.Opt[float64]{} }, nil, decision.ProviderValueMissing},
		"no currency":             {nil, func(e *event.Event) { e.Commerce.Currency = "" }, nil, decision.ProviderCurrencyMissing},
		"a currency of no list":   {nil, func(e *event.Event) { e.Commerce.Currency = "XXX" }, nil, decision.ProviderCurrencyInvalid},
		"a negative value":        {nil, func(e *event.Event) { e.Commerce.Value = event.Some(-1.0) }, nil, decision.ProviderFieldInvalid},
		"text for a number":       {nil, nil, text("num_items", "three"), decision.ProviderFieldInvalid},
		"a refund as a purchase":  {nil, func(e *event.Event) { e.Name = "transaction.refunded" }, nil, decision.ProviderUnsupportedEvent},
		"an app event at a pixel": {nil, apps(func(*event.Event) {}), nil, decision.ProviderFieldInvalid},
		"a web event at an app":   {[]option{app}, nil, nil, decision.ProviderFieldInvalid},
		"no app":                  {[]option{app}, apps(func(e *event.Event) { e.Device.AppID = "" }), nil, decision.ProviderAppDataMissing},
		"no system":               {[]option{app}, apps(func(e *event.Event) { e.Device.Platform = "" }), nil, decision.ProviderAppDataMissing},
		"an external id alone": {nil, func(e *event.Event) {
			e.Identity, e.Device, e.Click = event.Identity{ExternalIDs: []identity.Raw{raw("u1")}}, event.Device{}, event.Click{}
		}, nil, decision.IdentifiersInsufficient},
		"a click id alone":         {nil, func(e *event.Event) { e.Identity, e.Device = event.Identity{}, event.Device{} }, nil, decision.IdentifiersInsufficient},
		"an address without agent": {nil, func(e *event.Event) { e.Identity, e.Device.UserAgent = event.Identity{}, identity.Raw{} }, nil, decision.IdentifiersInsufficient},
		"nobody":                   {nil, func(e *event.Event) { e.Identity, e.Device, e.Click = event.Identity{}, event.Device{}, event.Click{} }, nil, decision.IdentifiersNone},
		"a vendor's id alone": {[]option{app}, apps(func(e *event.Event) {
			e.Identity, e.Device.AdvertisingID, e.Device.IP = event.Identity{}, identity.Raw{}, identity.Raw{}
		}), nil, decision.IdentifiersInsufficient},
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

// The reduced form is off until a destination chooses Snapchat's word, and is for
// web events of the United States.
func TestRestricted(t *testing.T) {
	t.Parallel()
	lmu := with(`{"data_processing_options":"LMU"}`)
	for name, c := range map[string]struct {
		options []option
		change  func(*provider.Input)
		want    bool
	}{
		"chosen":     {[]option{lmu}, nil, true},
		"not chosen": {nil, nil, false},
		"off":        {[]option{with(`{"data_processing_options":"off"}`)}, nil, false},
		"app":        {[]option{app, lmu}, func(in *provider.Input) { in.Event = appEvent() }, false},
		"offline":    {[]option{lmu}, func(in *provider.Input) { in.Event.Source = event.SourceInStore }, false},
		"Germany":    {[]option{lmu}, func(in *provider.Input) { in.Place = consent.Place{Location: consent.NewJurisdiction("DE", "")} }, false},
		"opt-in":     {[]option{lmu}, func(in *provider.Input) { in.Regime = consent.OptIn }, false},
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
			require.Equal(t, c.want, len(built.Fragment) > 0)
			require.False(t, built.ReliesOn.Has(consent.AdUserData))
		})
	}
}

// How old an event may be, and until when a pixel's copy is recognised: a purchase
// by its order for longer than by its id.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options  []option
		source   string
		reported event.Opt[bool]
		order    string
		age      int64
		until    int64
		risk     bool
	}{
		"web":                  {nil, event.SourceWeb, event.Opt[bool]{}, "1", 7 * day, 0, true},
		"web, not reported":    {nil, event.SourceWeb, event.Some(false), "1", 7 * day, 0, false},
		"a purchase, reported": {nil, event.SourceWeb, event.Some(true), "1", 7 * day, 29 * day, false},
		"one without an order": {nil, event.SourceWeb, event.Some(true), "", 7 * day, 47 * hour, false},
		"another event":        {[]option{as("ADD_CART")}, event.SourceWeb, event.Some(true), "1", 7 * day, 47 * hour, false},
		"in a store":           {nil, event.SourceInStore, event.Some(true), "1", 37 * day, 0, false},
		"by phone":             {nil, event.SourcePhone, event.Opt[bool]{}, "1", 37 * day, 0, false},
		"in an app":            {[]option{app}, event.SourceApp, event.Some(true), "1", 7 * day, 0, false},
	} {
		ev := appEvent()
		ev.Page.URL, ev.Source, ev.BrowserReported, ev.Commerce.TransactionID = "https://shop.example.com/", c.source, c.reported, c.order
		built := provider.Build(nil, input(newRoute(t, c.options...), ev))
		require.Equal(t, decision.ReasonNone, built.PreflightReason, "%s: %s", name, built.Detail)
		require.Equal(t, ev.Time+c.age-hour, built.NotAfter, name)
		until := int64(0)
		if c.until > 0 {
			until = ev.Time + c.until
		}
		require.Equal(t, until, built.DedupUntil, name)
		require.Equal(t, c.risk, built.DedupRisk, name)
		require.False(t, built.ResendUnsafe, name)
	}
}

// The click id is read from the page's URL too, stays there only with ad_storage,
// and the bytes depend on it.
func TestClickIDs(t *testing.T) {
	t.Parallel()
	ev := webEvent()
	ev.Click = event.Click{}
	ev.Page.URL = "https://shop.example.com/?ScCid=a1B2c3D4&utm_source=x"
	built := provider.Build(nil, input(newRoute(t), ev))
	require.Contains(t, string(built.Fragment), `"sc_click_id":"a1B2c3D4"`)
	require.Contains(t, string(built.Fragment), `?ScCid=`)
	require.True(t, built.ReliesOn.Has(consent.AdStorage))
	in := input(newRoute(t), ev)
	in.Usable = consent.AdUserData
	built = provider.Build(nil, in)
	require.NotContains(t, string(built.Fragment), "a1B2c3D4")
	require.Contains(t, built.Identifiers.Dropped, decision.Dropped{Kind: decision.KindClickID, Reason: decision.DropConsent})
}

// The other reading of a doubtful rule is a setting.
func TestDoubtfulForms(t *testing.T) {
	t.Parallel()
	for section, want := range map[string][2]string{
		`{}`:                             {"maryann", "sw1a1aa"},
		`{"names":"spaced"}`:             {"mary ann", "sw1a1aa"},
		`{"british_postcodes":"sector"}`: {"maryann", "sw1a1"},
	} {
		ev := webEvent()
		ev.Identity.FirstName, ev.Identity.PostalCode, ev.Identity.Country = raw(" Mary Ann. "), raw("SW1A 1AA"), raw("GB")
		built := provider.Build(nil, input(newRoute(t, with(section)), ev))
		for i, key := range []string{"fn", "zp"} {
			sum := identity.Hash([]byte(want[i]))
			require.Contains(t, string(built.Fragment), `"`+key+`":["`+string(sum.AppendHex(nil))+`"]`, section)
		}
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
