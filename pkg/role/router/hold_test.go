package router_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/role/router"
	"github.com/sluicehq/sluice/schemas"
)

// unknown is an event whose consent nobody has said anything about.
func unknown(id string, changes ...string) string {
	return purchase(id, append([]string{`"consent":{}`}, changes...)...)
}

// grant writes a grant of everything for a subject of acme into the table.
func (r *harness) grant(subject string) {
	at := r.clock().UnixMilli()
	yes := consent.Text("granted")
	r.world.change(func(w *world) {
		w.consents["acme:"+subject] = consent.NormaliseRecord(consent.Record{
			Input: consent.Input{AdStorage: yes, AdUserData: yes, AdPersonalization: yes}, UpdatedAt: at,
		}, at)
	})
}

// release works held records in the hold loop.
func (r *harness) release(s *router.Session, records ...*kgo.Record) output {
	r.t.Helper()
	for i, rec := range records {
		rec.Offset = int64(i)
	}
	out, err := s.Release(r.t.Context(), transact.Batch{Records: records, Attempt: 1, Assigned: 1})
	require.NoError(r.t, err)
	return r.commit(s, out)
}

var holding = "consent: {unknown: hold}"

func TestHoldWaitsForConsentAndThenDecidesForGood(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase"))
	s, hold := r.session(), r.sessionOf(decision.StageHold)
	yes, no := r.record(unknown("yes")), r.record(unknown("no"))
	out := r.route(s, yes, no)
	require.Equal(t, []string{"d/m held consent.unknown", "d/m held consent.unknown"}, out.said())
	require.Empty(t, out.deliveries)
	require.Equal(t, "acme:s-yes", string(out.holds[0].Key), "beside everything else of the subject")

	r.advance(30 * time.Second)
	r.grant("s-yes")
	done := r.release(hold, out.holds...)
	require.Equal(t, []string{queued, "d/m skipped consent.unknown"}, done.said())
	for i, d := range done.decisions {
		require.Equal(t, decision.StageHold, d.Stage)
		require.Equal(t, out.decisions[i].Source, d.Source, "in the name of the input record")
		require.NotEqual(t, out.decisions[i].ID, d.ID)
	}
	require.Len(t, done.deliveries, 1)
	require.Equal(t, yes.Offset, done.deliveries[0].Source.Offset)
}

// Only what was held is decided again, and by its whole name.
func TestHoldKeepsMappingsApart(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("a", holding)+destination("b")+destination("c", holding)+
		mapping("m", "a", "order", "Purchase")+mapping("n", "a", "order", "Lead")+mapping("x", "a", "order", "ViewContent", "enabled: false")+
		mapping("y", "b", "order", "Purchase")+applied+mapping("m", "c", "order", "Purchase"))
	s, hold := r.session(), r.sessionOf(decision.StageHold)
	out := r.route(s, r.record(unknown("e")))
	require.Equal(t, []string{
		"a/m held consent.unknown", "a/n held consent.unknown", "a/x skipped mapping.disabled",
		"b/y skipped consent.unknown", "c/m held consent.unknown",
	}, out.said())
	require.Len(t, out.holds, 1, "one record an event")
	var kept codec.Hold
	require.NoError(t, codec.DecodeHold(&kept, out.holds[0].Value[5:]))
	require.Equal(t, []string{"a/m", "a/n", "c/m"}, kept.Mappings)
	require.Equal(t, decision.ConsentUnknown, kept.Reason)
	require.Equal(t, start.UnixMilli(), kept.HeldAt)

	r.grant("s-e")
	require.Equal(t, []string{"a/m queued eligible", "a/n queued eligible", "c/m queued eligible"}, r.release(hold, out.holds...).said())
}

// A hold record says why it is held, whatever became of the event's other
// mappings.
func TestAHeldMappingBesideAQueuedOne(t *testing.T) {
	t.Parallel()
	us := `"location":{"country":"US","region":"CA"}`
	r := setup(t, destination("a", holding, "sensitive: other")+destination("b")+
		mapping("m", "a", "order", "Purchase")+mapping("m2", "b", "order", "Purchase"))
	out := r.route(r.session(), r.record(unknown("e", us)))
	require.Equal(t, []string{"a/m skipped consent.sensitive", "b/m2 queued eligible"}, out.said())

	r.apply(destination("a", "consent: {unknown: hold, policy: strict}") + destination("b") + `---
apiVersion: sluice/v1
kind: Policy
metadata: {name: strict}
spec: {default: {regime: opt_in}}
` + mapping("m", "a", "order", "Purchase") + mapping("m2", "b", "order", "Purchase"))
	out = r.route(r.session(), r.record(unknown("f", us)))
	require.Equal(t, []string{"a/m held consent.unknown", "b/m2 queued eligible"}, out.said())
	var kept codec.Hold
	require.NoError(t, codec.DecodeHold(&kept, out.holds[0].Value[5:]))
	require.Equal(t, decision.ConsentUnknown, kept.Reason)
	require.Equal(t, []string{"a/m"}, kept.Mappings)
}

