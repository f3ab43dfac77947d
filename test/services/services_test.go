package services_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/test/services"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestAddressesAreAllOrNone: a test must never mix real and embedded services
// because one variable was mistyped.
func TestAddressesAreAllOrNone(t *testing.T) {
	t.Parallel()
	env := func(pairs map[string]string) func(string) string {
		return func(name string) string { return pairs[name] }
	}
	_, given, err := services.FromEnvironment(env(nil))
	require.NoError(t, err)
	require.False(t, given)

	full := map[string]string{services.EnvKafka: "a:1, b:2", services.EnvRegistry: "http://r", services.EnvRedis: "c:3"}
	a, given, err := services.FromEnvironment(env(full))
	require.NoError(t, err)
	require.True(t, given)
	require.Equal(t, []string{"a:1", "b:2"}, a.Kafka)
	require.Equal(t, []string{"TEST_KAFKA_BROKERS=a:1,b:2", "TEST_REGISTRY_URL=http://r", "TEST_REDIS_ADDRESS=c:3"}, a.Environ())

	_, _, err = services.FromEnvironment(env(map[string]string{services.EnvKafka: "a:1"}))
	require.ErrorContains(t, err, services.EnvRegistry)
	full[services.EnvRedis] = "no-port"
	_, _, err = services.FromEnvironment(env(full))
	require.ErrorContains(t, err, "no-port")
}

// TestMissingProgramsAreNamed on a machine with nothing on it.
func TestMissingProgramsAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	cfg := services.All("missing")
	cfg.Root = t.TempDir()
	_, err := services.Start(t.Context(), cfg)
	var missing *services.MissingError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, []string{"Java 17 or later (java)", "Maven (mvn)", "Redis 7 or later (redis-server)"}, missing.Programs)
	require.ErrorContains(t, err, services.EnvKafka)
}

func TestNothingRunsInAnEmptyRoot(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	sets, err := services.List(root)
	require.NoError(t, err)
	require.Empty(t, sets)
	_, err = services.Open(root, "default")
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, name := range []string{"..", "a/b"} {
		_, err = services.Start(t.Context(), services.Config{Name: name, Root: root, Redis: true})
		require.ErrorContains(t, err, "not the name of a folder")
	}
}

// TestAProcessIdOfSomebodyElseIsNotSignalled: the state file outlives the
// machine's process ids.
func TestAProcessIdOfSomebodyElseIsNotSignalled(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir := filepath.Join(root, "run", "old")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	state := `{"config": {"name": "old"}, "processes": [{"spec": {"name": "redis", "kind": "redis", "address": "127.0.0.1:1"}, "pid": ` +
		"1" + `, "born": "some other time"}]}`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "state.json"), []byte(state), 0o600))
	set, err := services.Open(root, "old")
	require.NoError(t, err)
	require.False(t, set.Alive())
	require.Error(t, set.Process("redis").Ready(t.Context()))
	require.NoError(t, set.Process("redis").Kill())
	require.NoError(t, set.Stop(t.Context()))
	sets, err := services.List(root)
	require.NoError(t, err)
	require.Empty(t, sets)
}
