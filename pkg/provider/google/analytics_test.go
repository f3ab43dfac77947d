package google_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// What only Google Analytics takes, and when it stays here.
func TestAnalyticsDetails(t *testing.T) {
	device := func(k *kit) {
		d := &k.in.Event.Device
		d.Platform, d.OSVersion, d.Model, d.Language = "iOS", "17.4", "iPhone15,2", "de-DE,de;q=0.9"
		d.ScreenWidth, d.ScreenHeight = event.Some[int64](1179), event.Some[int64](2556)
	}
	const all = `"languageCode":"de-DE","screenHeight":2556,"screenWidth":1179,"operatingSystem":"iOS","operatingSystemVersion":"17.4","model":"iPhone15,2"`
	for name, c := range map[string]struct {
		change     func(*kit)
		want, none []string
	}{
		"device":             {device, []string{all}, nil},
		"a number of pixels": {func(k *kit) { device(k); k.in.Event.Device.ScreenWidth = event.Some[int64](-1) }, nil, []string{"screen"}},
		"one side":           {func(k *kit) { device(k); k.in.Event.Device.ScreenHeight = event.Opt[int64]{} }, nil, []string{"screen"}},
		"a model that is somebody's": {func(k *kit) { device(k); k.in.Event.Device.Model = "jane@shop.example" },
			[]string{`"operatingSystemVersion":"17.4"`}, []string{"jane@", `"model"`}},
		"no language":          {func(k *kit) { k.in.Event.Device.Language = "*" }, nil, []string{"languageCode"}},
		"language of digits":   {func(k *kit) { k.in.Event.Device.Language = "49" }, nil, []string{"languageCode"}},
		"without a user agent": {func(k *kit) { device(k); k.in.Event.Device.UserAgent = identity.Raw{} }, nil, []string{"eventDeviceInfo"}},
		"user agents not allowed": {func(k *kit) {
			device(k)
			k.destination.HasIdentifiers, k.destination.Identifiers = true, decision.Kinds(decision.KindBrowserID)
		}, nil, []string{"eventDeviceInfo"}},
		"session": {func(*kit) {}, []string{
			`{"parameterName":"session_id","value":"1690000000"},{"parameterName":"engagement_time_msec","value":"1"}`}, nil},
		"no session": {func(k *kit) { k.in.Event.Analytics.SessionID = identity.Raw{} }, nil, []string{"engagement_time_msec"}},
		"engagement is computed": {func(k *kit) {
			k.mapping.Fields = map[string]string{"engagement_time_msec": ""}
			k.in.Fields = []resource.Field{{Name: "engagement_time_msec", Value: event.Value{Kind: event.Long, Long: 5200}}}
		}, []string{`{"parameterName":"engagement_time_msec","value":"5200"}`}, []string{`"value":"1"`}},
		"engagement is a property": {func(k *kit) {
			k.mapping.Properties = []string{"engagement_time_msec"}
			k.in.Event.Properties = []event.Property{{Key: "engagement_time_msec", Value: event.Value{Kind: event.Long, Long: 7}}}
		}, []string{`{"parameterName":"engagement_time_msec","value":"7"}`}, []string{`"value":"1"`}},
		"tax and shipping": {func(k *kit) {
			k.in.Event.Commerce.Tax, k.in.Event.Commerce.Shipping = event.Some(7.970000000000001), event.Some(0.0)
		}, []string{`{"parameterName":"tax","value":"7.97"},{"parameterName":"shipping","value":"0"}`}, nil},
		"tax that is none":  {func(k *kit) { k.in.Event.Commerce.Tax = event.Some(math.Inf(1)) }, nil, []string{`"tax"`}},
		"tax of what money": {func(k *kit) { k.in.Event.Commerce = event.Commerce{TransactionID: "T", Tax: event.Some(1.0)} }, nil, []string{`"tax"`}},
	} {
		t.Run(name, func(t *testing.T) {
			k := analyticsKit()
			c.change(k)
			payload := k.payload(t)
			for _, s := range c.want {
				require.Contains(t, payload, s)
			}
			for _, s := range c.none {
				require.NotContains(t, payload, s)
			}
		})
	}
	ads := newKit()
	device(ads)
	ads.in.Event.Commerce.Tax = event.Some(1.0)
	require.Contains(t, ads.payload(t), `"eventDeviceInfo":{"userAgent":"Mozilla/5.0 (X11)"}`, "Google Ads gets the user agent alone")
	require.NotContains(t, ads.payload(t), "tax")
}

