package dedup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

// Every eligible event has a key made for it. Hashing makes an object only
// where the race detector keeps it from being made on the stack.
func TestClaimKeysAllocateNothing(t *testing.T) {
	var k dedup.Key
	message := []byte("e-1")
	hashing := testing.AllocsPerRun(100, func() { identity.Sum256(message) })
	for name, key := range map[string]func() dedup.Key{
		"event":       func() dedup.Key { return dedup.NewKey(false, "acme", "acme-meta", "Purchase", "e-1") },
		"transaction": func() dedup.Key { return dedup.TransactionKey(false, "acme", "acme-meta", "Purchase", "t-1") },
		"adjustment":  func() dedup.Key { return dedup.AdjustmentKey("acme", "acme-google", "123", "t-1") },
	} {
		require.Equal(t, hashing, testing.AllocsPerRun(100, func() { k = key() }), name)
		require.NotZero(t, k, name)
	}
}
