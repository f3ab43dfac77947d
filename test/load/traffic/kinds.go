package traffic

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// kind is one sort of record with how often it occurs.
type kind struct {
	name   string
	weight int
	make   func(s *Source, i *Item, now time.Time)
}

// kinds, each with the sentence of docs/gates.md that says what becomes of it.
var kinds = []kind{
	{"plain", 36, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(once(i.N))
	}},
	{"neighbour", 12, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "near", now), map[string]Expect{MappingNeighbor: once(i.N)}
	}},
	// One event to every other provider.
	{"everywhere", 10, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "wide", now), wideExpect(i.N)
	}},
	{"browse", 14, func(_ *Source, i *Item, now time.Time) {
		i.Event = purchase(i.N, "shop", now)
		i.Event.Name, i.Event.Commerce = "page.viewed", event.Commerce{}
		i.Expect = map[string]Expect{"": {Routed: []Outcome{NoMapping}}}
	}},
	// The browser and the server report the same event, or a producer retries.
	{"copy", 6, func(s *Source, i *Item, now time.Time) {
		i.Event = purchase(i.N, "shop", now)
		i.Expect = all(Expect{Routed: []Outcome{Queued, Duplicate, HadIt}, Once: ID(i.N)})
		// At Google the order takes the event id's place.
		i.Expect[MappingGoogle] = Expect{Routed: []Outcome{Queued, SameOrder, HadIt}, Once: ID(i.N)}
		second := *i
		s.next = append(s.next, &second)
	}},
	// Another event of the same order: Google counts orders, and the endpoint
	// is set to do so too.
	{"order", 4, func(s *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(once(i.N))
		i.Expect[MappingGoogle] = Expect{Routed: []Outcome{Queued, SameOrder, HadIt}, Once: Order(i.N)}
		i.Expect[MappingHook] = i.Expect[MappingGoogle]
		s.n++
		second := &Item{N: s.n, Kind: i.Kind, Expect: all(once(s.n))}
		second.Event = purchase(i.N, "shop", now) // the same subject
		second.Event.ID = ID(second.N)
		second.Expect[MappingGoogle], second.Expect[MappingHook] = i.Expect[MappingGoogle], i.Expect[MappingHook]
		s.next = append(s.next, second)
	}},
	// Nobody has said anything: blocked under opt-in; Meta's destination waits
	// for the hold time first.
	{"silent", 5, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(Expect{Routed: []Outcome{Unknown}})
		i.Event.Consent, i.Never = consent.Input{}, true
	}},
	// The banner's answer comes while the event is held. A sender whose table is
	// a little older than the router's does not have it yet, and waits for it.
	{"late", 4, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(Expect{Routed: []Outcome{Unknown, Queued}, Once: ID(i.N)})
		i.Event.Consent = consent.Input{}
		i.Consent, i.After = granted(now), 300*time.Millisecond
	}},
	{"denied", 5, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(Expect{Routed: []Outcome{Denied}})
		i.Event.Consent.AdUserData, i.Never = consent.Text("denied"), true
	}},
	{"gpc", 2, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(Expect{Routed: []Outcome{GPC}})
		i.Event.Consent.GPC, i.Never = consent.True, true
	}},
	// Consent is taken back while the delivery waits somewhere, or before it
	// was decided, or after it was delivered.
	{"revoked", 6, func(s *Source, i *Item, now time.Time) {
		i.Event = purchase(i.N, "shop", now)
		i.Expect = all(Expect{
			Routed: []Outcome{Queued, Denied, Erased}, Once: ID(i.N),
			MayEnd: []Outcome{"revoked consent.revoked", "revoked consent.denied", "revoked consent.erased"},
		})
		i.Consent, i.After, i.Revokes = denied(now), time.Duration(s.rng.IntN(4000))*time.Millisecond, true
		if s.rng.IntN(3) == 0 {
			i.Consent = &consent.Record{Erased: true, UpdatedAt: now.UnixMilli()}
		}
	}},
	{"test", 2, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(Expect{Routed: []Outcome{NotLive}})
		i.Event.Traffic, i.Never = "test", true
	}},
	// A test event is corrected and sent again under the same id: what was
	// refused must not own the id.
	{"corrected", 4, func(s *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "shop", now), all(Expect{Routed: []Outcome{NotLive}})
		second := &Item{N: i.N, Kind: i.Kind, Event: purchase(i.N, "shop", now), Expect: all(once(i.N))}
		i.Event.Traffic = "test"
		s.next = append(s.next, second)
	}},
	{"old", 2, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "near", now), map[string]Expect{MappingNeighbor: {Routed: []Outcome{TooOld}}}
		i.Event.Time, i.Never = now.Add(-8*24*time.Hour).UnixMilli(), true
	}},
	{"nobody", 2, func(_ *Source, i *Item, now time.Time) {
		i.Event, i.Expect = purchase(i.N, "near", now), map[string]Expect{MappingNeighbor: {Routed: []Outcome{NoIdentity}}}
		i.Event.Identity, i.Event.Device, i.Never = event.Identity{}, event.Device{}, true
	}},
	{"broken", 2, func(_ *Source, i *Item, _ time.Time) {
		i.Raw = []byte("not an event of " + canaryEmail(i.N))
		i.Expect, i.Never = map[string]Expect{"": {Routed: []Outcome{Undecodable}}}, true
	}},
	{"nameless", 1, func(_ *Source, i *Item, now time.Time) {
		i.Event = purchase(i.N, "shop", now)
		i.Event.CustomerID, i.Event.SubjectID = "", identity.Raw{}
		i.Expect, i.Never = map[string]Expect{"": {Routed: []Outcome{InvalidEvent}}}, true
	}},
}

func granted(now time.Time) *consent.Record {
	yes := consent.Text("granted")
	return &consent.Record{Input: consent.Input{AdStorage: yes, AdUserData: yes, AdPersonalization: yes, AnalyticsStorage: yes}, UpdatedAt: now.UnixMilli()}
}

func denied(now time.Time) *consent.Record {
	no := consent.Text("denied")
	return &consent.Record{Input: consent.Input{AdStorage: no, AdUserData: no, AdPersonalization: no, AnalyticsStorage: no}, UpdatedAt: now.UnixMilli()}
}
