package boot

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// TestDoctorLooksAtEveryProvider: one that is added must not be sent to some
// other address without doctor saying so.
func TestDoctorLooksAtEveryProvider(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	env, err := NewEnv(cfg, Options{Version: "test", Log: io.Discard})
	require.NoError(t, err)
	env.Config.Sender.Providers = map[string]config.Provider{}
	for name := range env.Providers() {
		env.Config.Sender.Providers[name] = config.Provider{BaseURL: "http://127.0.0.1:1"}
	}
	require.GreaterOrEqual(t, len(env.Config.Sender.Providers), 3)
	d := &doctor{env: env}
	d.settings()
	warned := map[string]Level{}
	for _, f := range d.findings {
		warned[f.Area] = f.Level
	}
	for name := range env.Config.Sender.Providers {
		require.Equal(t, Warning, warned["provider "+name], name)
	}
	require.NoError(t, env.Close())
}
