package codec_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// memory is a schema registry that can be taken down.
type memory struct {
	mu    sync.Mutex
	texts []string
	down  error
	asked int
}

func (m *memory) add(text string) codec.SchemaID {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, known := range m.texts {
		if known == text {
			return codec.SchemaID(1000 + i)
		}
	}
	m.texts = append(m.texts, text)
	return codec.SchemaID(1000 + len(m.texts) - 1)
}

func (m *memory) SchemaByID(_ context.Context, id int) (sr.Schema, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	if m.down != nil {
		return sr.Schema{}, m.down
	}
	if i := id - 1000; i >= 0 && i < len(m.texts) {
		return sr.Schema{Schema: m.texts[i]}, nil
	}
	return sr.Schema{}, &sr.ResponseError{StatusCode: 404, ErrorCode: 40403, Message: "Schema not found"}
}

func (m *memory) RegisterSchema(_ context.Context, _ string, s sr.Schema, _, _ int) (int, error) {
	if m.down != nil {
		return 0, m.down
	}
	return int(m.add(s.Schema)), nil
}

func (m *memory) LookupSchema(_ context.Context, _ string, s sr.Schema) (sr.SubjectSchema, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, known := range m.texts {
		if known == s.Schema {
			return sr.SubjectSchema{ID: 1000 + i}, nil
		}
	}
	return sr.SubjectSchema{}, &sr.ResponseError{StatusCode: 404, ErrorCode: 40403, Message: "Schema not found"}
}

type clock struct{ now time.Time }

func newRegistry(t testing.TB) (*codec.Registry, *memory, *clock) {
	t.Helper()
	m, c := &memory{}, &clock{now: time.UnixMilli(1795168800000)}
	return codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: m, Now: func() time.Time { return c.now }}), m, c
}

// An id that the registry does not know waits for a minute of healthy answers;
// a registry that fails waits for as long as it takes.
func TestUnknownSchemaWaits(t *testing.T) {
	reg, m, clock := newRegistry(t)
	events, err := codec.NewEvents(codec.FormatAvro, reg)
	require.NoError(t, err)
	value := append(codec.AppendFrame(nil, 1000), purchaseValue(t)[5:]...)
	read := func() error {
		var e event.Event
		return events.Decode(context.Background(), value, &e)
	}
	pending := func(why string) {
		t.Helper()
		require.ErrorIs(t, read(), codec.ErrSchemaPending, why)
		_, err := events.Head(context.Background(), value)
		require.ErrorIs(t, err, codec.ErrSchemaPending, why)
	}

	m.down = errors.New("connection refused")
	pending("the registry is down")
	clock.now = clock.now.Add(time.Hour)
	pending("the registry is still down")

	m.down = nil
	clock.now = clock.now.Add(time.Second)
	pending("not found for the first time")
	asked := m.asked
	pending("asked too recently")
	require.Equal(t, asked, m.asked, "an id that was just missing is not asked for again")
	clock.now = clock.now.Add(59 * time.Second)
	pending("not found for 59 s")

	m.down = &sr.ResponseError{StatusCode: 404, Message: "no such page"}
	clock.now = clock.now.Add(time.Second)
	pending("a proxy's 404 is a failure, and starts the minute anew")
	m.down = nil
	clock.now = clock.now.Add(time.Second)
	pending("not found for the first time again")
	clock.now = clock.now.Add(60 * time.Second)
	var bad *codec.DecodeError
	require.ErrorAs(t, read(), &bad)
	require.Equal(t, "event.undecodable: the registry does not know schema id 1000", bad.Error())

	_, err = reg.Register(context.Background(), "analytics.events", schemas.AnalyticsEvent)
	require.NoError(t, err)
	clock.now = clock.now.Add(time.Second)
	require.NoError(t, read(), "an id that appears later is found")
}

func TestFraming(t *testing.T) {
	reg, _, _ := newRegistry(t)
	events, err := codec.NewEvents(codec.FormatAvro, reg)
	require.NoError(t, err)
	for value, want := range map[string]string{
		"":                       "shorter than the registry's frame",
		"\x00\x00":               "shorter than the registry's frame",
		`{"customer_id":"acme"}`: "magic byte",
		strings.Repeat("\x00", 1<<20) + "\x00\x00": "larger than 1 MiB",
	} {
		_, err := events.Head(context.Background(), []byte(value))
		require.ErrorContains(t, err, want)
		var e event.Event
		require.ErrorContains(t, events.Decode(context.Background(), []byte(value), &e), want)
	}
}

func TestResolveIDs(t *testing.T) {
	reg, _, _ := newRegistry(t)
	ctx := context.Background()
	topics := codec.Topics{schemas.Delivery: {"a", "b"}, schemas.Diagnostic: {"c"}}
	_, err := reg.Resolve(ctx, topics, true)
	require.ErrorContains(t, err, "sluice schemas register")
	ids, err := reg.Resolve(ctx, topics, false)
	require.NoError(t, err)
	again, err := reg.Resolve(ctx, topics, true)
	require.NoError(t, err)
	require.Equal(t, ids, again)

	value := codec.NewWriter(ids, "1.0.0").AppendDelivery(nil, aDelivery())
	deliveries, err := codec.Deliveries(reg)
	require.NoError(t, err)
	got := *aDelivery()
	require.NoError(t, deliveries.Decode(ctx, value, &got))
	require.Equal(t, text(*aDelivery()), text(got))
}

