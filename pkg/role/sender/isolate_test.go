package sender_test

import (
	"fmt"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"
)

// I14: one refused event among n, wherever it stands, costs at most
// 2·ceil(log2 n)+1 requests more, and nobody but itself. The answer names no
// event here, so the request is halved.
func TestIsolationStaysWithinItsBound(t *testing.T) {
	longBubble(t, 1, func(r *harness) {
		s := r.start()
		dead, delivered, before := 0, 0, 0
		round := func(n, at int) {
			all := ids(fmt.Sprintf("v%d-%d", n, at), n)
			r.wire.poison(all[at])
			r.order(0, "view", all...)
			dead, delivered = dead+1, delivered+n-1
			r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "all is settled")
			requests := len(r.wire.requests())
			require.LessOrEqual(t, requests-before, 1+2*bits.Len(uint(n-1))+1, "requests for %d events, the bad one at %d", n, at)
			before = requests
			r.wire.heal()
		}
		for n := 2; n <= 9; n++ {
			for at := range n {
				round(n, at)
			}
		}
		for _, at := range []int{0, 63, 64, 128} {
			round(129, at)
		}
		require.Equal(t, map[string]int{"delivered delivered": delivered, "dead_lettered provider.rejected": dead}, r.counts())
		r.stop(s)
	})
}
