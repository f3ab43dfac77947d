package cli_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
)

const (
	goodEvent    = `{"customer_id":"acme","event_name":"transaction.purchase","event_time":"2026-11-20T11:00:00Z","event_id":"e1","subject_id":"s1","commerce":{"value":5,"currency":"EUR","transaction_id":"t1"}}`
	nobodysEvent = `{"customer_id":"acme","event_name":"page.viewed","event_time":"2026-11-20T11:00:00Z","event_id":"e2"}`
	// A line whose consent nobody reads, and which is an event all the same.
	misspeltEvent = `{"customer_id":"acme","event_name":"page.viewed","event_time":"2026-11-20T11:00:00Z","event_id":"e4","consnt":{"gpc":true}}`
	badEvent      = `{"customer_id":"acme","event_time":"2026-11-20T11:00:00Z","event_id":"e3"}`
)

func TestEmit(t *testing.T) {
	t.Parallel()
	s := ready(t)
	consents := s.file("consent.ndjson", `{"customer_id":"acme","subject_id":"s1","updated_at":"2026-11-20T10:00:00Z","ad_user_data":"granted"}`+"\n")
	text := s.ok("emit", "--file", s.file("events.ndjson", goodEvent+"\n\n"+nobodysEvent+"\n"), "--consent", consents)
	require.Contains(t, text, "wrote 2 events to analytics.events and 1 consent record to sluice.consent")

	byKey := s.events(t)
	require.Equal(t, "transaction.purchase", byKey["acme:s1"].Name)
	require.Equal(t, "page.viewed", byKey["acme:e2"].Name, "without a subject the key is the event id")

	records := s.records("sluice.consent")
	require.Len(t, records, 1)
	require.Equal(t, "acme:s1", string(records[0].Key))
	decoder, err := codec.NewConsentRecords(s.registry(t))
	require.NoError(t, err)
	var record consent.Record
	require.NoError(t, decoder.Decode(t.Context(), records[0].Value, &record))
	require.Equal(t, "granted", record.AdUserData.Value)
}

// events reads the analytics topic as Avro, by key.
func (s *stage) events(t *testing.T) map[string]*event.Event {
	t.Helper()
	decoder, err := codec.NewEvents(codec.FormatAvro, s.registry(t))
	require.NoError(t, err)
	all := map[string]*event.Event{}
	for _, r := range s.records("analytics.events") {
		e := new(event.Event)
		require.NoError(t, decoder.Decode(t.Context(), r.Value, e))
		all[string(r.Key)] = e
	}
	return all
}

func (s *stage) registry(t testing.TB) *codec.Registry {
	t.Helper()
	client, err := sr.NewClient(sr.URLs(s.services.RegistryURL()), sr.HTTPClient(s.services.HTTPClient()))
	require.NoError(t, err)
	return codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: now})
}

func TestEmitJSON(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("emit", "--file", s.file("events.ndjson", goodEvent+"\n"), "--format", "json")
	got := s.records("analytics.events")
	require.Len(t, got, 1)
	require.JSONEq(t, goodEvent, string(got[0].Value))
}

func TestEmitFromStandardInput(t *testing.T) {
	t.Parallel()
	s := ready(t)
	got := s.with(t.Context(), strings.NewReader(goodEvent+"\n"), append([]string{"emit", "--file", "-", "--output", "json"}, s.flags()...)...)
	require.Equal(t, 0, got.code, got.stderr)
	require.InDelta(t, 1, unjson(t, got.stdout)["events"], 0)
	require.Len(t, s.records("analytics.events"), 1)
}

// TestEmitRefusesBadLines: by default nothing is written where a line is no
// event; the other choices have to be named.
func TestEmitRefusesBadLines(t *testing.T) {
	t.Parallel()
	s := ready(t)
	file := s.file("events.ndjson", goodEvent+"\n"+badEvent+"\nnonsense\n")

	refused := s.run("emit", "--file", file)
	require.Equal(t, 2, refused.code)
	require.Contains(t, refused.stderr, "2 bad lines")
	require.Contains(t, refused.stderr, file+":2: field event_name")
	require.Contains(t, refused.stderr, file+":3: ")
	require.Contains(t, refused.stderr, "--invalid skip")
	require.Empty(t, s.records("analytics.events"))

	skipped := s.ok("emit", "--file", file, "--invalid", "skip")
	require.Contains(t, skipped, "wrote 1 event to analytics.events, left out 2 lines")
	require.Len(t, s.records("analytics.events"), 1)

	sent := s.ok("emit", "--file", file, "--invalid", "send")
	require.Contains(t, sent, "wrote 3 events to analytics.events, of which 2 are no events")
	all := s.records("analytics.events")
	require.Len(t, all, 4)
	require.True(t, hasValue(all, "nonsense"), "a line that is no event is sent as it is")
}

func hasValue(all []*kgo.Record, value string) bool {
	for _, r := range all {
		if string(r.Value) == value {
			return true
		}
	}
	return false
}

// TestEmitSaysWhatItIgnores: unknown members are no error, but whoever misspelt
// one wants to know.
func TestEmitSaysWhatItIgnores(t *testing.T) {
	t.Parallel()
	s := ready(t)
	file := s.file("events.ndjson", goodEvent+"\n"+misspeltEvent+"\n")
	got := s.run("emit", "--file", file)
	require.Zero(t, got.code, got.stderr)
	require.Contains(t, got.stderr, file+":2: unknown member consnt (ignored); did you mean consent?\n")
	require.Contains(t, got.stdout, "wrote 2 events")
}

// TestEmitCountStartsOver: a file that is shorter than --count starts over,
// with new ids, so that the events are not duplicates.
func TestEmitCountStartsOver(t *testing.T) {
	t.Parallel()
	s := ready(t)
	text := s.ok("emit", "--file", s.file("events.ndjson", goodEvent+"\n"+nobodysEvent+"\n"), "--count", "5", "--rate", "1000/s", "--now")
	require.Contains(t, text, "wrote 5 events")
	ids := map[string]bool{}
	decoder, err := codec.NewEvents(codec.FormatAvro, s.registry(t))
	require.NoError(t, err)
	for _, r := range s.records("analytics.events") {
		var e event.Event
		require.NoError(t, decoder.Decode(t.Context(), r.Value, &e))
		ids[e.ID] = true
		require.WithinDuration(t, now(), at(e.Time), minute)
	}
	require.Equal(t, map[string]bool{"e1": true, "e2": true, "e1-r1": true, "e2-r1": true, "e1-r2": true}, ids)
}

func TestEmitFlags(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	file := s.file("events.ndjson", goodEvent+"\n")
	for name, args := range map[string][]string{
		"rate": {"--rate", "fast"}, "no rate": {"--rate", "0/s"}, "unit": {"--rate", "5/week"}, "count": {"--count", "-1"},
		"format": {"--format", "xml"}, "invalid": {"--invalid", "maybe"}, "output": {"--output", "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, 2, run(t, append([]string{"emit", "--file", file}, args...)...).code)
		})
	}
	require.Equal(t, 2, run(t, "emit", "--file", s.file("empty.ndjson", "\n")).code)
	require.Equal(t, 2, run(t, "emit", "--file", s.dir+"/not-there").code)
	bad := s.file("consent.ndjson", `{"customer_id":"acme","updated_at":"2026-11-20T10:00:00Z"}`+"\nnot json\n")
	got := run(t, "emit", "--file", file, "--consent", bad)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, bad+":1: field subject_id")
	require.Contains(t, got.stderr, bad+":2: ")
}
