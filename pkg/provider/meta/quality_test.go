package meta_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

// The positions that rules name must be those of the table.
func TestKeysAreInOutputOrder(t *testing.T) {
	var names []string
	for _, k := range meta.Keys() {
		names = append(names, k.Name)
		if !k.Business {
			require.Positive(t, k.Weight, k.Name)
		}
	}
	require.Equal(t, []string{"em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country", "external_id", "client_ip_address",
		"client_user_agent", "fbc", "fbp", "subscription_id", "fb_login_id", "lead_id", "anon_id", "madid", "page_id", "page_scoped_user_id",
		"ctwa_clid", "ig_account_id", "ig_sid", "whatsapp_business_account_id"}, names)
}

func TestMatchQualityIsTheSumOfWeights(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*event.Event)
		want   float64
	}{
		"agent alone":  {func(ev *event.Event) {}, 0.5},
		"ip and agent": {func(ev *event.Event) { ev.Device.IP = raw("203.0.113.7") }, 2},
		"email":        {func(ev *event.Event) { ev.Identity.Emails = []identity.Raw{raw("a@b.co")} }, 3.5},
		"login id": {func(ev *event.Event) {
			ev.Identity.LoginIDs = []event.NamedRaw{{Name: "facebook", Value: raw("12345678901")}}
		}, 2.5},
		"click, browser": {func(ev *event.Event) {
			ev.Click.Fbc, ev.Click.Fbp = raw("fb.1.1554763741205.A"), raw("fb.1.1596403881668.1")
		}, 5.5},
		"an invalid email": {func(ev *event.Event) { ev.Identity.Emails = []identity.Raw{raw("a")} }, 0.5},
	} {
		ev := webEvent()
		ev.Identity, ev.Click, ev.Device.IP = event.Identity{}, event.Click{}, raw("")
		c.change(ev)
		require.InDelta(t, c.want, build(t, newRoute(t, "Purchase"), ev).Identifiers.MatchQuality, 1e-9, name)
	}
}

func TestNumbersAreIntegers(t *testing.T) {
	ev := webEvent()
	ev.Identity.LoginIDs = []event.NamedRaw{{Name: "google", Value: raw("7")}, {Name: "facebook", Value: raw("9007199254740993")}}
	ev.Identity.LeadID = raw("12345678901234567")
	ev.Identity.SubscriptionID = raw("sub_1")
	out := string(build(t, newRoute(t, "Purchase"), ev).Fragment)
	require.Contains(t, out, `"subscription_id":"sub_1","fb_login_id":9007199254740993,"lead_id":12345678901234567`)

	ev.Identity.LoginIDs[1].Value, ev.Identity.LeadID, ev.Identity.SubscriptionID = raw("007"), raw("12345"), raw("jane@example.com")
	built := build(t, newRoute(t, "Purchase"), ev)
	require.NotContains(t, string(built.Fragment), "_id\":7")
	require.NotContains(t, string(built.Fragment), "lead_id")
	require.NotContains(t, string(built.Fragment), "jane")
	require.Equal(t, int32(1), built.Identifiers.UnsafeDropped)
}

func TestAddressesInClear(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7:5678": `"203.0.113.7"`, "::ffff:203.0.113.7": `"203.0.113.7"`, "203.0.113.7.AQQCAQAB": `"203.0.113.7.AQQCAQAB"`,
		"2001:db8::1.BQ": `"2001:db8::1.BQ"`,
	} {
		ev := webEvent()
		ev.Device.IP = raw(in)
		require.Contains(t, string(build(t, newRoute(t, "Purchase"), ev).Fragment), `"client_ip_address":`+want+`,`, in)
	}
	for _, in := range []string{"10.0.0.1", "203.0.113.7, 10.0.0.1", "203.0.113.7.XX", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"} {
		ev := webEvent()
		ev.Device.IP = raw(in)
		require.NotContains(t, string(build(t, newRoute(t, "Purchase"), ev).Fragment), "client_ip_address", in)
	}
}