// foreign writes a value with a schema of somebody else's and reads it as ours.
func foreign(t *testing.T, schema string, value map[string]any) (*event.Event, codec.Head, error) {
	t.Helper()
	reg, m, _ := newRegistry(t)
	events, err := codec.NewEvents(codec.FormatAvro, reg)
	require.NoError(t, err)
	parsed, err := avro.ParseWithCache(schema, "", &avro.SchemaCache{})
	require.NoError(t, err)
	body, err := avro.Marshal(parsed, value)
	require.NoError(t, err)
	framed := append(codec.AppendFrame(nil, m.add(schema)), body...)
	var e event.Event
	err = events.Decode(context.Background(), framed, &e)
	h, headErr := events.Head(context.Background(), framed)
	if err == nil {
		require.NoError(t, headErr)
	} else {
		require.Error(t, headErr)
	}
	return &e, h, err
}

func record(fields string) string {
	return `{"type":"record","name":"Mine","namespace":"com.example","fields":[` + fields + `]}`
}

const ourHead = `{"name":"customer_id","type":"string"},{"name":"event_name","type":"string"},{"name":"event_time","type":{"type":"long","logicalType":"timestamp-millis"}}`

var headValues = map[string]any{"customer_id": "acme", "event_name": "transaction.purchase", "event_time": time.UnixMilli(1795168800000)}

