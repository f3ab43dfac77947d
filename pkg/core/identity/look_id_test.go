package identity_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Digits, hyphens, dots and slashes are how shops number: no id of theirs is a
// phone or card number because of its form.
func TestOrdinaryIDsAreNoPersonalData(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"", "T-1", "order-1001", "1700000000000000", "12345678901", "12-34567890", "550e8400-e29b-41d4-a716-446655440000",
		// zeros in front
		"000000123", "0000001", "00000001", "0000123456", "0012345678", "0045001234", "000000000000012345", "0080012345-10", "00-4711-0815", "00/12/345/6789",
		// years and dates in front
		"2026-11-0042", "2026/11/0042", "2026.11.21.1", "10.2026.11.0042", "RE 2026 0001", "2026 11 0042", "20261121 0042", "2026-11-20 10:30:00",
		"202611210001", "261121093015042", "2611210900001234", "2026112109301504", "30122026123456",
		// groups of digits
		"19-08234-51234", "404-7654321-1234567", "12-3456-7890", "1-1000-2000-3", "7318-204-0455", "650-555-1212", "0815-4711", "10/2026/123456",
		"SO-2026-11-0042", "INV/2026/00042", "#100000123", "100000123(1)", "100000123-1",
		// articles
		"102.119.61", "2521/303/250", "978-3-16-148410-0", "00012345678905", "4006381333931", "4222222222222",
		// long numbers of machines
		"23849459289298320", "120212345678901234", "7312345678901234567", "1795251600123", "4111111111111112", "9999999999999995",
		"user+order", "2026-11-21T09:00:00+0100", "a+1234567", "+0151", "+999123456789", "x4111111111111111",
		"25-34 35-44",
	} {
		require.Equal(t, identity.NotSuspect, identity.LookID(id), "%q", id)
		_, ok := identity.CleanID(id)
		require.True(t, ok, id)
	}
}

// What identifies a person stays out wherever it is a part of an id.
func TestPersonalDataInIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]identity.Suspect{
		"jane@example.com":                  identity.SuspectEmail,
		"order:jane%40example.com":          identity.SuspectEmail,
		"order-jane@example.com-1":          identity.SuspectEmail,
		"+4915123456789":                    identity.SuspectPhone,
		"+49-151-23456789":                  identity.SuspectPhone,
		"+49 151 23456789":                  identity.SuspectPhone,
		"%2B4915123456789":                  identity.SuspectPhone,
		"tel:+4915123456789":                identity.SuspectPhone,
		"tel+4915123456789":                 identity.SuspectPhone,
		"order_+4915123456789_1":            identity.SuspectPhone,
		"+4915123456789-0001":               identity.SuspectPhone,
		"+1 (650) 555-1212":                 identity.SuspectPhone,
		"004915123456789":                   identity.SuspectPhone,
		"order-004915123456789":             identity.SuspectPhone,
		"0049-151-23456789":                 identity.SuspectPhone,
		"0049/151/23456789":                 identity.SuspectPhone,
		"0049-151-23456789-01":              identity.SuspectPhone,
		"0049 151 2345678":                  identity.SuspectPhone,
		"0044 20 7946 0958":                 identity.SuspectPhone,
		"(650) 555-1212":                    identity.SuspectPhone,
		"(030)12345678":                     identity.SuspectPhone,
		"[0151] 23456789":                   identity.SuspectPhone,
		"0151 23456789":                     identity.SuspectPhone,
		" 0151 23456789 ":                   identity.SuspectPhone,
		"0151\u00a023456789":                identity.SuspectPhone,
		"lead-0151 23456789":                identity.SuspectPhone,
		"order 06 12 34 56 78":              identity.SuspectPhone,
		"4111111111111111":                  identity.SuspectCard,
		"4111 1111 1111 1111":               identity.SuspectCard,
		"order-4111-1111-1111-1111":         identity.SuspectCard,
		"order:4111111111111111:1":          identity.SuspectCard,
		"5555555555554444":                  identity.SuspectCard,
		"378282246310005":                   identity.SuspectCard,
		"3782-822463-10005":                 identity.SuspectCard,
		"30569309025904":                    identity.SuspectCard,
		"4222-222-222-222":                  identity.SuspectCard,
		"6304000000000000000":               identity.SuspectCard,
		"order%3A4111%201111%201111%201111": identity.SuspectCard,
	} {
		require.Equal(t, want, identity.LookID(id), "%q", id)
	}
	require.Equal(t, identity.SuspectCard, identity.LookNumber(4111111111111111))
	require.Equal(t, identity.NotSuspect, identity.LookNumber(1700000000000))
}