// The device of the event is the landing page's only within one visit.
func TestLandingPageDevice(t *testing.T) {
	const landing = `"adIdentifiers":{"gclid":"EAIaIQobChMI_example","landingPageDeviceInfo":{"userAgent":"Mozilla/5.0 (X11)"`
	for name, c := range map[string]struct {
		change func(*kit)
		want   string
	}{
		"in the same visit":    {func(k *kit) { k.in.Event.Click.CapturedAt = k.in.Event.Time - 30*60_000 }, landing + "}"},
		"with the IP address":  {func(k *kit) { optOut(k); k.in.Event.Click.CapturedAt = k.in.Event.Time }, landing + `,"ipAddress":"203.0.113.9"}`},
		"later":                {func(k *kit) { k.in.Event.Click.CapturedAt = k.in.Event.Time - 30*60_000 - 1 }, ""},
		"before the click":     {func(k *kit) { k.in.Event.Click.CapturedAt = k.in.Event.Time + 1 }, ""},
		"nobody knows":         {func(*kit) {}, ""},
		"in another place":     {func(k *kit) { k.in.Event.Click.CapturedAt = k.in.Event.Time; k.in.Event.Source = event.SourceApp }, ""},
		"at Google Analytics":  {func(k *kit) { *k = *analyticsKit(); k.in.Event.Click.CapturedAt = k.in.Event.Time }, ""},
		"without a user agent": {func(k *kit) { k.in.Event.Click.CapturedAt = k.in.Event.Time; k.in.Event.Device = event.Device{} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit()
			c.change(k)
			payload := k.payload(t)
			require.Equal(t, c.want != "", strings.Contains(payload, "landingPageDeviceInfo"))
			require.Contains(t, payload, c.want)
		})
	}
}

func TestStoreSales(t *testing.T) {
	store := func(k *kit) {
		k.destination.Account = []byte(`{"conversion_actions":{"purchase":{"id":"987654321","type":"store"}},"customer_id":"1234567890"}`)
		k.in.Event.Source, k.in.Event.Commerce.StoreID = event.SourceInStore, "berlin-mitte"
	}
	k := newKit()
	store(k)
	payload := k.payload(t)
	require.Contains(t, payload, `"eventSource":"IN_STORE"`)
	require.Contains(t, payload, `"eventLocation":{"storeId":"berlin-mitte"}`)

	k = newKit()
	store(k)
	k.in.Event.Commerce.StoreID = "jane@shop.example"
	b := k.build(t)
	require.NotContains(t, string(b.Fragment), "eventLocation")
	require.Positive(t, b.Identifiers.UnsafeDropped)

	k = newKit()
	store(k)
	k.in.Event.Source = event.SourceWeb
	require.Equal(t, decision.ProviderUnsupportedEvent, k.build(t).PreflightReason, "a sale on the web is none in a store")
	k = newKit()
	store(k)
	adjust(k)
	require.Equal(t, decision.ProviderUnsupportedEvent, k.build(t).PreflightReason, "Google amends no store sales")

	k = newKit()
	k.in.Event.Source, k.in.Event.Commerce.StoreID = event.SourceInStore, "berlin-mitte"
	require.NotContains(t, k.payload(t), "eventLocation", "only store sales take a store")
}
