package google_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/google"
)

// TestHostileValues reads testdata/hostile.txt, which says how.
func TestHostileValues(t *testing.T) {
	text, err := os.ReadFile("testdata/hostile.txt")
	require.NoError(t, err)
	rows := 0
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		rows++
		parts := strings.Split(line, " | ")
		require.GreaterOrEqual(t, len(parts), 3, "line %d", i+1)
		in, err := strconv.Unquote(parts[1])
		require.NoError(t, err, "line %d", i+1)
		digest, hashed := strings.CutPrefix(parts[2], "=")
		want, err := strconv.Unquote(`"` + digest + `"`)
		require.NoError(t, err, "line %d", i+1)
		var hints google.Hints
		if len(parts) > 3 {
			var ok bool
			hints.Country, ok = strings.CutPrefix(parts[3], "country=")
			require.True(t, ok, "line %d", i+1)
		}
		n, ok := google.Normalise(parts[0], identity.NewRaw(in), hints)
		switch {
		case want == "-":
			require.False(t, ok, "line %d: %q gave %q", i+1, in, n.Text.Reveal())
			require.True(t, n.Text.IsZero() && n.Hash.IsZero(), "line %d", i+1)
		case hashed:
			require.True(t, ok, "line %d", i+1)
			require.True(t, n.Text.IsZero(), "line %d: there is no text to know", i+1)
			require.Equal(t, want, string(n.Hash.AppendHex(nil)), "line %d", i+1)
		default:
			require.True(t, ok, "line %d: %q", i+1, in)
			require.Equal(t, want, n.Text.Reveal(), "line %d: %q", i+1, in)
		}
	}
	require.Greater(t, rows, 170)
}
