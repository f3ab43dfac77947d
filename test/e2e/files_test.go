package e2e_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// capturedRequest is a line of requests.ndjson as docs/contracts.md has it.
type capturedRequest struct {
	Provider string                     `json:"provider"`
	Method   string                     `json:"method"`
	URL      string                     `json:"url"`
	Headers  map[string]json.RawMessage `json:"headers"`
	Body     json.RawMessage            `json:"body"`
	Status   int                        `json:"status"`
	Response json.RawMessage            `json:"response"`
}

// TestDemoRunsHandWrittenFiles checks every promise about a demo with files of
// one's own: the fields of its answer and captures, and that explain shows the
// very bytes that leave.
func TestDemoRunsHandWrittenFiles(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	resources, events, consents, capture := filepath.Join(dir, "resources"), filepath.Join(dir, "events.ndjson"), filepath.Join(dir, "consent.ndjson"), filepath.Join(dir, "capture")
	require.NoError(t, os.Mkdir(resources, 0o700))
	writeFile(t, filepath.Join(resources, "shop.yaml"), shopResources(false))
	granted := purchase("shop", "file-1", "subject-1", now)
	granted = strings.Replace(granted, "https://shop.example/checkout", "https://shop.example/checkout?partner=a%26b&colour=blue<green>", 1)
	silent := without(t, purchase("shop", "file-2", "subject-2", now), "consent")
	denied := strings.Replace(purchase("shop", "file-3", "subject-3", now), `"ad_user_data": "granted"`, `"ad_user_data": "denied"`, 1)
	writeFile(t, events, lines(
		granted,
		silent, // granted by the consent record
		denied,
		granted, // the same once more
		`{"customer_id": "shop", "event_name": "page.viewed", "event_time": "`+now.UTC().Format(time.RFC3339)+`"}`,
		`{"customer_id": "shop", "event_name": `,
		`{"customer_id": "shop", "event_name": "page.viewed", "event_time": "`+now.UTC().Format(time.RFC3339)+`", "page": {`,
		strings.Replace(granted, `"https://`, `"https://`+strings.Repeat("x", 3<<20), 1),
		"",
		without(t, purchase("shop", "file-4", "subject-4", now), "consent"),
	))
	writeFile(t, consents, lines(
		`{"customer_id": "another-shop", "subject_id": "a-subject-with-a-longer-name", "ad_storage": "granted", "ad_user_data": "granted", "updated_at": "2026-01-01T00:00:00Z"}`,
		`{"customer_id": "shop", "subject_id": "subject-2", "ad_storage": "denied", "ad_user_data": "denied", "updated_at": "2026-01-01T00:00:00Z"}`,
		`{"customer_id": "shop", "subject_id": "subject-2", "ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "granted", "analytics_storage": "granted", "updated_at": "`+now.Add(-time.Hour).UTC().Format(time.RFC3339)+`"}`,
	))
	answer := object(t, succeed(t, nil, "demo", "--resources", resources, "--input", events, "--consent", consents, "--capture", capture, "--output", "json").stdout)
	require.Equal(t, []string{"by_reason", "by_status", "claims_lost", "decisions", "duplicate_handovers", "duration_seconds", "events_read", "lost", "ok", "provider_duplicates", "providers"},
		slices.Sorted(maps.Keys(answer)))
	require.Equal(t, true, answer["ok"])
	require.EqualValues(t, 9, answer["events_read"])
	require.EqualValues(t, 14, answer["decisions"])
	require.Equal(t, map[string]any{"eligible": 4.0, "consent.denied": 2.0, "consent.unknown": 2.0, "duplicate.event_id": 1.0, "duplicate.transaction": 1.0, "mapping.none": 1.0, "event.undecodable": 2.0, "event.too_large": 1.0}, answer["by_reason"])
	require.Equal(t, map[string]any{"queued": 4.0, "skipped": 5.0, "duplicate": 2.0, "dead_lettered": 3.0}, answer["by_status"])
	for name, requests := range map[string]float64{"meta": 1, "google": 1} {
		p := answer["providers"].(map[string]any)[name].(map[string]any)
		require.GreaterOrEqual(t, p["requests"], requests, name)
		delete(p, "requests")
		require.Equal(t, map[string]any{"queued": 2.0, "accepted": 2.0, "rejected": 0.0}, p, name)
	}
	for _, name := range []string{"lost", "duplicate_handovers", "provider_duplicates", "claims_lost"} {
		require.Zero(t, answer[name], name)
	}

	sent := capturedEvents(t, filepath.Join(capture, "requests.ndjson"))
	require.Len(t, sent["meta"], 2)
	require.Len(t, sent["google"], 2)
	explained := succeed(t, nil, "explain", "--resources", resources, "--events", events, "--consent", consents, "--output", "json").stdout
	compared := 0
	for line := range strings.Lines(explained) {
		var l struct {
			Provider string          `json:"provider"`
			Status   string          `json:"status"`
			Payload  json.RawMessage `json:"payload"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		require.Equal(t, l.Status == "queued", l.Payload != nil, line)
		if l.Payload != nil {
			require.Contains(t, sent[l.Provider], string(l.Payload))
			compared++
		}
	}
	require.Equal(t, 4, compared)

	diagnostics, err := os.ReadFile(filepath.Join(capture, "diagnostics.ndjson"))
	require.NoError(t, err)
	byStatus := map[string]int{}
	for _, d := range objects(t, string(diagnostics)) {
		byStatus[d["stage"].(string)+" "+d["status"].(string)]++
		for _, field := range []string{"status", "reason", "stage", "customer_id", "destination_id", "mapping", "provider", "event_id", "source_event"} {
			require.Contains(t, d, field)
		}
	}
	require.Positive(t, byStatus["verdict confirmed"], "Google says within the demo what became of its requests")
	delete(byStatus, "verdict confirmed") // one a request, and how many requests there are is the batcher's business
	require.Equal(t, map[string]int{"router queued": 4, "router skipped": 4, "router duplicate": 2, "router dead_lettered": 3, "sender delivered": 4}, byStatus)
}

// capturedEvents gives the events of captured requests, byte for byte, by
// provider, and checks the rest of each line.
func capturedEvents(t *testing.T, path string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	sent := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		require.ElementsMatch(t, []string{"provider", "method", "url", "headers", "body", "status", "response"}, slices.Collect(maps.Keys(object(t, line))))
		var r capturedRequest
		require.NoError(t, json.Unmarshal([]byte(line), &r), line)
		require.Equal(t, "POST", r.Method)
		require.Equal(t, 200, r.Status)
		require.NotEmpty(t, r.Response)
		require.NotContains(t, line, "sandbox-file", "a credential")
		require.NotContains(t, r.Headers, "Authorization")
		require.NotContains(t, string(r.Body), "access_token")
		var body struct {
			Data   []json.RawMessage `json:"data"`
			Events []json.RawMessage `json:"events"`
		}
		require.NoError(t, json.Unmarshal(r.Body, &body))
		for _, e := range append(body.Data, body.Events...) {
			sent[r.Provider] = append(sent[r.Provider], string(e))
		}
	}
	return sent
}

// without takes a member out of a JSON object.
func without(t *testing.T, text, member string) string {
	t.Helper()
	o := object(t, text)
	delete(o, member)
	out, err := json.Marshal(o)
	require.NoError(t, err)
	return string(out)
}

// TestDemoHealsFromEveryFault runs all faults at once; the accounting must add
// up once they have healed.
func TestDemoHealsFromEveryFault(t *testing.T) {
	t.Parallel()
	began := time.Now()
	answer := object(t, succeed(t, nil, "demo", "--faults", "all", "--events", "800", "--output", "json").stdout)
	t.Logf("healed within %.1f s", time.Since(began).Seconds())
	require.Equal(t, true, answer["ok"], "%v", answer)
	require.Zero(t, answer["lost"])
	require.Zero(t, answer["duplicate_handovers"])
	for _, name := range []string{"meta", "google"} {
		p := answer["providers"].(map[string]any)[name].(map[string]any)
		require.Positive(t, p["accepted"], name)
	}
}

// The README's reader runs the same files through explain and demo, and finds
// the same reasons: every line of every file counts for whom it names.
func TestDemoEndsAsExplainSays(t *testing.T) {
	t.Parallel()
	dir, examples := t.TempDir(), filepath.Join("..", "..", "examples")
	text, err := os.ReadFile(filepath.Join(examples, "events.ndjson"))
	require.NoError(t, err)
	now := regexp.MustCompile(`"event_time":"[^"]*"`).ReplaceAllString(string(text), `"event_time":"`+time.Now().UTC().Format(time.RFC3339)+`"`)
	require.NotEqual(t, string(text), now)
	events := filepath.Join(dir, "events.ndjson")
	writeFile(t, events, now)
	files := []string{"--resources", examples, "--consent", filepath.Join(examples, "consent.ndjson"), "--output", "json"}

	explained := map[string]any{}
	for line := range strings.Lines(succeed(t, nil, append([]string{"explain", "--events", events}, files...)...).stdout) {
		reason, _ := object(t, line)["reason"].(string)
		n, _ := explained[reason].(float64)
		explained[reason] = n + 1
	}
	require.Equal(t, explained, object(t, succeed(t, nil, append([]string{"demo", "--input", events}, files...)...).stdout)["by_reason"])
}
