package google_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// TestAnAddressKnowsItsCountryHoweverItIsWritten: the consent gate reads these,
// so an address with them is complete.
func TestAnAddressKnowsItsCountryHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for written, code := range map[string]string{
		"United Kingdom": "GB", "UK": "GB", "Great Britain": "GB", "Deutschland": "DE", "DEU": "DE", "Czechia": "CZ", "Česko": "CZ", "Türkiye": "TR", "Kosovo": "XK",
		"Neverland": "", "XX": "", "undefined": "", "EU": "",
	} {
		k := newKit()
		id := &k.in.Event.Identity
		id.FirstName, id.LastName, id.PostalCode, id.Country = identity.NewRaw("Jane"), identity.NewRaw("Doe"), identity.NewRaw("10115"), identity.NewRaw(written)
		payload := string(k.build(t).Fragment)
		if code == "" {
			require.NotContains(t, payload, "regionCode", written)
			continue
		}
		require.Contains(t, payload, `"regionCode":"`+code+`"`, written)
	}
}
