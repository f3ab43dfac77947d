package dedup_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/edge/dedup"
)

func TestOwnerKeepsItsParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		partition := rapid.Int32Range(0, dedup.MaxPartition).Draw(t, "partition")
		offset := rapid.Int64Range(0, dedup.MaxOffset).Draw(t, "offset")
		o, err := dedup.NewOwner(id, partition, offset)
		require.NoError(t, err)
		for _, x := range []dedup.Owner{o, o.Mark(), o.Mark().Mark(), o.Mark().Claim()} {
			require.Equal(t, partition, x.Partition())
			require.Equal(t, offset, x.Offset())
			require.Equal(t, dedup.TopicHash(id), x.TopicHash())
			require.True(t, x.Same(o))
		}
		require.False(t, o.Delivered())
		require.True(t, o.Mark().Delivered())
		require.Equal(t, o, o.Mark().Claim())
	})
}

func TestOwnerRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		partition int32
		offset    int64
		field     string
	}{{-1, 0, "partition"}, {1 << 14, 0, "partition"}, {0, -1, "offset"}, {0, 1 << 38, "offset"}} {
		_, err := dedup.NewOwner([16]byte{}, tt.partition, tt.offset)
		var r *dedup.RangeError
		require.ErrorAs(t, err, &r)
		require.Equal(t, tt.field, r.Field)
	}
}

// What stands in Redis must mean the same after an upgrade.
func TestOwnersAndKeysNeverChange(t *testing.T) {
	t.Parallel()
	o, err := dedup.NewOwner([16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 5, 1234567)
	require.NoError(t, err)
	require.Equal(t, dedup.Owner(7160724781909857927), o)
	require.Equal(t, "b0c764fa7c79bd214dd2efcf67515a43", hexKey(dedup.NewKey(false, "acme", "meta-1", "Purchase", "e-1")))
}

func TestKeysAreApart(t *testing.T) {
	t.Parallel()
	keys := map[dedup.Key]string{}
	for name, k := range map[string]dedup.Key{
		"live":        dedup.NewKey(false, "a", "b", "c", "d"),
		"shadow":      dedup.NewKey(true, "a", "b", "c", "d"),
		"moved":       dedup.NewKey(false, "ab", "", "c", "d"),
		"joined":      dedup.NewKey(false, "a", "bc", "", "d"),
		"also":        dedup.TransactionKey(false, "a", "b", "c", "d"),
		"also shadow": dedup.TransactionKey(true, "a", "b", "c", "d"),
		"newest":      dedup.AdjustmentKey("a", "b", "c", "d"),
	} {
		require.NotContains(t, keys, k, "%s and %s", name, keys[k])
		keys[k] = name
	}
}

func hexKey(k dedup.Key) string { return hex.EncodeToString(k[:]) }
