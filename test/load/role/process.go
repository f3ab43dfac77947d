package role

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Process is one running role. Its log goes to a file.
type Process struct {
	// Name is the slot it fills, such as "router-a"; ID is unique for each
	// incarnation and its Kafka client id.
	Name, ID string
	// Started is when it was started.
	Started time.Time

	cmd   *exec.Cmd
	ended chan struct{}

	mu   sync.Mutex
	code int       // -1 while it runs, or where it was killed
	at   time.Time // of the end
}

// Start starts a prepared command with its output in a file.
func Start(name, id string, cmd *exec.Cmd, log *os.File) (*Process, error) {
	cmd.Stdout, cmd.Stderr = log, log
	p := &Process{Name: name, ID: id, Started: time.Now(), cmd: cmd, ended: make(chan struct{}), code: -1}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() { // ends with the process, which Kill ends
		// How it ended is in the state; an exit code is no failure of Wait.
		_ = cmd.Wait()
		p.mu.Lock()
		p.code, p.at = cmd.ProcessState.ExitCode(), time.Now()
		p.mu.Unlock()
		close(p.ended)
	}()
	return p, nil
}

// PID is the operating system's number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Exit gives the exit code and the time of the end, once Ended is closed; the
// code is -1 for a process that a signal ended.
func (p *Process) Exit() (code int, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.code, p.at
}

// Running tells whether it has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Signal sends a signal; a process that is gone is no error.
func (p *Process) Signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signalling %s: %w", p.Name, err)
	}
	return nil
}

// Kill is kill -9. It returns once the process is gone.
func (p *Process) Kill() error {
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// Stop asks for an orderly end, and kills what has not ended in time.
func (p *Process) Stop(ctx context.Context, within time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.ended:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return errors.Join(fmt.Errorf("stopping %s: it has not ended within %v", p.Name, within), p.Kill())
}
