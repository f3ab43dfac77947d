package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

type letterSummary struct {
	Events, Open int
	Groups       []struct {
		Destination string `json:"destination_id"`
		Reason      string
		Events      int
		Open        int
		Pending     int
		Delivered   int
		Discarded   int
	}
}

// TestDeadLetters: counted, looked at, given up, sent again; and what was given
// up is never sent.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.start()
	require.NoError(t, p.sandbox.Script(sandbox.Rule{Provider: "meta", Do: sandbox.Unavailable}))
	p.emit("acme", "dead-", 5)
	p.do("emit", "--invalid", "send", "--file", p.file("junk.ndjson", "this is no event\n"))
	p.await(6, "--status", "dead_lettered")
	require.NoError(t, p.sandbox.SetFaults(""))

	summary := func(args ...string) (s letterSummary) {
		p.json(&s, append([]string{"dlq", "summary"}, args...)...)
		return s
	}
	all := summary()
	require.Equal(t, 6, all.Open)
	require.Len(t, all.Groups, 2)
	require.Equal(t, "provider.unavailable", all.Groups[1].Reason)
	require.Equal(t, 5, summary("--destination", "acme-meta").Open)
	require.Regexp(t, `\(router\) +event.undecodable +1 +0 +1 +\d+s *\n acme-meta +provider.unavailable .*5 +0 +5 +\d+s`, p.do("dlq", "summary"))

	text := p.command("dlq", "peek", "--destination", "acme-meta", "--limit", "2")
	require.Contains(t, text.stdout, "dead-")
	require.Contains(t, text.stderr, "2 of 5 shown")
	letter := unjson(t, p.do("dlq", "peek", "--event-id", "dead-3", "--payload", "--output", "json"))
	require.Equal(t, "dead-3", letter["event_id"])
	require.Contains(t, letter["payload"], "event_name")
	require.NotContains(t, p.do("dlq", "peek", "--reason", "event.", "--payload", "--output", "json"), "this is no event", "an original is never shown")

	// Given up only when asked to, and then for good.
	refused := p.command("dlq", "discard", "--event-id", "dead-1,dead-2")
	require.Equal(t, 2, refused.code)
	require.Contains(t, refused.stderr, "2 dead letters would be given up for good")
	require.Contains(t, p.do("dlq", "discard", "--event-id", "dead-1,dead-2", "--dry-run"), "nothing was changed")
	require.Equal(t, 6, summary().Open)
	require.Contains(t, p.do("dlq", "discard", "--event-id", "dead-1,dead-2", "--yes"), "2 dead letters given up")
	require.Contains(t, p.do("dlq", "discard", "--reason", "event.", "--yes"), "1 dead letter given up")
	left := summary()
	require.Equal(t, 3, left.Open)
	require.Equal(t, 2, left.Groups[1].Discarded)

	require.Regexp(t, `acme-meta +3 +0 +0 +0 +0`, p.do("dlq", "retry", "--destination", "acme-meta", "--dry-run"))
	require.Contains(t, p.do("dlq", "retry", "--destination", "acme-meta"), "3 events sent to the replay lane")
	p.await(3, "--status", "delivered")
	accepted, copies := p.taken()
	require.Equal(t, 3, accepted)
	require.Zero(t, copies)
	end := summary()
	require.Zero(t, end.Open)
	require.Equal(t, 3, end.Groups[1].Delivered)

	nothing := p.command("dlq", "discard", "--destination", "acme-mata", "--yes")
	require.Equal(t, 0, nothing.code)
	require.Contains(t, nothing.stderr, "nothing matches")
	require.Contains(t, nothing.stderr, "did you mean acme-meta?")
}
