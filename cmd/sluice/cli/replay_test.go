package cli_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// impatient destinations give up after a second, so that an outage leaves dead
// letters while a test waits.
const impatient = `apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme}
spec:
  provider: meta
  active: true
  account: {dataset_id: "1234567890"}
  secret: file:acme-meta.json
  terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}
  delivery: {retry_for: 1s}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-web}
spec:
  destination: acme-meta
  events:
    transaction.purchase: {provider_event: Purchase, lane: realtime}
    cart.added: {provider_event: AddToCart}
`

type replayed struct {
	ID           string `json:"replay_id"`
	Phase        string
	DryRun       bool `json:"dry_run"`
	Scanned      int
	Sent         int
	Destinations []struct {
		ID                       string `json:"destination_id"`
		Sent, Delivered, Pending int
		Never                    int `json:"never_decided"`
		NotSent                  []struct {
			Status, Reason string
			Events         int
		} `json:"not_sent"`
	}
}

// TestReplayAfterAnOutageSendsExactlyWhatWasMissed is the story of a night:
// traffic, an outage that leaves dead letters, more traffic; a replay sends
// what was missed and nothing else, and another one sends nothing at all.
func TestReplayAfterAnOutageSendsExactlyWhatWasMissed(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.start()
	p.emit("acme", "before-", 6)
	p.await(6, "--status", "delivered")

	require.NoError(t, p.sandbox.Script(sandbox.Rule{Provider: "meta", Do: sandbox.Unavailable}))
	p.emit("acme", "missed-", 10)
	p.await(10, "--status", "dead_lettered", "--reason", "provider.unavailable")
	require.NoError(t, p.sandbox.SetFaults(""))
	p.emit("acme", "after-", 4)
	p.await(10, "--status", "delivered")
	accepted, copies := p.taken()
	require.Equal(t, 10, accepted)
	require.Zero(t, copies)

	// A dry run says what would be sent, and writes nothing.
	var dry replayed
	p.json(&dry, "replay", "--from", "deadletter", "--destination", "acme-meta", "--since", "1h", "--dry-run")
	require.True(t, dry.DryRun)
	require.Equal(t, 10, dry.Sent)
	require.Empty(t, p.records("sluice.delivery.meta.replay"))
	var all replayed
	p.json(&all, "replay", "--customer", "acme", "--since", "1h", "--dry-run")
	require.Equal(t, 20, all.Scanned)
	require.Equal(t, 10, all.Sent)
	require.Equal(t, 10, all.Destinations[0].Delivered)

	var done replayed
	p.json(&done, "replay", "--from", "deadletter", "--destination", "acme-meta", "--since", "1h", "--id", "outage", "--rate", "20/s")
	require.Equal(t, "complete", done.Phase)
	require.Equal(t, 10, done.Sent)
	p.await(20, "--status", "delivered")
	for _, d := range p.decisions("--status", "delivered") {
		require.Equal(t, d.EventID[:7] == "missed-", d.Replay == "outage", d.EventID)
	}
	accepted, copies = p.taken()
	require.Equal(t, 20, accepted, "exactly what was missed")
	require.Zero(t, copies)

	// The same id again, another id, and from the events: nothing is left.
	var again, other, events replayed
	p.json(&again, "replay", "--id", "outage")
	require.Equal(t, done, again)
	p.json(&other, "replay", "--from", "deadletter", "--destination", "acme-meta")
	require.Zero(t, other.Sent)
	require.Equal(t, 10, other.Destinations[0].Delivered)
	p.json(&events, "replay", "--from", "events", "--customer", "acme", "--since", "1h")
	require.Zero(t, events.Sent)
	require.Equal(t, 20, events.Destinations[0].Delivered)
	require.Len(t, p.records("sluice.delivery.meta.replay"), 10)
	accepted, copies = p.taken()
	require.Equal(t, 20, accepted)
	require.Zero(t, copies)

	different := p.command("replay", "--id", "outage", "--from", "events", "--customer", "acme", "--since", "1h")
	require.Equal(t, 2, different.code)
	require.Contains(t, different.stderr, "was asked for something else: --destination acme-meta --from deadletter --since 1h")
}

// TestReplayGoesOnWhereItWasInterrupted: a signal in the middle, and then the
// same id, send everything once between them.
func TestReplayGoesOnWhereItWasInterrupted(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.start()
	require.NoError(t, p.sandbox.Script(sandbox.Rule{Provider: "meta", Do: sandbox.Unavailable}))
	p.emit("acme", "missed-", 12)
	p.await(12, "--status", "dead_lettered")
	require.NoError(t, p.sandbox.SetFaults(""))

	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan result, 1)
	go func() {
		// One event, and the next in minutes: on a busy machine the interruption
		// comes late.
		args := []string{"replay", "--from", "deadletter", "--customer", "acme", "--id", "slow", "--rate", "0.005/s", "--config", p.config}
		ended <- runWith(t, ctx, strings.NewReader(""), p.services.Environ(), append(args, p.flags()...)...)
	}()
	p.until("a replayed event", func() bool { return len(p.records("sluice.delivery.meta.replay")) > 0 })
	other := p.command("replay", "--from", "deadletter", "--customer", "acme")
	require.Equal(t, 3, other.code)
	require.Contains(t, other.stderr, "another replay runs: slow (")
	interrupt()
	got := <-ended
	require.Equal(t, 0, got.code, got.stderr)
	require.Contains(t, got.stdout, "go on with: sluice replay --id slow")
	sent := len(p.records("sluice.delivery.meta.replay"))
	require.Less(t, sent, 12)

	var rest replayed
	p.json(&rest, "replay", "--id", "slow")
	require.Equal(t, "complete", rest.Phase)
	require.Equal(t, 12, rest.Sent)
	require.Len(t, p.records("sluice.delivery.meta.replay"), 12)
	p.await(12, "--status", "delivered")
	accepted, copies := p.taken()
	require.Equal(t, 12, accepted)
	require.Zero(t, copies)
}

