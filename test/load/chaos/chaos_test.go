package chaos

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/world"
)

func TestTheJSONFormHasThesePromisedNamesAndNoOthers(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(Result{Summary: Summary{OK: true, Seed: 7}}.Summary)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(text, &got))
	require.ElementsMatch(t, []string{
		"ok", "events", "faults", "kills", "lost", "duplicate_handovers", "provider_duplicates", "longest_lag_seconds", "recovery_seconds", "seed",
	}, slices.Collect(maps.Keys(got)))
}

func TestAResultIsGoodOnlyWithEvents(t *testing.T) {
	t.Parallel()
	r := &run{ledger: ledger.New(&world.World{Services: &world.Services{}}), fleet: &fleet{}}
	held := &ledger.Report{Checks: []ledger.Check{{ID: "I1", Looked: 1}}}
	require.False(t, r.result(held, nil).OK, "a run without events proves nothing")
	require.False(t, r.result(&ledger.Report{Checks: []ledger.Check{{ID: "I1", Failures: 1}}}, nil).OK)
	require.False(t, r.result(held, []string{"panic: x"}).OK)
}

func TestASeedFixesTheOrderAndEveryFaultHasItsTurn(t *testing.T) {
	t.Parallel()
	all := faults()
	pairs := 0
	names := func(seed uint64) (order []string) {
		next := plan(seed, all)
		for len(order) < len(all) {
			step := next()
			for _, f := range step {
				order = append(order, f.name)
			}
			pairs += len(step) - 1
			if len(step) == 2 {
				require.NotEqual(t, step[0].of, step[1].of)
				require.False(t, step[0].alone || step[1].alone)
			}
		}
		return order
	}
	first := names(4)
	require.Equal(t, first, names(4))
	require.NotEqual(t, names(4), names(5))
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names(4)))), len(all))
	require.Positive(t, pairs, "some go wrong at once")
}

func TestUnknownFaultsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := choose(Options{Only: []string{"kill-random", "earthquake"}})
	require.ErrorContains(t, err, `"earthquake" is none`)
	chosen, err := choose(Options{Only: []string{"kill-random"}})
	require.NoError(t, err)
	require.Len(t, chosen, 1)
}

// A fault that there is none of is refused before anything is drawn or started.
func TestAnUnknownFaultIsAMistakeOfTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--faults", "earthquake"}, {"--output", "xml"}, {"--duration", "1s"}} {
		cmd := Command()
		var out, said bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&said)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(t.Context())
		var usage *UsageError
		require.ErrorAs(t, err, &usage, "%v", args)
		require.NotContains(t, err.Error(), "to repeat it")
		require.Empty(t, said.String(), "no seed is drawn")
		require.Empty(t, out.String())
	}
}

// TestWhatWasNotLookedAtIsSaid: a promise that no fault put to the test must
// not be taken for one that held, neither in the table nor in its last line.
func TestWhatWasNotLookedAtIsSaid(t *testing.T) {
	t.Parallel()
	seen := []ledger.Check{{ID: "I1", What: "one decision", Looked: 7}, {ID: "I13", What: "no request too early", Unseen: "no provider named a time to wait"}}
	require.Equal(t, "1 of 2 promises were looked at, and held. Not looked at: I13 (no provider named a time to wait).", conclusion(seen))
	require.Equal(t, "Every promise held.", conclusion(seen[:1]))

	r := Result{Summary: Summary{OK: true}, Invariants: seen, Conclusion: conclusion(seen)}
	var out bytes.Buffer
	r.Print(&out)
	require.Regexp(t, `I13 │ no request too early │ not looked at │ +│ no provider named a time to wait`, out.String())
	require.NotContains(t, out.String(), "Every promise held.")
	require.Contains(t, out.String(), r.Conclusion)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(text), `"not_looked_at":"no provider named a time to wait"`)
}

func TestTablesAreHeldAgainstTheirTopicAndEachOther(t *testing.T) {
	t.Parallel()
	versions := map[string]string{}
	good := tableStatus{Name: "resources", Ready: true, Entries: 8, Version: "a"}
	require.Equal(t, "ok router-a resources", good.verdict("router-a", 8, versions))
	require.Equal(t, "ok router-b resources", good.verdict("router-b", 8, versions))
	require.Contains(t, good.verdict("router-b", 9, versions), "the topic says 9")
	stale := good
	stale.Ready = false
	require.Contains(t, stale.verdict("router-b", 8, versions), "ready: false")
	other := good
	other.Version = "b"
	require.Contains(t, other.verdict("sender-a", 8, versions), "a in another process")
}

func TestGrowthIsNoticed(t *testing.T) {
	t.Parallel()
	var flat, grows []sample
	for second := range 100 {
		flat = append(flat, sample{at: float64(second), name: routerA, rss: 80, goroutines: 100})
		grows = append(grows, sample{at: float64(second), name: routerA, rss: 80 + float64(second), goroutines: 100})
	}
	require.Empty(t, growth(flat, 100))
	require.Len(t, growth(grows, 100), 1)
	require.Contains(t, growth(grows, 100)[0], "memory, MiB of router-a grew")
}

func TestGoroutinesAreFoundAmongMetrics(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 42, goroutines([]byte("# HELP go_goroutines x\ngo_goroutines 42\nother 1\n")), 0)
	require.Zero(t, goroutines([]byte("nothing")))
}
