package destinations_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
)

// Whoever may write a destination must not be able to read any file or
// variable of the process, and no error shows a secret.
func TestReferences(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "secrets")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "..data"), 0o700))
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(base, name), []byte(text), 0o600))
	}
	write("outside", "outside-secret")
	write("secrets/good", " canary-1 \n")
	write("secrets/..data/mounted", "canary-2")
	write("secrets/empty", " \n")
	write("secrets/huge", strings.Repeat("x", 70_000))
	require.NoError(t, os.Symlink("..data/mounted", filepath.Join(dir, "mounted")))
	require.NoError(t, os.Symlink("../outside", filepath.Join(dir, "escape")))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "absolute")))
	t.Setenv("SLUICE_TEST_SECRET", "canary-3")
	t.Setenv("SLUICE_TEST_OTHER", "canary-4")
	r := destinations.References{Dir: dir, Env: []string{"SLUICE_TEST_SECRET", "SLUICE_TEST_ABSENT"}}

	for reference, want := range map[string]string{
		"file:good": "canary-1", "file:mounted": "canary-2", "env:SLUICE_TEST_SECRET": "canary-3",
	} {
		secret, version, err := r.Resolve(reference)
		require.NoError(t, err, reference)
		require.Equal(t, want, secret.Reveal())
		require.NotContains(t, version, want)
	}
	for reference, want := range map[string]string{
		"file:escape": "inside the secrets folder", "file:absolute": "inside the secrets folder", "file:../outside": "leads out",
		"file:/etc/passwd": "leads out", "file:missing": "no such file", "file:..data": "not a regular file",
		"file:empty": "empty", "file:huge": "larger than", "env:SLUICE_TEST_OTHER": "not listed",
		"env:SLUICE_TEST_ABSENT": "not set", "EAAcanary-token": "neither file:NAME nor env:NAME", "": "neither",
	} {
		_, _, err := r.Resolve(reference)
		require.ErrorContains(t, err, want, reference)
		for _, leak := range []string{"canary", "outside-secret", base} {
			require.NotContains(t, err.Error(), leak)
		}
	}
	_, _, err := destinations.References{}.Resolve("file:good")
	require.ErrorContains(t, err, "secrets_dir")

	_, before, err := r.Resolve("file:good")
	require.NoError(t, err)
	write("secrets/good", "canary-5")
	secret, after, err := r.Resolve("file:good")
	require.NoError(t, err)
	require.Equal(t, "canary-5", secret.Reveal())
	require.NotEqual(t, before, after)
}
