package demo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
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
	require.Positive(t, r.Providers["meta"].Accepted)
	require.Positive(t, r.Providers["google"].Accepted)
	require.Positive(t, r.Providers["webhook"].Accepted)
	decisions, err := os.ReadFile(filepath.Join(captured, "diagnostics.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(decisions), `"reason":"verdict.confirmed"`, "Google says within the demo what became of its requests")
	require.Positive(t, r.Providers["webhook"].Accepted)
}
