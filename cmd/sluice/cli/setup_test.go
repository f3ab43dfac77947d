package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/codec"
)

const shop = `apiVersion: sluice/v1
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
spec:
  destination: acme-meta
  events:
    transaction.purchase: {provider_event: Purchase, lane: realtime}
    cart.added: {provider_event: AddToCart}
`

func TestTopology(t *testing.T) {
	t.Parallel()
	s := newStage(t)

	before := unjson(t, s.ok("topology", "diff", "--output", "json", "--replication", "1"))
	require.Equal(t, true, before["pending"])

	tooMany := s.run("topology", "apply", "--replication", "9", "--partitions", "3")
	require.Equal(t, 3, tooMany.code, tooMany.stderr)
	require.Contains(t, tooMany.stderr, "fix: start more brokers, or say --replication: 1 on a cluster of one broker")

	table := s.ok("topology", "apply", "--replication", "1", "--partitions", "3")
	require.Contains(t, table, "sluice.diagnostics")
	require.Contains(t, table, "create")

	after := unjson(t, s.ok("topology", "diff", "--output", "json", "--replication", "1", "--partitions", "3"))
	require.Equal(t, false, after["pending"])
	require.Contains(t, s.ok("topology", "diff", "--replication", "1", "--partitions", "3"), "0 topics to change")

	refused := s.run("topology", "apply", "--replication", "1", "--partitions", "5")
	require.Equal(t, 3, refused.code)
	require.Contains(t, refused.stdout, "refuse")
	require.Contains(t, refused.stdout, "it has 3 partitions and 5 are declared")
	require.Equal(t, 1, strings.Count(refused.stdout, "--partitions 3"), "what all topics share is said once")
	require.Contains(t, refused.stderr, "nothing was changed")

	wrong := s.run("topology", "apply", "--partitions", "99999")
	require.Equal(t, 2, wrong.code)
}

// TestTopologyAsksForTheAnalyticsTopic: without it no role starts, so that the
// chart's hook fails instead of seven pods.
func TestTopologyAsksForTheAnalyticsTopic(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const name = "SLUICE_TOPICS_INPUT="
	environ := slices.DeleteFunc(slices.Clone(s.services.Environ()), func(v string) bool { return strings.HasPrefix(v, name) })
	environ = append(environ, name+"nosuch.events")
	apply := append([]string{"topology", "apply", "--replication", "1", "--partitions", "3"}, s.flags()...)

	noted := runWith(t, t.Context(), strings.NewReader(""), environ, apply...)
	require.Equal(t, 0, noted.code, noted.stderr)
	require.Contains(t, noted.stderr, "note: the analytics topic nosuch.events does not exist")

	refused := runWith(t, t.Context(), strings.NewReader(""), environ, append(apply, "--require-input")...)
	require.Equal(t, 3, refused.code)
	require.Contains(t, refused.stderr, "topics are missing: nosuch.events")
	require.Contains(t, refused.stderr, "fix: create the analytics topic, or correct topics.input")

	s.ok("topology", "apply", "--replication", "1", "--partitions", "3", "--require-input")
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	require.Contains(t, run(t, "schemas", "check", "--offline").stdout, "analytics_event")
	require.Contains(t, s.ok("schemas", "check"), "missing")
	require.Contains(t, s.ok("schemas", "register"), "sluice.diagnostics-value")
	rows := unjson(t, s.ok("schemas", "check", "--output", "json"))["schemas"]
	for _, row := range rows.([]any) {
		require.NotEqual(t, "missing", row.(map[string]any)["state"], row)
	}
}

// TestSchemasRegisterSaysWhatItWaitsFor: a registry without a primary refuses
// writes; the fault is not that nobody started it.
func TestSchemasRegisterSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(`{"error_code":50003,"message":"Error while forwarding the request to the master."}`))
	}))
	t.Cleanup(registry.Close)
	got := run(t, "schemas", "register", "--registry", registry.URL, "--timeout", "300ms")
	require.Equal(t, 3, got.code, got.stderr)
	require.Empty(t, got.stdout)
	require.Equal(t, 1, strings.Count(got.stderr, "waiting up to 300ms for the Schema Registry at "+registry.URL+
		": it answers, and has no primary that takes writes yet\n"), got.stderr)
	require.Contains(t, got.stderr, "the Schema Registry registered no schema within 300ms: registering schema ")
	require.Contains(t, got.stderr, "Error while forwarding the request to the master.")
	require.Contains(t, got.stderr, "fix: the registry at "+registry.URL+" runs: wait until it has a primary")

	negative := run(t, "schemas", "register", "--timeout", "-1s")
	require.Equal(t, 2, negative.code)
	require.Contains(t, negative.stderr, "--timeout must be 0 or more, not -1s")
}

