package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

// publish writes decisions as the roles do.
func (s *stage) publish(t *testing.T, decisions ...decision.Decision) {
	t.Helper()
	id, err := s.registry(t).Register(t.Context(), s.services.Name("sluice.diagnostics"), schemas.Diagnostic)
	require.NoError(t, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...))
	require.NoError(t, err)
	defer client.Close()
	for i := range decisions {
		r := &kgo.Record{Topic: s.services.Name("sluice.diagnostics"), Key: []byte(decisions[i].DestinationID + ":" + decisions[i].EventID), Value: codec.AppendDiagnostic(nil, id, &decisions[i])}
		if stored := at(decisions[i].Time); stored.Before(now()) && now().Sub(stored) < 14*24*time.Hour {
			r.Timestamp = stored // no broker takes times that are far off
		}
		require.NoError(t, client.ProduceSync(t.Context(), r).FirstErr())
	}
}

func someDecisions() []decision.Decision {
	base := decision.Decision{
		Time: now().UnixMilli(), CustomerID: "acme", DestinationID: "acme-meta", Mapping: "m", Provider: "meta", SourceEvent: "transaction.purchase",
	}
	with := func(id string, status decision.Status, reason decision.Reason, change func(*decision.Decision)) decision.Decision {
		d := base
		d.ID, d.EventID, d.Status, d.Reason = id, id, status, reason
		if change != nil {
			change(&d)
		}
		return d
	}
	return []decision.Decision{
		with("e1", decision.Queued, decision.Eligible, nil),
		with("e2", decision.Skipped, decision.ChoiceGPC, nil),
		with("e3", decision.Skipped, decision.ConsentDenied, func(d *decision.Decision) { d.DestinationID = "acme-google" }),
		with("e4", decision.Delivered, decision.ReasonDelivered, func(d *decision.Decision) { d.CustomerID, d.DestinationID = "globex", "globex-meta" }),
		with("e5", decision.Skipped, decision.ConsentUnknown, func(d *decision.Decision) { d.SourceEvent = "cart.added" }),
	}
}

func TestTailFilters(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.publish(t, someDecisions()...)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"all":              {nil, "e1 e2 e3 e4 e5"},
		"customer":         {[]string{"--customer", "globex"}, "e4"},
		"destination":      {[]string{"--destination", "acme-google,globex-meta"}, "e3 e4"},
		"event":            {[]string{"--event", "cart.added"}, "e5"},
		"event id":         {[]string{"--event-id", "e2"}, "e2"},
		"status":           {[]string{"--status", "skipped"}, "e2 e3 e5"},
		"reason":           {[]string{"--reason", "choice.gpc"}, "e2"},
		"prefix of reason": {[]string{"--reason", "consent."}, "e3 e5"},
		"both":             {[]string{"--status", "skipped", "--destination", "acme-meta"}, "e2 e5"},
		"nothing":          {[]string{"--customer", "initech"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"tail", "--from-start", "--no-follow", "--output", "json"}, c.args...)
			var ids []string
			for line := range strings.Lines(s.run(args...).stdout) {
				var d map[string]any
				require.NoError(t, json.Unmarshal([]byte(line), &d))
				require.Contains(t, d, "source_event")
				require.Contains(t, d, "stage")
				ids = append(ids, d["event_id"].(string))
			}
			require.ElementsMatch(t, strings.Fields(c.want), ids)
		})
	}
}

