package router_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/seal"
	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/role/router"
	"github.com/sluicehq/sluice/schemas"
)

// vault is a harness whose originals are sealed, with the topic of keys as every
// process would have it.
type vault struct {
	*harness
	keys *table.SubjectKeyTable
}

func sealed(t testing.TB, topics ...embedded.Topic) *vault {
	t.Helper()
	r := setup(t, destination("d", holding)+mapping("m", "d", "order", "Purchase")+mapping("n", "d", "order", "Lead"), topics...)
	decoder, err := codec.SubjectKeys(r.registry)
	require.NoError(t, err)
	return &vault{harness: r, keys: table.NewSubjectKeyTable(decoder.Decode)}
}

// with is a process that has installation keys; the first seals.
func (v *vault) with(ids ...string) func(*router.Config, *router.Deps) {
	v.t.Helper()
	keys := map[string]identity.Raw{}
	for _, id := range ids {
		keys[id] = identity.NewRaw("the installation key of the id " + id + ", at random")
	}
	ring, err := seal.New(seal.Config{Prefix: "sluice", Keys: keys, Current: ids[0]})
	require.NoError(v.t, err)
	return func(_ *router.Config, d *router.Deps) { d.Seals, d.SubjectKeys = ring, v.keys }
}

// follow reads what a batch wrote to the topic of keys.
func (v *vault) follow(out output) {
	v.t.Helper()
	for _, r := range out.keys {
		require.NoError(v.t, v.keys.Apply(v.t.Context(), r))
	}
}

// held routes events that wait, and lets other processes know their keys.
func (v *vault) held(texts ...string) output {
	v.t.Helper()
	records := make([]*kgo.Record, len(texts))
	for i, text := range texts {
		records[i] = v.record(text)
	}
	out := v.route(v.session(v.with("k1")), records...)
	v.follow(out)
	return out
}

// TestAHeldEventIsSealedUntilItIsDecided: and what is left of it in the topic opens
// for nobody from then on.
func TestAHeldEventIsSealedUntilItIsDecided(t *testing.T) {
	t.Parallel()
	v := sealed(t)
	out := v.held(unknown("yes"), unknown("no"), unknown("yes"))
	require.Len(t, out.holds, 3)
	require.Equal(t, 3, v.keys.Size(), "a key for each, committed with it")
	for i, record := range out.holds {
		require.NotContains(t, string(record.Value), "@x.example")
		subject, _, ok := seal.ParseRecordKey(out.keys[i].Key)
		require.True(t, ok)
		require.Equal(t, string(record.Key), string(subject))
	}
	v.grant("s-yes")
	v.advance(30 * time.Second)
	done := v.release(v.sessionOf(decision.StageHold, v.with("k1")), out.holds...)
	require.Equal(t, []string{
		"d/m queued eligible", "d/n queued eligible", "d/m skipped consent.unknown", "d/n skipped consent.unknown", "d/m duplicate duplicate.event_id", "d/n duplicate duplicate.event_id",
	}, done.said())
	require.Equal(t, "yes", done.decisions[0].EventID)
	v.follow(done)
	require.Zero(t, v.keys.Size(), "whatever was decided")

	again := v.release(v.sessionOf(decision.StageHold, v.with("k1")), aged(out.holds)...)
	require.Equal(t, []string{"d/m dead_lettered event.sealed", "d/n dead_lettered event.sealed"}, again.said()[:2])
	require.Empty(t, again.deliveries)
}

// aged are records that were stored longer ago than a key can be on its way.
func aged(records []*kgo.Record) []*kgo.Record {
	for _, r := range records {
		r.Timestamp = r.Timestamp.Add(-time.Hour)
	}
	return records
}

