package router_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/role/router"
)

var plain = destination("d") + mapping("m", "d", "order", "Purchase")

func TestEveryMappingOfAnEventIsDecided(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("a")+strings.Replace(destination("b"), "active: true", "active: false", 1)+
		mapping("m", "a", "order", "Purchase")+mapping("n", "a", "order", "Lead", "when: 'event.commerce.value > 100.0'")+
		applied+mapping("m", "b", "order", "Purchase")+applied+mapping("x", "a", "other", "Lead"))
	out := r.route(r.session(), r.record(purchase("e")))
	require.Equal(t, []string{"a/m queued eligible", "a/n skipped mapping.condition", "b/m skipped destination.inactive"}, out.said())
	ids := map[string]bool{}
	for _, d := range out.decisions {
		require.Len(t, d.ID, 32)
		ids[d.ID] = true
		require.Equal(t, event.Coordinates{Topic: input, AppendTime: start.UnixMilli()}, d.Source)
		require.NotEmpty(t, d.SubjectHash)
		require.Equal(t, out.decisions[0].SubjectHash, d.SubjectHash)
	}
	require.Len(t, ids, 3, "mappings of one name at two destinations have ids of their own")
	require.Equal(t, map[string]int64{"queued eligible": 1, "skipped mapping.condition": 1, "skipped destination.inactive": 1}, r.meter.counts())
}

func TestADeliveryCarriesWhatTheSenderNeeds(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	rec := r.record(purchase("e", transaction("t-1")))
	parent := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	rec.Headers = []kgo.RecordHeader{{Key: "other", Value: []byte("x")}, {Key: codec.HeaderTraceParent, Value: []byte(parent)}}
	s := r.session()
	records, err := s.Route(t.Context(), batch(rec))
	require.NoError(t, err)
	require.Len(t, records, 2)
	require.Equal(t, r.names.Delivery("meta", decision.LaneRealtime), records[0].Topic)
	require.Equal(t, "acme:s-e", string(records[0].Key), "one subject, one partition")
	require.Equal(t, "d:e", string(records[1].Key))
	for _, out := range records {
		require.Equal(t, []kgo.RecordHeader{{Key: codec.HeaderTraceParent, Value: []byte(parent)}}, out.Headers)
	}
	d := r.commit(s, records).deliveries[0]
	require.Equal(t, "s-e", d.Facts.Subject.Reveal())
	require.Equal(t, "Purchase", d.Target)
	require.JSONEq(t, `"Purchase"`, string(d.Payload[bytes.Index(d.Payload, []byte(`"Purchase"`)):][:10]))
	require.Equal(t, start.UnixMilli(), d.RoutedAt)
	require.NotEmpty(t, d.DestinationVersion)
}

// Whatever decides that nothing wants an event has read its head and no more.
func TestUnmappedEventsAreNotDecoded(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	s := r.session()
	out := r.route(s, r.record(purchase("a", `"event_name":"page.viewed"`)), r.record(purchase("b", `"customer_id":"other"`)), r.record(purchase("c")))
	require.Equal(t, []string{queued}, out.said())
	require.Equal(t, 1, r.events.decodes)
	require.Equal(t, map[string]int64{"skipped mapping.none": 2, "queued eligible": 1}, r.meter.counts())
}

func TestUnmappedEventsArePublishedWhereAskedFor(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	s := r.session(func(c *router.Config, _ *router.Deps) { c.Unmapped = router.AllUnmapped })
	broken := r.raw(cut(r.value(purchase("b", `"event_name":"page.viewed"`))))
	out := r.route(s, r.record(purchase("a", `"event_name":"ann@x.example"`)), broken)
	require.Equal(t, []string{"skipped mapping.none", "skipped mapping.none"}, out.said())
	require.True(t, strings.HasPrefix(out.decisions[0].SourceEvent, "hashed:"), "an event's name is anybody's text")
	require.Equal(t, "page.viewed", out.decisions[1].SourceEvent, "what nothing wants is no dead letter, however broken its rest")
	require.Empty(t, out.dead)
	require.Equal(t, map[string]int64{"skipped mapping.none": 2}, r.meter.counts(), "each counts once")

	sampled := r.session(func(c *router.Config, _ *router.Deps) { c.Unmapped, c.SampleRate = router.SampleUnmapped, 0.001 })
	var many []*kgo.Record
	for range 2000 {
		many = append(many, r.record(purchase("a", `"event_name":"page.viewed"`)))
	}
	require.Len(t, r.route(sampled, many...).decisions, 2)
	require.Equal(t, map[string]int64{"skipped mapping.none": 2002}, r.meter.counts())
}

