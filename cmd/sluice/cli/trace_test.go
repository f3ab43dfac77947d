package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// noon is when the events of these tests happened.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// past builds diagnostics as the roles write them.
type past struct {
	event       string
	offset      int64
	destination string
	provider    string
	target      string
	clock       time.Time
	subject     string
}

// say is one decision, a second after the one before.
func (p *past) say(stage decision.Stage, status decision.Status, reason decision.Reason, change func(*decision.Decision)) decision.Decision {
	p.clock = p.clock.Add(time.Second)
	d := decision.Decision{
		Time: p.clock.UnixMilli(), Stage: stage, Status: status, Reason: reason, Message: reason.Info().Sentence,
		CustomerID: "acme", DestinationID: p.destination, Mapping: "acme-web/" + p.destination, Provider: p.provider, Target: p.target,
		Lane: decision.LaneRealtime, SourceEvent: "transaction.purchase", EventID: p.event, TransactionID: "T-" + p.event,
		Value: event.Some(59.9), Currency: "EUR", EventTime: noon.Add(-time.Second).UnixMilli(), SubjectHash: p.subject,
		Consent: consent.Basis{
			Source: consent.FromRecord, At: noon.Add(-48 * time.Hour).UnixMilli(), Offset: 17, Purpose: consent.AdUserData,
			Jurisdiction: consent.Jurisdiction{Country: "DE"}, PolicyID: "default", PolicyVersion: "2026-11-20",
		},
		Said: consent.State{Granted: consent.AdStorage | consent.AdUserData},
		Identifiers: decision.IdentifierStatus{
			Present: []decision.Kind{decision.KindEmail, decision.KindClickID}, MatchQuality: 7.5,
			Dropped: []decision.Dropped{{Kind: decision.KindIP, Reason: decision.DropNotAllowed}},
		},
		Source: event.Coordinates{Topic: "analytics.events", TopicID: event.TopicID{7}, Partition: 2, Offset: p.offset, AppendTime: noon.UnixMilli()},
	}
	if change != nil {
		change(&d)
	}
	d.ID = decision.NewID(d.Source, d.DestinationID, d.Mapping, stage, status, d.ReplayID, d.Attempts)
	if stage == decision.StageVerdict {
		d.ID = decision.NewVerdictID(d.ProviderRequestID, d.ProviderCode, d.Source, d.Mapping)
	}
	return d
}

func toMeta(id string, offset int64) *past {
	return &past{event: id, offset: offset, destination: "acme-meta", provider: "meta", target: "Purchase", clock: noon}
}

func toGoogle(id string, offset int64) *past {
	return &past{event: id, offset: offset, destination: "acme-google", provider: "google", target: "987654321", clock: noon}
}

func answer(attempt, status int32, code, message, request string) func(*decision.Decision) {
	return func(d *decision.Decision) {
		d.Attempts, d.HTTPStatus, d.ProviderCode, d.ProviderMessage, d.ProviderRequestID = attempt, status, code, message, request
		d.ProviderLatencyMS = 120
	}
}

// somePast is an installation's history with one of everything.
func (s *stage) somePast() []decision.Decision {
	all := everything()
	for i := range all {
		if all[i].Source.Topic != "" {
			all[i].Source.Topic = s.services.Name(all[i].Source.Topic)
		}
	}
	return all
}

