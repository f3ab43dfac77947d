package router_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/role/router"
)

// also is a destination that deduplicates by transaction too.
var also = destination("d", "dedup: {also_by: transaction_id}") + mapping("m", "d", "order", "Purchase")

const (
	queued        = "d/m queued eligible"
	byID          = "d/m duplicate duplicate.event_id"
	byTransaction = "d/m duplicate duplicate.transaction"
	delivered     = "d/m duplicate duplicate.delivered"
)

func TestTheFirstOfEqualEventsIsRouted(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d")+mapping("m", "d", "order", "Purchase"))
	s := r.session()
	out := r.route(s, r.record(purchase("a", transaction("t-1"))), r.record(purchase("a")), r.record(purchase("b", transaction("t-1"))))
	require.Equal(t, []string{queued, byID, queued}, out.said(), "without also_by a transaction is no key")
	require.Equal(t, "0@0", out.decisions[1].DuplicateOf)
	require.NotEqual(t, out.decisions[0].ID, out.decisions[1].ID)
	require.Equal(t, []string{byID}, r.route(s, r.record(purchase("b"))).said(), "in a later batch as well")
	require.Zero(t, out.deliveries[0].AlsoKey)
}

func TestAlsoByTransaction(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		batches [][]string // events
		want    [][]string
	}{
		"another event of the transaction, in one batch": {
			[][]string{{purchase("a", transaction("t-1")), purchase("b", transaction("t-1"))}},
			[][]string{{queued, byTransaction}},
		},
		"another event of the transaction, later": {
			[][]string{{purchase("a", transaction("t-1"))}, {purchase("b", transaction("t-1"))}},
			[][]string{{queued}, {byTransaction}},
		},
		"the same event without its transaction": {
			[][]string{{purchase("a", transaction("t-1"))}, {purchase("a")}},
			[][]string{{queued}, {byID}},
		},
		"the duplicate gives back what it took, for a later batch": {
			[][]string{{purchase("a", transaction("t-1"))}, {purchase("b", transaction("t-1"))}, {purchase("b", transaction("t-2"))}},
			[][]string{{queued}, {byTransaction}, {queued}},
		},
		"and for the same batch": {
			[][]string{{purchase("a", transaction("t-1")), purchase("b", transaction("t-1")), purchase("b", transaction("t-2")), purchase("b", transaction("t-3"))}},
			[][]string{{queued, byTransaction, queued, byID}},
		},
		"a chain is sorted out one after the other": {
			[][]string{{
				purchase("a", transaction("t-1")), purchase("b", transaction("t-1")), purchase("b", transaction("t-2")),
				purchase("c", transaction("t-2")), purchase("c"),
			}},
			[][]string{{queued, byTransaction, queued, byTransaction, queued}},
		},
		"an order number that is another event's id": {
			[][]string{{purchase("1001"), purchase("b", transaction("1001"))}},
			[][]string{{queued, queued}},
		},
		"an event that is named like its transaction": {
			[][]string{{purchase("1001", transaction("1001")), purchase("b", transaction("1001"))}},
			[][]string{{queued, byTransaction}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, also)
			s := r.session()
			for i, events := range c.batches {
				b := batch()
				for _, e := range events {
					b.Records = append(b.Records, r.record(e))
				}
				require.Equal(t, c.want[i], r.route(s, b.Records...).said())
			}
		})
	}
}

func TestBothClaimsTravelWithTheDelivery(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	out := r.route(r.session(), r.record(purchase("a", transaction("t-1"))))
	d := out.deliveries[0]
	require.Equal(t, dedup.NewKey(false, "acme", "d", "Purchase", "a"), dedup.Key(d.ClaimKey))
	require.Equal(t, dedup.TransactionKey(false, "acme", "d", "Purchase", "t-1"), dedup.Key(d.AlsoKey))
	require.Equal(t, d.ClaimKey, out.decisions[0].ClaimKey, "a rebuild restores the first")
	require.Equal(t, d.AlsoKey, out.decisions[0].AlsoKey, "and the second")
	require.Equal(t, 9*24*time.Hour, time.Duration(d.ClaimWindowMS)*time.Millisecond)
}

// What the provider has is never routed again, whichever claim says so, and its
// claims stay what they are.
func TestMarksStopCopies(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	s := r.session()
	rec := r.record(purchase("a", transaction("t-1")))
	d := r.route(s, rec).deliveries[0]
	window := time.Hour
	mark := []dedup.Request{{Key: dedup.Key(d.ClaimKey), Owner: dedup.Owner(d.ClaimOwner), TTL: window}}
	require.NoError(t, r.store.Mark(t.Context(), mark))
	require.Equal(t, []string{delivered}, r.route(s, r.record(purchase("a"))).said())
	require.Equal(t, []string{delivered}, r.route(s, rec).said(), "the record itself, read again")
	require.Equal(t, []string{byTransaction}, r.route(s, r.record(purchase("b", transaction("t-1")))).said(), "a reading that found its mark kept the other claim")
}