// cut takes the end of a value away: its head still reads.
func cut(value []byte) []byte { return value[:len(value)/2] }

func TestWhatIsNoEventBecomesADeadLetterAsItWas(t *testing.T) {
	t.Parallel()
	large := append(codec.AppendFrame(nil, 1), make([]byte, 1<<20)...)
	for name, c := range map[string]struct {
		value  func(*harness) []byte
		reason decision.Reason
	}{
		"not framed":  {func(*harness) []byte { return []byte(`{"customer_id":"acme"}`) }, decision.EventUndecodable},
		"empty":       {func(*harness) []byte { return []byte{} }, decision.EventUndecodable},
		"a tombstone": {func(*harness) []byte { return nil }, decision.EventUndecodable},
		"cut short":   {func(r *harness) []byte { return cut(r.value(purchase("e"))) }, decision.EventUndecodable},
		"trailing":    {func(r *harness) []byte { return append(r.value(purchase("e")), 1) }, decision.EventUndecodable},
		"invalid":     {func(r *harness) []byte { return r.value(purchase("e", `"customer_id":"not allowed"`)) }, decision.EventInvalid},
		"too large":   {func(*harness) []byte { return large }, decision.EventTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, plain)
			value := c.value(r)
			bad := r.raw(value)
			bad.Key = nil
			bad.Headers = []kgo.RecordHeader{{Key: "from", Value: []byte("analytics")}}
			out := r.route(r.session(), bad, r.record(purchase("next")))
			require.Equal(t, []string{"dead_lettered " + c.reason.String(), queued}, out.said(), "its neighbour goes on")
			require.Len(t, out.dead, 1)
			require.Equal(t, c.reason, out.dead[0].Reason)
			require.True(t, bytes.Equal(value, out.dead[0].Value), "the original bytes")
			require.Nil(t, out.dead[0].Key)
			require.Equal(t, []codec.Header{{Key: "from", Value: []byte("analytics")}}, out.dead[0].Headers)
			require.Equal(t, bad.Offset, out.dead[0].Source.Offset)
			require.Empty(t, out.decisions[0].SubjectHash)
		})
	}
}

// A schema id that the registry does not know waits for a minute of its "not
// found"; a registry that does not answer is waited for as long as it takes.
func TestAnUnknownSchemaWaits(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	s := r.session()
	value := append(codec.AppendFrame(nil, 4711), r.value(purchase("e"))[5:]...)
	rec := r.raw(value)
	_, err := s.Route(t.Context(), batch(rec))
	require.ErrorIs(t, err, transact.ErrWait)
	require.ErrorIs(t, err, codec.ErrSchemaPending)
	require.NotContains(t, err.Error(), "example", "no event data in an error")
	r.advance(59 * time.Second)
	_, err = s.Route(t.Context(), batch(rec))
	require.ErrorIs(t, err, transact.ErrWait)
	r.advance(time.Second)
	out := r.route(s, rec)
	require.Equal(t, []string{"dead_lettered event.undecodable"}, out.said())
	require.Equal(t, value, out.dead[0].Value)

	// Down is not the same as not found: the registry's silence proves nothing.
	other := r.raw(append(codec.AppendFrame(nil, 4712), 0))
	down := downRegistry(t, r)
	_, err = down.Route(t.Context(), batch(other))
	require.ErrorIs(t, err, transact.ErrWait)
	r.advance(time.Hour)
	_, err = down.Route(t.Context(), batch(other))
	require.ErrorIs(t, err, transact.ErrWait)
}

// Nothing that a batch has written may point into memory that the next one, or
// the client, uses again.
func TestNothingKeepsTheBatchsMemory(t *testing.T) {
	t.Parallel()
	r := setup(t, destination("d", "consent: {unknown: hold}")+mapping("m", "d", "order", "Purchase"))
	s := r.session()
	make_ := func() []*kgo.Record {
		r.offset = 0
		var records []*kgo.Record
		for _, e := range []string{
			purchase("a", transaction("t-1")), purchase("a"), purchase("held", `"consent":{}`), purchase("b", `"traffic":"bot"`),
			purchase("c", `"event_id":null`, transaction("t-3")),
		} {
			rec := r.record(e)
			rec.Headers = []kgo.RecordHeader{{Key: codec.HeaderTraceParent, Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}}
			records = append(records, rec)
		}
		return append(records, r.raw([]byte("garbage")))
	}
	snapshot := func(records []*kgo.Record) []string {
		var out []string
		for _, rec := range records {
			for _, h := range rec.Headers {
				out = append(out, h.Key+"="+string(h.Value))
			}
			out = append(out, rec.Topic+" "+string(rec.Key)+" "+string(rec.Value))
		}
		return out
	}
	var want []string
	for round := range 3 {
		records := make_()
		out, err := s.Route(t.Context(), batch(records...))
		require.NoError(t, err)
		before := snapshot(out)
		if round == 0 {
			want = before
		}
		s.Poison()
		for _, rec := range records {
			poison(rec.Value)
			poison(rec.Key)
			for _, h := range rec.Headers {
				poison(h.Value)
			}
		}
		require.Equal(t, before, snapshot(out), "round %d", round)
		require.Equal(t, want, before, "round %d: the same records say the same", round)
		s.Committed(t.Context())
	}
}

