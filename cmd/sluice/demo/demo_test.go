package demo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/patience"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testLog shows the roles' log where a test fails.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(string(b))
	return len(b), nil
}

// I1, I2, I3: every event of a run without faults has its one decision, and
// what was queued was accepted once.
func TestDemoAddsUp(t *testing.T) {
	ctx, cancel := patience.Context(t)
	defer cancel()
	captured := t.TempDir()
	r, err := demo.Run(ctx, demo.Options{Events: 3000, Capture: captured, Seed: 7, Version: "test", Log: testLog{t}})
	require.NoError(t, err)
	for _, c := range r.Checks {
		require.True(t, c.OK, "%s: %d, %d", c.What, c.Left, c.Right)
	}
	require.True(t, r.OK)
	require.Equal(t, 3000, r.EventsRead)
	require.Zero(t, r.Lost)
	require.Zero(t, r.DuplicateHandovers)
	require.Zero(t, r.ProviderDuplicates)
	require.GreaterOrEqual(t, len(r.ByReason), 25, "%v", r.ByReason)
	for name, p := range r.Providers {
		require.Equal(t, p.Queued, p.Accepted, "%s took every delivery, adjustments of a transaction included", name)
	}
	for _, name := range sandbox.Providers() {
		require.Positive(t, r.Providers[name].Accepted, "no event of the demo reaches %s: give one of its customers a destination (resources) and its click ids (shops.go)", name)
	}
	decisions, err := os.ReadFile(filepath.Join(captured, "diagnostics.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(decisions), `"reason":"verdict.confirmed"`, "Google says within the demo what became of its requests")
	clicked := clickIDs(t, string(decisions))
	for _, name := range sandbox.Providers() {
		require.Positive(t, clicked[name], "no event carries a click or browser id that %s takes", name)
	}
	customers := map[string]struct{}{}
	for row := range r.Table {
		if row.Destination != "" {
			customers[row.Customer] = struct{}{}
		}
	}
	require.Len(t, customers, 8, "%v", customers)
}

// clickIDs counts the decisions to send a click or browser id, by provider.
func clickIDs(t *testing.T, decisions string) map[string]int {
	t.Helper()
	all := map[string]int{}
	for line := range strings.Lines(decisions) {
		var d struct {
			Provider    string `json:"provider"`
			Status      string `json:"status"`
			Identifiers struct {
				Present []string `json:"present"`
			} `json:"identifiers"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &d))
		if d.Status == "queued" && (slices.Contains(d.Identifiers.Present, "click_id") || slices.Contains(d.Identifiers.Present, "browser_id")) {
			all[d.Provider]++
		}
	}
	return all
}
