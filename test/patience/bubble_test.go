package patience_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/patience"
)

// A wait in a bubble goes by the bubble's clock and needs no process' end.
func TestAWaitInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		patience.Until(t, "a minute", func() bool { return time.Since(began) >= time.Minute })
		require.GreaterOrEqual(t, patience.Left(t), time.Hour)
	})
}
