package table_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/table"
)

// I7, I12: the table's fold keeps an erasure until an explicit grant or a
// tombstone, and two tables that read the same records agree.
func TestConsentTableKeepsErasures(t *testing.T) {
	t.Parallel()
	decode := func(ctx context.Context, value []byte, dst *consent.Record) error {
		if string(value) == "erased" {
			*dst = consent.Record{Erased: true}
			return nil
		}
		return decodeConsent(ctx, value, dst)
	}
	one, two := table.NewConsentTable(decode), table.NewConsentTable(decode)
	offset := int64(0)
	apply := func(value string) bool {
		for _, x := range []*table.ConsentTable{one, two} {
			_ = x.Apply(t.Context(), consentRecord("acme:s1", value, offset)) // a bad record is an error, and is judged
		}
		offset++
		require.Equal(t, one.Checksum(), two.Checksum())
		s, _ := one.Get("acme", identity.NewRaw("s1"))
		return s.Erased
	}
	require.False(t, apply("granted 1700000000000"))
	require.True(t, apply("erased"))
	require.True(t, apply("denied 1700000000001"))
	require.True(t, apply("bad"))
	require.False(t, apply("granted 1700000000002"))
	require.False(t, apply("denied 1700000000003"), "lifted for good")
	require.True(t, apply("erased"))
	require.False(t, apply(""), "a tombstone")
	require.False(t, apply("denied 1700000000004"), "nothing is left of it")
}
