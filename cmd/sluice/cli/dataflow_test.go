package cli_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDataFlow: what counsel asks for, from what is applied now.
func TestDataFlow(t *testing.T) {
	t.Parallel()
	s := ready(t)
	require.Contains(t, s.ok("data-flow"), "No destination is applied: nothing leaves.")
	s.ok("apply", "-f", s.file("shop.yaml", strings.Replace(shop, "transaction.purchase: {provider_event: Purchase, lane: realtime}",
		"transaction.purchase: {provider_event: Purchase, properties: [plan], url: origin}", 1)))
	text := s.ok("data-flow")
	for _, want := range []string{
		"### acme-meta", "| customer | acme |", "| state | live |", "| purposes that must be allowed | ad_user_data |",
		"| transaction.purchase | Purchase | origin | properties: plan |", "| cart.added | AddToCart | full |  |",
		"### Policy default", "| DE | opt_in | honoured | honoured |", "| everywhere else | opt_in |", "| US-MD | opt_out |",
		"| `analytics.events` |", "| `sluice.hold` | 8d | in clear |", "| `sluice.diagnostics` | 30d | subject as keyed hash |", "| `sluice.consent` | until replaced or removed |",
	} {
		require.Contains(t, text, want)
	}
	got := unjson(t, s.ok("data-flow", "--output", "json"))
	require.Len(t, got["destinations"], 1)
	old := s.run("record", "--output", "json")
	require.Equal(t, 2, old.code)
	require.Contains(t, old.stderr, "sluice data-flow")
}
