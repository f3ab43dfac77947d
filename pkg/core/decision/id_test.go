package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// Every part of a verdict's id counts, and nothing else does.
func TestVerdictIDs(t *testing.T) {
	at := event.Coordinates{Topic: "in", TopicID: event.TopicID{1}, Partition: 3, Offset: 42, AppendTime: 7}
	later := at
	later.AppendTime = 8
	other := at
	other.Offset++
	id := decision.NewVerdictID("r-1", "REASON", at, "m")
	require.Len(t, id, 32)
	require.Equal(t, id, decision.NewVerdictID("r-1", "REASON", later, "m"))
	seen := map[string]bool{id: true}
	for _, next := range []string{
		decision.NewVerdictID("r-2", "REASON", at, "m"), decision.NewVerdictID("r-1", "OTHER", at, "m"),
		decision.NewVerdictID("r-1", "REASON", other, "m"), decision.NewVerdictID("r-1", "REASON", at, "n"),
		decision.NewVerdictID("r-1", "REASON", event.Coordinates{}, ""), decision.NewVerdictID("r-1R", "EASON", at, "m"),
		decision.NewVerdictID("mr-1", "REASON", at, ""),
	} {
		require.False(t, seen[next])
		seen[next] = true
	}
}
