package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// childArgument is the hidden command that is one of the child processes.
const childArgument = "child"

// order is what a child is to be, its first line of input.
type order struct {
	Kind string `json:"kind"`
	// Settings of Sluice by path, such as kafka.brokers.
	Settings map[string]string `json:"settings,omitempty"`
	// From and To are the topics of a baseline.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// MaxBatch of a sender.
	MaxBatch int `json:"max_batch,omitempty"`
}

// request is every further line. Exactly one answer follows each.
type request struct {
	Do string `json:"do"` // "usage", "await", "profile", "provider"
	// Settle collects garbage before usage is read.
	Settle bool `json:"settle,omitempty"`
	// N records to await, counted from the child's start.
	N int64 `json:"n,omitempty"`
	// File of a profile that begins; empty: the one that runs ends.
	File string `json:"file,omitempty"`
}

// answer is what a child says.
type answer struct {
	Error     string          `json:"error,omitempty"`
	Usage     usage           `json:"usage"`
	Addresses addresses       `json:"addresses"`
	Provider  providerSummary `json:"provider"`
}

// child is one process of this program's own.
type child struct {
	kind string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	// started is how long it took until it said that it is ready.
	started time.Duration
	hello   answer

	mu     sync.Mutex // one request at a time
	closed bool
}

// startChild starts this program again and waits until it is ready. It is
// killed when ctx ends.
func startChild(ctx context.Context, o order, log io.Writer) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the program to start again: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "bench", childArgument) //nolint:gosec // G204: this very program
	cmd.Stderr = log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", o.Kind, err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", o.Kind, err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", o.Kind, err)
	}
	c := &child{kind: o.Kind, cmd: cmd, in: in, out: bufio.NewReader(out)}
	if c.hello, err = c.exchange(o); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", o.Kind, err), c.kill())
	}
	c.started = time.Since(began)
	return c, nil
}

// ask sends one request and waits for its answer.
func (c *child) ask(r request) (answer, error) {
	a, err := c.exchange(r)
	if err != nil {
		return a, fmt.Errorf("asking %s for %s: %w", c.kind, r.Do, err)
	}
	return a, nil
}

func (c *child) usage() (usage, error) {
	a, err := c.ask(request{Do: "usage"})
	return a.Usage, err
}

func (c *child) profile(file string) error {
	_, err := c.ask(request{Do: "profile", File: file})
	return err
}

func (c *child) exchange(what any) (answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line, err := json.Marshal(what)
	if err != nil {
		return answer{}, err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return answer{}, fmt.Errorf("the process is gone: %w", err)
	}
	reply, err := c.out.ReadBytes('\n')
	if err != nil {
		return answer{}, fmt.Errorf("the process is gone: %w", err)
	}
	var a answer
	if err := json.Unmarshal(reply, &a); err != nil {
		return answer{}, fmt.Errorf("reading its answer: %w", err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// stop ends the child: it drains, and is killed where that takes too long.
func (c *child) stop() error {
	if c == nil || c.closed {
		return nil
	}
	c.closed = true
	if err := c.in.Close(); err != nil {
		return errors.Join(err, c.kill())
	}
	patience := time.AfterFunc(20*time.Second, func() {
		_ = c.cmd.Process.Kill() // it may have ended this very moment
	})
	defer patience.Stop()
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("stopping %s: %w", c.kind, err)
	}
	return nil
}

// kill is kill -9.
func (c *child) kill() error {
	c.closed = true
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s: %w", c.kind, err)
	}
	_ = c.cmd.Wait() // the error says that it was killed
	return nil
}
