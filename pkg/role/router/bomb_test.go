package router_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
)

// Each record of a batch that unpacks to too much is decided and stands in the
// dead letters with its coordinates; a batch whose header claims two billion
// records costs no more than a thousand of them.
func TestABatchThatUnpacksToTooMuchIsDecided(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	s := r.session()
	bomb := func(first, next int64) output {
		records, err := s.Bomb(t.Context(), transact.Bomb{Topic: "analytics.events", ID: transact.TopicID{1}, Partition: 2, First: first, Next: next})
		require.NoError(t, err)
		return r.commit(s, records)
	}
	out := bomb(7, 9)
	require.Equal(t, []string{"dead_lettered event.too_large", "dead_lettered event.too_large"}, out.said())
	require.Len(t, out.dead, 2)
	for i, letter := range out.dead {
		require.Equal(t, decision.EventTooLarge, letter.Reason)
		require.Equal(t, "analytics.events", letter.Source.Topic)
		require.EqualValues(t, 2, letter.Source.Partition)
		require.EqualValues(t, 7+i, letter.Source.Offset)
		require.Equal(t, letter.Source, out.decisions[i].Source)
		require.Contains(t, out.decisions[i].Message, "its compressed batch (offsets 7 to 8) unpacks to more than 67108864 bytes")
		require.Empty(t, letter.Value)
	}

	out = bomb(0, 1<<31)
	require.Len(t, out.dead, 1000)
	require.Contains(t, out.decisions[999].Message, "this stands for all offsets from 999 on")
}
