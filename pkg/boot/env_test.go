package boot_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// Roles of one process ask for the same services at the same time, and get the
// same ones. The race detector looks on.
func TestServicesAreOpenedOnce(t *testing.T) {
	t.Parallel()
	services, err := embedded.Start(t.Context(), embedded.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, services.Close()) }()
	cfg := config.Default()
	cfg.Kafka.Brokers, cfg.Registry.URL, cfg.Redis.Address = services.Kafka().Brokers, services.RegistryURL(), services.RedisOptions().Addr
	env, err := boot.NewEnv(cfg, boot.Options{})
	require.NoError(t, err)
	var roles sync.WaitGroup
	const n = 4
	var opened [n][5]any
	for i := range n {
		roles.Go(func() {
			var errs [5]error
			opened[i][0], errs[0] = env.Cluster.Admin(t.Context())
			opened[i][1], errs[1] = env.Cluster.Client(t.Context())
			opened[i][2], errs[2] = env.Claims()
			opened[i][3], errs[3] = env.Registry.Codec()
			opened[i][4], errs[4] = env.Redis()
			for _, err := range errs {
				assert.NoError(t, err)
			}
			env.OnClose(func() error { return nil })
		})
	}
	roles.Wait()
	for i := range n {
		require.Equal(t, opened[0], opened[i])
	}
	require.NoError(t, env.Close())
}
