// Package production_test runs the binary as the image has it.
package production_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A production build has no fakes to run the demo or the sandbox with. It says
// so instead of not knowing the command, with the exit code of a wrong call,
// and everything else is there.
func TestAProductionBuildRefusesDemoAndSandbox(t *testing.T) {
	t.Parallel()
	sluice := filepath.Join(t.TempDir(), "sluice")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "production", "-ldflags", "-s -w", "-o", sluice, "github.com/sluicehq/sluice/cmd/sluice")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	for _, args := range [][]string{{"demo"}, {"demo", "--events", "10"}, {"sandbox", "--listen", "127.0.0.1:0"}} {
		out, err := exec.CommandContext(t.Context(), sluice, args...).CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, args)
		require.Equal(t, 2, exit.ExitCode(), args)
		require.Contains(t, string(out), "production build", args)
		require.Contains(t, string(out), "fix: ", args)
	}
	require.NoError(t, exec.CommandContext(t.Context(), sluice, "version").Run())
}