// TestOfWhoWasErasedNothingIsOpened: with the key still there, as it is until
// somebody's tombstone has come; the decision is known all the same.
func TestOfWhoWasErasedNothingIsOpened(t *testing.T) {
	t.Parallel()
	v := sealed(t)
	out := v.held(unknown("e"))
	v.world.change(func(w *world) {
		w.consents["acme:s-e"] = consent.NormaliseRecord(consent.Record{Erased: true, UpdatedAt: v.clock().UnixMilli()}, 0)
	})
	before := v.events.decodes
	done := v.release(v.sessionOf(decision.StageHold, v.with("k1")), out.holds...)
	require.Equal(t, before, v.events.decodes)
	require.Equal(t, []string{"d/m skipped consent.erased", "d/n skipped consent.erased"}, done.said())
	for i, d := range done.decisions {
		require.Equal(t, out.decisions[i].EventID, d.EventID)
		require.Equal(t, out.decisions[i].SubjectHash, d.SubjectHash)
		require.Equal(t, out.decisions[i].Source, d.Source)
		require.Equal(t, "order", d.SourceEvent)
		require.Equal(t, "acme", d.CustomerID)
	}
	require.Empty(t, done.dead)
	v.follow(done)
	require.Zero(t, v.keys.Size())
}

// TestAMissingKeyStopsNobody: it is waited for while it can be on its way; then
// the letter is kept as it is, and its neighbours go on.
func TestAMissingKeyStopsNobody(t *testing.T) {
	t.Parallel()
	v := sealed(t)
	out := v.held(unknown("a"), unknown("b"))
	require.NoError(t, v.keys.Apply(t.Context(), &kgo.Record{Key: out.keys[0].Key})) // lost
	v.grant("s-a")
	v.grant("s-b")
	hold := v.sessionOf(decision.StageHold, v.with("k1"))
	for i, r := range out.holds {
		r.Offset = int64(i)
	}
	v.advance(30 * time.Second)
	_, err := hold.Release(t.Context(), transact.Batch{Records: out.holds, Attempt: 1, Assigned: 1})
	require.ErrorIs(t, err, transact.ErrWait)
	require.NotContains(t, err.Error(), "s-a")
	v.advance(time.Minute)
	done := v.release(hold, out.holds...)
	require.Equal(t, []string{"d/m dead_lettered event.sealed", "d/n dead_lettered event.sealed", "d/m queued eligible", "d/n queued eligible"}, done.said())
	require.Len(t, done.dead, 1, "one between the mappings")
	require.Equal(t, decision.EventSealed, done.dead[0].Reason)
	require.Equal(t, "acme", done.dead[0].CustomerID)
	require.Empty(t, done.dead[0].Value)
	require.Equal(t, "a", done.decisions[0].EventID)
}

// TestAnInstallationKeyThatComesBackOpens: what could not be opened meanwhile is
// kept with its key, for a replay.
func TestAnInstallationKeyThatComesBackOpens(t *testing.T) {
	t.Parallel()
	v := sealed(t)
	out := v.held(unknown("e"))
	v.grant("s-e")
	for name, without := range map[string]func(*router.Config, *router.Deps){
		"another key": v.with("k2"),
		"no keys":     func(*router.Config, *router.Deps) {},
	} {
		done := v.release(v.sessionOf(decision.StageHold, without), aged(out.holds)...)
		require.Equal(t, "d/m dead_lettered event.sealed", done.said()[0], name)
		require.Empty(t, done.keys, "its key stays")
		require.Equal(t, out.holds[0].Key, done.deadKeys[0])
		var kept codec.Hold
		require.NoError(t, codec.DecodeHold(&kept, out.holds[0].Value[5:]))
		require.Equal(t, kept.Sealed, done.dead[0].Sealed)
		require.Equal(t, kept.Source, done.dead[0].Source)
	}
	rotated := v.release(v.sessionOf(decision.StageHold, v.with("k2", "k1")), out.holds...)
	require.Equal(t, []string{"d/m queued eligible", "d/n queued eligible"}, rotated.said())
}

