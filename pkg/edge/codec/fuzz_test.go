package codec_test

import (
	"encoding/json"
	"strings"
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

// FuzzConsentMembers: a member inside consent that is not known and says something
// is malformed, whatever its name and value, in JSON and in the Avro made of it; and
// no name is shown that could be more than one.
func FuzzConsentMembers(f *testing.F) {
	for _, name := range []string{"adUserData", "us_privacy", "gcp", "mira@mail.example", "ad_storage ", "", "\u0000", "4915112345678"} {
		f.Add(name, `"denied"`)
	}
	f.Add("ad_user_data", `"granted"`)
	f.Add("purposes", `{"disabled":[1]}`)
	f.Add("usp", `null`)
	known := map[string]bool{}
	for _, name := range []string{"ad_storage", "ad_user_data", "ad_personalization", "analytics_storage", "gpc", "dnt", "tcf", "gpp", "captured_at", "gdpr_applies", "gpp_sid"} {
		known[name] = true
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		key, err := json.Marshal(name)
		if err != nil || !json.Valid([]byte(value)) || json.Unmarshal(key, &name) != nil || known[name] {
			return
		}
		var e, again event.Event
		text := `{` + head + `,"consent":{"ad_user_data":"granted",` + string(key) + `:` + value + `}}`
		if codec.DecodeEventJSON(&e, []byte(text)) != nil {
			return
		}
		if strings.TrimSpace(value) == "null" {
			require.Empty(t, e.Consent.UnknownMember)
			return
		}
		require.NotEmpty(t, e.Consent.UnknownMember)
		require.LessOrEqual(t, len(e.Consent.UnknownMember), 40)
		require.NotContains(t, e.Consent.UnknownMember, "@")
		require.NotEqual(t, consent.WellFormed, consent.Normalise(e.Consent, 0, 0).Malformed)
		require.NoError(t, codec.DecodeEvent(&again, codec.AppendEventFromJSON(nil, 1, &e, []byte(text))[5:]))
		require.Equal(t, e.Consent.UnknownMember, again.Consent.UnknownMember)
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
