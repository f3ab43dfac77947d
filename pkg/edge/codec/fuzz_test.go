package codec_test

import (
	"encoding/json"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

// Whatever the bytes: no panic, no absurd memory, and what decodes can be
// written and read again.
func FuzzDecodeEvent(f *testing.F) {
	f.Add(purchaseValue(f)[5:])
	f.Add([]byte("\x08acme\x02a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var e, again event.Event
		if codec.DecodeEvent(&e, body) != nil {
			return
		}
		h, err := codec.HeadOf(body)
		require.NoError(t, err)
		require.Equal(t, codec.Head{CustomerID: e.CustomerID, EventName: e.Name, EventTime: e.Time}, h)
		require.NoError(t, codec.DecodeEvent(&again, codec.AppendEvent(nil, 1, &e)[5:]))
		if !e.Consent.Malformed && e.Consent.UnknownMember == "" {
			require.Equal(t, text(e), text(again))
		}
	})
}

func FuzzDecodeEventJSON(f *testing.F) {
	f.Add([]byte(purchase))
	f.Add([]byte(`{` + head + `,"properties":{"a":"\ud83d\ude00","b":1e5,"c":[1]},"consent":7}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		var e, again event.Event
		err := codec.DecodeEventJSON(&e, value)
		_, headErr := codec.HeadOfJSON(value)
		if err == nil {
			require.True(t, json.Valid(value), "encoding/json refuses what was accepted")
			require.NoError(t, headErr)
		}
		framed := codec.AppendEventFromJSON(nil, 1, &e, value)
		if err == nil {
			require.NoError(t, codec.DecodeEvent(&again, framed[5:]))
		} else if outcome(nil, err) == "event.invalid" {
			require.Equal(t, "event.invalid", outcome(nil, codec.DecodeEvent(&again, framed[5:])))
		}
	})
}

func FuzzDecodeRecords(f *testing.F) {
	f.Add(codec.AppendDelivery(nil, 1, aDelivery())[5:])
	f.Add(codec.AppendDiagnostic(nil, 1, aDecision())[5:])
	f.Add(codec.AppendHold(nil, 1, &codec.Hold{Mappings: []string{"a"}})[5:])
	f.Fuzz(func(t *testing.T, body []byte) {
		var delivery decision.Delivery
		if codec.DecodeDelivery(&delivery, body) == nil {
			var again decision.Delivery
			require.NoError(t, codec.DecodeDelivery(&again, codec.AppendDelivery(nil, 1, &delivery)[5:]))
		}
		var d decision.Decision
		if codec.DecodeDiagnostic(&d, body) == nil {
			require.True(t, json.Valid(codec.AppendDiagnosticJSON(nil, &d)))
		}
		_ = codec.DecodeHold(&codec.Hold{}, body)
		_ = codec.DecodeDeadLetter(&codec.DeadLetter{}, body)
		_ = codec.DecodeConsentRecord(&consent.Record{}, body)
		_ = codec.DecodeDestination(&resource.Destination{}, body)
		_ = codec.DecodeMapping(&resource.Mapping{}, body)
		_ = codec.DecodePolicy(&codec.Policy{}, body)
		_ = codec.DecodeSubmission(&codec.Submission{}, body)
		_ = codec.DecodeState(&codec.State{}, body)
		_ = codec.DecodeDestinationStatus(&codec.DestinationStatus{}, body)
		var line codec.SubjectRecord
		if codec.DecodeConsentJSON(&line, body) == nil {
			require.True(t, json.Valid(codec.AppendConsentJSON(nil, &line)))
		}
	})
}

// A hostile body under a foreign schema: lists, maps, recursion, entries of no
// size.
func FuzzResolve(f *testing.F) {
	const schema = `{"type":"record","name":"W","fields":[
		{"name":"x","type":{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}},
		{"name":"empty","type":{"type":"array","items":"null"}},
		{"name":"customer_id","type":"string"},{"name":"event_name","type":"bytes"},{"name":"event_time","type":"int"},
		{"name":"properties","type":{"type":"map","values":["int","string"]}},
		{"name":"consent","type":["null","long"]},
		{"name":"commerce","type":{"type":"record","name":"C","fields":[{"name":"coupons","type":{"type":"array","items":{"type":"enum","name":"E","symbols":["a"]}}}]}}]}`
	parsed, err := avro.ParseWithCache(schema, "", &avro.SchemaCache{})
	require.NoError(f, err)
	value, err := avro.Marshal(parsed, map[string]any{
		"x": map[string]any{"next": nil}, "empty": []any{nil, nil}, "customer_id": "acme", "event_name": []byte("a"), "event_time": 5,
		"properties": map[string]any{"a": map[string]any{"int": 1}}, "consent": map[string]any{"long": int64(1)}, "commerce": map[string]any{"coupons": []any{"a"}},
	})
	require.NoError(f, err)
	f.Add(value)
	reg, m, _ := newRegistry(f)
	frame := codec.AppendFrame(nil, m.add(schema))
	events, err := codec.NewEvents(codec.FormatAvro, reg)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, body []byte) {
		var e event.Event
		framed := append(append([]byte(nil), frame...), body...)
		err := events.Decode(t.Context(), framed, &e)
		_, headErr := events.Head(t.Context(), framed)
		if err == nil {
			require.NoError(t, headErr)
		}
	})
}

// Lengths and counts that cannot be are refused before anything is allocated.
func TestAbsurdLengthsCostNothing(t *testing.T) {
	huge := "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" // the largest long
	least := "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
	start := "\x08acme\x02a\x80\xa0\x9a\xf2\xbe\x68"
	for _, body := range []string{"", huge, least, "\x08acme" + huge, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", start + "\x02" + huge,
		start + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + huge, start + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + least + huge,
		start + "\x04"} {
		var e event.Event
		err := codec.DecodeEvent(&e, []byte(body))
		require.Equal(t, "event.undecodable", outcome(nil, err), "%q", body)
	}
}
