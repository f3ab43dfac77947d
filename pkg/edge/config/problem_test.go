package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// problemsOf loads a file that is wrong.
func problemsOf(t *testing.T, text string, environ ...string) config.Problems {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sluice.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	_, err := config.Load(config.Sources{File: file, Environ: environ})
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	return problems
}

// TestProblemsStandInTheOrderOfTheFile: a person mends a file from top to
// bottom; line 10 comes after line 9.
func TestProblemsStandInTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	problems := problemsOf(t, strings.Repeat("\n", 7)+"zebra: 1\nyak: 2\nauk: 3\nkafka: {ape: 1, aardvark: 2}\n", "SLUICE_ADMIN_LISTEN=nowhere")
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	require.Equal(t, []string{"zebra", "yak", "auk", "kafka.ape", "kafka.aardvark", "admin.listen"}, paths)
}

// TestAVariableThatNamesNoSettingIsSaidOnce: its name is place and path.
func TestAVariableThatNamesNoSettingIsSaidOnce(t *testing.T) {
	t.Parallel()
	problems := problemsOf(t, "", "SLUICE_KAFKA_BROKER=kafka:9092")
	require.Len(t, problems, 1)
	require.Equal(t, "SLUICE_KAFKA_BROKER: must be the name of a setting; did you mean SLUICE_KAFKA_BROKERS?", problems[0].String())
}

// TestAddressesAreMendedAsTheyWereMeant: an example of another setting helps
// nobody.
func TestAddressesAreMendedAsTheyWereMeant(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, fix string }{
		"broker without port":   {"kafka: {brokers: [kafka-1.acme]}", "write it as kafka-1.acme:9092"},
		"redis without port":    {"redis: {address: cache.acme}", "write it as cache.acme:6379"},
		"redis as URL":          {`redis: {address: "redis://cache.acme:7000/"}`, "write it as cache.acme:7000"},
		"nothing to build from": {`redis: {address: "a b"}`, "write it as redis.example:6379"},
		"registry":              {`registry: {url: "127.0.0.1:8081"}`, "write it as http://127.0.0.1:8081"},
		"another scheme":        {`registry: {url: "ftp://registry.acme"}`, "write it as http://registry.acme"},
		"a password":            {`registry: {url: "http://me:hunter2@registry.acme"}`, "write it as http://registry.example:8081"},
		"provider":              {`sender: {providers: {meta: {base_url: "graph.acme"}}}`, "write it as http://graph.acme"},
		"listen":                {`admin: {listen: "9464"}`, "write it as 127.0.0.1:9464"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := problemsOf(t, c.text)
			require.Len(t, problems, 1)
			require.Equal(t, c.fix, problems[0].Fix)
		})
	}
}
