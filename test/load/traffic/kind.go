// Package traffic makes numbered events of which it is known beforehand what
// every gate must say about them. What is known here rests on docs/gates.md,
// not on the code that decides.
package traffic

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Outcome is a status and a reason, such as "skipped consent.denied".
type Outcome = string

// The outcomes that occur.
const (
	Queued       Outcome = "queued eligible"
	Duplicate    Outcome = "duplicate duplicate.event_id"
	SameOrder    Outcome = "duplicate duplicate.transaction"
	HadIt        Outcome = "duplicate duplicate.delivered"
	Unknown      Outcome = "skipped consent.unknown"
	Denied       Outcome = "skipped consent.denied"
	Erased       Outcome = "skipped consent.erased"
	GPC          Outcome = "skipped choice.gpc"
	NotLive      Outcome = "skipped event.not_live"
	NoMapping    Outcome = "skipped mapping.none"
	NoIdentity   Outcome = "skipped identifiers.none"
	Little       Outcome = "skipped identifiers.insufficient"
	TooOld       Outcome = "rejected provider.too_old"
	Undecodable  Outcome = "dead_lettered event.undecodable"
	InvalidEvent Outcome = "dead_lettered event.invalid"
)

// Expect is what must become of one event for one mapping.
type Expect struct {
	// Routed are the final outcomes that are right; where there are several,
	// it depends on what came first.
	Routed []Outcome
	// MayEnd are ends of a delivery that are right beside delivered, and dead
	// letters of what the provider refuses.
	MayEnd []Outcome
	// Once names what is counted once: of all records with the same word at
	// most one is queued for a mapping, and exactly one where Routed holds
	// nothing but Queued and duplicates.
	Once string
	// Missed: it was not delivered and should have been, so one replay has to
	// deliver it. Nothing else may be replayed.
	Missed bool
}

// Item is one record to write.
type Item struct {
	// N is its number, which its ids contain.
	N    int
	Kind string
	// Event is nil for what is no event; Raw holds the bytes then.
	Event *event.Event
	Raw   []byte
	// Expect by mapping; "" is the decision about an event that no mapping
	// wants, or that is none.
	Expect map[string]Expect
	// Never: the subject refused, so no provider may ever see the event.
	Never bool
	// Consent is a record to write After the event; nil for none.
	Consent *consent.Record
	After   time.Duration
	// Revokes tells that Consent takes back what the event relied on.
	Revokes bool
}

// ID of the n-th event, at every provider but Google.
func ID(n int) string { return fmt.Sprintf("load-%07d", n) }

// Order is the transaction id of the n-th event.
func Order(n int) string { return fmt.Sprintf("T-load-%07d", n) }

// Subject of the n-th event.
func Subject(n int) string { return fmt.Sprintf("zq7xsubject-%07d", n) }

// Source makes items without end. The same seed gives the same items.
type Source struct {
	rng *rand.Rand
	n   int
	// next are items that follow an earlier one.
	next []*Item
}

// New makes a source.
func New(seed uint64) *Source { return &Source{rng: rand.New(rand.NewPCG(seed, 0x6c6f6164))} }

// Next makes the next item, which happens now.
func (s *Source) Next(now time.Time) *Item {
	if len(s.next) > 0 {
		item := s.next[0]
		s.next = s.next[1:]
		return item
	}
	total := 0
	for _, k := range kinds {
		total += k.weight
	}
	pick := s.rng.IntN(total)
	for _, k := range kinds {
		if pick -= k.weight; pick < 0 {
			s.n++
			item := &Item{N: s.n, Kind: k.name}
			k.make(s, item, now)
			return item
		}
	}
	return nil // not reached: pick is below the total
}

// shop are the mappings of the shop.
var shop = []string{MappingMeta, MappingGoogle, MappingHook}

// all expects the same of every mapping of the shop.
func all(e Expect) map[string]Expect {
	m := map[string]Expect{}
	for _, mapping := range shop {
		m[mapping] = e
	}
	return m
}

func once(n int) Expect { return Expect{Routed: []Outcome{Queued}, Once: ID(n)} }

// purchase is a complete purchase with consent, full of personal data where it
// belongs.
func purchase(n int, customer string, now time.Time) *event.Event {
	at := now.UnixMilli()
	granted := consent.Text("granted")
	return &event.Event{
		CustomerID: customer, Name: "transaction.purchase", Time: at, ReceivedTime: at, ID: ID(n), SubjectID: identity.NewRaw(Subject(n)), Source: event.SourceWeb,
		Page:     event.Page{URL: fmt.Sprintf("https://shop.example/checkout?email=%s", canaryEmail(n)), Title: "Order of " + canaryName},
		Device:   event.Device{IP: identity.NewRaw("81.2.69.177"), UserAgent: identity.NewRaw("Mozilla/5.0 (X11; Linux x86_64)")},
		Location: event.Location{Country: "DE"},
		Identity: event.Identity{
			Emails: []identity.Raw{identity.NewRaw(canaryEmail(n))}, Phones: []identity.Raw{identity.NewRaw(canaryPhone)},
			FirstName: identity.NewRaw(canaryName), ExternalIDs: []identity.Raw{identity.NewRaw(fmt.Sprintf("zq7xcrm-%d", n))},
		},
		Consent: consent.Input{AdStorage: granted, AdUserData: granted, AdPersonalization: granted, AnalyticsStorage: granted, CapturedAt: at - 60_000},
		Commerce: event.Commerce{
			TransactionID: Order(n), Value: event.Some(12.5), Currency: "EUR",
			Items: []event.Item{{ID: "sku-1", Quantity: event.Some[int64](1), Price: event.Some(12.5)}},
		},
		Properties: []event.Property{{Key: "note", Value: event.Value{Kind: event.String, Str: "call " + canaryEmail(n)}}},
	}
}
