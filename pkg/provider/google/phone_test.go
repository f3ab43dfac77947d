package google_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/google"
)

// A plain number goes a short way, which must lead where the rule leads.
func FuzzPlainPhone(f *testing.F) {
	for _, s := range []string{"49 151 2345678", "1 (650) 555-1212", "44 (0)113 4960000", "0049 151 2345678", " 0 1", "1 650 555 1212 ext 5", "", "(0", "+49", "123456", "1234567890123456"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		number := identity.Trim("+" + s)
		want, valid := google.PhoneByRule(number)
		got, ok := google.Phone(number)
		require.Equal(t, valid, ok, number)
		require.Equal(t, want, got, number)
	})
}
