package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/sluicehq/sluice/test/load/ledger"
	"github.com/sluicehq/sluice/test/load/role"
	"github.com/sluicehq/sluice/test/load/world"
)

// The processes of the installation.
const (
	routerA, routerB = "router-a", "router-b"
	senderA, senderB = "sender-a", "sender-b"
)

var routers, senders = []string{routerA, routerB}, []string{senderA, senderB}

// fleet keeps processes running, as an orchestrator does: what ends by itself
// is started again.
type fleet struct {
	w      *world.World
	ledger *ledger.Ledger
	// settings are added to every process's.
	settings []string

	mu      sync.Mutex
	members map[string]*member
	count   int
	kills   int
	pauses  int
	exits   []string
	logs    []string // files

	learned map[string]int64 // how far learnLost has read each log
}

type member struct {
	slot     *world.Slot
	process  *role.Process
	instance string
	settings []string
	wanted   bool
	back     func() // ends the outage
}

func newFleet(w *world.World, l *ledger.Ledger) *fleet {
	return &fleet{w: w, ledger: l, members: map[string]*member{}, learned: map[string]int64{}}
}

// start starts a process in a slot; a twin has another's instance name.
func (f *fleet) start(ctx context.Context, name, roleName, instance string, settings ...string) error {
	slot, err := f.w.Slot(ctx, name, roleName)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.members[name]
	if m == nil {
		m = &member{slot: slot}
		f.members[name] = m
	}
	m.instance, m.settings, m.wanted = instance, settings, true
	return f.launch(m)
}

// launch starts a process; the caller holds the lock.
func (f *fleet) launch(m *member) error {
	f.count++
	id := fmt.Sprintf("%s-%d", m.slot.Name, f.count)
	settings := append([]string{
		"SLUICE_ROUTER_INSTANCE=" + m.instance, "SLUICE_KAFKA_CLIENT_ID=" + id, role.ClockVariable + "=" + f.w.Clock(), role.CutVariable + "=" + m.slot.Cut,
	}, append(append([]string(nil), f.settings...), m.settings...)...)
	// The process outlives every context but this program's end: kill ends it.
	cmd, err := role.Hasty(context.Background(), settings, m.slot.Role, m.slot.Config)
	if err != nil {
		return err
	}
	path := filepath.Join(f.w.Dir, id+".log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("making a log file: %w", err)
	}
	defer log.Close() // the process has its own
	f.logs = append(f.logs, path)
	if m.process, err = role.Start(m.slot.Name, id, cmd, log); err != nil {
		return err
	}
	if m.back != nil {
		m.back()
		m.back = nil
	}
	return nil
}

// kill is kill -9; the process is started again unless it is to stay dead.
func (f *fleet) kill(name string, again bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.members[name]
	if m == nil || !m.process.Running() {
		return nil
	}
	m.back = f.ledger.Out(name, "killed")
	if err := m.process.Kill(); err != nil {
		return err
	}
	f.kills++
	m.wanted = again
	if !again {
		return nil
	}
	return f.launch(m)
}

// stop asks for an orderly end, which may take as long as it takes to drain.
func (f *fleet) stop(ctx context.Context, name string) error {
	f.mu.Lock()
	m := f.members[name]
	if m == nil {
		f.mu.Unlock()
		return nil
	}
	m.wanted = false
	p := m.process
	back := f.ledger.Out(name, "stopped")
	m.back = back
	f.mu.Unlock()
	err := p.Stop(ctx, 25*time.Second)
	f.mu.Lock()
	defer f.mu.Unlock()
	return err
}

// again starts what stop or kill left dead.
func (f *fleet) again(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.members[name]
	if m == nil || m.process.Running() {
		return nil
	}
	m.wanted = true
	return f.launch(m)
}

// pause stops a process in its tracks, and lets it go on later.
func (f *fleet) pause(name string) (resume func() error, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.members[name].process
	f.pauses++
	over := f.ledger.Out(name, "paused")
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	return func() error {
		defer over()
		return p.Signal(syscall.SIGCONT)
	}, nil
}

// keep starts what ended by itself, until ctx ends.
func (f *fleet) keep(ctx context.Context) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.revive()
		}
	}
}

func (f *fleet) revive() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, m := range f.members {
		if !m.wanted || m.process.Running() {
			continue
		}
		code, at := m.process.Exit()
		if time.Since(at) < time.Second {
			continue // as an orchestrator backs off
		}
		f.exits = append(f.exits, fmt.Sprintf("%s ended by itself with %d", m.process.ID, code))
		f.ledger.Out(name, "ended by itself")()
		if err := f.launch(m); err != nil {
			f.exits = append(f.exits, err.Error())
		}
	}
}

// running lists what runs.
func (f *fleet) running() []*role.Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*role.Process
	for _, m := range f.members {
		if m.process.Running() {
			all = append(all, m.process)
		}
	}
	return all
}

// close kills everything.
func (f *fleet) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, m := range f.members {
		m.wanted = false
		errs = append(errs, m.process.Signal(syscall.SIGCONT), m.process.Kill())
	}
	return errors.Join(errs...)
}

// files are the logs of every process there ever was.
func (f *fleet) files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.logs...)
}