// A claim that another program overwrote withholds its event, and nothing else of
// the batch; once it is gone the event can pass.
func TestAGarbageClaimWithholdsItsEventOnly(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	s := r.session()
	key := dedup.TransactionKey(false, "acme", "d", "Purchase", "t-1")
	name := r.services.RedisPrefix() + string(key[:])
	require.NoError(t, r.redis.RPush(t.Context(), name, "x").Err())
	first := r.record(purchase("a", transaction("t-1")))
	out := r.route(s, first, r.record(purchase("b")))
	require.Equal(t, []string{"d/m skipped duplicate.unknown", queued}, out.said())
	require.Len(t, out.deliveries, 1)
	require.NoError(t, r.redis.Del(t.Context(), name).Err())
	require.Equal(t, []string{queued}, r.route(s, first).said(), "the claim by id was given back")
}

func TestShadowModeTakesNoRealClaims(t *testing.T) {
	t.Parallel()
	trial := destination("d", "mode: shadow", "dedup: {also_by: transaction_id}") + mapping("m", "d", "order", "Purchase")
	r := setup(t, trial)
	s := r.session()
	event := purchase("a", transaction("t-1"))
	out := r.route(s, r.record(event), r.record(event))
	require.Equal(t, []string{"d/m shadowed eligible", byID}, out.said())
	require.Empty(t, out.deliveries)
	r.apply(also)
	require.Equal(t, []string{queued}, r.route(s, r.record(event)).said())
}

// A batch that dies after claiming leaves claims. Read again, a record whose
// decision has become negative gives its own back, both of them, so that a
// corrected copy passes.
func TestStaleClaimsAreGivenBack(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	dying := r.session()
	rec := r.record(purchase("a", transaction("t-1")))
	_, err := dying.Route(t.Context(), batch(rec)) // claims, and never commits
	require.NoError(t, err)
	r.deny("s-a")

	s := r.session()
	require.Equal(t, []string{"d/m skipped consent.denied"}, r.route(s, rec).said())
	copied := purchase("a", `"subject_id":"s-other"`, transaction("t-1"))
	require.Equal(t, []string{queued}, r.route(s, r.record(copied)).said())
}

// deny writes a denial of a subject of acme into the table.
func (r *harness) deny(subject string) {
	at := r.clock().Add(time.Second).UnixMilli()
	r.world.change(func(w *world) {
		w.consents["acme:"+subject] = consent.NormaliseRecord(consent.Record{
			Input: consent.Input{AdUserData: consent.Text("denied")}, UpdatedAt: at,
		}, at)
	})
}

type ctx = context.Context

// counted counts what a session asks of Redis.
type counted struct {
	*dedup.Store
	claims, releases int
}

func (c *counted) Claim(ctx ctx, requests []dedup.Request) (dedup.Claims, error) {
	c.claims++
	return c.Store.Claim(ctx, requests)
}

func (c *counted) Release(ctx ctx, requests []dedup.Request) error {
	c.releases += len(requests)
	return c.Store.Release(ctx, requests)
}

// Negative decisions ask Redis only where a claim can have been left: for the
// first records after an assignment, as many as a batch has, and for records
// that are seen again.
func TestOnlyRecordsThatMayBeReadAgainAskForTheirClaims(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d")+mapping("m", "d", "order", "Purchase"))
	store := &counted{Store: r.store}
	s := r.session(func(c *router.Config, d *router.Deps) { c.MaxRecords, d.Claims = 3, store })
	refused := func(id string) string { return purchase(id, `"traffic":"bot"`) }

	records := batch(r.record(refused("a")), r.record(refused("b")), r.record(refused("c")), r.record(refused("d")), r.record(refused("e")))
	r.route(s, records.Records...)
	require.Equal(t, 3, store.releases, "as many as a predecessor's batch can have claimed")
	r.route(s, r.record(refused("f")))
	require.Equal(t, 3, store.releases, "new records ask for nothing")
	r.route(s, records.Records[3:]...)
	require.Equal(t, 5, store.releases, "records that are seen again do")

	b := batch(r.record(refused("g")))
	b.Assigned = 2
	out, err := s.Route(t.Context(), b)
	require.NoError(t, err)
	r.commit(s, out)
	require.Equal(t, 6, store.releases, "after an assignment everything may have been somebody else's")
	require.Zero(t, store.claims)
}

func TestWithoutRedisABatchWaits(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d")+mapping("m", "d", "order", "Purchase"))
	s := r.session()
	rec := r.record(purchase("a"))
	r.services.CutRedis(true)
	_, err := s.Route(t.Context(), batch(rec))
	require.ErrorIs(t, err, transact.ErrWait)
	require.ErrorIs(t, err, dedup.ErrUnavailable)
	r.services.CutRedis(false)
	require.Equal(t, []string{queued}, r.route(s, rec).said())
}

