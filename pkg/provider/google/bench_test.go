package google_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
)

// TestAllocations keeps the hot path as it is: one allocation for the list of
// present kinds, and at most two more for what was dropped.
func TestAllocations(t *testing.T) {
	k := hot(t)
	dst := make([]byte, 0, 8192)
	n := testing.AllocsPerRun(200, func() { sink = provider.Build(dst, &k.in) })
	require.LessOrEqual(t, n, 3.0)
}

var sink provider.Built

// hot is an event with seven identifiers and two items; phone numbers in
// international form, as most shops have them.
func hot(t testing.TB) *kit {
	t.Helper()
	k := newKit()
	optOut(k)
	k.in.Event.Identity.Phones = []identity.Raw{identity.NewRaw("+1 (800) 555-0100"), identity.NewRaw("+1 800 555 0101")}
	k.build(t)
	return k
}

func BenchmarkBuild(b *testing.B) {
	k := hot(b)
	dst := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		sink = provider.Build(dst, &k.in)
	}
	b.SetBytes(int64(len(sink.Fragment)))
}

func BenchmarkBuildNationalPhone(b *testing.B) {
	k := newKit()
	k.build(b)
	dst := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		sink = provider.Build(dst, &k.in)
	}
}

// shop is what `loadgen bench` routes, sent to Google: seven identifiers, a
// name outside ASCII among them, a phone number in international form, one item.
func shop(t testing.TB) *kit {
	t.Helper()
	k := newKit()
	raw := identity.NewRaw
	e := k.in.Event
	*e = event.Event{
		CustomerID: "bench", Name: "transaction.purchase", Time: now - 5000, ID: "8f2c41d09be3a675-00000042", SubjectID: raw("visitor-42"),
		ReceivedTime: now - 4650, Source: event.SourceWeb,
		Page: event.Page{URL: "https://shop.example/checkout/thank-you?order=42", Referrer: "https://shop.example/cart", Title: "Thank you"},
		Device: event.Device{
			IP:        raw("81.2.69.142"),
			UserAgent: raw("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36"),
		},
		Location: event.Location{Country: "DE"},
		Identity: event.Identity{
			Emails: []identity.Raw{raw("Visitor.42@Example.com")}, Phones: []identity.Raw{raw("+49 151 0000042")},
			FirstName: raw("Zoë"), LastName: raw("Dubois"), City: raw("Springfield"), PostalCode: raw("10042"), Country: raw("DE"),
		},
		Commerce: event.Commerce{
			TransactionID: "T42", Currency: "EUR", Value: event.Some(142.52),
			Items: []event.Item{{ID: "sku-7", Name: "Northern lights lamp", Quantity: event.Some(int64(1)), Price: event.Some(19.9)}},
		},
	}
	k.build(t)
	return k
}

func BenchmarkBuildShop(b *testing.B) {
	k := shop(b)
	dst := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		sink = provider.Build(dst, &k.in)
	}
	b.SetBytes(int64(len(sink.Fragment)))
}
