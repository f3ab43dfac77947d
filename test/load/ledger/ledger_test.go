package ledger

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/test/load/traffic"
	"github.com/sluicehq/sluice/test/load/world"
)

// The ledger must not believe what it is there to doubt: each test tells it a
// story that holds, and then one in which a single thing is wrong.

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// story is a ledger that knows one purchase, decided and delivered.
type story struct {
	*Ledger
	item *traffic.Item
	pair pair
	id   target
}

func newStory(t *testing.T) *story {
	t.Helper()
	l := New(&world.World{Services: &world.Services{}})
	e := &event.Event{CustomerID: "shop", ID: traffic.ID(1)}
	e.Commerce.TransactionID = traffic.Order(1)
	s := &story{Ledger: l, item: &traffic.Item{N: 1, Kind: "plain", Event: e, Expect: map[string]traffic.Expect{
		traffic.MappingMeta: {Routed: []traffic.Outcome{traffic.Queued}, Once: traffic.ID(1)},
	}}}
	s.pair = pair{At{Offset: 7}, traffic.MappingMeta}
	s.id = target{"meta", traffic.Accounts()[traffic.MappingMeta].Destination, traffic.ID(1)}
	l.Wrote(s.item, s.pair.at, at(0))
	return s
}

// decide says what a role published about a pair.
func (s *story) decide(p pair, stage, status, reason string) {
	s.decided(&diagnostic{Stage: stage, Status: status, Reason: reason, Mapping: p.mapping, Source: source{Partition: int(p.at.Partition), Offset: p.at.Offset}})
}

// queue says that a delivery stands in a topic.
func (s *story) queue(p pair, id string) {
	s.handovers[handover{"shop-meta", "t", id, ""}]++
	f := s.fate(p)
	f.queued++
	f.delivered = append(f.delivered, coordinates{topicPartition{"sluice.delivery.meta.realtime", 0}, int64(f.queued)})
}

// whole is the story that holds.
func whole(t *testing.T) *story {
	t.Helper()
	s := newStory(t)
	s.decide(s.pair, "router", "queued", "eligible")
	s.queue(s.pair, traffic.ID(1))
	s.decide(s.pair, "sender", "delivered", "delivered")
	return s
}

// request is one that a sender made and a stand-in answered.
func (s *story) request(slot string, from, to float64, status int) world.Request {
	return world.Request{
		At: at(from), Answered: at(to), Slot: slot, Provider: "meta", Events: true, Destination: s.id.destination,
		IDs: []string{traffic.ID(1)}, Times: []time.Time{at(0)}, Status: status,
	}
}

func (s *story) seen(accepted, refused int, requests ...world.Request) map[target]*sightings {
	return map[target]*sightings{s.id: {accepted: accepted, refused: refused, requests: requests}}
}

func requireHolds(t *testing.T, c Check) {
	t.Helper()
	require.Empty(t, c.Bad, c.ID)
	require.Positive(t, c.Looked, c.ID)
}

func requireBroken(t *testing.T, c Check, says string) {
	t.Helper()
	require.Positive(t, c.Failures, c.ID)
	require.Contains(t, c.Bad[0], says)
}

func TestI1EveryRecordHasOneRightDecision(t *testing.T) {
	t.Parallel()
	requireHolds(t, whole(t).decidedOnce(&Report{Outcomes: map[string]int{}}))

	r := &Report{Outcomes: map[string]int{}}
	requireBroken(t, newStory(t).decidedOnce(r), "has no decision")
	require.Positive(t, r.Lost)

	twice := whole(t)
	twice.decide(twice.pair, "router", "queued", "eligible")
	requireBroken(t, twice.decidedOnce(&Report{Outcomes: map[string]int{}}), "was decided 2 times")

	wrong := newStory(t)
	wrong.decide(wrong.pair, "router", "skipped", "consent.denied")
	requireBroken(t, wrong.decidedOnce(&Report{Outcomes: map[string]int{}}), "expected one of")

	invented := whole(t)
	invented.decide(pair{At{Offset: 99}, traffic.MappingMeta}, "router", "queued", "eligible")
	requireBroken(t, invented.decidedOnce(&Report{Outcomes: map[string]int{}}), "never written")

	unwanted := whole(t)
	unwanted.decide(pair{unwanted.pair.at, traffic.MappingNeighbor}, "router", "queued", "eligible")
	requireBroken(t, unwanted.decidedOnce(&Report{Outcomes: map[string]int{}}), "does not want it")
}

