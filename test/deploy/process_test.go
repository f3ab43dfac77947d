package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// left is how long a test may wait from now on: what its process has left, less
// what telling and cleaning up need. No wait is what a test fails of where the
// machine is slow.
func left(t testing.TB) time.Duration {
	test, ok := t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return time.Hour
	}
	end, ok := test.Deadline()
	if !ok {
		return time.Hour
	}
	all := time.Until(end)
	return max(0, all-min(all/10, 30*time.Second))
}

var root = filepath.Join("..", "..")

// binary is the sluice that is tested. The Makefile sets it.
func binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("SLUICE_BINARY")
	require.NotEmpty(t, path, "run make helm-test, compose-check or alerts-test, which build what these tests run")
	return path
}

// tool is helm, kubeconform, promtool or embedded, as the Makefile builds them.
func tool(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("SLUICE_DEPLOY_TOOLS")
	require.NotEmpty(t, dir, "run make helm-test, compose-check or alerts-test, which build what these tests run")
	return filepath.Join(dir, name)
}

// run runs a program to its end.
func run(t testing.TB, program string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), left(t))
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func succeed(t testing.TB, program string, args ...string) string {
	t.Helper()
	stdout, stderr, err := run(t, program, args...)
	require.NoError(t, err, "%s %s\n%s%s", filepath.Base(program), strings.Join(args, " "), stdout, stderr)
	return stdout
}

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

// process is one running command line of sluice.
type process struct {
	t        testing.TB
	name     string
	cmd      *exec.Cmd
	out, err output
	ended    chan struct{}
}

// start starts a program with no environment but the given one. Whatever still
// runs when the test ends is killed.
func start(t testing.TB, environ []string, program string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: strings.Join(args, " "), ended: make(chan struct{})}
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	p.cmd.Env = append([]string{"PATH=/nowhere", "HOME=/nowhere"}, environ...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		var exit *exec.ExitError
		if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
			_, _ = p.err.Write([]byte("waiting for the process: " + err.Error())) // into memory
		}
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.ended
		if t.Failed() {
			t.Logf("stderr of %s:\n%s", p.name, p.err.String())
		}
	})
	return p
}

func (p *process) signal(s os.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("signalling %s: %v", p.name, err)
	}
}

// succeeds waits for an end with exit code 0.
func (p *process) succeeds() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(left(p.t)):
		require.Fail(p.t, "a process does not end", p.name)
	}
	require.Zero(p.t, p.cmd.ProcessState.ExitCode(), "%s\n%s", p.name, p.err.String())
}

// drains sends the signal that an orchestrator sends, and waits.
func (p *process) drains() {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	p.succeeds()
}

// eventually waits in the test's own goroutine.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(left(t))
	defer deadline.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			require.Fail(t, "waited in vain", "for %s", what)
		}
	}
}

// alive fails at once where a process that should run has ended.
func (p *process) alive() {
	p.t.Helper()
	select {
	case <-p.ended:
		require.Fail(p.t, "a process ended", "%s with %d\n%s", p.name, p.cmd.ProcessState.ExitCode(), p.err.String())
	default:
	}
}

// admin is where a role answers its operators, from its log.
func (p *process) admin() string {
	p.t.Helper()
	var address string
	eventually(p.t, p.name+" to listen", func() bool {
		p.alive()
		for line := range strings.Lines(p.err.String()) {
			var entry struct {
				Msg     string `json:"msg"`
				Address string `json:"address"`
			}
			if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "the admin endpoint listens" {
				address = entry.Address
			}
		}
		return address != ""
	})
	return "http://" + address
}

// ready waits for /readyz, as a probe does.
func (p *process) ready() {
	p.t.Helper()
	address := p.admin()
	eventually(p.t, p.name+" to be ready", func() bool {
		p.alive()
		code, _ := get(p.t, address+"/readyz")
		return code == http.StatusOK
	})
	code, _ := get(p.t, address+"/livez")
	require.Equal(p.t, http.StatusOK, code)
}

func get(t testing.TB, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// services are what an installation stands on, without containers.
type services struct {
	Kafka    string `json:"kafka"`
	Registry string `json:"registry"`
	Redis    string `json:"redis"`
	// Sandbox is the address of the stand-in for the providers, as
	// `sluice sandbox` tells it.
	Sandbox string
}

// startServices starts empty services; they end with the test.
func startServices(t testing.TB) services {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), tool(t, "embedded"))
	var out output
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, in.Close())
		require.NoError(t, cmd.Wait())
	})
	var s services
	eventually(t, "the services to start", func() bool {
		text := out.String()
		return strings.HasSuffix(text, "\n") && json.Unmarshal([]byte(text), &s) == nil
	})
	return s
}

// startSandbox starts a command line of `sluice sandbox` on a free port.
func (s *services) startSandbox(t testing.TB, args ...string) *process {
	t.Helper()
	p := start(t, nil, binary(t), append(args, "--output", "json", "--report=false")...)
	var urls struct {
		Meta string `json:"meta"`
	}
	eventually(t, "the sandbox to listen", func() bool {
		p.alive()
		text := p.out.String()
		return strings.HasSuffix(text, "}\n") && json.Unmarshal([]byte(text), &urls) == nil
	})
	s.Sandbox = urls.Meta
	return p
}