// TestReplayFromEventsAsksEveryGateAgain: what a mapping that was wrong kept
// back is decided anew, and what consent keeps back stays.
func TestReplayFromEventsAsksEveryGateAgain(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, `apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme}
spec:
  provider: meta
  active: true
  account: {dataset_id: "1234567890"}
  secret: file:acme-meta.json
  terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-web}
spec: {destination: acme-meta, event: transaction.purchase, provider_event: Purchase, lane: realtime, when: 'event.source == "shop"'}
`)
	p.start()
	p.emit("acme", "kept-", 5)
	p.await(5, "--reason", "mapping.condition")
	p.do("consent", "set", "--customer", "acme", "--subject", "s-kept-1", "--deny", "ad_user_data")
	p.do("apply", "-f", p.file("mended.yaml", `apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-web}
spec: {destination: acme-meta, event: transaction.purchase, provider_event: Purchase, lane: realtime, when: 'event.source == "web"'}
`))
	text := p.do("replay", "--customer", "acme", "--reason", "mapping.", "--since", "1h", "--dry-run")
	require.Regexp(t, `acme-meta +4 +0 +0 +0 +1`, text)
	require.Regexp(t, `acme-meta +skipped +consent.denied +1`, text)
	require.Contains(t, text, "nothing was written")

	done := p.do("replay", "--customer", "acme", "--reason", "mapping.", "--since", "1h")
	require.Contains(t, done, "4 events sent to the replay lane")
	p.await(4, "--status", "delivered")
	accepted, copies := p.taken()
	require.Equal(t, 4, accepted)
	require.Zero(t, copies)
}

// TestReplayRefuses what is too wide, what nobody knows, and what cannot be.
func TestReplayRefuses(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	for name, c := range map[string]struct {
		code int
		args []string
		says string
	}{
		"wide":          {2, []string{"replay", "--from", "deadletter"}, "it is for all customers at once"},
		"without begin": {2, []string{"replay", "--customer", "acme"}, "everything that the input topic still holds"},
		"undelivered":   {2, []string{"replay", "--customer", "acme", "--since", "1h", "--mode", "undelivered"}, "never decided"},
		"past window":   {2, []string{"replay", "--customer", "acme", "--since", "1h", "--past-dedup-window"}, "may count twice"},
		"destination":   {2, []string{"replay", "--destination", "acme-mata"}, "did you mean acme-meta?"},
		"customer":      {2, []string{"replay", "--customer", "acmee"}, "did you mean acme?"},
		"event":         {2, []string{"replay", "--customer", "acme", "--event", "transaction.purchas"}, "did you mean transaction.purchase?"},
		"reason":        {2, []string{"replay", "--reason", "nonsense"}, "docs/reasons.md"},
		"status":        {2, []string{"replay", "--status", "lost"}, "want one of"},
		"source":        {2, []string{"replay", "--from", "orders"}, "want events, deadletter or delivery"},
		"mode":          {2, []string{"replay", "--mode", "all"}, "want failed or undelivered"},
		"rate":          {2, []string{"replay", "--rate", "fast"}, "--rate fast"},
		"id":            {2, []string{"replay", "--customer", "acme", "--since", "1h", "--id", "No Id"}, "a replay's id"},
		"unknown id":    {2, []string{"replay", "--id", "r-1"}, "there is no replay r-1"},
		"order":         {2, []string{"replay", "--customer", "acme", "--since", "1h", "--until", "2h"}, "end must be after"},
		"no claims":     {3, []string{"replay", "--customer", "acme", "--since", "1h", "--dry-run"}, "sluice claims rebuild"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := p.run(append(c.args, "--config", p.config)...)
			require.Equal(t, c.code, got.code, got.stderr)
			require.Empty(t, got.stdout)
			require.Contains(t, got.stderr, c.says)
		})
	}
}

// TestReplayOfNothingSaysSo: good news must not look like a slip of the pen.
func TestReplayOfNothingSaysSo(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, impatient)
	p.do("claims", "rebuild")
	text := p.do("replay", "--from", "deadletter", "--destination", "acme-meta")
	require.Equal(t, "nothing matches: 0 records read, and none is an event that was asked for\n", text)
}