// everything is that history as it would stand in a default installation.
func everything() []decision.Decision {
	var all []decision.Decision
	m := toMeta("e1", 42)
	retry := m.say(decision.StageSender, decision.Retrying, decision.ProviderUnavailable, answer(1, 500, "2", "Service temporarily unavailable", ""))
	retry.NextAttempt = m.clock.Add(time.Minute).UnixMilli()
	queued := m.say(decision.StageRouter, decision.Queued, decision.Eligible, nil)
	queued.Time, retry.Time = noon.Add(200*time.Millisecond).UnixMilli(), noon.Add(500*time.Millisecond).UnixMilli()
	done := m.say(decision.StageSender, decision.Delivered, decision.ReasonDelivered, answer(2, 200, "", "", "fb-1"))
	done.Warnings = []string{"fbc looks old"}
	all = append(all, queued, retry, retry, done)

	g := toGoogle("e1", 42)
	all = append(all,
		g.say(decision.StageRouter, decision.Queued, decision.Eligible, nil),
		g.say(decision.StageSender, decision.Delivered, decision.ReasonDelivered, answer(1, 200, "", "", "g-1")),
		g.say(decision.StageVerdict, decision.Refused, decision.VerdictRefused, func(d *decision.Decision) {
			*d = decision.Decision{
				Time: d.Time, Stage: d.Stage, Status: d.Status, Reason: d.Reason, CustomerID: "acme", DestinationID: "acme-google", Provider: "google",
				Message: d.Message + " (3 of 200 refused: PROCESSING_ERROR_REASON_INVALID_GCLID)", ProviderCode: "PROCESSING_ERROR_REASON_INVALID_GCLID", ProviderRequestID: "g-1",
				Events: 3,
			}
		}))
	second := toMeta("e1", 43)
	all = append(all, second.say(decision.StageRouter, decision.Duplicate, decision.DuplicateEventID, func(d *decision.Decision) { d.DuplicateOf = "2@42" }))

	denied := toMeta("e2", 44)
	denied.subject = pseudonym("visitor-17")
	all = append(all, denied.say(decision.StageRouter, decision.Skipped, decision.ConsentDenied, func(d *decision.Decision) {
		d.Said = consent.State{Granted: consent.AdStorage, Denied: consent.AdUserData}
		d.Identifiers = decision.IdentifierStatus{}
	}))
	refused := toMeta("e3", 45)
	all = append(all,
		refused.say(decision.StageRouter, decision.Queued, decision.Eligible, nil),
		refused.say(decision.StageSender, decision.DeadLettered, decision.ProviderRejected, answer(1, 400, "100", "Invalid parameter", "")),
		refused.say(decision.StageReplay, decision.Queued, decision.Eligible, func(d *decision.Decision) { d.ReplayID = "after-outage"; d.Lane = decision.LaneReplay }))
	hidden := toMeta("mia@example.com", 46)
	hidden.event = hiddenID("mia@example.com")
	return append(all, hidden.say(decision.StageRouter, decision.Skipped, decision.IdentifiersUnsafeID, nil))
}

const privacyKey = "0123456789abcdef0123456789abcdef"

func pseudonym(subject string) string {
	p := identity.NewPseudonym("k1", []byte(privacyKey))
	return p.Subject("acme", identity.NewRaw(subject))
}

func hiddenID(id string) string {
	p := identity.NewPseudonym("k1", []byte(privacyKey))
	return p.ID(id)
}

// withKey are the variables of an installation whose diagnostics hash subjects.
func withKey() []string {
	return []string{"SLUICE_PRIVACY_KEY=" + privacyKey, "SLUICE_PRIVACY_KEY_ID=k1"}
}

var took = regexp.MustCompile(`in \d[0-9.]*[µm]?s\.`)

// golden compares with a file of testdata/golden; -update writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = took.ReplaceAllString(got, "in TIME.")
	file := filepath.Join("testdata", "golden", name+".txt")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o750))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	fits(t, got)
}

// fits: what people read has no line beyond 80 columns.
func fits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len([]rune(strings.TrimRight(line, "\n"))), 80, line)
	}
}

// TestTraceText: the whole history in words.
func TestTraceText(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.publish(t, s.somePast()...)
	waiting := codec.Submission{RequestID: "g-1", DestinationID: "acme-google", Provider: "google", Records: 200, Polls: 2}
	s.submit(t, waiting)
	for name, args := range map[string][]string{
		"trace-everything":  {"e1"},
		"trace-denied":      {"T-e2"},
		"trace-replayed":    {"e3"},
		"trace-coordinates": {"analytics.events/2@44"},
		"trace-destination": {"e1", "--destination", "acme-meta"},
		"trace-hidden":      {"mia@example.com"},
		"trace-subject":     {"--subject", "acme:visitor-17"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environ := append(s.services.Environ(), withKey()...)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "analytics.events", s.services.Name("analytics.events"))
			}
			got := runWith(t, t.Context(), strings.NewReader(""), environ, append(append([]string{"trace"}, args...), s.flags()...)...)
			require.Equal(t, 0, got.code, got.stderr)
			golden(t, name, s.services.Usual(got.stdout))
		})
	}
}

