package services

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// How long the ways of a process's life may take.
const (
	startWithin = 10 * time.Minute
	endWithin   = 2 * time.Minute
	look        = 50 * time.Millisecond
)

// Process is one service. Its methods may be called from several goroutines;
// they exclude each other, only Pause, Resume and Kill come through at any
// time.
type Process struct {
	spec spec
	set  *Set

	life sync.Mutex // one Start, Terminate or Stop at a time

	mu    sync.Mutex
	pid   int
	born  string
	ended chan struct{} // closed when our own child was collected; nil for a foreign one
}

// spec is all that starting a process again needs; it is kept in the state
// file.
type spec struct {
	Name    string   `json:"name"`
	Kind    kind     `json:"kind"`
	Command []string `json:"command"`
	Env     []string `json:"env,omitempty"` // added to the caller's environment
	Dir     string   `json:"dir"`
	Address string   `json:"address"` // host:port
}

// kind says how a service is asked whether it works.
type kind string

const (
	kafkaKind    kind = "kafka"
	registryKind kind = "registry"
	redisKind    kind = "redis"
	sentinelKind kind = "sentinel"
)

// Name is kafka-1 to kafka-N, registry, redis (the primary at the start),
// redis-replica, or sentinel-1 to sentinel-3.
func (p *Process) Name() string { return p.spec.Name }

// Address is where it listens, host:port, without encryption.
func (p *Process) Address() string { return p.spec.Address }

// Log is the file that it writes.
func (p *Process) Log() string { return filepath.Join(p.spec.Dir, p.spec.Name+".log") }

// PID is its process id; 0: not running.
func (p *Process) PID() int {
	pid, born := p.identity()
	if born == "" || birth(pid) != born {
		return 0
	}
	return pid
}

// Alive reports whether the process runs, paused or not.
func (p *Process) Alive() bool { return p.PID() != 0 }

func (p *Process) identity() (int, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid, p.born
}

// Start starts a process that does not run, with the ports and data that it
// had, and returns when it answers. A running one is left alone.
func (p *Process) Start(ctx context.Context) error {
	if err := p.launch(); err != nil {
		return err
	}
	return p.Await(ctx)
}

// launch starts without waiting for the first answer.
func (p *Process) launch() error {
	p.life.Lock()
	defer p.life.Unlock()
	if p.Alive() {
		return nil
	}
	if err := p.spawn(); err != nil {
		return fmt.Errorf("starting %s: %w", p.spec.Name, err)
	}
	return p.set.save()
}

func (p *Process) spawn() error {
	log, err := os.OpenFile(p.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// Not bound to a context: it outlives the command that started it.
	cmd := exec.CommandContext(context.WithoutCancel(context.Background()), p.spec.Command[0], p.spec.Command[1:]...) // #nosec G204 -- commands of this package
	cmd.Env = append(os.Environ(), p.spec.Env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.spec.Dir, log, log
	// A session of its own, so that an interrupt in the terminal reaches its
	// owner only, who decides in which order things end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { // ends with the process; Stop and Kill wait for it
		defer close(ended)
		_ = cmd.Wait() // how it ended stands in its log; that it ended is what counts
	}()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid, p.born, p.ended = cmd.Process.Pid, birth(cmd.Process.Pid), ended
	return nil
}

// Await waits until the service answers. It fails at once when the process
// has ended, with the end of its log.
func (p *Process) Await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		err := p.Ready(ctx)
		if err == nil {
			return nil
		}
		if !p.Alive() {
			return fmt.Errorf("waiting for %s: it has ended; the end of %s:\n%s", p.spec.Name, p.Log(), tail(p.Log()))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; its last answer: %w; the end of %s:\n%s", p.spec.Name, ctx.Err(), err, p.Log(), tail(p.Log()))
		}
	}
}

// Kill is kill -9. It returns when the process is gone; killing one that is
// gone is no error.
func (p *Process) Kill() error { return p.end(context.Background(), syscall.SIGKILL) }

// Terminate asks the process to end and waits for it; when ctx or 30 seconds
// end first it is killed.
func (p *Process) Terminate(ctx context.Context) error {
	p.life.Lock()
	defer p.life.Unlock()
	// A stopped process would not hear the request.
	if err := p.Resume(); err != nil {
		return err
	}
	if err := p.end(ctx, syscall.SIGTERM); err != nil {
		return errors.Join(p.Kill())
	}
	return nil
}

// Pause is SIGSTOP: the process keeps its connections and answers nothing.
func (p *Process) Pause() error { return p.signal(syscall.SIGSTOP) }

// Resume is SIGCONT.
func (p *Process) Resume() error { return p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) error {
	pid, born := p.identity()
	if err := signal(pid, born, s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signalling %s: %w", p.spec.Name, err)
	}
	return nil
}

func (p *Process) end(ctx context.Context, s syscall.Signal) error {
	if err := p.signal(s); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	p.mu.Lock()
	ended := p.ended
	p.mu.Unlock()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		if !p.Alive() && collected(ended) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("ending %s: %w", p.spec.Name, ctx.Err())
		}
	}
}

// collected reports whether the goroutine that waits for our own child is
// done; somebody else's child is not ours to collect.
func collected(ended chan struct{}) bool {
	if ended == nil {
		return true
	}
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

// tail is the end of a log, for an error that a person reads.
func tail(path string) string {
	const most = 3000
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}
