package meta_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

// Amounts are written as people write them: four places, no exponent, no
// negative zero; what is no amount is refused.
func TestHostileAmounts(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string // "": refused
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {0.1 + 0.2, "0.3"}, {19.99, "19.99"}, {1.00005, "1.0001"}, {0.00004, "0"}, {5e-324, "0"},
		{1e6, "1000000"}, {1e21, "1000000000000000000000"}, {123456789012345678, "123456789012345680"}, {9007199254740993, "9007199254740992"},
		{49.9 * 0.8, "39.92"}, {1e-7, "0"}, {-0.01, ""}, {-1e21, ""}, {math.NaN(), ""}, {math.Inf(1), ""}, {math.Inf(-1), ""},
	} {
		ev := webEvent()
		ev.Commerce.Value = event.Some(c.in)
		built := build(t, newRoute(t, "Purchase"), ev)
		if c.want == "" {
			require.Equal(t, decision.ProviderFieldInvalid, built.PreflightReason, c.in)
			continue
		}
		require.Contains(t, string(built.Fragment), `"custom_data":{"value":`+c.want+`,"currency":"USD"`, c.in)
	}
	ev := webEvent()
	ev.Commerce.Value = event.Some(math.MaxFloat64)
	built := build(t, newRoute(t, "Purchase"), ev)
	require.NotContains(t, string(built.Fragment), "e+")
	require.Equal(t, provider.Accepted, judge(t, newRoute(t, "Purchase"), built.Fragment).Class)

	for text, want := range map[string]string{
		"142.52": "142.52", " 7 ": "7", "1e3": "1000", "-0": "0", ".5": "0.5", "1E21": "1000000000000000000000",
		"142,52": "", "1,000.50": "", "1.000,50": "", "12.50 EUR": "", "€12": "", "١٢": "", "１２": "", "NaN": "", "Infinity": "", "": "", "1e400": "", "--1": "", "-1": "",
	} {
		built := build(t, newRoute(t, "ViewContent"), webEvent(), func(in *provider.Input) {
			in.Fields = []resource.Field{{Name: "value", Value: event.Value{Kind: event.String, Str: text}}}
		})
		if want == "" {
			require.Equal(t, decision.ProviderFieldInvalid, built.PreflightReason, text)
			continue
		}
		require.Contains(t, string(built.Fragment), `"custom_data":{"value":`+want+`,`, text)
	}
}

func TestHostileCurrencies(t *testing.T) {
	for in, want := range map[string]string{
		"eur": "EUR", " Eur ": "EUR", "\u00a0usd\u3000": "USD", "JPY": "JPY", "kwd": "KWD", "XCG": "XCG",
		"EURO": "", "EU": "", "€": "", "ＥＵＲ": "", "E UR": "", "XXX": "", "XAU": "", "XTS": "", "BTC": "", "978": "", "DEM": "", "HRK": "", "eur;": "", "\x00EUR": "", "ΕUR": "",
	} {
		ev := webEvent()
		ev.Commerce.Currency = in
		built := build(t, newRoute(t, "Purchase"), ev)
		if want == "" {
			require.Equal(t, decision.ProviderCurrencyInvalid, built.PreflightReason, in)
			continue
		}
		require.Contains(t, string(built.Fragment), `"currency":"`+want+`"`, in)
	}
}