// submit writes a submission as the sender does.
func (s *stage) submit(t *testing.T, sub codec.Submission) {
	t.Helper()
	topic := s.services.Name("sluice.submissions." + sub.Provider)
	id, err := s.registry(t).Register(t.Context(), topic, schemas.Submission)
	require.NoError(t, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...))
	require.NoError(t, err)
	defer client.Close()
	r := &kgo.Record{Topic: topic, Key: []byte(sub.RequestID), Value: codec.AppendSubmission(nil, id, &sub)}
	require.NoError(t, client.ProduceSync(t.Context(), r).FirstErr())
}

// TestTraceWaitsForAVerdict: a request that nobody has judged yet is named.
func TestTraceWaitsForAVerdict(t *testing.T) {
	t.Parallel()
	s := ready(t)
	g := toGoogle("e1", 1)
	s.publish(t, g.say(decision.StageRouter, decision.Queued, decision.Eligible, nil),
		g.say(decision.StageSender, decision.Delivered, decision.ReasonDelivered, answer(1, 200, "", "", "g-9")))
	s.submit(t, codec.Submission{RequestID: "g-9", DestinationID: "acme-google", Provider: "google", Records: 200, Polls: 2})
	s.submit(t, codec.Submission{RequestID: "g-8", DestinationID: "acme-google", Provider: "google", Records: 7})
	text := s.ok("trace", "e1")
	require.Contains(t, text, "request g-9 to acme-google, 200 events: not judged yet, asked 2 times so far")
	require.NotContains(t, text, "g-8")
}

func TestTraceJSON(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.publish(t, s.somePast()...)
	v := unjson(t, s.ok("trace", "e1", "--output", "json"))
	require.Equal(t, true, v["found"])
	records := v["records"].([]any)
	require.Len(t, records, 2)
	first := records[0].(map[string]any)
	require.Equal(t, "analytics.events/2@42", first["source"])
	outcomes := first["outcomes"].([]any)
	require.Len(t, outcomes, 2)
	meta := outcomes[1].(map[string]any)
	require.Equal(t, "delivered", meta["state"])
	require.InDelta(t, 1, meta["repeats"], 0)
	require.Len(t, meta["steps"], 3)
	require.Equal(t, "queued", meta["steps"].([]any)[0].(map[string]any)["status"])
	require.Equal(t, []any{"capture", "mapping", "destination", "choice", "consent", "identifiers", "age", "preflight", "duplicate"}, meta["gates_passed"])
	require.Len(t, v["requests"], 1)

	denied := unjson(t, s.ok("trace", "e2", "--output", "json"))["records"].([]any)[0].(map[string]any)["outcomes"].([]any)[0].(map[string]any)
	require.Equal(t, "failed", denied["state"])
	require.Equal(t, "consent", denied["gate_failed"])
}

// TestTraceFindsNothing: says so, why, and ends with 1.
func TestTraceFindsNothing(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	s.publish(t, s.somePast()...)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no such event":     {[]string{"e77"}, "nothing is known about e77: "},
		"a misspelt name":   {[]string{"e1", "--destination", "acme-metta"}, "did you mean acme-meta?"},
		"out of the bounds": {[]string{"e1", "--since", now().Add(time.Hour).Format(time.RFC3339)}, "try again without --since"},
		"before its time":   {[]string{"e1", "--until", "300d"}, "try again without --since"},
		"another customer":  {[]string{"e1", "--customer", "globex"}, "try again without"},
		"not read yet":      {[]string{s.services.Name("analytics.events") + "/1@9"}, "the router has not read that record yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.run(append([]string{"trace"}, c.args...)...)
			require.Equal(t, 1, got.code, got.stdout)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, c.says)
			asJSON := s.run(append([]string{"trace", "--output", "json"}, c.args...)...)
			require.Equal(t, 1, asJSON.code)
			require.Equal(t, false, unjson(t, asJSON.stdout)["found"])
		})
	}
}

func TestTraceRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"nothing to trace":  {nil, "what to trace"},
		"two things":        {[]string{"e1", "--subject", "acme:v"}, "what to trace"},
		"no customer":       {[]string{"--subject", "visitor-17"}, "want customer_id:subject_id"},
		"no privacy key":    {[]string{"--subject", "acme:visitor-17"}, "privacy.key"},
		"a strange time":    {[]string{"e1", "--since", "yesterday"}, "--since yesterday"},
		"the wrong way":     {[]string{"e1", "--since", "1h", "--until", "2h"}, "is before --since"},
		"more than one":     {[]string{"e1", "e2"}, "accepts at most 1"},
		"an unknown output": {[]string{"e1", "--output", "yaml"}, "want text or json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, append([]string{"trace"}, c.args...)...)
			require.Equal(t, 2, got.code, got.stderr)
			require.Contains(t, got.stderr, c.says)
		})
	}
}

// TestCompletionOfDestinations: a shell offers what is applied, and nothing
// where no cluster answers.
func TestCompletionOfDestinations(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	flags := s.flags()
	complete := func(args ...string) string {
		return s.with(t.Context(), strings.NewReader(""), append([]string{"__complete"}, args...)...).stdout
	}
	require.Contains(t, complete(append(append([]string{"trace"}, flags...), "--destination", "")...), "acme-meta\n")
	require.Contains(t, complete(append(append([]string{"tail"}, flags...), "--destination", "x,")...), "x,acme-meta\n")
	require.NotContains(t, complete("trace", "--brokers", closedPort(t), "--destination", ""), "acme-meta")
}

// BenchmarkTrace looks for one event among a million diagnostics; trace reads
// all partitions, destination only the one where they stand.
func BenchmarkTrace(b *testing.B) {
	const total = 1_000_000
	s := ready(b)
	s.publishMany(b, total)
	for name, args := range map[string][]string{
		"trace": {"e777777"}, "destination": {"e777777", "--destination", "acme-meta"}, "source": {s.services.Name("analytics.events") + "/2@777777"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				v := s.ok(append([]string{"trace"}, args...)...)
				require.Contains(b, v, "acme-meta: delivered")
			}
			b.ReportMetric(total*float64(b.N)/b.Elapsed().Seconds(), "diagnostics/s")
		})
	}
}

// publishMany writes n diagnostics about n/2 delivered events.
func (s *stage) publishMany(tb testing.TB, n int) {
	tb.Helper()
	id, err := s.registry(tb).Register(tb.Context(), s.services.Name("sluice.diagnostics"), schemas.Diagnostic)
	require.NoError(tb, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...), kgo.MaxBufferedRecords(100_000))
	require.NoError(tb, err)
	defer client.Close()
	put := func(d decision.Decision) {
		client.Produce(tb.Context(), &kgo.Record{
			Topic: s.services.Name("sluice.diagnostics"), Key: []byte(d.DestinationID + ":" + d.EventID), Value: codec.AppendDiagnostic(nil, id, &d),
		}, func(_ *kgo.Record, err error) {
			if err != nil {
				tb.Error(err)
			}
		})
	}
	for i := range n / 2 {
		p := toMeta("e"+strconv.Itoa(2*i+1), int64(2*i+1))
		p.clock = now()
		put(p.say(decision.StageRouter, decision.Queued, decision.Eligible, nil))
		put(p.say(decision.StageSender, decision.Delivered, decision.ReasonDelivered, answer(1, 200, "", "", "fb-"+strconv.Itoa(i/200))))
	}
	require.NoError(tb, client.Flush(tb.Context()))
}