func poison(b []byte) {
	for i := range b {
		b[i] = 0xFF
	}
}

func TestARecordFromTheFutureIsStoredNow(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	late, early := r.record(purchase("a")), r.record(purchase("b"))
	late.Timestamp, early.Timestamp = start.Add(time.Hour), start.Add(-time.Hour)
	broker := r.record(purchase("c"))
	broker.Timestamp, broker.Attrs = start.Add(time.Second), kgo.NewRecordAttrs(kgo.RecordAttrsOpts{TimestampType: 1})
	none := r.record(purchase("d"))
	none.Timestamp = time.UnixMilli(-1)
	out := r.route(r.session(), late, early, broker, none)
	var stored []time.Duration
	for _, d := range out.decisions {
		stored = append(stored, time.UnixMilli(d.Source.AppendTime).Sub(start))
	}
	require.Equal(t, []time.Duration{0, -time.Hour, time.Second, 0}, stored, "a producer's clock is believed only backwards")
}

// An invalid destination decides, and its provider is never asked.
func TestInvalidResourcesReachNoProvider(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*resource.Destination, *resource.Mapping){
		"policy":     func(d *resource.Destination, _ *resource.Mapping) { d.Consent.Policy = "gone" },
		"account":    func(d *resource.Destination, _ *resource.Mapping) { d.Account = json.RawMessage(`{"dataset_id":"x"}`) },
		"provider":   func(d *resource.Destination, _ *resource.Mapping) { d.Provider = "nobody" },
		"condition":  func(_ *resource.Destination, m *resource.Mapping) { m.When = "event.nothing" },
		"field":      func(_ *resource.Destination, m *resource.Mapping) { m.Fields = map[string]string{"value": "("} },
		"identifier": func(_ *resource.Destination, m *resource.Mapping) { m.Fields = map[string]string{"em": "'x'"} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, plain)
			s := r.session()
			r.apply(plain, func(all *resource.Resources) {
				d, m := *all.Destinations[0], *all.Mappings[0]
				d.Hash, m.Hash = "", ""
				spoil(&d, &m)
				all.Destinations, all.Mappings = []*resource.Destination{&d}, []*resource.Mapping{&m}
			})
			rec := r.record(purchase("e"))
			require.Equal(t, []string{"d/m skipped destination.invalid"}, r.route(s, rec).said())
			require.Equal(t, []string{"d/m skipped destination.invalid"}, r.route(s, rec).said(), "nor on the way to a stale claim")
			r.apply(plain)
			require.Equal(t, []string{queued}, r.route(s, rec).said())
		})
	}
}

func TestErrorsNameTheRecordAndNothingInIt(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	s := r.session(func(_ *router.Config, d *router.Deps) { d.Events = failing{} })
	_, err := s.Route(t.Context(), batch(r.record(purchase("e"))))
	require.ErrorIs(t, err, transact.ErrWait)
	require.ErrorContains(t, err, "routing analytics.events/0@0")
}

type failing struct{}

var errFailing = errors.New("the registry is away")

func (failing) Head(ctx, []byte) (codec.Head, error)   { return codec.Head{}, errFailing }
func (failing) Decode(ctx, []byte, *event.Event) error { return errFailing }

// A thousand unknown ids in one batch wait for one minute together, not for a
// minute each, and cost no record.
func TestAThousandUnknownSchemasWaitTogether(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	s := r.session()
	var records []*kgo.Record
	for i := range 1000 {
		records = append(records, r.raw(append(codec.AppendFrame(nil, codec.SchemaID(70_000+i)), 'x')))
	}
	records = append(records, r.record(purchase("good")))
	_, err := s.Route(t.Context(), batch(records...))
	require.ErrorIs(t, err, transact.ErrWait)
	r.advance(time.Minute)
	said := r.route(s, records...).said()
	require.Len(t, said, 1001)
	require.Equal(t, "dead_lettered event.undecodable", said[0])
	require.Equal(t, "dead_lettered event.undecodable", said[999])
	require.Equal(t, queued, said[1000])
}