func TestApplyDiffExport(t *testing.T) {
	t.Parallel()
	s := ready(t)
	folder := filepath.Dir(s.file("resources/shop.yaml", shop))

	require.Contains(t, s.ok("diff", "-f", folder), "would start sending transaction.purchase to acme-meta")
	require.Contains(t, s.ok("apply", "-f", folder, "--dry-run"), "nothing was written")
	require.Empty(t, s.records("sluice.destinations"))

	done := s.ok("apply", "-f", folder, "--reason", "launch", "--author", "mia@acme.example")
	require.Contains(t, done, "started sending cart.added to acme-meta as AddToCart")
	require.Contains(t, done, "created destination acme-meta\n")
	require.NotContains(t, done, "would")
	require.Contains(t, done, "applied 3 changes")
	written := s.records("sluice.destinations")
	require.Len(t, written, 1)
	require.Equal(t, "acme-meta", string(written[0].Key))
	require.Equal(t, "mia@acme.example", header(written[0], codec.HeaderAuthor))
	require.Equal(t, "launch", header(written[0], codec.HeaderApplyReason))
	require.NotEmpty(t, header(written[0], codec.HeaderAppliedAt))
	require.Len(t, s.records("sluice.mappings"), 2)

	require.Contains(t, s.ok("diff", "-f", folder), "nothing would change")
	require.Contains(t, s.ok("apply", "-f", folder), "nothing would change")

	exported := s.ok("export")
	again := s.file("exported/all.yaml", exported)
	require.Contains(t, s.ok("diff", "-f", again), "nothing would change", exported)
	require.Contains(t, s.ok("diff", "-f", again, "--prune"), "nothing would change", exported)
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func TestExportIntoAFolder(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	folder := filepath.Join(s.dir, "out")
	s.ok("export", "-f", folder)
	text, err := os.ReadFile(filepath.Join(folder, "resources.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(text), "acme-meta")
	again := s.run("export", "-f", folder)
	require.Equal(t, 2, again.code)
	require.Contains(t, again.stderr, "--overwrite")
	s.ok("export", "-f", folder, "--overwrite")
}

func TestApplyRemovesOnlyWithPrune(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	second := strings.ReplaceAll(strings.ReplaceAll(shop, "acme-meta", "acme-two"), "acme-web", "acme-two-web")
	other := s.file("other.yaml", second)

	plan := unjson(t, s.ok("apply", "-f", other, "--output", "json"))
	require.Equal(t, true, plan["applied"])
	require.Len(t, plan["changes"], 3)
	require.Len(t, plan["kept"], 3)

	pruned := s.ok("apply", "-f", other, "--prune")
	require.Contains(t, pruned, "stopped sending transaction.purchase to acme-meta")
	require.Contains(t, pruned, "removed destination acme-meta")
	require.NotContains(t, s.ok("export"), "acme-meta")
}

func TestApplySeesWhatIsApplied(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))

	// A mapping alone may name a destination that is applied already.
	alone := s.file("more.yaml", "apiVersion: sluice/v1\nkind: Mapping\nmetadata: {name: more}\nspec: {destination: acme-meta, event: lead.submitted, provider_event: Lead}\n")
	require.Contains(t, s.ok("apply", "-f", alone), "started sending lead.submitted to acme-meta as Lead")

	// Two mappings with one target are refused, although only one is in the file.
	clash := s.run("apply", "-f", s.file("clash.yaml", "apiVersion: sluice/v1\nkind: Mapping\nmetadata: {name: clash}\nspec: {destination: acme-meta, event: lead.submitted, provider_event: Lead}\n"))
	require.Equal(t, 2, clash.code)
	require.Contains(t, clash.stderr, "same target")
	require.NotContains(t, s.ok("export"), "clash")
}

func TestApplyShowsEveryProblem(t *testing.T) {
	t.Parallel()
	s := ready(t)
	broken := s.file("broken.yaml", `apiVersion: sluice/v1
kind: Destination
metadata: {name: Bad_Name, customer: acme}
spec:
  provider: metta
  account: {}
  colour: green
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: m}
spec: {destination: nobody, event: e, provider_event: Purchase}
`)
	got := s.run("apply", "-f", broken)
	require.Equal(t, 2, got.code)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "broken.yaml:3:")
	require.Contains(t, got.stderr, "spec.provider must be ")
	require.Contains(t, got.stderr, "colour")
	require.Contains(t, got.stderr, `found "nobody"`)
	require.Empty(t, s.records("sluice.mappings"))

	missing := s.run("apply", "-f", s.file("nobody.yaml", "apiVersion: sluice/v1\nkind: Mapping\nmetadata: {name: m}\nspec: {destination: nobody, event: e, provider_event: Purchase}\n"))
	require.Equal(t, 2, missing.code)
	require.Contains(t, missing.stderr, "must name a destination that exists")

	require.Equal(t, 2, s.run("apply", "-f", filepath.Join(s.dir, "not-there")).code)
	require.Equal(t, 2, s.run("apply").code)
}

func TestConcurrentAppliesDoNotMix(t *testing.T) {
	t.Parallel()
	s := ready(t)
	file := s.file("shop.yaml", shop)
	codes := make(chan result, 4)
	for range 4 {
		go func() { codes <- s.run("apply", "-f", file) }()
	}
	won := 0
	for range 4 {
		got := <-codes
		if got.code == 0 {
			won++
			continue
		}
		require.Contains(t, got.stderr, "another apply", "%s", got.stdout)
	}
	require.Positive(t, won)
	require.Len(t, s.records("sluice.destinations"), 1, "one of them wrote, the others saw it or gave way")
}
