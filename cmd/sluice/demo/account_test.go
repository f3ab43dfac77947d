package demo_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/cmd/sluice/demo"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
)

// skipped is the router's decision not to send the event at an offset.
func skipped(id string, offset int64) *decision.Decision {
	return &decision.Decision{
		ID: id, Stage: decision.StageRouter, Status: decision.Skipped, Reason: decision.ConsentDenied,
		Source: event.Coordinates{Offset: offset}, Mapping: "purchase", DestinationID: "northwind-meta", Provider: "meta",
	}
}

func wrong(r *demo.Result) []string {
	var all []string
	for _, c := range r.Checks {
		if !c.OK {
			all = append(all, c.What)
		}
	}
	return all
}

// I1: an event that the router loses leaves no trace in the topics, as one that no
// mapping names: the accounting must tell them apart.
func TestALostEventDoesNotAddUp(t *testing.T) {
	for name, c := range map[string]struct {
		written int      // events
		read    []bool   // from the input topic, and whether a mapping names them
		decided []int64  // offsets
		wrong   []string // checks
		none    int      // of mapping.none
		lost    int
	}{
		"nothing lost":                       {3, []bool{true, false, true}, []int64{0, 2}, nil, 1, 0},
		"a decision is missing":              {3, []bool{true, false, true}, []int64{0}, []string{"every event has a decision", "lost"}, 1, 1},
		"every decision is missing":          {2, []bool{true, true}, nil, []string{"every event has a decision", "lost"}, 0, 2},
		"unmapped, and decided all the same": {2, []bool{true, false}, []int64{0, 1}, nil, 0, 0},
		"an event never got to the topic":    {3, []bool{true, true}, []int64{0, 1}, []string{"events written = events in the input topic"}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			// Topics are read in any order.
			for _, inputFirst := range []bool{true, false} {
				l := demo.NewLedger()
				decide := func() {
					for _, offset := range c.decided {
						l.Decision(skipped("d"+string(rune('0'+offset)), offset))
					}
				}
				if !inputFirst {
					decide()
				}
				for offset, wanted := range c.read {
					l.Input(0, int64(offset), wanted)
				}
				if inputFirst {
					decide()
				}
				r := demo.Account(l.Count(), sandbox.Report{}, c.written, time.Second, "")
				require.Equal(t, c.wrong, wrong(r))
				require.Equal(t, c.wrong == nil, r.OK)
				require.Equal(t, c.none, r.ByReason[decision.MappingNone.String()])
				require.Equal(t, c.lost, r.Lost)
			}
		})
	}
}

// Copies at a provider are wrong, unless a fault took an answer away.
func TestCopiesAtTheProvider(t *testing.T) {
	seen := sandbox.Report{Providers: map[string]sandbox.ProviderReport{"meta": {Totals: ledger.Totals{Duplicates: 7}}}}
	r := demo.Account(demo.NewLedger().Count(), seen, 0, time.Second, "")
	require.Equal(t, []string{"seen twice by a provider"}, wrong(r))

	r = demo.Account(demo.NewLedger().Count(), seen, 0, time.Second, "lost-answer")
	require.True(t, r.OK)
	require.Contains(t, r.Checks, demo.Check{What: "seen twice by a provider", Left: 7, Right: 0, OK: true, Expected: "expected: an answer was lost"})

	r = demo.Account(demo.NewLedger().Count(), sandbox.Report{}, 0, time.Second, "lost-answer")
	require.Contains(t, r.Checks, demo.Check{What: "seen twice by a provider", OK: true})
}

// What a provider that never says no did not take counts as sent, and one that says
// no must have taken what was delivered.
func TestWhoNeverSaysNoIsBelieved(t *testing.T) {
	t.Parallel()
	sums := func(name string, accepted int, faults string) *demo.Result {
		c := demo.NewLedger().Count()
		c.Routed, c.Queued, c.Ends = map[string]int{name: 2}, map[string]int{name: 2}, map[string]map[string]int{name: {"delivered": 2}}
		seen := sandbox.Report{Providers: map[string]sandbox.ProviderReport{name: {Totals: ledger.Totals{Accepted: accepted}}}}
		return demo.Account(c, seen, 0, time.Second, faults)
	}
	require.True(t, sums("ga4", 1, "bad-token").OK)
	require.Equal(t, []string{"ga4: delivered = taken by the sandbox"}, wrong(sums("ga4", 1, "")), "without a fault it takes everything")
	require.Equal(t, []string{"ga4: delivered = taken by the sandbox"}, wrong(sums("ga4", 3, "bad-token")), "more than was delivered")
	require.Equal(t, []string{"meta: delivered = taken by the sandbox"}, wrong(sums("meta", 1, "bad-token")))
}

// A provider's sums are marked as its own, so that a report may fold them.
func TestSumsOfAProvider(t *testing.T) {
	l := demo.NewLedger()
	l.Input(0, 0, true)
	queued := skipped("d0", 0)
	queued.Status, queued.Reason, queued.CustomerID = decision.Queued, decision.Eligible, "northwind"
	l.Decision(queued)
	r := demo.Account(l.Count(), sandbox.Report{}, 1, time.Second, "")
	require.False(t, r.OK)
	require.Contains(t, r.Checks, demo.Check{Provider: "meta", What: "meta: eligible decisions = deliveries committed", Left: 1, Right: 0})
	require.Equal(t, demo.Provider{Eligible: 1, Ended: 1}, r.Providers["meta"])
	require.Equal(t, map[demo.Row]int{{Customer: "northwind", Destination: "northwind-meta", Status: "missing", Reason: "no end was published"}: 1}, r.Table)
}
