package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
	"github.com/sluicehq/sluice/pkg/core/decision"
)

type ratesJSON struct {
	Seconds float64
	Rates   []struct {
		CustomerID    string `json:"customer_id"`
		DestinationID string `json:"destination_id"`
		Status        string
		Events        int
		PerSecond     float64 `json:"per_second"`
	}
}

// TestTailRates: how much comes to which end where, once over what is there,
// or again and again.
func TestTailRates(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	all := someDecisions()
	for i := range all {
		all[i].Time -= 10_000
	}
	late := all[0]
	late.ID, late.EventID, late.Time = "e9", "e9", all[0].Time+10_000
	s.publish(t, append(all, late)...)

	var once ratesJSON
	decode(t, s.ok("tail", "--rates", "--since", "1h", "--no-follow", "--output", "json"), &once)
	require.InDelta(t, 10, once.Seconds, 0.01, "the time in which they were taken")
	require.Len(t, once.Rates, 4)
	require.Equal(t, "acme-google", once.Rates[0].DestinationID)
	require.Equal(t, "queued", once.Rates[1].Status)
	require.Equal(t, 2, once.Rates[1].Events)
	require.InDelta(t, 0.2, once.Rates[1].PerSecond, 0.001)
	filtered := s.ok("tail", "--rates", "--since", "1h", "--no-follow", "--customer", "globex")
	require.Contains(t, filtered, "globex-meta          delivered 1.0/s")
	require.Equal(t, 1, strings.Count(filtered, "\n"))
	require.Contains(t, s.ok("tail", "--rates", "--no-follow", "--from-start", "--event", "nothing"), "nothing was decided")

	unknown := s.run("tail", "--no-follow", "--from-start", "--destination", "acme-mta")
	require.Equal(t, 0, unknown.code, "what is gone may still have a history")
	require.Contains(t, unknown.stderr, "did you mean acme-meta?")

	for args, says := range map[string]string{
		"--rates --limit 3": "limit", "--rates --interval 1ms": "--interval", "--rates --output wide": "--output",
	} {
		got := s.run(append([]string{"tail"}, strings.Fields(args)...)...)
		require.Equal(t, 2, got.code, got.stderr)
		require.Contains(t, got.stderr, says)
	}
}

// TestTailRatesGoOn until they are interrupted, each interval on its own.
func TestTailRatesGoOn(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.publish(t, someDecisions()...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		args := append([]string{"tail", "--rates", "--interval", "100ms", "--from-start", "--output", "json"}, s.flags()...)
		done <- cli.Main(ctx, cli.Streams{In: strings.NewReader(""), Out: writer, Err: &bytes.Buffer{}}, "test", args, s.services.Environ())
		_ = writer.Close() // never fails
	}()
	lines := json.NewDecoder(reader)
	seen := 0
	for seen < 5 {
		var one ratesJSON
		require.NoError(t, lines.Decode(&one))
		for _, r := range one.Rates {
			seen += r.Events
		}
	}
	var idle ratesJSON
	require.NoError(t, lines.Decode(&idle))
	require.Empty(t, idle.Rates)
	stop()
	_, _ = io.Copy(io.Discard, reader)
	require.Equal(t, 0, <-done)
}

// TestRatesFitATerminal: many ends of one destination go on below.
func TestRatesFitATerminal(t *testing.T) {
	t.Parallel()
	s := ready(t)
	var all []decision.Decision
	for i, status := range decision.Statuses() {
		d := someDecisions()[0]
		d.ID, d.EventID, d.Status, d.Time = status.String(), status.String(), status, now().Add(-time.Duration(i)*time.Second).UnixMilli()
		all = append(all, d)
	}
	s.publish(t, all...)
	text := s.ok("tail", "--rates", "--no-follow", "--from-start")
	require.Greater(t, strings.Count(text, "\n"), 1)
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80, line)
	}
}

// TestOutputWords: what people read is called table at one command and text at
// another; both words are good everywhere.
func TestOutputWords(t *testing.T) {
	t.Parallel()
	require.Equal(t, 0, run(t, "version", "--output", "table").code)
	require.Equal(t, 2, run(t, "version", "--output", "wide").code)
	require.Equal(t, 0, run(t, "schemas", "check", "--offline", "--output", "text").code)
	offered := run(t, "__complete", "tail", "--status", "skipped,")
	require.Contains(t, offered.stdout, "skipped,delivered")
}
