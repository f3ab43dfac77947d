package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
)

// trials is a customer with one destination of each provider, and some that
// cannot be used as they are.
const trials = `apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme}
spec: {provider: meta, active: false, account: {dataset_id: "1234567890"}, secret: file:acme-meta.json, terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-google, customer: acme}
spec:
  provider: google
  active: true
  account: {customer_id: "1234567890", conversion_actions: {purchase: "987654321"}}
  secret: file:acme-google.json
  terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-hook, customer: acme}
spec: {provider: webhook, active: true, account: {url: "https://hooks.acme.example/in"}, secret: file:acme-webhook.json, terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-terms, customer: acme}
spec: {provider: meta, active: true, account: {dataset_id: "1234567891"}, secret: file:acme-meta.json}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-lost, customer: acme}
spec: {provider: google, active: true, account: {customer_id: "1234567890", conversion_actions: {purchase: "1"}}, secret: file:acme-nowhere.json, terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: web}
spec:
  destinations: [acme-meta, acme-hook, acme-terms]
  events:
    transaction.purchase: {provider_event: Purchase, lane: realtime, when: 'event.source == "in_store"'}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: shop}
spec:
  destinations: [acme-google, acme-lost]
  events:
    transaction.purchase: {provider_event: purchase, lane: realtime, when: 'event.source == "in_store"'}
`

type trialJSON struct {
	Mapping, Source string
	EventID         string `json:"event_id"`
	Stored          bool
	Notes           []string
	Request         struct {
		URL     string
		Headers []string
		Body    map[string]any
	}
	Answer struct {
		Accepted           bool
		Reason, Class      string
		Code, Message, Fix string
		Response           string
		Status             int
		RequestID          string `json:"request_id"`
		Classified         bool
	}
}

func trialOf(t *testing.T, got result) trialJSON {
	t.Helper()
	var v trialJSON
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &v), got.stdout+got.stderr)
	return v
}

// TestTestEvent: one event goes out in the shape of production, marked as the
// provider wants it, and nothing of ours takes notice.
func TestTestEvent(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, trials)
	try := func(args ...string) result {
		return p.command(append([]string{"test-event", "--output", "json"}, args...)...)
	}

	google := try("--destination", "acme-google")
	require.Equal(t, 0, google.code, google.stderr)
	g := trialOf(t, google)
	require.True(t, g.Answer.Accepted)
	require.False(t, g.Stored)
	require.Equal(t, true, g.Request.Body["validateOnly"])
	require.Equal(t, "in_store", g.Source, "the condition of the mapping decides what is made up")
	require.Equal(t, "shop/acme-google/transaction.purchase", g.Mapping)
	require.NotEmpty(t, g.Answer.RequestID)
	require.Zero(t, p.sandbox.Report().Providers["google"].Accepted, "it is only checked")
	stored := trialOf(t, try("--destination", "acme-google", "--real", "--yes"))
	require.True(t, stored.Stored)
	require.NotContains(t, stored.Request.Body, "validateOnly")
	require.Equal(t, 1, p.sandbox.Report().Providers["google"].Accepted)

	meta := trialOf(t, try("--destination", "acme-meta", "--test-event-code", "TEST123", "--yes"))
	require.True(t, meta.Answer.Accepted)
	require.Equal(t, "TEST123", meta.Request.Body["test_event_code"])
	require.EqualValues(t, 1, p.sandbox.Report().Providers["meta"].Stats["test_events"])
	require.Equal(t, []string{"it is not active: production sends nothing to it"}, meta.Notes)

	hook := trialOf(t, try("--destination", "acme-hook", "--yes"))
	require.True(t, hook.Answer.Accepted)
	require.Equal(t, true, hook.Request.Body["test"])
	require.Contains(t, strings.Join(hook.Request.Headers, "\n"), "Webhook-Signature: [redacted]")

	for _, topic := range []string{"sluice.diagnostics", "sluice.delivery.meta.realtime", "sluice.delivery.google.realtime", "sluice.delivery.webhook.realtime"} {
		require.Empty(t, p.records(topic), topic)
	}
	text := p.do("test-event", "--destination", "acme-google")
	require.Contains(t, text, "checked only: nothing was stored")
	require.Contains(t, text, "Nowhere but here")
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(strings.TrimRight(line, "\n")), 80, line)
	}
}

// TestTestEventHidesWhoItIsAbout: an event of one's own is sent as it is, with
// ids that nobody has, and shown without whom it concerns.
func TestTestEventHidesWhoItIsAbout(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, strings.ReplaceAll(trials, `, when: 'event.source == "in_store"'`, ""))
	canary := strings.NewReplacer("jo@mail.example", "canary@mail.example", "https://shop.example/thanks", "https://shop.example/thanks?fbclid=canaryclick").
		Replace(purchase("acme", "real-1", time.Now()))
	file := p.file("own.json", canary)
	args := []string{"test-event", "--destination", "acme-meta", "--event", file, "--test-event-code", "T1", "--yes"}
	for _, form := range []string{"table", "json"} {
		got := p.command(append(args, "--output", form)...)
		require.Equal(t, 0, got.code, got.stderr)
		for _, secret := range []string{"canary", "203.0.113.7", "Mozilla", "sandbox-meta", "real-1", "s-real"} {
			require.NotContains(t, got.stdout+got.stderr, secret)
		}
		require.Contains(t, got.stdout, "sluice-test-")
	}

	p.do("consent", "set", "--customer", "acme", "--subject", "s-real-1", "--deny", "ad_user_data")
	denied := p.command(args...)
	require.Equal(t, 2, denied.code)
	require.Contains(t, denied.stderr, "consent.denied", "nobody is sent against their will, not even by hand")
	require.Empty(t, denied.stdout)
}

