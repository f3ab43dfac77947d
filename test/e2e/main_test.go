package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// binaryVariable holds the path of the binary for the tests of this process.
const binaryVariable = "E2E_SLUICE_BINARY"

// TestMain builds the binary once. The flags are those of `make build`, whose
// compiled packages are then in the build cache already.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "sluice-e2e-")
	if err == nil {
		err = build(filepath.Join(dir, "sluice"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building sluice:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	}))
}

func build(path string) error {
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=e2e", "-o", path, "github.com/sluicehq/sluice/cmd/sluice")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return os.Setenv(binaryVariable, path)
}

// clean is this process's environment without settings of Sluice, which would
// change what is tested, and without coverage of the binary.
func clean() []string {
	var kept []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SLUICE_") && !strings.HasPrefix(v, "GOCOVERDIR=") {
			kept = append(kept, v)
		}
	}
	return kept
}
