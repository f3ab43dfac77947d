package cli_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const explainAt = "2026-11-20T12:00:00Z"

// explainLines explains lines from standard input.
func explainLines(t testing.TB, lines ...string) result {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir()}
	return runWith(t, t.Context(), strings.NewReader(strings.Join(lines, "\n")), nil,
		"explain", "--resources", s.file("shop.yaml", shop), "--events", "-", "--at", explainAt, "--output", "json")
}

func TestExplainSizes(t *testing.T) {
	t.Parallel()
	event := func(title int) string {
		return `{"customer_id":"acme","event_name":"cart.added","event_time":"2026-11-20T11:00:00Z","page":{"title":"` + strings.Repeat("x", title) + `"}}`
	}
	padded := event(0)
	full := padded[:len(padded)-1] + strings.Repeat(" ", 1<<20-len(padded)) + "}"
	got := explainLines(t, event(64<<10), event(64<<10+1), full, full+" ", strings.Repeat("x", 40<<20), event(1))
	require.Equal(t, 0, got.code, got.stderr)
	var reasons []string
	for line := range strings.Lines(got.stdout) {
		reasons = append(reasons, unjson(t, line)["reason"].(string))
	}
	require.Equal(t, []string{"consent.unknown", "event.invalid", "consent.unknown", "event.too_large", "event.too_large", "consent.unknown"}, reasons)
}

// TestExplainForms: line numbers count blank lines, the last line needs no end,
// and every answer is one object on one line.
func TestExplainForms(t *testing.T) {
	t.Parallel()
	unmapped := `{"customer_id":"acme","event_name":"page.viewed","event_time":"2026-11-20T11:00:00Z","event_id":"e"}`
	got := explainLines(t, "", unmapped+"\r", "  ", unmapped)
	require.Equal(t, 0, got.code)
	require.Empty(t, got.stderr)
	require.Equal(t, `{"line":2,"source_event":"page.viewed","event_id":"e","status":"skipped","reason":"mapping.none","message":"No mapping names this event, so it stays inside.","gates":[{"gate":"capture","ok":true,"detail":"the event decodes"},{"gate":"mapping","ok":false,"detail":"no mapping of acme names page.viewed"}]}`,
		strings.SplitN(got.stdout, "\n", 2)[0])
	require.Equal(t, 2, strings.Count(got.stdout, "\n"))
	require.Contains(t, got.stdout, `{"line":4,`)
}

// TestExplainSaysWhatItIgnores on stderr: the answers are a contract.
func TestExplainSaysWhatItIgnores(t *testing.T) {
	t.Parallel()
	got := explainLines(t, goodEvent, misspeltEvent)
	require.Equal(t, 0, got.code)
	require.Contains(t, got.stderr, ":2: unknown member consnt (ignored); did you mean consent?\n")
	require.NotContains(t, got.stdout, "consnt")
}

// TestExplainSaysWhatMakesConsentMalformed: in the router nobody sees it but in
// decisions; whoever wrote the line wants to be told.
func TestExplainSaysWhatMakesConsentMalformed(t *testing.T) {
	t.Parallel()
	got := explainLines(t, `{"customer_id":"acme","event_name":"cart.added","event_time":"2026-11-20T11:00:00Z","event_id":"e","consent":{"adUserData":"denied","mira@mail.example":"denied"}}`)
	require.Equal(t, 0, got.code)
	require.Contains(t, got.stderr, ":1: unknown member consent.adUserData (malformed: this consent denies everything); did you mean consent.ad_user_data?\n")
	require.Contains(t, got.stderr, ":1: unknown member consent.(a name that is not shown) (malformed: this consent denies everything)\n")
	require.Contains(t, got.stdout, `"reason":"consent.malformed"`)
}

// TestExplainKnowsNoInstallation: whose a secret is decides an installation's
// configuration. Without one a name that is no customer's is noted; with one it is
// refused, as apply refuses it.
func TestExplainKnowsNoInstallation(t *testing.T) {
	t.Parallel()
	s := &stage{t: t, dir: t.TempDir()}
	resources := s.file("shop.yaml", strings.ReplaceAll(shop, "file:acme-", "file:"))
	args := []string{"explain", "--resources", resources, "--events", "-", "--at", explainAt, "--output", "json"}
	got := runWith(t, t.Context(), strings.NewReader(goodEvent), nil, args...)
	require.Equal(t, 0, got.code, got.stderr)
	require.Contains(t, got.stderr, "note: Destination/")
	require.Contains(t, got.stderr, "must be a secret of customer acme")
	require.NotContains(t, got.stdout, "destination.invalid")
	got = runWith(t, t.Context(), strings.NewReader(goodEvent), nil, append(args, "--config", s.file("sluice.yaml", "customers: {secrets: folder_or_prefix}"))...)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "must be a secret of customer acme")
}

// TestExplainShowsNoPersonalData: ids that look personal are shown hashed, and
// messages name fields, never values.
func TestExplainShowsNoPersonalData(t *testing.T) {
	t.Parallel()
	got := explainLines(t,
		`{"customer_id":"acme","event_name":"page.viewed","event_time":"2026-11-20T11:00:00Z","event_id":"canary@example.com"}`,
		`{"customer_id":"acme","event_name":"cart.added","event_time":"2026-11-20T11:00:00Z","event_id":"canary@example.com","identity":{"emails":["canary@example.com"]},"consent":{"ad_user_data":"granted"}}`,
		`{"customer_id":"acme","event_name":"cart.added","event_time":"canary@example.com"}`,
	)
	require.Equal(t, 0, got.code)
	require.Equal(t, 3, strings.Count(got.stdout, "\n"))
	require.NotContains(t, got.stdout+got.stderr, "canary")
}

// TestExplainIsFast: what a line costs does not grow with their number. Ten
// times as many lines take about ten times as long on any machine; what grows
// with the square takes a hundred.
func TestExplainIsFast(t *testing.T) {
	t.Parallel()
	lines := make([]string, 0, 10_000)
	for i := range 10_000 {
		lines = append(lines, fmt.Sprintf(`{"customer_id":"acme","event_name":"transaction.purchase","event_time":"2026-11-20T11:00:00Z","event_id":"e%d","source":"web","page":{"url":"https://shop.example/"},"device":{"user_agent":"M"},"identity":{"emails":["a%d@example.com"]},"consent":{"ad_user_data":"granted"},"commerce":{"value":5,"currency":"EUR"}}`, i, i))
	}
	few, all := lines[:1_000], lines
	took := func(lines []string) time.Duration {
		began := now()
		got := explainLines(t, lines...)
		spent := now().Sub(began)
		require.Equal(t, 0, got.code)
		require.Equal(t, len(lines), strings.Count(got.stdout, `"reason":"eligible"`))
		return spent
	}
	require.Less(t, took(all), 60*max(took(few), took(few)))
}