func TestAHeldMappingMayBeGone(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase")+mapping("n", "d", "order", "Lead"))
	out := r.route(r.session(), r.record(unknown("e")))
	r.grant("s-e")
	r.apply(destination("d", holding) + mapping("n", "d", "order", "Lead"))
	done := r.release(r.sessionOf(decision.StageHold), out.holds...)
	require.Equal(t, []string{"d/m skipped mapping.none", "d/n queued eligible"}, done.said())
	require.Equal(t, decision.StageHold, done.decisions[0].Stage)
	require.Equal(t, "e", done.decisions[0].EventID)
	require.NotEqual(t, done.decisions[0].ID, done.decisions[1].ID)
}

// While an event waits it has no claim: a copy with consent passes, and the
// held one is its duplicate.
func TestACopyOvertakesAHeldEvent(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase"))
	s := r.session()
	held := r.route(s, r.record(unknown("e"))).holds
	require.Equal(t, []string{queued}, r.route(s, r.record(purchase("e", `"subject_id":"s-other"`))).said())
	r.grant("s-e")
	done := r.release(r.sessionOf(decision.StageHold), held...)
	require.Equal(t, []string{byID}, done.said())
	require.Equal(t, decision.StageHold, done.decisions[0].Stage)
	require.Equal(t, "0@1", done.decisions[0].DuplicateOf)
}

// An earlier reading that died after claiming leaves no claim behind when the
// event is held today.
func TestAHeldEventGivesItsClaimBack(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase"))
	r.grant("s-e")
	rec := r.record(unknown("e"))
	_, err := r.session().Route(t.Context(), batch(rec)) // claims, and dies
	require.NoError(t, err)
	r.world.change(func(w *world) { clear(w.consents) })
	s := r.session()
	require.Equal(t, []string{"d/m held consent.unknown"}, r.route(s, rec).said())
	require.Equal(t, []string{queued}, r.route(s, r.record(purchase("e"))).said())
}

func TestAHoldRecordThatIsNoneIsKeptAsADeadLetter(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase")+mapping("n", "d", "order", "Lead"))
	held := r.route(r.session(), r.record(unknown("e"))).holds[0]
	garbage := &kgo.Record{Topic: r.names.Hold(), Key: []byte("k"), Value: []byte("garbage"), Timestamp: start}
	unreadable := &kgo.Record{Topic: r.names.Hold(), Value: codec.AppendHold(nil, r.ids[schemas.Hold], &codec.Hold{
		Original: codec.Original{Key: []byte("original"), Value: []byte("broken")}, Reason: decision.ConsentUnknown, Mappings: []string{"d/m", "d/n"},
	}), Timestamp: start}
	r.grant("s-e")
	hold := r.sessionOf(decision.StageHold)
	done := r.release(hold, garbage, unreadable, held)
	require.Equal(t, []string{
		"dead_lettered event.undecodable", "d/m dead_lettered event.undecodable", "d/n dead_lettered event.undecodable",
		"d/m queued eligible", "d/n queued eligible",
	}, done.said(), "what was held behind it goes on")
	require.Len(t, done.dead, 2, "one an event")
	require.Equal(t, "garbage", string(done.dead[0].Value))
	require.Equal(t, r.names.Hold(), done.dead[0].Source.Topic)
	require.Equal(t, "broken", string(done.dead[1].Value))
	require.Equal(t, "original", string(done.dead[1].Key))
	require.Equal(t, map[string]int64{"held consent.unknown": 2, "dead_lettered event.undecodable": 3, "queued eligible": 2}, r.meter.counts())
}

// A table that is not fresh holds the hold topic, too.
func TestHoldWaitsForTables(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase"))
	held := r.route(r.session(), r.record(unknown("e"))).holds
	r.world.change(func(w *world) { w.stale = true })
	_, err := r.sessionOf(decision.StageHold).Release(t.Context(), transact.Batch{Records: held, Assigned: 1})
	require.ErrorIs(t, err, transact.ErrWait)
	require.NotContains(t, err.Error(), "s-e")
}
