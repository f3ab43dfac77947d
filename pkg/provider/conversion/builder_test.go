package conversion_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

var (
	emails = conversion.Emails(normal.EmailField(resource.EmailPlain), 3)
	phones = conversion.Phones(normal.PhoneField(resource.PhoneE164), 2)
	city   = conversion.City(normal.Lower, 1)
)

// build writes one event as a provider would.
func build(in *provider.Input) provider.Built {
	built := conversion.Base(nil, in, 7*24*3600_000, 300_000)
	var b conversion.Builder
	b.Begin(nil, in, conversion.Options{PhoneCountry: "DE", URLs: identity.URLPolicy{Mode: identity.URLFull, ClickIDs: []string{"ttclid"}}})
	b.Dst = append(b.Dst, '{')
	user := b.Object("user")
	b.Hashes("email", &emails)
	b.Hash("phone", &phones)
	b.Clear("city", &city)
	b.IP("ip", 1, false)
	b.UserAgent("user_agent", 1)
	b.DeviceID("maid", 2, false)
	b.Click("ttclid", click.Ttclid, 3)
	if id, ok := b.BrowserID(click.Ttp); ok {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "ttp"), identity.Vouch(id))
		b.FoundBrowser(2)
	}
	b.Close(user)
	b.URL("url", event.Path("page.url"), in.Event.Page.URL)
	b.Money(conversion.Required)
	b.Amount("value", b.Value, 2)
	lines := b.Array("lines")
	for i := range in.Event.Commerce.Items {
		if line, ok := b.Line(i); ok {
			b.Dst = append(jsonappend.Comma(b.Dst), '"')
			b.Dst = append(append(b.Dst, line.ID.Text()...), '"')
		}
	}
	b.Close(lines)
	b.NoteLines()
	b.Sufficient(decision.Kinds(decision.KindIP, decision.KindUserAgent))
	b.Dst = append(b.Dst, '}')
	b.End(&built)
	return built
}

func input() *provider.Input {
	raw := identity.NewRaw
	e := &event.Event{
		ID: "e1", Time: 1_795_251_600_000, Page: event.Page{URL: "https://shop.example/thanks?ttclid=E.C.P.abcdef"},
		Identity: event.Identity{Emails: []identity.Raw{raw("Ada@Mail.example"), raw("nobody")}, Phones: []identity.Raw{raw("0151 23456789")}, City: raw("Berlin")},
		Device:   event.Device{IP: raw("203.0.113.7"), UserAgent: raw("Mozilla/5.0"), AdvertisingID: raw("6D92078A-8246-4BA4-AE5B-76104861E7DC")},
		Click:    event.Click{Ttp: raw("2F7h37YkS1j57AYSKTI7IHhJPYH")},
		Commerce: event.Commerce{Value: event.Some(49.9), Currency: "eur", Items: []event.Item{{ID: "sku-1"}, {Name: "no id"}}},
	}
	return &provider.Input{
		Event: e, EventID: "e1", Usable: consent.AllPurposes, Now: e.Time,
		Route: &resource.Route{Destination: &resource.Destination{}, Kinds: ^decision.KindSet(0)},
	}
}

func member(t *testing.T, fragment []byte, path ...string) any {
	t.Helper()
	var all any
	require.NoError(t, json.Unmarshal(fragment, &all), string(fragment))
	for _, p := range path {
		object, _ := all.(map[string]any)
		all = object[p]
	}
	return all
}

func TestABuilderWritesWhatMayLeave(t *testing.T) {
	t.Parallel()
	built := build(input())
	require.Equal(t, decision.ReasonNone, built.PreflightReason, built.Detail)
	require.Equal(t, decision.ReasonNone, built.IdentifierReason, built.Detail)
	require.Len(t, member(t, built.Fragment, "user", "email"), 1)
	require.Equal(t, "berlin", member(t, built.Fragment, "user", "city"))
	require.Equal(t, "6d92078a-8246-4ba4-ae5b-76104861e7dc", member(t, built.Fragment, "user", "maid"))
	require.Equal(t, "E.C.P.abcdef", member(t, built.Fragment, "user", "ttclid"))
	require.Equal(t, "https://shop.example/thanks?ttclid=E.C.P.abcdef", member(t, built.Fragment, "url"))
	require.Equal(t, []any{"sku-1"}, member(t, built.Fragment, "lines"))
	require.Equal(t, "EUR", built.Currency)
	require.True(t, built.ReliesOn.Has(consent.AdStorage|consent.AdUserData))
	require.Len(t, built.Identifiers.Notes, 2, "the second address and the line without an id: %v", built.Identifiers.Notes)
}

