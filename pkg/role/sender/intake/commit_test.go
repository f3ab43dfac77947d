package intake_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/role/sender/intake"
)

// I5: a commit that was begun before a rebalance may wait until the group has
// agreed, and then be sent after the last one of the partitions that are handed
// over, or after the next owner's. So they are handed over once it has ended,
// however long it takes.
func TestPartitionsAreHandedOverAfterTheCommitOnItsWay(t *testing.T) {
	for name, test := range map[string]struct {
		lost bool
		last int64
	}{
		"revoked": {last: 14},
		"lost":    {lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := intake.NewHandover(14, test.lost)
			_, over := h.Step(time.Now().UnixMilli())
			require.False(t, over)
			_, over = h.Step(time.Now().Add(time.Hour).UnixMilli())
			require.False(t, over, "long after the time for finishing work")
			h.Committed()
			last, over := h.Step(time.Now().UnixMilli())
			require.True(t, over)
			require.Equal(t, test.last, last)
		})
	}
}