// TestTestEventRefuses says for each mistake what to do, and sends nothing.
func TestTestEventRefuses(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, trials)
	other := p.file("other.json", purchase("globex", "1", time.Now()))
	two := p.file("two.json", purchase("acme", "1", time.Now())+purchase("acme", "2", time.Now()))
	junk := p.file("junk.json", "{")
	cart := p.file("cart.json", strings.ReplaceAll(purchase("acme", "1", time.Now()), "transaction.purchase", "cart.added"))
	for name, c := range map[string]struct{ args, says string }{
		"a name that is near":      {"--destination acme-mta", "did you mean acme-meta?"},
		"a name that is far":       {"--destination zzzzzz", "there are acme-google"},
		"a mapping that is near":   {"--destination acme-meta --test-event-code T --mapping web/acme-meta/transaction.purchas", "did you mean web/acme-meta/transaction.purchase?"},
		"no code":                  {"--destination acme-meta --yes", "--test-event-code"},
		"a code of another form":   {"--destination acme-meta --yes --test-event-code no!", "letters and digits"},
		"a code for Google":        {"--destination acme-google --test-event-code T1", "Google has no such code"},
		"a code for a webhook":     {"--destination acme-hook --test-event-code T1", "a webhook has no such code"},
		"real for Meta":            {"--destination acme-meta --real --test-event-code T1", "leave --real out"},
		"unasked, Meta":            {"--destination acme-meta --test-event-code T1", "Meta shows it under Test events and also counts it"},
		"unasked, Google for real": {"--destination acme-google --real", "give --yes"},
		"unasked, webhook":         {"--destination acme-hook", "give --yes"},
		"terms":                    {"--destination acme-terms --test-event-code T1 --yes", "destination.terms_not_accepted"},
		"another customer's event": {"--destination acme-google --event " + other, "the event is of customer globex"},
		"two events":               {"--destination acme-google --event " + two, "leave one in the file"},
		"no event":                 {"--destination acme-google --event " + junk, "not one JSON object"},
		"an unmapped event":        {"--destination acme-google --event " + cart, "cart.added at acme-google"},
		"a condition":              {"--destination acme-google --event " + p.file("web.json", purchase("acme", "1", time.Now())), "mapping.condition"},
		"nothing named":            {"", `required flag(s) "destination"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := p.command(append([]string{"test-event"}, strings.Fields(c.args)...)...)
			require.Equal(t, 2, got.code, got.stderr)
			require.Contains(t, got.stderr, c.says)
			require.Empty(t, got.stdout)
		})
	}
	t.Cleanup(func() {
		for name, r := range p.sandbox.Report().Providers {
			require.Zero(t, r.Requests, name)
		}
	})
}

// TestTestEventToldNo: what the provider refuses is told with the sender's
// reason and with what to do.
func TestTestEventToldNo(t *testing.T) {
	t.Parallel()
	p := newPipeline(t, trials)
	try := func(args ...string) (result, trialJSON) {
		got := p.command(append([]string{"test-event", "--output", "json", "--test-event-code", "T1", "--yes", "--destination", "acme-meta"}, args...)...)
		return got, trialOf(t, got)
	}
	for _, c := range []struct {
		do     sandbox.Kind
		code   int
		reason string
	}{
		{sandbox.BadToken, 1, "credentials.invalid"},
		{sandbox.Throttle, 1, "provider.throttled"},
		{sandbox.Unavailable, 1, "provider.unavailable"},
		{sandbox.Reset, 3, "provider.unavailable"},
	} {
		require.NoError(t, p.sandbox.Script(sandbox.Rule{Provider: "meta", Do: c.do}))
		got, said := try()
		require.Equal(t, c.code, got.code, "%s: %s%s", c.do, got.stdout, got.stderr)
		require.Equal(t, c.reason, said.Answer.Reason, c.do)
		require.False(t, said.Answer.Accepted)
		if c.do == sandbox.BadToken {
			require.Equal(t, "190", said.Answer.Code)
			require.NotEmpty(t, said.Answer.Fix)
			require.NotContains(t, got.stdout, "sandbox-meta")
		}
		require.NoError(t, p.sandbox.SetFaults(""))
	}
	text := p.command("test-event", "--destination", "acme-lost")
	require.Equal(t, 3, text.code)
	require.Contains(t, text.stdout, "credentials.missing")
	require.NotContains(t, text.stdout, "Request")

	p.config = p.file("down.yaml", fmt.Sprintf("sender: {secrets_dir: %q, providers: {meta: {base_url: %q, allow_insecure: true, allow_private: true}}}\n", p.dir, "http://"+closedPort(t)))
	down, said := try()
	require.Equal(t, 3, down.code)
	require.Equal(t, "transient", said.Answer.Class)
	require.Contains(t, said.Answer.Message, "refused the connection")
}
