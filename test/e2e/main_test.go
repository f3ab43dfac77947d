package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// scratch holds the binary; it goes when the tests have ended.
var scratch string

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if scratch != "" {
			if err := os.RemoveAll(scratch); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		os.Exit(code)
	}))
}

// binary is the path of the sluice that the tests run. It is built when the
// first of them asks, so that a run without any (-list, -run of another name)
// does not wait for it. The flags are those of `make build`, whose compiled
// packages are then in the build cache already.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if scratch, err = os.MkdirTemp("", "sluice-e2e-"); err != nil {
		return "", err
	}
	path := filepath.Join(scratch, "sluice")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version=e2e", "-o", path, "github.com/sluicehq/sluice/cmd/sluice")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building sluice: %w\n%s", err, out)
	}
	return path, nil
})

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