// TestWhatNobodyCanReadIsSealedToTheInstallation: nobody knows whose it is, and its
// key may hold anything.
func TestWhatNobodyCanReadIsSealedToTheInstallation(t *testing.T) {
	t.Parallel()
	v := sealed(t)
	bad := v.raw([]byte("mail@x.example"))
	bad.Key, bad.Headers = []byte("mail@x.example"), []kgo.RecordHeader{{Key: "from", Value: []byte("mail@x.example")}}
	out := v.route(v.session(v.with("k1")), bad)
	require.Len(t, out.dead, 1)
	letter := out.dead[0]
	require.Nil(t, out.deadKeys[0])
	require.Empty(t, out.keys)
	require.NotContains(t, string(codec.AppendDeadLetter(nil, 1, &letter)), "x.example")
	require.Equal(t, int64(len(bad.Value)), letter.Size)
	var deps router.Deps
	v.with("k2", "k1")(nil, &deps)
	plain, err := deps.Seals.Open(letter.Sealed, "", letter.Source, v.keys)
	require.NoError(t, err)
	require.NoError(t, codec.DecodeContent(&letter.Original, plain))
	require.Equal(t, bad.Value, letter.Value)
	require.Equal(t, bad.Key, letter.Key)
	require.Equal(t, []codec.Header{{Key: "from", Value: []byte("mail@x.example")}}, letter.Headers)
}

// TestAHeldEventThatNobodyReadsAnyMoreStaysItsSubjects: its dead letter is reached
// by the same erasure.
func TestAHeldEventThatNobodyReadsAnyMoreStaysItsSubjects(t *testing.T) {
	t.Parallel()
	v := sealed(t)
	var deps router.Deps
	v.with("k1")(nil, &deps)
	h := codec.Hold{Reason: decision.ConsentUnknown, Mappings: []string{"d/m"}, CustomerID: "acme", SourceEvent: "order", EventID: "e"}
	h.Source.Topic = input
	content := codec.AppendContent(nil, &codec.Original{Value: []byte("broken")})
	var key seal.Key
	var err error
	h.Sealed, key, err = deps.Seals.ToSubject("acme:s-e", h.Source, content)
	require.NoError(t, err)
	v.follow(output{keys: []*kgo.Record{{Key: key.Record, Value: codec.AppendSubjectKey(nil, v.ids[schemas.SubjectKey], &codec.SubjectKey{InstallationKey: "k1", Wrapped: key.Bytes[:]})}}})
	record := &kgo.Record{Topic: v.names.Hold(), Key: []byte("acme:s-e"), Value: codec.AppendHold(nil, v.ids[schemas.Hold], &h), Timestamp: start}
	done := v.release(v.sessionOf(decision.StageHold, v.with("k1")), record)
	require.Equal(t, []string{"d/m dead_lettered event.undecodable"}, done.said())
	require.Equal(t, h.Sealed, done.dead[0].Sealed)
	require.Equal(t, "acme:s-e", string(done.deadKeys[0]))
	require.Empty(t, done.dead[0].Value)
	require.Empty(t, done.keys)
}

// TestOfWhatIsTooLargeNothingPersonalIsKept: nobody could send it again.
func TestOfWhatIsTooLargeNothingPersonalIsKept(t *testing.T) {
	t.Parallel()
	var names topology.Names
	v := sealed(t, topics(embedded.Topic{Name: names.Hold(), Partitions: 1, Configs: map[string]string{"max.message.bytes": "4000"}})...)
	big := v.value(unknown("big", `"device":{"user_agent":"Mozilla/5.0 (`+incompressible(6000)+`)"}`))
	v.produce(big, v.value(purchase("a")))
	run := v.loop(v.session(v.with("k1")))
	v.await(2)
	v.end(run)
	out := v.all()
	require.Len(t, out.dead, 1)
	require.True(t, out.dead[0].Truncated)
	require.Equal(t, int64(len(big)), out.dead[0].Size)
	require.Len(t, out.dead[0].SHA256, 32)
	require.Empty(t, out.dead[0].Value)
	require.Empty(t, out.dead[0].Sealed)
	require.Nil(t, out.deadKeys[0])
}

// TestAnEventOfNobodyIsHeldForTheInstallation: there is no subject to erase.
func TestAnEventOfNobodyIsHeldForTheInstallation(t *testing.T) {
	t.Parallel()
	v := sealed(t)
	out := v.held(unknown("e", `"subject_id":""`))
	require.Len(t, out.holds, 1)
	require.Empty(t, out.keys)
	require.NotContains(t, string(out.holds[0].Value), "@x.example")
	done := v.release(v.sessionOf(decision.StageHold, v.with("k1")), out.holds...)
	require.Equal(t, []string{"d/m skipped consent.unknown", "d/n skipped consent.unknown"}, done.said())
}
