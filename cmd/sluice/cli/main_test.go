package cli_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is what a command line did.
type result struct {
	code           int
	stdout, stderr string
}

// run runs one command line in this process, as main does.
func run(t testing.TB, args ...string) result {
	t.Helper()
	return runWith(t, t.Context(), strings.NewReader(""), nil, args...)
}

// runWith runs one with a context, standard input and an environment.
func runWith(t testing.TB, ctx context.Context, in io.Reader, environ []string, args ...string) result { //nolint:revive // the helper's t comes first
	t.Helper()
	var out, err bytes.Buffer
	code := cli.Main(ctx, cli.Streams{In: in, Out: &out, Err: &err}, "v0.0.0-test", args, environ)
	return result{code: code, stdout: out.String(), stderr: err.String()}
}
