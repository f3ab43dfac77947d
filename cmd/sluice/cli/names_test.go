package cli_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAMisspeltCustomerIsNoted: a revocation, or a search, for a customer that
// does not exist looks like one that worked.
func TestAMisspeltCustomerIsNoted(t *testing.T) {
	t.Parallel()
	s := ready(t)
	s.ok("apply", "-f", s.file("shop.yaml", shop))
	const hint = "no destination belongs to customer amce; did you mean acme?"
	for _, c := range []struct {
		args string
		code int
	}{
		{"consent revoke --customer amce --subject s-1", 2}, {"consent set --customer amce --subject s-1 --gpc true", 2}, {"consent erase --customer amce --subject s-1", 2}, {"consent history s-1 --customer amce", 0}, {"consent get --customer amce --subject s-1", 0},
		{"tail --no-follow --from-start --customer amce", 0}, {"dlq summary --customer amce", 0},
		{"trace e1 --customer amce", 1}, {"trace --subject amce:s-1", 1}, {"replay --customer amce --since 1h --dry-run", 2},
		{"health --customer amce", 2}, {"destinations --customer amce", 2},
	} {
		args := append(strings.Fields(c.args), s.flags()...)
		got := runWith(t, t.Context(), strings.NewReader(""), append(s.services.Environ(), "SLUICE_PRIVACY_KEY="+privacyKey, "SLUICE_PRIVACY_KEY_ID=k1"), args...)
		require.Equal(t, c.code, got.code, "%s: %s", c.args, got.stderr)
		require.Contains(t, got.stderr, "did you mean acme?", c.args)
		if c.code < 2 {
			require.Contains(t, got.stderr, hint, c.args)
		}
	}
	require.Empty(t, s.records("sluice.consent"), "nothing is written for a customer that no resource names")
	s.ok("consent", "revoke", "--customer", "amce", "--subject", "s-1", "--yes")
	require.Len(t, s.records("sluice.consent"), 1)
	require.NotContains(t, s.run("consent", "revoke", "--customer", "acme", "--subject", "s-1").stderr, "note:")
}