func TestI1OneOfTwoCopiesIsQueued(t *testing.T) {
	t.Parallel()
	copies := func(t *testing.T, first, second traffic.Outcome) *story {
		t.Helper()
		s := newStory(t)
		s.item.Expect[traffic.MappingMeta] = traffic.Expect{Routed: []traffic.Outcome{traffic.Queued, traffic.Duplicate}, Once: traffic.ID(1)}
		other := pair{At{Offset: 8}, traffic.MappingMeta}
		s.Wrote(s.item, other.at, at(1))
		for p, o := range map[pair]traffic.Outcome{s.pair: first, other: second} {
			s.fate(p).routed = []traffic.Outcome{o}
		}
		return s
	}
	requireHolds(t, copies(t, traffic.Queued, traffic.Duplicate).decidedOnce(&Report{Outcomes: map[string]int{}}))
	requireBroken(t, copies(t, traffic.Queued, traffic.Queued).decidedOnce(&Report{Outcomes: map[string]int{}}), "2 records")
	requireBroken(t, copies(t, traffic.Duplicate, traffic.Duplicate).decidedOnce(&Report{Outcomes: map[string]int{}}), "none of the 2 records")
}

func TestWhatWasDeletedIsExcusedOnlyWhereItWas(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.Removed(Part{}, 8)
	s.Deleted([16]byte{}, 0, 5, 8)
	requireHolds(t, s.decidedOnce(&Report{Outcomes: map[string]int{}}))

	liar := newStory(t)
	liar.Removed(Part{}, 3)
	liar.Deleted([16]byte{}, 0, 0, 8)
	requireBroken(t, liar.decidedOnce(&Report{Outcomes: map[string]int{}}), "has no decision")
	requireBroken(t, liar.nothingVanished(&Report{Outcomes: map[string]int{}}, nil), "reported as deleted")
}

func TestI2NothingVanishes(t *testing.T) {
	t.Parallel()
	judge := func(s *story, seen map[target]*sightings) Check {
		return s.nothingVanished(&Report{Outcomes: map[string]int{}}, seen)
	}
	s := whole(t)
	requireHolds(t, judge(s, s.seen(1, 0)))
	requireBroken(t, judge(s, nil), "the provider does not have it")

	open := newStory(t)
	open.decide(open.pair, "router", "queued", "eligible")
	requireBroken(t, judge(open, open.seen(1, 0)), "has no end")

	given := newStory(t)
	given.decide(given.pair, "router", "queued", "eligible")
	given.decide(given.pair, "sender", "dead_lettered", "provider.invalid")
	requireHolds(t, judge(given, given.seen(0, 1)))
	requireBroken(t, judge(given, given.seen(0, 0)), "has never refused it")

	revoked := newStory(t)
	revoked.decide(revoked.pair, "router", "queued", "eligible")
	revoked.decide(revoked.pair, "sender", "revoked", "consent.revoked")
	requireBroken(t, judge(revoked, nil), "ended as revoked")

	unread := whole(t)
	unread.troubles = append(unread.troubles, "the ledger has read it only to 3 of 4")
	requireBroken(t, judge(unread, unread.seen(1, 0)), "unreadable")
}