func TestEventsThatClaimNothingDoNotNeedRedis(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d")+mapping("m", "d", "order", "Purchase"))
	s := r.session(func(c *router.Config, _ *router.Deps) { c.MaxRecords = 1 })
	r.route(s, r.record(purchase("a")))
	r.services.CutRedis(true)
	require.Equal(t, []string{"d/m skipped event.not_live"}, r.route(s, r.record(purchase("b", `"traffic":"test"`))).said())
}

func TestAnEmptiedRedisVoidsTheBatch(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	s := r.session()
	rec := r.record(purchase("a", transaction("t-1")))
	_, err := s.Route(t.Context(), batch(rec))
	require.NoError(t, err)
	r.services.EmptyRedis()
	require.ErrorIs(t, s.BeforeCommit(t.Context()), dedup.ErrUnavailable)

	_, err = r.claims("another process").Rebuild(t.Context(), false, func(func(dedup.Entry, error) bool) {})
	require.NoError(t, err)
	_, err = s.Route(t.Context(), batch(rec))
	require.ErrorIs(t, err, transact.ErrWait, "the number of the rebuilt Redis has to be learned")
	require.Equal(t, []string{queued}, r.route(s, rec).said())
}

func TestBypassRoutesWithoutClaims(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	s := r.session(func(c *router.Config, _ *router.Deps) { c.Bypass = true })
	event := purchase("a", transaction("t-1"))
	require.Equal(t, []string{queued}, r.route(s, r.record(event)).said())
	r.services.CutRedis(true)
	require.Equal(t, []string{queued}, r.route(s, r.record(event)).said(), "at the price of a duplicate")
	r.services.CutRedis(false)
	require.Equal(t, []string{byID}, r.route(s, r.record(event)).said())

	_, err := s.Route(t.Context(), batch(r.record(purchase("b"))))
	require.NoError(t, err)
	r.services.EmptyRedis()
	require.NoError(t, s.BeforeCommit(t.Context()), "an emptied Redis stops nothing either")
}

func TestOtherFailuresAreNotBypassed(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	s := r.session(func(c *router.Config, d *router.Deps) { c.Bypass, d.Claims = true, broken{} })
	_, err := s.Route(t.Context(), batch(r.record(purchase("a"))))
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, transact.ErrWait)
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Claim(ctx, []dedup.Request) (dedup.Claims, error) { return dedup.Claims{}, errBroken }
func (broken) Check(ctx, dedup.Claims) error                    { return errBroken }
func (broken) Release(ctx, []dedup.Request) error               { return errBroken }

// Tables that expire while claims are taken void the batch; its claims are
// found again as its own.
func TestDecisionsOnExpiredTablesNeverCount(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	s := r.session()
	rec := r.record(purchase("a", transaction("t-1")))
	expired := errors.New("expired")
	r.world.change(func(w *world) { w.expired = expired })
	_, err := s.Route(t.Context(), batch(rec))
	require.ErrorIs(t, err, transact.ErrWait)
	require.ErrorIs(t, err, expired)
	r.world.change(func(w *world) { w.expired = nil })
	require.Equal(t, []string{queued}, r.route(s, rec).said())
}

func TestStaleTablesHoldTheBatch(t *testing.T) {
	t.Parallel()
	r := setup(t, also)
	s := r.session()
	r.world.change(func(w *world) { w.stale = true })
	_, err := s.Route(t.Context(), batch(r.record(purchase("a"))))
	require.ErrorIs(t, err, transact.ErrWait)
	require.Equal(t, map[string]int64{}, r.meter.counts())
}

func TestOneTransactionAtGoogleIsOneClaim(t *testing.T) {
	t.Parallel()
	r := setup(t, `---
apiVersion: sluice/v1
kind: Destination
metadata: {name: d, customer: acme}
spec:
  provider: google
  active: true
  account: {customer_id: "1234567890", conversion_actions: {purchase: "987"}}
  secret: file:acme-google.json
  terms: {accepted_by: dpo, accepted_at: 2026-01-01}
  dedup: {also_by: transaction_id}
`+mapping("m", "d", "order", "purchase"))
	out := r.route(r.session(), r.record(purchase("a", transaction("t-1"))), r.record(purchase("b", transaction("t-1"))))
	require.Equal(t, []string{queued, byTransaction}, out.said())
	require.Zero(t, out.deliveries[0].AlsoKey, "the claim is made of the transaction already")
	require.EqualValues(t, 755, out.deliveries[0].Facts.Needs.TCFVendor, "TC strings bind Google by its vendor consent")
	require.Equal(t, decision.LaneRealtime, out.deliveries[0].Lane)
}
