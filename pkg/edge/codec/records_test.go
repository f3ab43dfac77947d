package codec_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

func TestDiagnosticJSON(t *testing.T) {
	require.JSONEq(t, `{
		"decision_id": "0123456789abcdef0123456789abcdef", "time": "2026-11-20T10:00:00.123Z", "stage": "router", "status": "queued", "reason": "eligible",
		"customer_id": "acme", "destination_id": "acme-meta", "mapping": "acme-meta-purchase", "provider": "meta", "lane": "realtime",
		"source_event": "transaction.purchase", "target": "Purchase", "event_id": "e-1", "event_id_source": "explicit", "transaction_id": "t-1",
		"value": 59.9, "currency": "EUR", "event_time": "2026-11-20T10:00:00.000Z", "subject_hash": "9f86d081884c7d65", "subject_key_id": "k1",
		"consent": {"basis": "snapshot", "at": "2026-11-20T10:00:00.000Z", "offset": 0, "regime": "opt_in", "jurisdiction": "US-CA", "from_identity": false,
			"policy": "default", "policy_version": "2026-11-20", "purposes": {"ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "denied"}},
		"restricted": false,
		"identifiers": {"present": ["email", "click_id"], "dropped": [{"kind": "ip", "reason": "not_allowed"}], "unsafe_dropped": 0, "warnings": 0, "match_quality": 6.5, "notes": []},
		"attempts": 0, "http_status": 0, "warnings": [], "latency_ms": 0, "provider_latency_ms": 0, "recovered": false,
		"source": {"topic": "analytics.events", "topic_id": "01020000000000000000000000000000", "partition": 3, "offset": 42, "append_time": "2026-11-20T10:00:01.000Z"},
		"claim_key": "ab010000000000000000000000000000", "claim_window_ms": 777600000, "destination_version": "d1", "mapping_version": "m1", "app_version": "1.0.0",
		"dedup_risk": false, "events": 0}`, string(codec.AppendDiagnosticJSON(nil, aDecision())))
}

// The names that other programs rely on are there even when there is nothing
// to say, as for a record that does not decode.
func TestDiagnosticJSONOfNothing(t *testing.T) {
	var got map[string]any
	line := codec.AppendDiagnosticJSON(nil, &decision.Decision{Status: decision.DeadLettered, Reason: decision.EventUndecodable, Message: "a \"quote\"\n\xff"})
	require.NoError(t, json.Unmarshal(line, &got))
	for name, want := range map[string]any{
		"status": "dead_lettered", "reason": "event.undecodable", "stage": "router", "customer_id": "", "destination_id": "",
		"mapping": "", "provider": "", "event_id": "", "source_event": "", "message": "a \"quote\"\n\ufffd",
	} {
		require.Equal(t, want, got[name], name)
	}
	require.NotContains(t, got, "lane")
}

// Every name that JSON prints is a field of the schema.
func TestDiagnosticJSONHasTheSchemasNames(t *testing.T) {
	d := aDecision()
	d.Message, d.ReplayID, d.DuplicateOf, d.NextAttempt = "m", "r", "t/0@1", 1795168800000
	d.ProviderCode, d.ProviderSubcode, d.ProviderMessage, d.ProviderRequestID = "190", "1", "m", "q"
	d.BrowserReported = event.Some(true)
	d.Consent.Purpose, d.Consent.Malformed = consent.AdUserData, consent.PartTCF
	d.AlsoKey = [16]byte{0xab, 2}
	var got map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(codec.AppendDiagnosticJSON(nil, d), &got))
	var names []string
	for _, f := range parseSchema(t, schemas.Diagnostic).(*avro.RecordSchema).Fields() {
		names = append(names, f.Name())
	}
	for name := range got {
		require.Contains(t, names, name)
	}
	require.Len(t, got, len(names), "a complete decision prints every field")
}

// An older program reads what a newer one says; a delivery it does not
// understand it refuses.
func TestUnknownWords(t *testing.T) {
	value := codec.AppendDiagnostic(nil, 1, aDecision())[5:]
	var d decision.Decision
	require.NoError(t, codec.DecodeDiagnostic(&d, bytes.Replace(value, []byte("eligible"), []byte("ineffable"[:8]), 1)))
	require.Equal(t, decision.ReasonNone, d.Reason)
	require.Equal(t, decision.Queued, d.Status)

	value = codec.AppendDelivery(nil, 1, aDelivery())[5:]
	var x decision.Delivery
	err := codec.DecodeDelivery(&x, bytes.Replace(value, []byte("realtime"), []byte("oblivion"), 1))
	require.ErrorContains(t, err, "field lane: its word is not known")
}

