// Package production_test runs the binary as the image has it.
package production_test

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	licensed(t, sluice)
}

// licensed: the image and the archive have the licence text of every module that
// is in the binary, and of Go itself.
func licensed(t *testing.T, sluice string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "licences.txt")
	out, err := exec.CommandContext(t.Context(), "go", "run", "github.com/sluicehq/sluice/deploy/licences", "--output", file, sluice).CombinedOutput()
	require.NoError(t, err, string(out))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	info, err := buildinfo.ReadFile(sluice)
	require.NoError(t, err)
	require.Greater(t, len(info.Deps), 20)
	headings := map[string]string{"The Go standard library " + info.GoVersion: "Redistribution and use"}
	for _, d := range info.Deps {
		headings[d.Path+" "+d.Version] = ""
	}
	for heading, words := range headings {
		_, after, found := strings.Cut(string(text), "\n"+heading+": ")
		require.True(t, found, "%s has no licence text", heading)
		body, _, _ := strings.Cut(after[strings.Index(after, "\n\n"):], "\n=====")
		require.Greater(t, len(strings.TrimSpace(body)), 200, heading)
		require.Contains(t, body, words)
	}
}
