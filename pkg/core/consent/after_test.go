package consent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// I7: an erasure holds until the subject grants again, in so many words.
func TestErasureHoldsUntilAnExplicitGrant(t *testing.T) {
	t.Parallel()
	granted := consent.Text("granted")
	erased := consent.NormaliseRecord(consent.Record{Erased: true, UpdatedAt: 1}, 0)
	for name, test := range map[string]struct {
		next consent.Record
		want bool
	}{
		"silent":                            {consent.Record{}, true},
		"denied":                            {consent.Record{Input: consent.Input{AdUserData: consent.Text("denied")}}, true},
		"granted for something else":        {consent.Record{Input: consent.Input{AnalyticsStorage: granted, AdStorage: granted}}, true},
		"malformed":                         {consent.Record{Input: consent.Input{AdUserData: granted, AdStorage: consent.Text("yes")}}, true},
		"a grant that its own string takes": {consent.Record{Input: consent.Input{AdUserData: granted, TCF: consent.Text("nonsense")}}, true},
		"erased again":                      {consent.Record{Erased: true}, true},
		"granted":                           {consent.Record{Input: consent.Input{AdUserData: granted}}, false},
		"granted in a record that erases":   {consent.Record{Erased: true, Input: consent.Input{AdUserData: granted}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.next.UpdatedAt = 2
			next := consent.NormaliseRecord(test.next, 0)
			after := consent.After(erased, next)
			require.Equal(t, test.want, after.Erased)
			next.Erased = after.Erased
			require.Equal(t, next, after, "nothing else of the earlier record stays")
		})
	}
	lifted := consent.After(erased, consent.NormaliseRecord(consent.Record{Input: consent.Input{AdUserData: granted}}, 0))
	require.False(t, consent.After(lifted, consent.NormaliseRecord(consent.Record{}, 0)).Erased, "it does not come back")
}
