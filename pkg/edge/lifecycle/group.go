// Package lifecycle runs several roles in one process, with one way to start,
// one way to drain and one way to stop.
//
// Drain means: finish what is in hand, take nothing new, return. Stop (the end
// of the context) means: return now, whatever is in hand. The first signal
// drains, the second stops; which signals these are is cmd's business. A role
// that fails drains the others, so that they commit what they have; one that
// Restart made fails only for good, and is started again otherwise.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Role is something that runs until it is told to end.
type Role interface {
	// Name for logs and status pages; unique in its group.
	Name() string
	// Ready is closed once the role does its work. It may never be.
	Ready() <-chan struct{}
	// Run works until drain is closed (finish what is in hand, then return
	// nil) or ctx ends (return soon). Returning before either is a failure.
	Run(ctx context.Context, drain <-chan struct{}) error
}

// ErrEnded is the failure of a role that returned nil without being told to.
var ErrEnded = errors.New("ended without being told to")

// StuckError names the roles that had not returned when the deadline was over.
type StuckError struct{ Roles []string }

// Error names them.
func (e *StuckError) Error() string { return fmt.Sprintf("roles did not stop in time: %v", e.Roles) }

// Config of a group.
type Config struct {
	// DrainTimeout is how long a drain may take before it becomes a stop. 0 is
	// no limit: the second signal decides.
	DrainTimeout time.Duration
	// StopTimeout is how long a stop may take before the stuck roles are left
	// behind and named. Default 10 s.
	StopTimeout time.Duration
	// Log receives starts and ends. Optional.
	Log *slog.Logger
}

// Group is a set of roles that run together. It is itself a Role.
type Group struct {
	name  string
	cfg   Config
	roles []Role
	ready chan struct{}

	mu     sync.Mutex
	states []State
}

// State of one role.
type State struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	Ready   bool   `json:"ready"`
	// Error is the last failure of a role that has not been ready since.
	Error string `json:"error,omitempty"`
	// Restarts is how often the role failed and was started again.
	Restarts int `json:"restarts,omitempty"`
}

// New makes a group. It needs at least one role, and names that differ.
func New(name string, cfg Config, roles ...Role) (*Group, error) {
	if len(roles) == 0 {
		return nil, errors.New("making group of roles: none given")
	}
	if cfg.StopTimeout == 0 {
		cfg.StopTimeout = 10 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	g := &Group{name: name, cfg: cfg, roles: roles, ready: make(chan struct{})}
	for _, r := range roles {
		if slices.ContainsFunc(g.states, func(s State) bool { return s.Name == r.Name() }) {
			return nil, fmt.Errorf("making group of roles: two are called %q", r.Name())
		}
		g.states = append(g.states, State{Name: r.Name()})
	}
	return g, nil
}

// Name of the group.
func (g *Group) Name() string { return g.name }

// Ready is closed once every role is ready.
func (g *Group) Ready() <-chan struct{} { return g.ready }

// States of the roles, in the order in which they were given.
func (g *Group) States() []State {
	g.mu.Lock()
	defer g.mu.Unlock()
	states := slices.Clone(g.states)
	for i, role := range g.roles {
		if r, restarts := role.(*Restarting); restarts {
			states[i] = r.state(states[i])
		}
	}
	return states
}

func (g *Group) update(i int, f func(*State)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(&g.states[i])
}

// Run starts every role, and returns when all have ended, or StopTimeout after
// ctx has (*StuckError). Its error joins what the roles returned, nil if all of
// them ended because they were told to. It must be called once.
func (g *Group) Run(ctx context.Context, drain <-chan struct{}) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &running{g: g, ctx: ctx, stop: stop, drained: make(chan struct{}), ended: make(chan int, len(g.roles))}
	defer r.watchers.Wait() // after stop: the watchers end with ctx at the latest
	defer stop()
	for i := range g.roles {
		r.start(i)
	}
	r.watchers.Go(r.awaitReady)
	r.watchers.Go(func() { r.awaitDrain(drain) })
	return r.wait()
}

// running is one Run.
type running struct {
	g         *Group
	ctx       context.Context //nolint:containedctx // lives no longer than Run
	stop      context.CancelFunc
	drained   chan struct{}
	drainOnce sync.Once
	ended     chan int
	watchers  sync.WaitGroup

	mu   sync.Mutex
	errs []error
}

func (r *running) drain() { r.drainOnce.Do(func() { close(r.drained) }) }

// told says whether the roles were told to end.
func (r *running) told() bool {
	select {
	case <-r.drained:
		return true
	default:
		return r.ctx.Err() != nil
	}
}

// start runs one role in a goroutine that reports its end. A role that does
// not stop in time is left behind; the process is about to end then.
func (r *running) start(i int) {
	role := r.g.roles[i]
	r.g.update(i, func(s *State) { s.Running = true })
	r.g.cfg.Log.Info("role starting", "role", role.Name())
	go func() {
		err := role.Run(r.ctx, r.drained)
		if err == nil && !r.told() {
			err = ErrEnded
		}
		if err != nil && r.ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // it was stopped, and says so
		}
		r.g.update(i, func(s *State) {
			s.Running = false
			if err != nil {
				s.Error = err.Error()
			}
		})
		if err != nil {
			r.mu.Lock()
			r.errs = append(r.errs, fmt.Errorf("running %s: %w", role.Name(), err))
			r.mu.Unlock()
			r.g.cfg.Log.Error("role failed", "role", role.Name(), "error", err)
			r.drain()
		} else {
			r.g.cfg.Log.Info("role ended", "role", role.Name())
		}
		r.ended <- i
	}()
}

func (r *running) awaitReady() {
	for i, role := range r.g.roles {
		select {
		case <-role.Ready():
			r.g.update(i, func(s *State) { s.Ready = true })
		case <-r.ctx.Done():
			return
		}
	}
	close(r.g.ready)
}

// awaitDrain passes the drain on, and turns it into a stop when it takes too
// long.
func (r *running) awaitDrain(drain <-chan struct{}) {
	select {
	case <-drain:
		r.g.cfg.Log.Info("draining", "group", r.g.name)
		r.drain()
	case <-r.drained: // a role failed
	case <-r.ctx.Done():
		return
	}
	if r.g.cfg.DrainTimeout == 0 {
		return
	}
	t := time.NewTimer(r.g.cfg.DrainTimeout)
	defer t.Stop()
	select {
	case <-t.C:
		r.g.cfg.Log.Warn("draining took too long, stopping", "group", r.g.name)
		r.stop()
	case <-r.ctx.Done():
	}
}

// wait collects the ends of the roles.
func (r *running) wait() error {
	left := make(map[int]bool, len(r.g.roles))
	for i := range r.g.roles {
		left[i] = true
	}
	var late <-chan time.Time
	stopped := r.ctx.Done()
	for len(left) > 0 {
		select {
		case i := <-r.ended:
			delete(left, i)
		case <-stopped:
			stopped = nil
			t := time.NewTimer(r.g.cfg.StopTimeout)
			defer t.Stop()
			late = t.C
		case <-late:
			stuck := &StuckError{}
			for i, role := range r.g.roles {
				if left[i] {
					stuck.Roles = append(stuck.Roles, role.Name())
				}
			}
			return errors.Join(r.failures(), stuck)
		}
	}
	return r.failures()
}

func (r *running) failures() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.errs...)
}
