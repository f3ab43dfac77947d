package dedup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// The window is whole as long as nothing was evicted, also where nobody was
// there for some hours, and where Redis was emptied and rebuilt.
func TestWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.ready("one"), b.ready("two")
	const window = 9 * 24 * time.Hour
	now := time.UnixMilli(1_800_000_000_000)
	is := func(want time.Duration, about string) {
		t.Helper()
		for _, s := range []*dedup.Store{one, two} {
			got, err := s.Window(t.Context(), now, window)
			require.NoError(t, err)
			require.Equal(t, want, got, about)
		}
	}
	is(window, "new")
	for hour := range 300 {
		if hour < 100 || hour >= 150 { // everything was stopped in between
			is(window, "nothing was evicted")
		}
		now = now.Add(time.Hour)
		b.server.FastForward(time.Hour)
	}
	is(window, "old witnesses ended by themselves")

	for _, key := range b.server.Keys() {
		if ttl := b.server.TTL(key); ttl > 0 && ttl < window-70*time.Hour {
			b.server.Del(key) // as volatile-ttl does: what would end first
		}
	}
	is(71*time.Hour, "the youngest that is gone")
	now = now.Add(24 * time.Hour)
	is(95*time.Hour, "it grows again")

	b.server.FlushAll()
	b.ready("one")
	is(window, "rebuilt")
}