func TestConsentJSON(t *testing.T) {
	const key = `"customer_id":"acme","subject_id":"s-1","updated_at":"2026-11-20T10:00:00Z"`
	tests := []struct{ name, in, want string }{
		{"smallest", `{` + key + `}`, "ok"},
		{"complete", `{` + key + `,"ad_storage":"granted","gpc":true,"tcf":null,"source":"banner","policy_version":"3","age_group":"adult","opt_out_overridden":true,"erased":false}`, "ok"},
		{"purpose of the wrong type", `{` + key + `,"ad_storage":1}`, "malformed"},
		{"flag of the wrong type", `{` + key + `,"erased":"yes"}`, "malformed"},
		{"purpose twice", `{` + key + `,"ad_storage":"denied","ad_storage":"granted"}`, "malformed"},
		{"note of the wrong type", `{` + key + `,"source":1}`, "event.undecodable"},
		{"no subject", `{"customer_id":"acme","updated_at":1795168800000}`, "event.invalid"},
		{"no customer", `{"subject_id":"s","updated_at":1795168800000}`, "event.invalid"},
		{"no time", `{"customer_id":"acme","subject_id":"s"}`, "event.invalid"},
		{"time in seconds", `{"customer_id":"acme","subject_id":"s","updated_at":1795168800}`, "event.invalid"},
		{"an unknown member", `{` + key + `,"ad_storage":"granted","us_privacy":"1YYN"}`, "malformed"},
		{"an unknown member that is null", `{` + key + `,"us_privacy":null}`, "ok"},
		{"sections in force", `{` + key + `,"gpp":"DBAA","gpp_sid":[-1],"gdpr_applies":false}`, "ok"},
		{"no JSON", `{`, "event.undecodable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s codec.SubjectRecord
			err := codec.DecodeConsentJSON(&s, []byte(tt.in))
			if err != nil {
				require.Equal(t, tt.want, outcome(nil, err))
				return
			}
			malformed := s.Record.Malformed || s.Record.UnknownMember != ""
			require.Equal(t, tt.want == "malformed", malformed)
			require.Equal(t, "s-1", s.SubjectID.Reveal())

			var inTopic consent.Record
			require.NoError(t, codec.DecodeConsentRecord(&inTopic, codec.AppendConsentRecord(nil, 1, &s.Record)[5:]))
			if malformed {
				require.NotZero(t, consent.NormaliseRecord(inTopic, 0).Malformed, "malformed in the topic too")
				return
			}
			require.Equal(t, s.Record, inTopic)
			var again codec.SubjectRecord
			require.NoError(t, codec.DecodeConsentJSON(&again, codec.AppendConsentJSON(nil, &s)))
			require.Equal(t, text(s), text(again))
		})
	}
}

// A record that cannot be placed in time denies; it does not lose to an older
// grant.
func TestConsentRecordWithoutTimeIsMalformed(t *testing.T) {
	var r consent.Record
	require.NoError(t, codec.DecodeConsentRecord(&r, codec.AppendConsentRecord(nil, 1, &consent.Record{UpdatedAt: 1795168800})[5:]))
	require.True(t, r.Malformed)
}

func TestTruncate(t *testing.T) {
	whole := bytes.Repeat([]byte("x"), 200_000)
	d := codec.DeadEvent(codec.OriginalOf(&kgo.Record{Key: []byte{}, Value: whole}, event.Coordinates{Topic: "a"}), decision.EventTooLarge, "refused", 1)
	d.Truncate()
	require.Len(t, d.Value, codec.TruncatedBytes)
	require.Equal(t, int64(len(whole)), d.Size)
	require.Len(t, d.SHA256, 32)

	var back codec.DeadLetter
	require.NoError(t, codec.DecodeDeadLetter(&back, codec.AppendDeadLetter(nil, 1, &d)[5:]))
	require.True(t, back.Truncated)
	require.NotNil(t, back.Key, "an empty key is not a null key")
}

func TestHop(t *testing.T) {
	h := codec.Hop{Attempt: 2, FirstHandover: 1795168800000, LastAttempt: 1795168801000, Cause: decision.ProviderThrottled, ReplayID: "r", HTTPStatus: 429,
		ProviderCode: "4", Class: "throttled", Source: "t/0@1", Destination: "d", AppVersion: "1", Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	headers := h.Replace([]kgo.RecordHeader{{Key: "theirs", Value: []byte("kept")}, {Key: codec.HeaderAttempt, Value: []byte("1")}})
	require.Equal(t, "theirs", headers[0].Key)
	back, err := codec.ParseHop(headers)
	require.NoError(t, err)
	require.Equal(t, h, back)
	require.Len(t, h.Replace(headers), len(headers), "a second move replaces")
	require.Equal(t, h.Traceparent, string(codec.TraceParent(headers)))

	empty, err := codec.ParseHop(nil)
	require.NoError(t, err)
	require.Zero(t, empty)
	for _, bad := range []string{"", "-1", "x", "99999999999999999999"} {
		_, err := codec.ParseHop([]kgo.RecordHeader{{Key: codec.HeaderAttempt, Value: []byte(bad)}})
		require.ErrorContains(t, err, "sluice-attempt")
	}
	require.Nil(t, codec.TraceParent([]kgo.RecordHeader{{Key: "traceparent", Value: []byte("canary@x.example")}}))
}
