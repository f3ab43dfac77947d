package embedded

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/patience"
)

// Keys expire without being asked for, and looking for them never takes more
// than a twentieth of the time: a soak of 35 minutes stood still for minutes
// because every second went into visiting its claims.
func TestExpiryLeavesTimeToAnswer(t *testing.T) {
	t.Parallel()
	require.Equal(t, time.Second, expiryPause(0))
	require.Equal(t, time.Second, expiryPause(50*time.Millisecond))
	require.Equal(t, 19*time.Second, expiryPause(time.Second))

	s, err := Start(t.Context(), Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	client := redis.NewClient(s.RedisOptions())
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	require.NoError(t, client.Set(t.Context(), "claim", 1, 100*time.Millisecond).Err())
	patience.Until(t, "the claim to expire", func() bool { return client.Exists(t.Context(), "claim").Val() == 0 })
}
