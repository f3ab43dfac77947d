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

// A click id is taken byte for byte, trimmed only, or not at all; of several
// one is sent, gclid first.
func TestHostileClickIDs(t *testing.T) {
	long := strings.Repeat("A", 512)
	for name, c := range map[string]struct{ gclid, gbraid, wbraid, want string }{
		"gclid":              {"EAIaIQobChMI_x-Y", "", "", `"gclid":"EAIaIQobChMI_x-Y"`},
		"case stays":         {"eaiAIQ", "", "", `"gclid":"eaiAIQ"`},
		"surrounding space":  {"\u00a0Abc\n", "", "", `"gclid":"Abc"`},
		"512 characters":     {long, "", "", `"gclid":"` + long + `"`},
		"513 characters":     {long + "A", "", "", ""},
		"a space inside":     {"A bc", "", "", ""},
		"an escape":          {"A%2Fbc", "", "", ""},
		"a quote":            {`A"bc`, "", "", ""},
		"another script":     {"Аbc", "", "", ""},
		"an invisible space": {"A\u200bbc", "", "", ""},
		"an address":         {"jane@shop.example", "", "", ""},
		"gbraid":             {"", "0AAAAAo_b", "", `"gbraid":"0AAAAAo_b"`},
		"wbraid":             {"", "", "Cj0K-b", `"wbraid":"Cj0K-b"`},
		"gclid and gbraid":   {"A", "B", "C", `"gclid":"A"`},
		"gbraid and wbraid":  {"", "B", "C", `"gbraid":"B"`},
		"a broken gclid":     {"A B", "B", "", `"gbraid":"B"`},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit()
			k.in.Event.Click = event.Click{Gclid: identity.NewRaw(c.gclid), Gbraid: identity.NewRaw(c.gbraid), Wbraid: identity.NewRaw(c.wbraid)}
			b := k.build(t)
			require.Empty(t, b.Detail)
			if c.want == "" {
				require.NotContains(t, string(b.Fragment), "adIdentifiers")
				require.Contains(t, b.Identifiers.Dropped, decision.Dropped{Kind: decision.KindClickID, Reason: decision.DropInvalid})
				return
			}
			require.Contains(t, string(b.Fragment), `"adIdentifiers":{`+c.want+`}`)
		})
	}
}

func TestHostileAmounts(t *testing.T) {
	for _, c := range []struct {
		in   float64
		want string // "": refused
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {0.1 + 0.2, "0.3"}, {1e21, "1000000000000000000000"}, {1e-7, "0"}, {0.0000005, "0"}, {0.0000015, "0.000002"},
		{49.9 * 0.8, "39.92"}, {9007199254740993, "9007199254740992"}, {math.NaN(), ""}, {math.Inf(-1), ""},
	} {
		k := newKit()
		k.in.Event.Commerce.Value = event.Some(c.in)
		b := k.build(t)
		if c.want == "" {
			require.Equal(t, decision.ProviderFieldInvalid, b.PreflightReason, c.in)
			continue
		}
		require.Contains(t, string(b.Fragment), `"conversionValue":`+c.want+`,`, c.in)
	}
	for in, want := range map[string]string{" eur ": "EUR", "\u00a0Usd": "USD", "EURO": "", "€": "", "ＥＵＲ": "", "XXX": "", "978": "", "DEM": ""} {
		k := newKit()
		k.in.Event.Commerce.Currency = in
		b := k.build(t)
		if want == "" {
			require.Equal(t, decision.ProviderCurrencyInvalid, b.PreflightReason, in)
			continue
		}
		require.Contains(t, string(b.Fragment), `"currency":"`+want+`"`, in)
	}
}

// Numbers in custom variables are text, without exponents, and never a card's.
func TestHostileVariables(t *testing.T) {
	for name, c := range map[string]struct {
		value event.Value
		want  string // "": stays here
	}{
		"a large number":       {event.Value{Kind: event.Double, Double: 1e21}, "1000000000000000000000"},
		"negative zero":        {event.Value{Kind: event.Double, Double: math.Copysign(0, -1)}, "0"},
		"no number":            {event.Value{Kind: event.Double, Double: math.NaN()}, ""},
		"the least whole":      {event.Value{Kind: event.Long, Long: math.MinInt64}, "-9223372036854775808"},
		"a card":               {event.Value{Kind: event.Long, Long: 4111111111111111}, ""},
		"a card's negative":    {event.Value{Kind: event.Long, Long: -4111111111111111}, ""},
		"a card as a fraction": {event.Value{Kind: event.Double, Double: 4111111111111111}, ""},
		"an address":           {event.Value{Kind: event.String, Str: "jane@shop.example"}, ""},
		"an encoded address":   {event.Value{Kind: event.String, Str: "jane%2540shop.example"}, ""},
		"a phone number":       {event.Value{Kind: event.String, Str: "+49 151 23456789"}, ""},
		"quotes":               {event.Value{Kind: event.String, Str: "a\"b\\\n"}, `a\"b\\\n`},
		"not UTF-8":            {event.Value{Kind: event.String, Str: "a\xffb"}, "a\uFFFDb"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit()
			k.mapping.Fields = map[string]string{"tier": ""}
			k.in.Fields = []resource.Field{{Name: "tier", Value: c.value}}
			payload := k.payload(t)
			require.Equal(t, c.want != "", strings.Contains(payload, "customVariables"))
			if c.want != "" {
				require.Contains(t, payload, `"customVariables":[{"variable":"tier","value":"`+c.want+`"}]`)
			}
		})
	}
}
