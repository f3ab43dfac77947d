package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/patience"
)

// output is what a process has written so far.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// process is one running command line.
type process struct {
	t        testing.TB
	name     string
	cmd      *exec.Cmd
	out, err output
	ended    chan struct{}
	code     int // valid once ended is closed; -1: killed
}

// start starts a command line with settings of its own (SLUICE_...=...).
// Whatever still runs when the test ends is killed.
func start(t testing.TB, settings []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: strings.Join(args, " "), ended: make(chan struct{})}
	path, err := binary()
	require.NoError(t, err)
	p.cmd = exec.CommandContext(context.Background(), path, args...)
	p.cmd.Env = append(clean(), settings...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		err := p.cmd.Wait()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			_, _ = p.err.Write([]byte("waiting for the process: " + err.Error())) // into memory
		}
		p.code = p.cmd.ProcessState.ExitCode()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("stderr of sluice %s (the end):\n%s", p.name, tail(p.err.String(), 60000))
		}
	})
	return p
}

func tail(s string, n int) string {
	if len(s) > n {
		return "..." + s[len(s)-n:]
	}
	return s
}

// kill is kill -9. It returns once the process is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

func (p *process) signal(s os.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("signalling sluice %s: %v", p.name, err)
	}
}

// wait waits for the end and gives the exit code.
func (p *process) wait() int {
	p.t.Helper()
	patience.Receive(p.t, p.ended, "sluice "+p.name+" to end")
	return p.code
}

// says waits for text on stderr. A process that ends without having said it is
// a failure at once.
func (p *process) says(text string) {
	p.t.Helper()
	patience.Until(p.t, "sluice "+p.name+" to say "+text, func() bool {
		select {
		case <-p.ended:
			require.Contains(p.t, p.err.String(), text, "sluice %s ended with %d", p.name, p.code)
		default:
		}
		return strings.Contains(p.err.String(), text)
	})
}

// result of a command line that has ended.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command line to its end.
func run(t testing.TB, settings []string, args ...string) result {
	t.Helper()
	p := start(t, settings, args...)
	code := p.wait()
	return result{code, p.out.String(), p.err.String()}
}

// succeed runs a command line that must succeed.
func succeed(t testing.TB, settings []string, args ...string) result {
	t.Helper()
	r := run(t, settings, args...)
	require.Zero(t, r.code, "sluice %s: %s", strings.Join(args, " "), r.stderr)
	return r
}