func with(more map[string]any) map[string]any {
	all := map[string]any{}
	for k, v := range headValues {
		all[k] = v
	}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// Writers with schemas of their own are read by the names of their fields.
func TestForeignWriters(t *testing.T) {
	t.Run("an older version: the head only", func(t *testing.T) {
		e, h, err := foreign(t, record(ourHead), headValues)
		require.NoError(t, err)
		require.Equal(t, codec.Head{CustomerID: "acme", EventName: "transaction.purchase", EventTime: 1795168800000}, h)
		require.Equal(t, event.Event{CustomerID: "acme", Name: "transaction.purchase", Time: 1795168800000}, *e)
	})
	t.Run("a newer version: unknown fields in between and behind", func(t *testing.T) {
		e, _, err := foreign(t, record(ourHead+`,{"name":"new","type":{"type":"map","values":{"type":"array","items":"double"}}},
			{"name":"event_id","type":["null","string"]},{"name":"more","type":{"type":"fixed","name":"F","size":3}}`),
			with(map[string]any{"new": map[string]any{"a": []any{1.5}}, "event_id": map[string]any{"string": "e-1"}, "more": [3]byte{1, 2, 3}}))
		require.NoError(t, err)
		require.Equal(t, "e-1", e.ID)
	})
	t.Run("other order, plain types, microseconds, an enum, a float", func(t *testing.T) {
		e, h, err := foreign(t, record(`{"name":"source","type":{"type":"enum","name":"Src","symbols":["web","app"]}},
			{"name":"event_time","type":{"type":"long","logicalType":"timestamp-micros"}},
			{"name":"commerce","type":{"type":"record","name":"Com","fields":[{"name":"value","type":"float"},{"name":"coupons","type":["null",{"type":"array","items":"string"}]}]}},
			{"name":"event_name","type":["string","null"]},{"name":"customer_id","type":"string"},
			{"name":"properties","type":{"type":"map","values":"long"}}`),
			map[string]any{"source": "app", "event_time": time.UnixMilli(1795168800000), "commerce": map[string]any{"value": float32(2.5), "coupons": nil},
				"event_name": map[string]any{"string": "a"}, "customer_id": "acme", "properties": map[string]any{"n": int64(2)}})
		require.NoError(t, err)
		require.Equal(t, "app", e.Source)
		require.Equal(t, int64(1795168800000), h.EventTime)
		require.Equal(t, event.Some(2.5), e.Commerce.Value)
		require.Equal(t, []event.Property{{Key: "n", Value: event.Value{Kind: event.Long, Long: 2}}}, e.Properties)
	})
	t.Run("a required field that is null is invalid", func(t *testing.T) {
		_, _, err := foreign(t, record(`{"name":"customer_id","type":["null","string"]},{"name":"event_name","type":"string"},{"name":"event_time","type":"long"}`),
			map[string]any{"customer_id": nil, "event_name": "a", "event_time": int64(1795168800000)})
		require.Equal(t, "event.invalid", outcome(nil, err))
	})
	t.Run("a schema without customer is undecodable", func(t *testing.T) {
		_, _, err := foreign(t, record(`{"name":"event_name","type":"string"}`), map[string]any{"event_name": "a"})
		require.Equal(t, "event.undecodable", outcome(nil, err))
		require.ErrorContains(t, err, "customer_id")
	})
	t.Run("a wrong type is undecodable", func(t *testing.T) {
		_, _, err := foreign(t, record(ourHead+`,{"name":"event_id","type":"long"}`), with(map[string]any{"event_id": int64(1)}))
		require.Equal(t, "event.undecodable", outcome(nil, err))
	})
	for name, c := range map[string]struct {
		fields string
		value  any
	}{
		"consent as a string":        {`{"name":"consent","type":"string"}`, "granted"},
		"consent in a union":         {`{"name":"consent","type":["null","string"]}`, map[string]any{"string": "granted"}},
		"a boolean purpose":          {`{"name":"consent","type":{"type":"record","name":"C","fields":[{"name":"ad_storage","type":"boolean"}]}}`, map[string]any{"ad_storage": true}},
		"a numeric signal":           {`{"name":"consent","type":["null",{"type":"record","name":"C","fields":[{"name":"gpc","type":["null","int"]}]}]}`, map[string]any{"com.example.C": map[string]any{"gpc": map[string]any{"int": 1}}}},
		"a capture time in a string": {`{"name":"consent","type":{"type":"record","name":"C","fields":[{"name":"captured_at","type":"string"}]}}`, map[string]any{"captured_at": "now"}},
		"an age in years":            {`{"name":"age_group","type":"int"}`, 17},
	} {
		t.Run("malformed consent: "+name, func(t *testing.T) {
			field := strings.Split(c.fields, `"`)[3]
			e, _, err := foreign(t, record(ourHead+","+c.fields), with(map[string]any{field: c.value}))
			require.NoError(t, err)
			require.True(t, e.Consent.Malformed)
		})
	}
	for name, c := range map[string]struct {
		field string
		value any
		want  string
	}{
		"a choice":              {`{"name":"adUserData","type":"string"}`, "denied", "adUserData"},
		"a choice in a union":   {`{"name":"usp","type":["null","string"],"default":null}`, map[string]any{"string": "1YYN"}, "usp"},
		"null in a union":       {`{"name":"usp","type":["null","string"],"default":null}`, nil, ""},
		"null behind a type":    {`{"name":"usp","type":["string","null"],"default":"1---"}`, nil, ""},
		"the default":           {`{"name":"usp","type":"string","default":"1---"}`, "1---", ""},
		"another than it":       {`{"name":"usp","type":"string","default":"1---"}`, "1YYN", "usp"},
		"a default in a union":  {`{"name":"usp","type":["string","null"],"default":"1---"}`, map[string]any{"string": "1---"}, ""},
		"a flag at its default": {`{"name":"do_not_sell","type":"boolean","default":false}`, false, ""},
		"a flag":                {`{"name":"do_not_sell","type":"boolean","default":false}`, true, "do_not_sell"},
		"a flag without one":    {`{"name":"do_not_sell","type":"boolean"}`, false, "do_not_sell"},
		"an empty list":         {`{"name":"vendors","type":{"type":"array","items":"int"},"default":[]}`, []any{}, ""},
	} {
		t.Run("a field of consent that we do not have: "+name, func(t *testing.T) {
			e, _, err := foreign(t, record(ourHead+`,{"name":"consent","type":{"type":"record","name":"C","fields":[{"name":"ad_storage","type":["null","string"]},`+c.field+`]}}`),
				with(map[string]any{"consent": map[string]any{"ad_storage": map[string]any{"string": "granted"}, strings.Split(c.field, `"`)[3]: c.value}}))
			require.NoError(t, err)
			require.Equal(t, c.want, e.Consent.UnknownMember)
			require.Equal(t, c.want != "", consent.Normalise(e.Consent, 0, 0).Malformed != consent.WellFormed)
		})
	}
	t.Run("consent that is null is absent", func(t *testing.T) {
		e, _, err := foreign(t, record(ourHead+`,{"name":"consent","type":["null","string"]}`), with(map[string]any{"consent": nil}))
		require.NoError(t, err)
		require.Equal(t, consent.Input{}, e.Consent)
	})
}

// Ids that strangers invent fill the memory of missing ids up to its bound.
// Beyond it nobody waits, and the minutes that run go on running.
func TestManyUnknownSchemasRestartNoClock(t *testing.T) {
	reg, _, clock := newRegistry(t)
	events, err := codec.NewEvents(codec.FormatAvro, reg)
	require.NoError(t, err)
	read := func(id int) error {
		_, err := events.Head(t.Context(), codec.AppendFrame(nil, codec.SchemaID(id)))
		return err
	}
	for i := range 10_000 {
		require.ErrorIs(t, read(50_000+i), codec.ErrSchemaPending)
	}
	clock.now = clock.now.Add(time.Minute)
	var bad *codec.DecodeError
	require.ErrorAs(t, read(90_000), &bad, "there is no room to wait in")
	require.ErrorAs(t, read(50_000), &bad, "its minute is over")
	clock.now = clock.now.Add(11 * time.Minute)
	require.ErrorIs(t, read(90_000), codec.ErrSchemaPending, "old ones made room")
}
