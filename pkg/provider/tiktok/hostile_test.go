package tiktok_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Amounts are written as people write them: four places, no exponent, no negative
// zero; what is no amount is refused.
func TestHostileAmounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   float64
		want string // "": refused
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {0.1 + 0.2, "0.3"}, {19.99, "19.99"}, {1.00005, "1.0001"}, {5e-324, "0"}, {1e6, "1000000"},
		{1e21, "1000000000000000000000"}, {49.9 * 0.8, "39.92"}, {-0.01, ""}, {math.NaN(), ""}, {math.Inf(1), ""}, {math.Inf(-1), ""},
	} {
		ev := webEvent()
		ev.Commerce.Value = event.Some(c.in)
		built := provider.Build(nil, input(newRoute(t), ev))
		if c.want == "" {
			require.Equal(t, decision.ProviderFieldInvalid, built.PreflightReason, c.in)
			continue
		}
		require.Contains(t, string(built.Fragment), `"currency":"USD","value":`+c.want+`,`, c.in)
		require.Equal(t, provider.Accepted, judge(t, newRoute(t), built.Fragment).Class)
	}
}

func TestHostileCurrencies(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"eur": "EUR", " Eur ": "EUR", "JPY": "JPY", "kwd": "KWD",
		"BGN": "", "XCG": "", "EURO": "", "€": "", "ＥＵＲ": "", "XXX": "", "BTC": "", "978": "", "\x00EUR": "",
	} {
		ev := webEvent()
		ev.Commerce.Currency = in
		built := provider.Build(nil, input(newRoute(t), ev))
		if want == "" {
			require.Equal(t, decision.ProviderCurrencyInvalid, built.PreflightReason, in)
			continue
		}
		require.Contains(t, string(built.Fragment), `"currency":"`+want+`"`, in)
	}
}

// One odd member never costs the event: it is left out, and the rest leaves.
func TestOneOddMemberIsLeftOut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	for name, change := range map[string]func(*event.Event){
		"a browser id with a space":  func(e *event.Event) { e.Click.Ttp = raw("2F7h 37Yk") },
		"an endless browser id":      func(e *event.Event) { e.Click.Ttp = raw(long) },
		"an endless click id":        func(e *event.Event) { e.Click.Ttclid = raw(long) },
		"a click id of a line":       func(e *event.Event) { e.Click.Ttclid = raw("E.C.P\nx") },
		"a private address":          func(e *event.Event) { e.Device.IP = raw("192.168.0.1") },
		"an address with a zone":     func(e *event.Event) { e.Device.IP = raw("fe80::1%eth0") },
		"a hash for an agent":        func(e *event.Event) { e.Device.UserAgent = raw(strings.Repeat("ab", 32)) },
		"a sentence for a language":  func(e *event.Event) { e.Device.Language = "German, I think" },
		"an endless language":        func(e *event.Event) { e.Device.Language = strings.Repeat("de-", 20) + "DE" },
		"a referrer that is no URL":  func(e *event.Event) { e.Page.Referrer = "from a friend" },
		"a name of punctuation":      func(e *event.Event) { e.Identity.FirstName = raw("...") },
		"a postal code of one digit": func(e *event.Event) { e.Identity.PostalCode = raw("1") },
		"a line without an id":       func(e *event.Event) { e.Commerce.Items = append(e.Commerce.Items, event.Item{Name: "x"}) },
		"a line of a discount": func(e *event.Event) {
			e.Commerce.Items = append(e.Commerce.Items, event.Item{ID: "d", Price: event.Some(-5.0)})
		},
		"a line that costs no number": func(e *event.Event) {
			e.Commerce.Items = append(e.Commerce.Items, event.Item{ID: "n", Price: event.Some(math.NaN())})
		},
		"an order that is personal": func(e *event.Event) { e.Commerce.StoreID = "ada@mail.example" },
		"emails without end": func(e *event.Event) {
			for range 100 {
				e.Identity.Emails = append(e.Identity.Emails, identity.NewRaw("a"+strings.Repeat("b", len(e.Identity.Emails))+"@mail.example"))
			}
		},
	} {
		ev := webEvent()
		change(ev)
		built := provider.Build(nil, input(newRoute(t), ev))
		require.Equal(t, decision.ReasonNone, built.IdentifierReason, "%s: %s", name, built.Detail)
		require.Equal(t, decision.ReasonNone, built.PreflightReason, "%s: %s", name, built.Detail)
		require.Less(t, len(built.Fragment), 4000, name)
		a := judge(t, newRoute(t), built.Fragment)
		require.Equal(t, provider.Accepted, a.Class, "%s: %s of %s", name, a.Message, built.Fragment)
	}
}
