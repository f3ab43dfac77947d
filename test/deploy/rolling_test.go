package deploy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// handOver is how long partitions of a router may stand still while they go to
// another one: a drained router leaves its group at once, so it is the time of
// a rebalance. A router that was killed would take the session timeout of 10 s
// more.
const handOver = 10 * time.Second

// TestRollingUpgradeOfRouters replaces two routers one after the other, as a
// StatefulSet does: drained, started again under the same name, and the next
// one only when it is ready. Events keep coming; each is decided once, and
// none waits longer than a hand-over.
func TestRollingUpgradeOfRouters(t *testing.T) {
	t.Parallel()
	w := startWorld(t)
	routers := []*process{w.roles[0], w.role(t, "router-1", "router")}
	routers[1].ready()

	const events = 400
	load := w.emit(t, events, "--rate", "40/s")
	for i, name := range []string{"router-0", "router-1"} {
		routers[i].drains()
		routers[i] = w.role(t, name, "router")
		routers[i].ready()
	}
	load.succeeds()

	waited, longest := map[string]int{}, time.Duration(0)
	expected := w.expected(t)
	eventually(t, "every event to be decided", func() bool {
		waited, longest = map[string]int{}, 0
		tail := start(t, w.environ(), binary(t), "tail", "--from-start", "--no-follow", "--output", "json")
		tail.succeeds()
		for line := range strings.Lines(tail.out.String()) {
			var d struct {
				Stage       string `json:"stage"`
				EventID     string `json:"event_id"`
				Destination string `json:"destination_id"`
				Mapping     string `json:"mapping"`
				Latency     int64  `json:"latency_ms"`
			}
			require.NoError(t, json.Unmarshal([]byte(line), &d), line)
			if d.Stage == "router" {
				waited[d.EventID+" "+d.Mapping]++
				longest = max(longest, time.Duration(d.Latency)*time.Millisecond)
			}
		}
		return len(waited) >= expected
	})
	t.Logf("%d decisions, the slowest after %v", len(waited), longest)
	require.Len(t, waited, expected)
	for id, n := range waited {
		assert.Equal(t, 1, n, "%s was decided more than once", id)
	}
	assert.Less(t, longest, handOver)
}
