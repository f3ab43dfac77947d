package cli_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/schemas"
)

const ownedShop = `apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme, owner: growth@acme.example, runbook: "https://wiki.acme.example/meta"}
spec:
  provider: meta
  active: true
  account: {dataset_id: "1234567890"}
  secret: file:acme-meta.json
  terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}
  objectives: {sla: 5s, expected_per_day: {transaction.purchase: 8}}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: globex-meta, customer: globex}
spec:
  provider: meta
  account: {dataset_id: "1234567891"}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-web}
spec:
  destination: acme-meta
  events:
    transaction.purchase: {provider_event: Purchase, lane: realtime}
    cart.added: {provider_event: AddToCart, enabled: false}
`

// status writes what a sender says about a destination.
func (s *stage) status(t testing.TB, status codec.DestinationStatus) {
	t.Helper()
	topic := s.services.Name("sluice.destination-status")
	id, err := s.registry(t).Register(t.Context(), topic, schemas.DestinationStatus)
	require.NoError(t, err)
	client, err := kgo.NewClient(kgo.SeedBrokers(s.services.Kafka().Brokers...))
	require.NoError(t, err)
	defer client.Close()
	r := &kgo.Record{Topic: topic, Key: []byte(status.DestinationID + "/" + status.Sender), Value: codec.AppendDestinationStatus(nil, id, &status)}
	require.NoError(t, client.ProduceSync(t.Context(), r).FirstErr())
}

// watched is an installation with a destination that does well in part and is
// blocked since.
func watched(t *testing.T) *stage {
	t.Helper()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", ownedShop))
	var all []decision.Decision
	for i := range 6 {
		p := toMeta("e"+strconv.Itoa(i), int64(i))
		p.clock = now().Add(-30 * time.Minute)
		change := answer(1, 200, "", "", "fb")
		all = append(all, p.say(decision.StageRouter, decision.Queued, decision.Eligible, nil),
			p.say(decision.StageSender, decision.Delivered, decision.ReasonDelivered, func(d *decision.Decision) {
				change(d)
				d.LatencyMS = 2000
				d.BrowserReported = event.Some(i < 4)
			}))
	}
	denied := toMeta("denied", 10)
	denied.clock = now().Add(-20 * time.Minute)
	parked := toMeta("parked", 11)
	parked.clock = now().Add(-10 * time.Minute)
	all = append(all, denied.say(decision.StageRouter, decision.Skipped, decision.ConsentDenied, nil),
		parked.say(decision.StageRouter, decision.Queued, decision.Eligible, nil),
		parked.say(decision.StageSender, decision.Parked, decision.CredentialsInvalid, answer(1, 401, "190", "Token expired", "")))
	s.publish(t, all...)
	s.status(t, codec.DestinationStatus{
		DestinationID: "acme-meta", Sender: "sender-1", Provider: "meta", State: "blocked", Reason: decision.CredentialsInvalid,
		Message: "Error validating access token", Since: now().Add(-10 * time.Minute).UnixMilli(), UpdatedAt: now().UnixMilli(), Rate: 200,
	})
	s.status(t, codec.DestinationStatus{DestinationID: "acme-meta", Sender: "sender-2", Provider: "meta", State: "open", UpdatedAt: now().UnixMilli()})
	return s
}

// clocks are the times and hashes of a text, which differ from run to run.
var clocks = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z?|\d{4}-\d\d-\d\dT\d\d:\d\dZ|[0-9a-f]{16,}`)

func (s *stage) timeless(text string) string { return clocks.ReplaceAllString(text, "TIME") }

func TestHealthText(t *testing.T) {
	t.Parallel()
	s := watched(t)
	for name, args := range map[string][]string{
		"health":       {"health"},
		"health-full":  {"health", "acme-meta"},
		"destinations": {"destinations"},
		"destination":  {"destinations", "acme-meta"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, s.timeless(s.ok(args...)))
		})
	}
}

func TestHealthJSON(t *testing.T) {
	t.Parallel()
	s := watched(t)
	v := unjson(t, s.ok("health", "--output", "json", "--customer", "acme"))
	reports := v["destinations"].([]any)
	require.Len(t, reports, 1)
	acme := reports[0].(map[string]any)
	require.Equal(t, "blocked", acme["state"])
	require.Equal(t, "credentials.invalid", acme["state_reason"])
	require.InDelta(t, 7.5, acme["match_quality"], 1e-9)
	require.InDelta(t, 0.75, acme["event_coverage"], 1e-9)
	require.InDelta(t, 4, acme["confirmed_by_both"], 0)
	require.InDelta(t, 2, acme["recovered"], 0)
	require.InDelta(t, 1, acme["waiting"].(map[string]any)["parked"].(map[string]any)["events"], 0)
	require.InDelta(t, 1, acme["reasons"].(map[string]any)["consent.denied"], 0)
	firing := map[any]bool{}
	for _, a := range v["alerts"].([]any) {
		if alert := a.(map[string]any); alert["firing"] == true {
			firing[alert["alert"]] = true
			require.Equal(t, "growth@acme.example", alert["owner"])
		}
	}
	require.Equal(t, map[any]bool{"credentials": true}, firing, "one cause, one alert")
}

func TestDestinationsJSON(t *testing.T) {
	t.Parallel()
	s := watched(t)
	all := unjson(t, s.ok("destinations", "--output", "json"))["destinations"].([]any)
	require.Len(t, all, 2)
	acme, globex := all[0].(map[string]any), all[1].(map[string]any)
	require.Equal(t, "blocked", acme["state"])
	require.Equal(t, "inactive", globex["state"])
	require.Len(t, acme["senders"], 2)
	require.Len(t, acme["sends"], 2)
	require.Empty(t, unjson(t, s.ok("destinations", "--provider", "google", "--output", "json"))["destinations"])
}

// TestHealthWatches: it is shown again until somebody interrupts it.
func TestHealthWatches(t *testing.T) {
	t.Parallel()
	s := watched(t)
	shown := &interrupting{after: 2}
	shown.ctx, shown.stop = withCancel(t)
	got := runTo(t, shown.ctx, shown, s.services.Environ(), append([]string{"health", "--watch", "--interval", "1s"}, s.flags()...)...)
	require.Equal(t, 0, got.code, got.stderr)
	require.GreaterOrEqual(t, strings.Count(shown.String(), "The last 24h up to"), 2)
}

func TestHealthRefuses(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", ownedShop))
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a misspelt name":         {[]string{"health", "acme-metta"}, "did you mean acme-meta?"},
		"a misspelt destination":  {[]string{"destinations", "acme-metta"}, "did you mean acme-meta?"},
		"another name altogether": {[]string{"destinations", "something-else"}, "there are acme-meta, globex-meta"},
		"a misspelt customer":     {[]string{"health", "--customer", "acmee"}, "did you mean acme?"},
		"no such provider":        {[]string{"destinations", "--provider", "metta"}, "want one of ga4, google, "},
		"a strange window":        {[]string{"health", "--window", "soon"}, "--window soon"},
		"a hurry":                 {[]string{"health", "--watch", "--interval", "1ms"}, "want a second or more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.run(c.args...)
			require.Equal(t, 2, got.code, got.stderr)
			require.Contains(t, got.stderr, c.says)
		})
	}
	require.Contains(t, s.ok("health"), "globex-meta")
}
