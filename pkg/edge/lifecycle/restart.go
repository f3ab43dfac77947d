package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Build makes a role that can run once, and what gives back what it opened;
// nil: nothing to give back.
type Build func(ctx context.Context) (Role, func() error, error)

// Restarts say how a role that failed is started again. Zero fields have the
// defaults.
type Restarts struct {
	// Min is the wait after the first failure; it doubles with each further one
	// up to Max. Half of a wait is chance, so that processes that failed
	// together do not come back together. Defaults 1 s and 1 min.
	Min, Max time.Duration
	// Well is how long a role must have run for its failures to be forgotten.
	// Default 5 min.
	Well time.Duration
	// Log receives failures. Optional.
	Log *slog.Logger
	// Failed is told the name of a role each time that it failed and will be
	// started again. Optional.
	Failed func(ctx context.Context, role string)
}

// Permanent marks a failure that starting again does not heal: it ends the
// group, and the process with it. A nil error stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ cause error }

func (e *permanentError) Error() string { return e.cause.Error() }
func (e *permanentError) Unwrap() error { return e.cause }

// IsPermanent tells whether an error was marked by Permanent.
func IsPermanent(err error) bool {
	_, permanent := errors.AsType[*permanentError](err)
	return permanent
}

// Restarting is a role that is built anew when it fails, and takes no other
// with it. It fails only with a Permanent error.
type Restarting struct {
	cfg   Restarts
	build Build
	ready chan struct{}
	once  sync.Once

	mu       sync.Mutex
	role     Role // nil while there is none
	release  func() error
	running  bool
	restarts int
	failure  string
}

// Restart builds a role for the first time: what is wrong from the start is an
// error here.
func Restart(ctx context.Context, cfg Restarts, build Build) (*Restarting, error) {
	if cfg.Min <= 0 {
		cfg.Min = time.Second
	}
	if cfg.Max <= 0 {
		cfg.Max = max(time.Minute, cfg.Min)
	}
	if cfg.Well <= 0 {
		cfg.Well = 5 * time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	role, release, err := build(ctx)
	if err != nil {
		return nil, err
	}
	return &Restarting{cfg: cfg, build: build, ready: make(chan struct{}), role: role, release: release}, nil
}

// Name implements Role. It is the same for everything that is built.
func (r *Restarting) Name() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.role.Name()
}

// Ready implements Role: it is closed once the role was ready for the first
// time.
func (r *Restarting) Ready() <-chan struct{} { return r.ready }

// Close gives back what the last role opened. Call it after Run.
func (r *Restarting) Close() error {
	r.mu.Lock()
	release := r.release
	r.release = nil
	r.mu.Unlock()
	if release == nil {
		return nil
	}
	return release()
}

// Run implements Role.
func (r *Restarting) Run(ctx context.Context, drain <-chan struct{}) error {
	for failures := 0; ; {
		began := time.Now()
		err := r.runOnce(ctx, drain)
		if told(ctx, drain) || IsPermanent(err) {
			return err
		}
		if err == nil {
			err = ErrEnded
		}
		if time.Since(began) >= r.cfg.Well {
			failures = 0
		}
		for ; err != nil; err = r.rebuild(ctx, drain) {
			if IsPermanent(err) {
				return err
			}
			wait := r.wait(failures)
			failures++
			r.failed(ctx, err, wait)
			if !pause(ctx, drain, wait) {
				return nil
			}
		}
	}
}

// runOnce runs what was built last.
func (r *Restarting) runOnce(ctx context.Context, drain <-chan struct{}) error {
	r.mu.Lock()
	role := r.role
	r.running = true
	r.mu.Unlock()
	watching, stop := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-role.Ready():
			r.mu.Lock()
			r.failure = ""
			r.mu.Unlock()
			r.once.Do(func() { close(r.ready) })
		case <-watching.Done():
		}
	})
	err := role.Run(ctx, drain)
	stop()
	watcher.Wait()
	r.mu.Lock()
	r.running = false
	r.mu.Unlock()
	return err
}

// rebuild replaces a role that has failed.
func (r *Restarting) rebuild(ctx context.Context, drain <-chan struct{}) error {
	ctx, settled := Waiting(ctx, drain)
	defer settled()
	if err := r.Close(); err != nil {
		r.cfg.Log.Warn("closing a role that failed", "role", r.Name(), "error", err)
	}
	role, release, err := r.build(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.role, r.release = role, release
	return nil
}

func (r *Restarting) failed(ctx context.Context, err error, wait time.Duration) {
	name := r.Name()
	r.mu.Lock()
	r.restarts++
	r.failure = fmt.Sprintf("%v; it is started again", err)
	r.mu.Unlock()
	r.cfg.Log.Error("role failed and is started again", "role", name, "error", err, "wait", wait.String())
	if r.cfg.Failed != nil {
		r.cfg.Failed(ctx, name)
	}
}

// wait is how long to wait after a number of failures before.
func (r *Restarting) wait(failures int) time.Duration {
	wait := r.cfg.Max
	if failures < 30 {
		wait = min(r.cfg.Min<<failures, r.cfg.Max)
	}
	return wait/2 + rand.N(wait/2+1)
}

// state adds to a group's state what only the role itself knows.
func (r *Restarting) state(s State) State {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.Running {
		return s // the group knows why
	}
	s.Running, s.Restarts = r.running, r.restarts
	if r.failure != "" {
		s.Error = r.failure
	}
	s.Ready = r.running && r.failure == "" && s.Ready
	return s
}

// told says whether a role was told to end.
func told(ctx context.Context, drain <-chan struct{}) bool {
	select {
	case <-drain:
		return true
	default:
		return ctx.Err() != nil
	}
}

// pause waits, and tells whether it waited to the end.
func pause(ctx context.Context, drain <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-drain:
	case <-ctx.Done():
	}
	return false
}
