package traffic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/provider/all"
	"github.com/sluicehq/sluice/test/load/traffic"
)

// later are providers that the traffic of chaos does not reach: GA4 never says
// whether it took an event, so that nothing could be accounted for, and offline
// conversions wait for an hour after their click.
var later = map[string]bool{"ga4": true, "microsoft-offline": true}

// TestTrafficReachesEveryProvider: a provider that is not here would lose and
// double in silence.
func TestTrafficReachesEveryProvider(t *testing.T) {
	t.Parallel()
	reached := map[string]bool{}
	for _, a := range traffic.Accounts() {
		reached[a.Provider] = true
	}
	for _, name := range all.Names() {
		require.NotEqual(t, later[name], reached[name], name)
	}
}