func TestABuilderLeavesOutWhatIsNotAllowed(t *testing.T) {
	t.Parallel()
	in := input()
	in.Usable &^= consent.AdStorage
	in.Route.Kinds &^= decision.Kinds(decision.KindEmail)
	in.Event.Device.TrackingAuthorized = event.Some(false)
	built := build(in)
	require.Equal(t, "https://shop.example/thanks", member(t, built.Fragment, "url"), "a click id needs ad_storage")
	for _, gone := range []string{"email", "ttclid", "ttp", "maid"} {
		require.Nil(t, member(t, built.Fragment, "user", gone), gone)
	}
	require.False(t, built.ReliesOn.Has(consent.AdStorage))
	why := map[decision.Kind]decision.DropReason{}
	for _, d := range built.Identifiers.Dropped {
		why[d.Kind] = d.Reason
	}
	require.Equal(t, map[decision.Kind]decision.DropReason{
		decision.KindEmail: decision.DropNotAllowed, decision.KindClickID: decision.DropConsent,
		decision.KindBrowserID: decision.DropConsent, decision.KindAdvertisingID: decision.DropConsent,
	}, why)
}

func TestABuilderRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*event.Event)
		want   decision.Reason
	}{
		"no value":         {func(e *event.Event) { e.Commerce.Value = event.Opt[float64]{} }, decision.ProviderValueMissing},
		"no currency":      {func(e *event.Event) { e.Commerce.Currency = "" }, decision.ProviderCurrencyMissing},
		"no such currency": {func(e *event.Event) { e.Commerce.Currency = "EURO" }, decision.ProviderCurrencyInvalid},
		"nobody": {func(e *event.Event) {
			e.Identity, e.Click, e.Device, e.Page.URL = event.Identity{}, event.Click{}, event.Device{}, ""
		}, decision.IdentifiersNone},
		"context only": {func(e *event.Event) {
			e.Identity, e.Click, e.Page.URL = event.Identity{}, event.Click{}, ""
			e.Device.AdvertisingID = identity.Raw{}
		}, decision.IdentifiersInsufficient},
		"an address as a transaction id": {func(e *event.Event) { e.Commerce.TransactionID = "ada@mail.example" }, decision.IdentifiersUnsafeID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input()
			c.change(in.Event)
			built := build(in)
			require.Contains(t, []decision.Reason{built.IdentifierReason, built.PreflightReason}, c.want, built.Detail)
			require.Empty(t, built.Fragment, "what is refused leaves no bytes")
		})
	}
}

func TestAnAddressInAUserAgentStays(t *testing.T) {
	t.Parallel()
	in := input()
	in.Event.Device.UserAgent = identity.NewRaw("Mozilla/5.0 ada@mail.example")
	in.Event.Identity.City = identity.NewRaw("ada@mail.example")
	built := build(in)
	require.Nil(t, member(t, built.Fragment, "user", "user_agent"))
	require.Nil(t, member(t, built.Fragment, "user", "city"))
	require.EqualValues(t, 2, built.Identifiers.UnsafeDropped)
}

// A user agent that nobody can see is none: a server that trims it finds nothing,
// and refuses the event.
func TestAnInvisibleUserAgentIsNone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"\u0085", "\u00a0\u0085", "\x00", "\ufeff"} {
		in := input()
		in.Event.Device.UserAgent = identity.NewRaw(s)
		require.Nil(t, member(t, build(in).Fragment, "user", "user_agent"), "%q", s)
	}
}