func TestI2WhatAReplaySendsHasAnEnd(t *testing.T) {
	t.Parallel()
	judge := func(s *story) Check { return s.nothingVanished(&Report{Outcomes: map[string]int{}}, s.seen(1, 0)) }
	id := "again"
	s := whole(t)
	s.replayed(replayed{s.pair, id}, repeats{queued: 1})
	require.Equal(t, 1, s.Open())
	requireBroken(t, judge(s), "sent again by replay again and has no end")

	end := &diagnostic{Stage: "sender", Status: "retrying", Mapping: s.pair.mapping, Source: source{Offset: s.pair.at.Offset}, ReplayID: &id}
	s.decided(end)
	require.Equal(t, 1, s.Open())
	end.Status = "delivered"
	s.decided(end)
	require.Zero(t, s.Open())
	requireHolds(t, judge(s))

	invented := whole(t)
	invented.decided(end)
	requireBroken(t, judge(invented), "has not sent it")
}

func TestI3EveryIDStandsOnce(t *testing.T) {
	t.Parallel()
	requireHolds(t, whole(t).handedOverOnce(&Report{}))

	r := &Report{}
	twice := whole(t)
	twice.queue(twice.pair, traffic.ID(1))
	requireBroken(t, twice.handedOverOnce(r), "2 times")
	require.Positive(t, r.DuplicateHandovers)

	missing := newStory(t)
	missing.decide(missing.pair, "router", "queued", "eligible")
	missing.handovers[handover{"shop-meta", "t", "another", ""}]++
	requireBroken(t, missing.handedOverOnce(&Report{}), "stands 0 times")
}

func TestI4CopiesNeedAnExcuse(t *testing.T) {
	t.Parallel()
	s := whole(t)
	once := s.request("sender-a", 1, 1.1, http.StatusOK)
	requireHolds(t, s.copies(&Report{}, s.seen(1, 0, once)))

	again := s.request("sender-b", 20, 20.1, http.StatusOK)
	r := &Report{}
	requireBroken(t, s.copies(r, s.seen(2, 0, once, again)), "sent by sender-a")
	require.Equal(t, 1, r.ProviderDuplicates)
	require.Equal(t, 1, r.Unexcused)

	lost := once
	lost.Doubtful = true
	requireHolds(t, s.copies(&Report{}, s.seen(2, 0, lost, again)))

	denied := once // an error under a good status: nothing was taken
	denied.Denied = true
	requireHolds(t, s.copies(&Report{}, s.seen(2, 0, denied, lost, again)))

	s.outages = []Outage{{Slot: "sender-a", From: at(1.2), To: at(12)}}
	requireHolds(t, s.copies(&Report{}, s.seen(2, 0, once, again)))
	s.outages = []Outage{{Slot: "sender-b", From: at(1.2), To: at(12)}}
	requireBroken(t, s.copies(&Report{}, s.seen(2, 0, once, again)), "sent by sender-a")
	s.outages = []Outage{{Slot: "sender-a", From: at(15), To: at(18)}}
	requireBroken(t, s.copies(&Report{}, s.seen(2, 0, once, again)), "sent by sender-a")
}

func TestI7WhoRevokedOrRefusedIsNotSent(t *testing.T) {
	t.Parallel()
	s := whole(t)
	s.item.Revokes, s.item.Consent = true, &consent.Record{}
	s.Revoked(traffic.ID(1), at(10))
	requireHolds(t, s.revoked([]world.Request{s.request("sender-a", 14.9, 15, http.StatusOK)}))
	requireBroken(t, s.revoked([]world.Request{s.request("sender-a", 15.1, 15.2, http.StatusOK)}), "revocation was readable")

	never := whole(t)
	never.item.Never = true
	requireBroken(t, never.revoked([]world.Request{never.request("sender-a", 1, 1.1, http.StatusOK)}), "nobody allowed it")
}

func TestI8NothingTooOldIsSent(t *testing.T) {
	t.Parallel()
	s := whole(t)
	r := s.request("sender-a", 1, 1.1, http.StatusOK)
	requireHolds(t, s.tooOld([]world.Request{r}))
	r.Times = []time.Time{r.At.Add(-metaLimit - time.Second)}
	requireBroken(t, s.tooOld([]world.Request{r}), "after it happened")
}