// Events of many partitions come in order of time where the end is known.
func TestTailWithoutFollowingIsInOrderOfTime(t *testing.T) {
	t.Parallel()
	s := ready(t)
	var decisions []decision.Decision
	for i := range 40 { // written in another order than they were taken in
		d := someDecisions()[0]
		d.ID = "n" + strconv.Itoa(i)
		d.EventID, d.Time = d.ID, now().Add(-time.Duration(i*7%40)*time.Minute).UnixMilli()
		decisions = append(decisions, d)
	}
	s.publish(t, decisions...)
	var times []string
	for line := range strings.Lines(s.ok("tail", "--since", "2h", "--no-follow", "--output", "json")) {
		var d struct {
			Time string `json:"time"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &d))
		times = append(times, d.Time)
	}
	require.Len(t, times, 40)
	require.NotEmpty(t, times[0])
	require.True(t, slices.IsSorted(times), "%v", times)
	require.Contains(t, s.run("tail", "--from-start", "--since", "2h").stderr, "fix: leave one of them out")
}

func TestTailText(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.publish(t, someDecisions()[1])
	text := s.ok("tail", "--since", "1h", "--no-follow")
	require.Contains(t, text, "skipped       choice.gpc                   acme-meta            transaction.purchase e2\n")
	require.NotContains(t, text, "\x1b[", "no colours where it is no terminal")
}

// TestNothingFromOutsideReachesATerminalAsItIs: browsers choose event ids, and a
// terminal obeys what is in them; a forged line is as bad.
func TestNothingFromOutsideReachesATerminalAsItIs(t *testing.T) {
	t.Parallel()
	s := ready(t)
	evil := "e\x1b[2J\x1b]0;title\x07\nfake 16:00:00.000 delivered"
	d := someDecisions()[3]
	d.ID, d.EventID, d.Message, d.SourceEvent, d.ProviderMessage = "x", evil, evil, evil, evil
	s.publish(t, d)
	for _, args := range [][]string{
		{"tail", "--since", "1h", "--no-follow"},
		{"trace", evil},
		{"health", "--since", "1h"},
		{"health", "--since", "1h", "globex-meta"},
	} {
		got := s.run(args...)
		require.NotContains(t, got.stdout, "\x1b", args)
		require.NotContains(t, got.stdout, "\x07", args)
		require.NotRegexp(t, `(?m)^fake`, got.stdout, args)
	}
	require.Contains(t, s.ok("tail", "--since", "1h", "--no-follow"), `e\x1b[2J`)
}

// TestTailFollows: tail goes on where the topic ends, and stops with its
// context or at its limit.
func TestTailFollows(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.publish(t, someDecisions()[:1]...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		args := append([]string{"tail", "--from-start", "--output", "json"}, s.flags()...)
		done <- cli.Main(ctx, cli.Streams{In: strings.NewReader(""), Out: writer, Err: &bytes.Buffer{}}, "test", args, s.services.Environ())
		_ = writer.Close() // never fails
	}()
	lines := json.NewDecoder(reader)
	var first, second map[string]any
	require.NoError(t, lines.Decode(&first))
	require.Equal(t, "e1", first["event_id"])
	s.publish(t, someDecisions()[1:2]...)
	require.NoError(t, lines.Decode(&second))
	require.Equal(t, "e2", second["event_id"])
	stop()
	require.Equal(t, 0, <-done)

	limited := s.ok("tail", "--from-start", "--limit", "2", "--output", "json")
	require.Equal(t, 2, strings.Count(limited, "\n"))
}

// TestTailSaysThatItWaits: what begins now shows nothing until something is
// decided, and then does.
func TestTailSaysThatItWaits(t *testing.T) {
	t.Parallel()
	s := ready(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	done := make(chan int, 1)
	go func() {
		args := append([]string{"tail"}, s.flags()...)
		done <- cli.Main(ctx, cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: writer}, "test", args, s.services.Environ())
		_ = writer.Close() // never fails
	}()
	said, err := bufio.NewReader(reader).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "note: waiting for decisions that are taken from now on; --from-start shows older ones, Ctrl-C ends\n", said)
	stop()
	require.Equal(t, 0, <-done)
	require.Empty(t, s.run("tail", "--no-follow").stderr, "what ends by itself does not wait")
}

// TestTailPassesOverWhatItCannotRead: one bad record does not hide the others.
func TestTailPassesOverWhatItCannotRead(t *testing.T) {
	t.Parallel()
	s := ready(t)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...))
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.ProduceSync(t.Context(), &kgo.Record{Topic: s.services.Name("sluice.diagnostics"), Value: []byte("rubbish")}).FirstErr())
	s.publish(t, someDecisions()[0])
	got := s.run("tail", "--from-start", "--no-follow")
	require.Equal(t, 0, got.code)
	require.Contains(t, got.stdout, "e1")
	require.Contains(t, got.stderr, "reading diagnostic sluice.diagnostics/")
}

func TestTailRefusesWordsThatMatchNothing(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"status": {"--status", "skip"}, "reason": {"--reason", "consent.refused"}, "prefix": {"--reason", "consents."},
		"since": {"--since", "yesterday"}, "limit": {"--limit", "-1"}, "both": {"--since", "1h", "--from-start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, append([]string{"tail"}, args...)...)
			require.Equal(t, 2, got.code, got.stderr)
		})
	}
}
