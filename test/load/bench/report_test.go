package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func measured(at time.Time) *Report {
	r := newReport("embedded", at)
	r.Took, r.Checked = time.Minute, 500
	r.add(
		Figure{Name: "router_mapped_us", Value: 12.5, Unit: "µs"},
		Figure{Name: "router_mapped_ratio", Value: 8, Unit: "×", Goal: atMost(2)},
		Figure{Name: "catchup_share", Value: 0.9, Unit: "of steady rate", Goal: atMost(0.8), AtLeast: true},
	)
	r.Series = []Series{{Name: "scaling_sessions", Axis: "sessions", Note: "note", Points: []Point{{Size: 1, CPU: 10}, {Size: 2, CPU: 20}}}}
	return r
}

func TestJSONHasEveryFigureAsANumberAtItsTopLevel(t *testing.T) {
	text, err := json.Marshal(measured(time.Now()))
	require.NoError(t, err)
	var all map[string]any
	require.NoError(t, json.Unmarshal(text, &all))
	require.InDelta(t, 12.5, all["router_mapped_us"], 0)
	require.InDelta(t, 8.0, all["router_mapped_ratio"], 0)
	require.InDelta(t, 20.0, all["scaling_sessions_2_us"], 0)
	require.Equal(t, []any{"router_mapped_ratio"}, all["goals_missed"])
}

func TestKeptFiguresAreReplacedByLaterOnes(t *testing.T) {
	dir, page := t.TempDir(), filepath.Join(t.TempDir(), "benchmarks.md")
	require.NoError(t, measured(time.Unix(1000, 0)).keep(dir))
	later := newReport("embedded", time.Unix(2000, 0))
	later.add(Figure{Name: "router_mapped_ratio", Value: 1.5, Unit: "×", Goal: atMost(2)}, Figure{Name: "binary_mib", Value: 50, Unit: "MiB"})
	later.Series = []Series{{Name: "scaling_sessions", Axis: "sessions", Note: "note", Points: []Point{{Size: 1, CPU: 7}}}}
	require.NoError(t, later.keep(dir))
	require.NoError(t, writePage(page, dir, later))

	all, err := kept(dir)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.InDelta(t, 12.5, all[0].value("router_mapped_us"), 0)
	require.InDelta(t, 1.5, all[0].value("router_mapped_ratio"), 0)
	require.Equal(t, later.Series, all[0].Series)
	require.EqualValues(t, 500, all[0].Checked)
	var beside bytes.Buffer
	require.NoError(t, later.compare(&beside, dir))
	require.Contains(t, beside.String(), "1.50 then     1.50 now    +0 %")
	require.NotContains(t, beside.String(), "binary_mib", "a size is no ratio")
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	for _, want := range []string{"| `router_mapped_ratio` | 1.50 | × | ≤ 2 | ok |", "| `catchup_share` | 0.90 | of steady rate | ≥ 0.80 | ok |", "| `binary_mib` | 50 |", "Cost by number of sessions"} {
		require.Contains(t, string(text), want)
	}
}

func TestThePageSaysWhatItIsMadeOf(t *testing.T) {
	dir, page := t.TempDir(), filepath.Join(t.TempDir(), "benchmarks.md")
	r := measured(time.Unix(1000, 0))
	r.add(
		Figure{Name: "sender_1_us", Value: 236, Unit: "µs"}, Figure{Name: "sender_1_broker_us", Value: 34, Unit: "µs"},
		Figure{Name: "sender_10_us", Value: 20, Unit: "µs"},
	)
	require.NoError(t, r.keep(dir))
	require.NoError(t, writePage(page, dir, r))
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(text), "* Kept: `make bench` (`embedded.json`), `make bench-scaling` (`embedded.json`).\n* Not kept yet, so not on this page: `make bench-real` (`real.json`), `make bench-peer` (`real.json`).")
	require.NotContains(t, string(text), "sender_1_broker  ", "what stands beside a bar that is left out is left out too")
	require.Contains(t, string(text), "sender_10  ")
}

// TestTheKeptPageIsWhatIsKept: the committed page is made of the committed
// figures.
func TestTheKeptPageIsWhatIsKept(t *testing.T) {
	page := filepath.Join(t.TempDir(), "benchmarks.md")
	require.NoError(t, writePage(page, "../../../docs/benchmarks", nil))
	want, err := os.ReadFile(page)
	require.NoError(t, err)
	is, err := os.ReadFile("../../../docs/benchmarks.md")
	require.NoError(t, err)
	require.Equal(t, string(want), string(is), "docs/benchmarks.md is not what docs/benchmarks holds: run a benchmark with --save and --docs")
}

func TestBenchmarksAreChosenByNameOrByItsFirstWords(t *testing.T) {
	chosen := func(o Options) (names []string) {
		for _, b := range benchmarks() {
			if b.chosen(o) {
				names = append(names, b.name)
			}
		}
		return names
	}
	require.Equal(t, []string{"router_mapped", "router_sparse", "sender_500"}, chosen(Options{Quick: true}))
	require.Equal(t, []string{"sender_500", "sender_50", "sender_1"}, chosen(Options{Only: []string{"sender"}}))
	require.Equal(t, []string{"hop", "scaling_consent"}, chosen(Options{Only: []string{"scaling_consent", "hop"}}))
	require.NotContains(t, chosen(Options{}), "peer", "what takes long or needs more is run where it is named")
	_, err := Run(t.Context(), Options{Only: []string{"hops"}})
	require.ErrorContains(t, err, `"hops"`)
}

func TestLatencyIsCountedFromWhenAnEventWasDue(t *testing.T) {
	due := time.UnixMicro(1_700_000_000_123_456)
	got, ok := dueOf(timedID(due, 7))
	require.True(t, ok)
	require.Equal(t, due, got)
	_, ok = dueOf("visitor-1")
	require.False(t, ok)
	require.Equal(t, 99*time.Millisecond, func() latencies {
		var all latencies
		for i := range 100 {
			all = append(all, time.Duration(99-i)*time.Millisecond)
		}
		return all
	}().quantile(0.99))
}
