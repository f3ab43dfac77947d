package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The pipeline that one would assemble instead, in Java: test/peer. It is built
// by Maven into bin/peer and started as a process of its own.
const (
	peerProject = "test/peer/pom.xml"
	peerSchema  = "schemas/analytics_event.avsc"
)

// peer is a running Java program.
type peer struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	closed bool
}

// buildPeer compiles the peer and gives its class path.
func buildPeer(ctx context.Context, log io.Writer) (string, error) {
	out, err := filepath.Abs(filepath.Join("bin", "peer"))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(peerProject); err != nil {
		return "", fmt.Errorf("building the peer (run it from the repository's root): %w", err)
	}
	build := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", peerProject, "-Dout="+out, "compile") //nolint:gosec // G204: fixed but for the folder
	build.Stdout, build.Stderr = log, log
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building the peer with Maven: %w", err)
	}
	return filepath.Join(out, "classes") + string(os.PathListSeparator) + filepath.Join(out, "lib", "*"), nil
}

// startPeer starts one of the peer's programs and waits until it says that it
// is ready. It is killed when ctx ends.
func startPeer(ctx context.Context, classes, program string, properties map[string]string, log io.Writer) (*peer, error) {
	args := []string{"-Xmx1g", "-cp", classes}
	for name, value := range properties {
		args = append(args, "-D"+name+"="+value)
	}
	p := &peer{cmd: exec.CommandContext(ctx, "java", append(args, program)...)} //nolint:gosec // G204: our own program
	p.cmd.Stderr = log
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		return nil, errors.Join(fmt.Errorf("starting %s: it is not ready: %q %w", program, line, err), p.stop())
	}
	return p, nil
}

func (p *peer) usage() (usage, error) {
	u, err := processUsage(p.cmd.Process.Pid)
	if err != nil {
		return usage{}, fmt.Errorf("reading the usage of the peer: %w", err)
	}
	return u, nil
}

// profile is not made of other people's programs.
func (*peer) profile(string) error { return nil }

// stop ends it as whoever closes its input would, and kills it where that takes
// too long.
func (p *peer) stop() error {
	if p.closed {
		return nil
	}
	p.closed = true
	err := p.in.Close()
	patience := time.AfterFunc(20*time.Second, func() {
		_ = p.cmd.Process.Kill() // it may have ended this very moment
	})
	defer patience.Stop()
	if ended := p.cmd.Wait(); ended != nil {
		return fmt.Errorf("stopping the peer: %w", ended)
	}
	return err
}
