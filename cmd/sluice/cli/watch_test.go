package cli_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/sluicehq/sluice/cmd/sluice/cli"
)

// interrupting is a terminal whose user interrupts after some screens.
type interrupting struct {
	mu    sync.Mutex
	text  bytes.Buffer
	after int
	ctx   context.Context //nolint:containedctx // it is what the user ends
	stop  context.CancelFunc
}

// Write counts screens.
func (i *interrupting) Write(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.after--; i.after == 0 {
		i.stop()
	}
	return i.text.Write(p)
}

// String is what was shown.
func (i *interrupting) String() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.text.String()
}

func withCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	return ctx, stop
}

// runTo runs a command line that writes to out.
func runTo(t testing.TB, ctx context.Context, out io.Writer, environ []string, args ...string) result { //nolint:revive // the helper's t comes first
	t.Helper()
	var err bytes.Buffer
	code := cli.Main(ctx, cli.Streams{In: strings.NewReader(""), Out: out, Err: &err}, "v0.0.0-test", args, environ)
	return result{code: code, stderr: err.String()}
}