// A click id is taken byte for byte or not at all.
func TestHostileClickIDs(t *testing.T) {
	const seen = 1757700000123
	long := strings.Repeat("A", 500)
	for name, c := range map[string]struct {
		click meta.Click
		want  string
	}{
		"a suffix of Meta's":        {meta.Click{PageURL: "https://shop.example.com/?fbclid=IwAR0_aem_x-Y", Seen: seen}, "fb.1.1757700000123.IwAR0_aem_x-Y"},
		"500 characters":            {meta.Click{Fbclid: raw(long), Seen: seen}, "fb.1.1757700000123." + long},
		"501 in a URL":              {meta.Click{PageURL: "https://a.b/?fbclid=" + long + "A", Seen: seen}, ""},
		"the first of two counts":   {meta.Click{PageURL: "https://a.b/?fbclid=A&fbclid=B", Seen: seen}, "fb.1.1757700000123.A"},
		"another case of its name":  {meta.Click{PageURL: "https://a.b/?FBCLID=A", Seen: seen}, ""},
		"a longer name":             {meta.Click{PageURL: "https://a.b/?fbclidx=A&xfbclid=B", Seen: seen}, ""},
		"in the fragment":           {meta.Click{PageURL: "https://a.b/#?fbclid=A", Seen: seen}, ""},
		"behind a fragment":         {meta.Click{PageURL: "https://a.b/?fbclid=A#fbclid=B", Seen: seen}, "fb.1.1757700000123.A"},
		"a broken escape":           {meta.Click{PageURL: "https://a.b/?fbclid=A%2", Seen: seen}, ""},
		"a space":                   {meta.Click{PageURL: "https://a.b/?fbclid=A+B", Seen: seen}, ""},
		"a line break":              {meta.Click{Fbclid: raw("A\nB"), Seen: seen}, ""},
		"an invisible space":        {meta.Click{Fbclid: raw("A\u200bB"), Seen: seen}, ""},
		"surrounding space":         {meta.Click{Fbclid: raw(" A"), Seen: seen}, ""},
		"empty":                     {meta.Click{PageURL: "https://a.b/?fbclid=", Seen: seen}, ""},
		"a whole fbc as click id":   {meta.Click{Fbclid: raw("fb.1.1554763741205.AbC"), Seen: seen}, ""},
		"a cookie in capitals":      {meta.Click{Cookie: raw("FB.1.1554763741205.AbC")}, ""},
		"a cookie of three parts":   {meta.Click{Cookie: raw("fb.1.AbC")}, ""},
		"a cookie of six parts":     {meta.Click{Cookie: raw("fb.1.1554763741205.AbC.AQQCAQAB.x")}, ""},
		"a negative index":          {meta.Click{Cookie: raw("fb.-1.1554763741205.AbC")}, ""},
		"digits of another script":  {meta.Click{Cookie: raw("fb.1.١٥٥٤٧٦٣٧٤١٢٠٥.AbC")}, ""},
		"a mark in other case":      {meta.Click{Cookie: raw("fb.1.1554763741205.AbC.aq")}, ""},
		"a mark of seven":           {meta.Click{Cookie: raw("fb.1.1554763741205.AbC.AQQCAQA")}, ""},
		"a cookie with a quote":     {meta.Click{Cookie: raw(`fb.1.1554763741205.A"C`)}, ""},
		"a large index":             {meta.Click{Cookie: raw("fb.99.1554763741205.AbC")}, "fb.99.1554763741205.AbC"},
		"few digits are only odd":   {meta.Click{Cookie: raw("fb.1.123.abc")}, "fb.1.123.abc"},
		"seconds with a mark":       {meta.Click{Cookie: raw("fb.1.1554763741.AbC.AQQCAQAB")}, "fb.1.1554763741000.AbC.AQQCAQAB"},
		"a host with user and port": {meta.Click{Fbclid: raw("A"), PageURL: "https://u:p@shop.example.com:8443/x", Seen: seen}, "fb.1.1757700000123.A"},
		"a host of four labels":     {meta.Click{Fbclid: raw("A"), PageURL: "https://a.shop.example.com/", Seen: seen}, "fb.2.1757700000123.A"},
		"an IPv4 host":              {meta.Click{Fbclid: raw("A"), PageURL: "http://127.0.0.1:8080/", Seen: seen}, "fb.0.1757700000123.A"},
		"a dot behind the host":     {meta.Click{Fbclid: raw("A"), PageURL: "https://example.com./", Seen: seen}, "fb.1.1757700000123.A"},
	} {
		got, ok := meta.AppendFbc(nil, c.click)
		require.Equal(t, c.want, string(got), name)
		require.Equal(t, c.want != "", ok, name)
	}
}

// Ages are told to the millisecond; the margin is kept for the way.
func TestHostileTimes(t *testing.T) {
	const hour, day = int64(3600_000), int64(86400_000)
	for source, age := range map[string]int64{
		event.SourceWeb: 7 * day, event.SourceInStore: 62 * day, event.SourcePhone: 7 * day, event.SourceSystem: 7 * day, event.SourceEmail: 7 * day, event.SourceOther: 7 * day,
	} {
		for _, at := range []int64{now, now - 1, now - 100*day, 0, -1} {
			ev := webEvent()
			ev.Source, ev.Time = source, at
			require.Equal(t, at+age-hour, build(t, newRoute(t, "Purchase"), ev).NotAfter, "%s %d", source, at)
		}
	}
	for at, want := range map[int64]string{now: "1795262400", now - 1: "1795262399", now - 999: "1795262399", now + 1: "1795262400", now + 59_999: "1795262400"} {
		ev := webEvent()
		ev.Time = at
		require.Contains(t, string(build(t, newRoute(t, "Purchase"), ev).Fragment), `"event_time":`+want+`,`)
	}
}
