package dedup_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/dedup"
)

// Every eligible event has a key made for it.
func TestClaimKeysAllocateNothing(t *testing.T) {
	var k dedup.Key
	for name, key := range map[string]func() dedup.Key{
		"event":       func() dedup.Key { return dedup.NewKey(false, "acme", "acme-meta", "Purchase", "e-1") },
		"transaction": func() dedup.Key { return dedup.TransactionKey(false, "acme", "acme-meta", "Purchase", "t-1") },
		"adjustment":  func() dedup.Key { return dedup.AdjustmentKey("acme", "acme-google", "123", "t-1") },
	} {
		require.Zero(t, testing.AllocsPerRun(100, func() { k = key() }), name)
		require.NotZero(t, k, name)
	}
}
