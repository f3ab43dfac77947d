package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/provider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary stands for personal data.
const canary = "jane.canary@example.com"

func setup(t *testing.T, change func(*telemetry.Config)) (*telemetry.Telemetry, *bytes.Buffer) {
	t.Helper()
	logs := &bytes.Buffer{}
	cfg := telemetry.Config{Telemetry: config.Default().Telemetry, Version: "v0", Instance: "test-0"}
	if change != nil {
		change(&cfg)
	}
	tel, err := telemetry.New(t.Context(), cfg, telemetry.Deps{Output: logs})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	return tel, logs
}

func scrape(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	tel.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, 200, recorder.Code)
	return recorder.Body.String()
}

// useAll touches every instrument once.
func useAll(t *testing.T, m *telemetry.Metrics) {
	t.Helper()
	ctx := t.Context()
	tally := telemetry.NewTally(decision.StageRouter)
	tally.Record(603)
	tally.Count(decision.Queued, decision.Eligible)
	tally.Add(decision.Skipped, decision.MappingNone, 40)
	tally.UnknownMember("adUserData")
	m.AddTally(ctx, tally)
	m.UnknownMembers(ctx, telemetry.MembersOfRecords, "us_privacy", 1)
	m.Decision(ctx, &decision.Decision{Stage: decision.StageSender, Status: decision.Delivered, Reason: decision.ReasonDelivered})
	m.LostRecords(ctx, decision.StageRouter, 7)
	m.OversizedBatch(ctx)
	m.Transaction(ctx, "router", telemetry.TransactionCommitted, 41, 12*time.Millisecond)
	m.Transaction(ctx, "router", telemetry.TransactionGivenUp, 41, 0)
	m.Claims(ctx, telemetry.ClaimTaken, 1)
	m.RoleRestarts(ctx, "monitor", 1)
	m.ClaimsLost(ctx, 2)
	m.ClaimRoundTrip(ctx, time.Millisecond)
	d := m.Destination("meta", "acme-meta")
	d.Request(ctx, decision.LaneRealtime, 20, 9000, 80*time.Millisecond, &provider.Answer{Class: provider.Throttled, Code: "4"})
	d.Request(ctx, decision.LaneRealtime, 20, 9000, 80*time.Millisecond, &provider.Answer{Class: provider.Invalid, Code: canary, Unmapped: true})
	d.Delivered(ctx, decision.LaneRealtime, 300*time.Millisecond)
	d.Moved(ctx, "retry_1m", 20)
	m.VerdictAsked(ctx, "google", "settled", 3)
	watchAll(t, m)
}

func watchAll(t *testing.T, m *telemetry.Metrics) {
	t.Helper()
	keep := func(stop func() error, err error) {
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, stop()) })
	}
	keep(m.WatchOldest(func() []telemetry.Oldest {
		return []telemetry.Oldest{{Stage: "router", Age: 1500 * time.Millisecond}, {Stage: "sender", Provider: "meta", Age: time.Minute}}
	}))
	keep(m.WatchTables(func() []telemetry.Table {
		return []telemetry.Table{{Name: "consent", Ready: true, Staleness: time.Second, Entries: 5, Bytes: 300}}
	}))
	keep(m.WatchDestinations(func() []telemetry.DestinationState {
		return []telemetry.DestinationState{{Provider: "meta", Destination: "acme-meta", State: "blocked", Parked: 3, ParkedBytes: 900, RequestsGoing: 1}}
	}))
	keep(m.WatchWindow(func() int64 { return 4096 }))
	keep(m.WatchClaimWindow(func() (time.Duration, bool) { return 9 * 24 * time.Hour, true }))
	keep(m.WatchClaimReplicas(func() (int64, bool) { return 1, true }))
	keep(m.WatchAlerts(func() []telemetry.Alert {
		return []telemetry.Alert{
			{Name: "silent_failure", Destination: "acme-meta", Customer: "acme", Provider: "meta", Owner: "growth@acme.example", Runbook: "https://wiki.acme.example/meta", Firing: true},
			{Name: "consent_table_stale"},
		}
	}))
	keep(m.WatchQuotas(func() []telemetry.Quota {
		return []telemetry.Quota{{Provider: "google", Project: "acme-ads", Requests: 10, PerMinute: 300, PerDay: 100000}}
	}))
}

var update = os.Getenv("UPDATE_GOLDEN") != ""

// TestMetricsAreThePromisedOnes compares everything that is served, except
// the Go runtime's own, with a golden file: names, labels and values.
func TestMetricsAreThePromisedOnes(t *testing.T) {
	t.Parallel()
	tel, _ := setup(t, nil)
	useAll(t, tel.Metrics)
	var lines []string
	for line := range strings.SplitSeq(scrape(t, tel), "\n") {
		if strings.Contains(line, "sluice_") && !strings.HasPrefix(line, "# TYPE") && !strings.Contains(line, "_bucket{") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	golden := filepath.Join("testdata", "metrics.txt")
	if update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "metric names are promises; if the change is meant, run with UPDATE_GOLDEN=1")
	assert.NotContains(t, got, canary, "a code that no table knows became a label")
}

