package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// customer is whose events all of these are.
const customer = "bench"

// The names that the mapping wants, and one that nobody wants.
const (
	mappedName   = "transaction.purchase"
	unmappedName = "page.viewed"
)

// maker makes events: web purchases of some 600 bytes with seven identifiers,
// each with an id of its own, and page views of the same length.
type maker struct {
	rng      *rand.Rand
	n        int
	subjects int
	// destinations share the subjects in turn; 1 unless said otherwise.
	destinations int
}

func newMaker(seed uint64) *maker {
	return &maker{rng: rand.New(rand.NewPCG(seed, 0xbe7c)), subjects: 10_000, destinations: 1}
}

func subjectID(n int) string { return "visitor-" + strconv.Itoa(n) }

// next is one event, mapped or not.
func (m *maker) next(mapped bool, now time.Time) *event.Event {
	m.n++
	who := m.rng.IntN(m.subjects)
	at := now.UnixMilli() - int64(m.rng.IntN(60_000))
	e := &event.Event{
		CustomerID: customerOf(who % m.destinations), Name: unmappedName, Time: at,
		ID: fmt.Sprintf("e%015x-%08d", m.rng.Uint64()>>4, m.n), SubjectID: identity.NewRaw(subjectID(who)),
		ReceivedTime: at + 350, Source: event.SourceWeb,
		Page: event.Page{URL: "https://shop.example/checkout/thank-you?order=" + strconv.Itoa(m.n), Referrer: "https://shop.example/cart", Title: "Thank you"},
		Device: event.Device{
			IP:        identity.NewRaw(fmt.Sprintf("81.2.%d.%d", m.rng.IntN(250), 1+m.rng.IntN(250))),
			UserAgent: identity.NewRaw("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0 Safari/537.36"),
		},
		Location: event.Location{Country: "DE"},
		Identity: event.Identity{
			Emails:    []identity.Raw{identity.NewRaw(fmt.Sprintf("Visitor.%d@Example.com", who))},
			Phones:    []identity.Raw{identity.NewRaw(fmt.Sprintf("+49 151 %07d", who))},
			FirstName: identity.NewRaw("Zoë"), LastName: identity.NewRaw("Dubois"), City: identity.NewRaw("Springfield"),
			PostalCode: identity.NewRaw(fmt.Sprintf("%05d", 10000+who%80000)), Country: identity.NewRaw("DE"),
		},
		Commerce: event.Commerce{
			TransactionID: "T" + strconv.Itoa(m.n), Currency: "EUR", Value: event.Some(float64(100+m.rng.IntN(20000)) / 100),
			Items: []event.Item{{ID: "sku-" + strconv.Itoa(m.rng.IntN(500)), Name: "Northern lights lamp", Quantity: event.Some(int64(1)), Price: event.Some(19.9)}},
		},
	}
	granted := consent.Text("granted")
	e.Consent = consent.Input{AdStorage: granted, AdUserData: granted, AdPersonalization: granted, CapturedAt: at - 60_000}
	if mapped {
		e.Name = mappedName
	}
	return e
}

// writer encodes events.
type writer interface {
	AppendEvent(dst []byte, e *event.Event) []byte
}

// slice makes n records of which every share-th is mapped; 1: all of them.
func (m *maker) slice(w writer, n, share int) []*kgo.Record {
	now := time.Now()
	all := make([]kgo.Record, n)
	records := make([]*kgo.Record, n)
	for i := range all {
		e := m.next(i%share == 0, now)
		all[i] = kgo.Record{Key: event.Key(nil, e.CustomerID, e.SubjectID.Reveal(), e.ID), Value: w.AppendEvent(nil, e)}
		records[i] = &all[i]
	}
	return records
}

// customerOf names the n-th customer. Each has one destination.
func customerOf(n int) string {
	if n == 0 {
		return customer
	}
	return customer + "-" + strconv.Itoa(n)
}

// resourcesYAML has the destinations and mappings of a benchmark: one customer
// with one dataset, or many.
func resourcesYAML(destinations int, lane string) string {
	const one = `apiVersion: sluice/v1
kind: Destination
metadata: {name: %[1]s-meta, customer: %[1]s, owner: bench@example.com}
spec:
  provider: meta
  active: true
  account: {dataset_id: "%[2]d"}
  secret: file:%[1]s-bench.json
  terms: {accepted_by: bench@example.com, accepted_at: 2026-01-01}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: %[1]s-purchase}
spec: {destination: %[1]s-meta, event: transaction.purchase, provider_event: Purchase, lane: %[3]s}
---
`
	if lane == decision.LaneBatch.String() {
		lane += ", max_wait: 5s"
	}
	var text []byte
	for i := range destinations {
		text = fmt.Appendf(text, one, customerOf(i), int64(1234567890000000)+int64(i), lane)
	}
	return string(text)
}