// shops are how ten shop systems number their orders.
var shops = []struct {
	name string
	next func(r *rand.Rand, n int) string
}{
	{"Magento, nine digits", func(_ *rand.Rand, n int) string { return fmt.Sprintf("%09d", n+1) }},
	{"SAP, ten digits", func(r *rand.Rand, _ int) string { return fmt.Sprintf("%010d", r.IntN(1e8)) }},
	{"WooCommerce, running", func(_ *rand.Rand, n int) string { return fmt.Sprint(n + 1) }},
	{"Shopify, thirteen digits", func(r *rand.Rand, _ int) string { return fmt.Sprint(5_000_000_000_000 + r.Int64N(2_000_000_000_000)) }},
	{"Amazon, 3-7-7", func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%03d-%07d-%07d", 100+r.IntN(900), r.IntN(1e7), r.IntN(1e7))
	}},
	{"eBay, 2-5-5", func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%02d-%05d-%05d", 1+r.IntN(27), r.IntN(1e5), r.IntN(1e5))
	}},
	{"year, month, running", func(_ *rand.Rand, n int) string { return fmt.Sprintf("2026-%02d-%04d", 1+n%12, n/12) }},
	{"Odoo, year and month in a path", func(_ *rand.Rand, n int) string { return fmt.Sprintf("2026/%02d/%04d", 1+n%12, n/12) }},
	{"Salesforce, eight digits", func(_ *rand.Rand, n int) string { return fmt.Sprintf("%08d", n) }},
	{"time of the order, yyMMddHHmmssNNN", func(r *rand.Rand, _ int) string {
		at := time.Unix(1_700_000_000+r.Int64N(120_000_000), 0).UTC()
		return at.Format("060102150405") + fmt.Sprintf("%03d", r.IntN(1000))
	}},
}

// TestShareOfRefusedIDs measures what the rule costs: of 100,000 numbers of ten
// shop systems none is refused.
func TestShareOfRefusedIDs(t *testing.T) {
	t.Parallel()
	const each = 10_000
	refused := 0
	for _, shop := range shops {
		r := rand.New(rand.NewPCG(1, 2))
		here := 0
		for n := range each {
			if id := shop.next(r, n); identity.LookID(id) != identity.NotSuspect {
				if here == 0 {
					t.Logf("%s: %q is refused", shop.name, id)
				}
				here++
			}
		}
		t.Logf("%-36s %d of %d refused", shop.name, here, each)
		refused += here
	}
	t.Logf("share of refused ids: %d of %d", refused, each*len(shops))
	require.Zero(t, refused)
}

// TestShareOfRefusedArticles: of sixteen-digit article ids that begin like a card
// one in ten has its check digit; nothing tells them apart. All others pass.
func TestShareOfRefusedArticles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	refused := map[string]int{}
	const each = 10_000
	for range each {
		for form, id := range map[string]string{
			"ad ids of 17 digits":     fmt.Sprint(23_840_000_000_000_000 + r.Int64N(10_000_000_000_000)),
			"ad ids of 18 digits":     fmt.Sprint(120_200_000_000_000_000 + r.Int64N(30_000_000_000_000)),
			"article numbers, 4-4-3":  fmt.Sprintf("%04d-%03d-%04d", r.IntN(1e4), r.IntN(1e3), r.IntN(1e4)),
			"European article number": articleNumber(400_000_000_000 + r.Int64N(40_000_000_000)),
			"16 digits from 4":        fmt.Sprint(4_000_000_000_000_000 + r.Int64N(1_000_000_000_000_000)),
		} {
			if identity.LookID(id) != identity.NotSuspect {
				refused[form]++
			}
		}
	}
	t.Logf("refused of %d: %v", each, refused)
	cards := refused["16 digits from 4"]
	delete(refused, "16 digits from 4")
	for form, n := range refused {
		require.LessOrEqual(t, n, each/1000, "%s: 0049-301-2345 and the like are valid numbers", form)
	}
	require.InDelta(t, each/10, cards, each/50)
}

// articleNumber puts the check digit of GS1 behind twelve digits.
func articleNumber(n int64) string {
	text, sum := fmt.Sprint(n), 0
	for i := range len(text) {
		d := int(text[len(text)-1-i] - '0')
		if i%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return text + fmt.Sprint((10-sum%10)%10)
}

// Free text has the same dates and the same cards, and the zeros in front.
func TestNumbersInFreeText(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]identity.Suspect{
		"000000123": identity.NotSuspect, "2026-11-0042": identity.NotSuspect, "25-34 35-44 women": identity.NotSuspect,
		"23849459289298320": identity.NotSuspect, "0012345678": identity.NotSuspect, "4006381333931": identity.NotSuspect,
		"650-555-1212": identity.SuspectPhone, "45 0001 2345": identity.SuspectPhone, "004915123456789": identity.SuspectPhone,
		"06 12 34 56 78": identity.SuspectPhone, "44-35 34-25 12": identity.SuspectPhone,
	} {
		require.Equal(t, want, identity.Look(s), "%q", s)
	}
}

func TestLookIDAllocatesNothing(t *testing.T) {
	ids := []string{"order-1001", "000000123", "550e8400-e29b-41d4-a716-446655440000", "2026-11-0042", strings.Repeat("a1", 100)}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for _, id := range ids {
			identity.LookID(id)
		}
	}))
}

func FuzzLookID(f *testing.F) {
	for _, s := range []string{"+49 151 2345678", "0049-", "4111-1111-1111-1111", "(", "+", "00", "2026-11-0042", "\u00a0 1", "%2B49"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := identity.LookID(s), identity.LookIDByRule(s); (got == identity.NotSuspect) != (want == identity.NotSuspect) {
			t.Fatalf("%q: %v, by rule %v", s, got, want)
		}
		for _, personal := range []string{"jane@example.com", "+4915123456789", "4111111111111111"} {
			if len(s) < 200 && identity.LookID(s+"|"+personal) == identity.NotSuspect {
				t.Fatalf("%q passes in front of %q", s, personal)
			}
		}
	})
}