func TestMetricNamesFollowTheConventions(t *testing.T) {
	t.Parallel()
	tel, _ := setup(t, nil)
	useAll(t, tel.Metrics)
	text := scrape(t, tel)
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (sluice_\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		name, kind := m[1], m[2]
		assert.Equal(t, kind == "counter", strings.HasSuffix(name, "_total"), name)
		assert.Regexp(t, `^[a-z_]+$`, name)
		assert.Regexp(t, `(?m)^# HELP `+name+` \S`, text, "no description")
	}
}

func TestTallyAddsUpAndResets(t *testing.T) {
	t.Parallel()
	tel, _ := setup(t, nil)
	tally := telemetry.NewTally(decision.StageHold)
	tally.Count(decision.Held, decision.ConsentUnknown)
	tally.Reset() // the transaction was aborted
	for _, reason := range decision.Reasons() {
		for range 3 {
			tally.Count(decision.Skipped, reason)
		}
	}
	tally.Count(decision.Status(200), decision.Reason(200))
	tel.Metrics.AddTally(t.Context(), tally)
	tel.Metrics.AddTally(t.Context(), tally)
	text := scrape(t, tel)
	assert.Equal(t, len(decision.Reasons())+1, strings.Count(text, "sluice_decisions_total{"))
	for _, reason := range decision.Reasons() {
		assert.Contains(t, text, fmt.Sprintf("sluice_decisions_total{reason=%q,stage=\"hold\",status=\"skipped\"} 3\n", reason.String()))
	}
	assert.NotContains(t, text, `status="held"`)
}

func TestTallyCostsNothing(t *testing.T) {
	tally := telemetry.NewTally(decision.StageRouter)
	tally.Count(decision.Queued, decision.Eligible)
	allocations := testing.AllocsPerRun(1000, func() {
		tally.Record(600)
		tally.Count(decision.Queued, decision.Eligible)
	})
	assert.Zero(t, allocations)
}

func BenchmarkTally(b *testing.B) {
	tally := telemetry.NewTally(decision.StageRouter)
	b.ReportAllocs()
	for b.Loop() {
		tally.Record(600)
		tally.Count(decision.Skipped, decision.MappingNone)
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger, err := telemetry.NewLogger(&out, config.Log{Level: "info", Format: "json"})
	require.NoError(t, err)
	logger.Debug("not written")
	logger.With(telemetry.KeyTopic, "sluice.hold").WithGroup("g").Info("written", "secret", identity.NewRaw(canary), "reference", config.Literal(canary))
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line), out.String())
	assert.Equal(t, "written", line["msg"])
	assert.Equal(t, "sluice.hold", line[telemetry.KeyTopic])
	assert.NotContains(t, out.String(), canary)
	for _, bad := range []config.Log{{Level: "loud", Format: "json"}, {Level: "info", Format: "xml"}} {
		_, err := telemetry.NewLogger(io.Discard, bad)
		require.Error(t, err)
	}
}

// collector is an OTLP endpoint that only notes which paths and headers came.
type collector struct {
	mu   sync.Mutex
	seen map[string]string // path -> authorization
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[r.URL.Path] = r.Header.Get("Authorization")
	w.WriteHeader(http.StatusOK)
}

func TestExport(t *testing.T) {
	t.Parallel()
	c := &collector{seen: map[string]string{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	tel, logs := setup(t, func(cfg *telemetry.Config) {
		cfg.OTLP = config.OTLP{Endpoint: server.URL, Headers: config.Literal("Authorization=Bearer x=y , X-Other=1"), Interval: config.Duration(time.Hour), Logs: true}
		cfg.Traces.Ratio = 1
	})
	useAll(t, tel.Metrics)
	ctx, span := tel.Tracing.Start(t.Context(), "route", nil)
	tel.Logger.InfoContext(ctx, "inside", slog.Int(telemetry.KeyCount, 1))
	span.End()
	require.NoError(t, tel.Shutdown(t.Context()))
	require.NoError(t, tel.Shutdown(t.Context()), "stopping twice")
	assert.Equal(t, map[string]string{"/v1/metrics": "Bearer x=y", "/v1/traces": "Bearer x=y", "/v1/logs": "Bearer x=y"}, c.seen)
	assert.Contains(t, logs.String(), span.SpanContext().TraceID().String(), "the log line leads to its trace")
}

func TestExportHeadersAreNotShown(t *testing.T) {
	t.Parallel()
	cfg := telemetry.Config{Telemetry: config.Default().Telemetry}
	cfg.OTLP.Endpoint = "http://127.0.0.1:1"
	cfg.OTLP.Headers = config.Literal(canary)
	_, err := telemetry.New(t.Context(), cfg, telemetry.Deps{Output: io.Discard})
	require.ErrorContains(t, err, "entry 1 is not name=value")
	assert.NotContains(t, err.Error(), canary)
}

// TestNamesOfUnknownMembersAreBounded: they come from outside, and each would be a
// series for ever.
func TestNamesOfUnknownMembersAreBounded(t *testing.T) {
	t.Parallel()
	tel, _ := setup(t, nil)
	tally := telemetry.NewTally(decision.StageRouter)
	for i := range 500 {
		tally.UnknownMember("m" + strconv.Itoa(i))
		if i%100 == 0 {
			tel.Metrics.AddTally(t.Context(), tally)
		}
	}
	tel.Metrics.AddTally(t.Context(), tally)
	text := scrape(t, tel)
	assert.Equal(t, 51, strings.Count(text, "sluice_consent_unknown_members_total{"))
	assert.Contains(t, text, `member="(other)"`)
}
