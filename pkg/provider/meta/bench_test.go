package meta_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// maxAllocations: the list of identifier kinds that a decision shows. What is
// noted, such as a click whose time nobody says, is a list of its own.
const maxAllocations = 1

func TestBuildAllocatesOnlyTheStatus(t *testing.T) {
	route := newRoute(t, "Purchase")
	for name, change := range map[string]func(*event.Event){
		"a click cookie":       func(*event.Event) {},
		"a click id in a URL":  func(ev *event.Event) { ev.Click.Fbc = raw(""); ev.Page.URL += "&fbclid=AbC" },
		"names outside ASCII":  func(ev *event.Event) { ev.Identity.City = raw("São Paulo") },
		"hashed and raw mixed": func(ev *event.Event) { ev.Identity.Emails = append(ev.Identity.Emails, raw("a@b.co"), raw("c@d.co")) },
	} {
		ev := webEvent()
		change(ev)
		in := input(route, ev)
		in.Scratch.Buf = make([]byte, 0, 1024)
		dst := make([]byte, 0, 4096)
		require.LessOrEqual(t, testing.AllocsPerRun(200, func() { provider.Build(dst, in) }), float64(maxAllocations+2), name)
	}
	in := input(route, webEvent())
	in.Scratch.Buf = make([]byte, 0, 1024)
	dst := make([]byte, 0, 4096)
	require.LessOrEqual(t, testing.AllocsPerRun(200, func() { provider.Build(dst, in) }), float64(maxAllocations))
}

func BenchmarkBuild(b *testing.B) {
	in := input(newRoute(b, "Purchase"), webEvent())
	in.Scratch = &provider.Scratch{Buf: make([]byte, 0, 1024)}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		built := provider.Build(dst, in)
		b.SetBytes(int64(len(built.Fragment)))
	}
}

// shopEvent is what `loadgen bench` routes: seven identifiers, a name outside
// ASCII among them, a phone number in international form, one item.
func shopEvent() *event.Event {
	return &event.Event{
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
}

func BenchmarkBuildShop(b *testing.B) {
	german := func(d *resource.Destination, _ *resource.Mapping) {
		d.Defaults.PhoneCountry, d.Defaults.Currency = "DE", "EUR"
	}
	in := input(newRoute(b, "Purchase", german), shopEvent())
	in.Scratch = &provider.Scratch{Buf: make([]byte, 0, 1024)}
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		built := provider.Build(dst, in)
		b.SetBytes(int64(len(built.Fragment)))
	}
}