func TestI9ALeakIsFound(t *testing.T) {
	t.Parallel()
	s := whole(t)
	r := s.request("sender-a", 1, 1.1, http.StatusOK)
	requireHolds(t, s.canaries([]world.Request{r}))
	r.Leak = "canary"
	requireBroken(t, s.canaries([]world.Request{r}), "in a request to meta")
	s.Leaked("canary in router-a.log")
	requireBroken(t, s.canaries(nil), "router-a.log")
}

func TestI10UsageIsBounded(t *testing.T) {
	t.Parallel()
	s := whole(t)
	s.Used("router-a-1", Usage{RSS: 80 << 20, Sockets: 60, Goroutines: 150})
	requireHolds(t, s.bounded())
	for _, u := range []Usage{{RSS: mostMemory + 1}, {Sockets: mostSockets + 1}, {Goroutines: mostGoroutines + 1}} {
		s := whole(t)
		s.Used("router-a-1", u)
		requireBroken(t, s.bounded(), "router-a-1 used")
	}
}

func TestI11ANeighbourWaitsForNobody(t *testing.T) {
	t.Parallel()
	beside := func(t *testing.T, took float64, others ...Interval) Check {
		t.Helper()
		s := newStory(t)
		s.item.Expect = map[string]traffic.Expect{traffic.MappingNeighbor: {}}
		account := traffic.Accounts()[traffic.MappingNeighbor]
		s.Mark(Interval{Name: "one-destination-down", From: at(-1), To: at(7), Healed: at(8), Neighbour: true})
		for _, other := range others {
			s.Mark(other)
		}
		return s.neighbours(map[target]*sightings{
			{account.Provider, account.Destination, traffic.ID(1)}: {accepted: 1, requests: []world.Request{s.request("sender-a", took, took, http.StatusOK)}},
		})
	}
	requireHolds(t, beside(t, 0.3))
	requireBroken(t, beside(t, 6), "beside a failing destination")
	// What was broken before it, and is not healed, is to blame for the delay.
	held := beside(t, 6, Interval{Name: "topic-recreated", From: at(-20), To: at(-2), Healed: at(1)})
	require.Zero(t, held.Failures)
	require.Zero(t, held.Looked)
}

func TestI12TablesAgree(t *testing.T) {
	t.Parallel()
	s := whole(t)
	s.Tables("ok router-a consent")
	requireHolds(t, s.tablesAgree())
	s.Tables("router-a: table consent has 3 entries, the topic says 4")
	requireBroken(t, s.tablesAgree(), "the topic says 4")
}

func TestI13NoRequestBeforeTheTimeThatWasNamed(t *testing.T) {
	t.Parallel()
	s := whole(t)
	told := s.request("sender-a", 1, 1.1, http.StatusTooManyRequests)
	told.RetryAfter = 3 * time.Second
	requireHolds(t, s.waited([]world.Request{told, s.request("sender-a", 4.2, 4.3, http.StatusOK)}))
	requireHolds(t, s.waited([]world.Request{told, s.request("sender-b", 2, 2.1, http.StatusOK)}))
	requireBroken(t, s.waited([]world.Request{told, s.request("sender-a", 3, 3.1, http.StatusOK)}), "was asked to wait")
	s.outages = []Outage{{Slot: "sender-a", From: at(1.5), To: at(1.6)}}
	requireHolds(t, s.waited([]world.Request{told, s.request("sender-a", 3, 3.1, http.StatusOK)}))
}

func TestI14ABadEventIsFoundWithinTheBound(t *testing.T) {
	t.Parallel()
	s := whole(t)
	refused := func(n int) (all []world.Request) {
		for i := range n {
			r := s.request("sender-a", float64(i), float64(i)+0.1, http.StatusBadRequest)
			r.IDs = []string{"1", "2", "3", "4", "5", "6", "7", "8"}
			all = append(all, r)
		}
		return all
	}
	requireHolds(t, s.isolated(s.seen(0, 1, refused(8)...)))
	requireBroken(t, s.isolated(s.seen(0, 1, refused(9)...)), "bound 8")
}
