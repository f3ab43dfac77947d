package score_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/detector/score"
)

// What must not leave is found, what shops write passes, and the page says how
// much of both: its figures are those of this code.
func TestGoalsAndFigures(t *testing.T) {
	t.Parallel()
	report := score.Measure()
	require.Empty(t, report.Missed(), "%s", strings.Join(report.Missed(), "\n"))
	require.GreaterOrEqual(t, report.ShopIDs.Total.Cases, 100_000)
	require.GreaterOrEqual(t, report.Kinds.Total.Cases, 5000)
	page, err := os.ReadFile("../../../docs/detector.md")
	require.NoError(t, err)
	require.Contains(t, string(page), report.Markdown(), "run `make detector`")
}

// A page without marks is not overwritten.
func TestInsertNeedsItsMarks(t *testing.T) {
	t.Parallel()
	page := "a\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nb\n"
	out, err := score.Insert(page, "new\n")
	require.NoError(t, err)
	require.Equal(t, strings.Replace(page, "old", "new", 1), out)
	_, err = score.Insert("a\nb\n", "new\n")
	require.Error(t, err)
}
