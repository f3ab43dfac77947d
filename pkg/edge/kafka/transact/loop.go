package transact

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// Loop is one transactional session: it reads a share of the group's
// partitions. A process that wants more throughput runs several, each with a
// transactional id of its own.
type Loop struct {
	cfg      Config
	deps     Deps
	log      *slog.Logger
	observer Observer
	now      func() time.Time
	pos      *positions
	limits   *limits
	status   status

	ready     chan struct{}
	readyOnce sync.Once

	mu      sync.Mutex
	current *session

	// The rest belongs to Run's goroutine.
	backoff backoff
	fences  fences
	records []*kgo.Record // the batch in hand; reused
	attempt int
	room    int    // records that the next batch may have
	bombs   []Bomb // met, and not passed over yet
}

// New checks the configuration and makes a loop. Nothing is connected to
// before Run.
func New(cfg Config, deps Deps) (*Loop, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if deps.Work == nil {
		return nil, errors.New("checking transaction loop: a work function is needed")
	}
	l := &Loop{
		cfg: cfg, deps: deps, log: deps.Log, observer: deps.Observer, now: deps.Now,
		limits:  &limits{configured: cfg.Kafka.MaxMessageBytes(), learned: map[string]int32{}},
		ready:   make(chan struct{}),
		backoff: backoff{min: cfg.MinBackoff, max: cfg.MaxBackoff},
		attempt: 1,
		room:    cfg.MaxRecords,
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.observer == nil {
		l.observer = NoObserver{}
	}
	if l.now == nil {
		l.now = time.Now
	}
	l.observer = logged{l.observer, l.log}
	l.pos = newPositions(cfg.Start, l.observer)
	l.status.update(func(s *Snapshot) {
		s.Group, s.TransactionalID, s.State = cfg.Group, cfg.TransactionalID, stateStarting
	})
	return l, nil
}

// Name is the transactional id; with it a loop is a lifecycle.Role.
func (l *Loop) Name() string { return l.cfg.TransactionalID }

// Ready is closed once the first assignment is resolved, which may be an
// empty one where there are more loops than partitions.
func (l *Loop) Ready() <-chan struct{} { return l.ready }

func (l *Loop) becomeReady() {
	l.readyOnce.Do(func() {
		l.status.update(func(s *Snapshot) { s.Ready = true })
		close(l.ready)
	})
}

// Assignment is what the loop reads at present; empty while it has no client.
func (l *Loop) Assignment() Assignment {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		return Assignment{}
	}
	return l.current.assignment()
}

// Snapshot is the loop's state for a status page.
func (l *Loop) Snapshot() Snapshot {
	snap := l.status.get()
	snap.Assignment = l.Assignment()
	return snap
}

// errDrained ends serve when the batch in hand, if any, is committed and no
// more is wanted.
var errDrained = errors.New("drained")

// doubt is an error after which the client is made anew.
type doubt struct{ cause error }

func (d *doubt) Error() string { return d.cause.Error() }
func (d *doubt) Unwrap() error { return d.cause }

// Run works until drain is closed (it finishes and commits the batch in hand)
// or ctx ends (it gives up the batch in hand, which is read again by whoever
// comes next), and returns nil for both. It returns an error if Work fails
// with anything but ErrWait, a record fits nowhere (ErrOversized), or the
// transactional id is taken away again and again (ErrFenced). It must be
// called once. A nil drain never drains.
func (l *Loop) Run(ctx context.Context, drain <-chan struct{}) error {
	defer l.status.state(stateStopped)
	for {
		err := l.session(ctx, drain)
		var again *doubt
		switch {
		case errors.Is(err, errDrained), ctx.Err() != nil:
			return nil
		case !errors.As(err, &again):
			return fmt.Errorf("running transaction loop %s: %w", l.cfg.TransactionalID, err)
		case fenced(err) && l.fences.add(l.now()):
			return fmt.Errorf("running transaction loop %s: %w (%d times in %s): %w",
				l.cfg.TransactionalID, ErrFenced, maxFences, fenceWindow, err)
		}
		l.status.update(func(s *Snapshot) { s.Rebuilds++ })
		l.status.failed(err)
		l.observer.Rebuilt(err)
		l.pause(ctx, drain)
	}
}

// session runs one client from its making to its closing.
func (l *Loop) session(ctx context.Context, drain <-chan struct{}) error {
	select {
	case <-drain:
		return errDrained
	default:
	}
	l.status.state(stateStarting)
	s, err := l.open(ctx)
	if err != nil {
		return &doubt{err}
	}
	defer s.close()
	l.use(s)
	defer l.use(nil)
	l.bombs = nil // the new client meets them again

	lasting, cancel := lasting(ctx, l.cfg.StopGrace)
	defer cancel()
	polling, stop := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-drain:
			stop(errDrained)
		case <-polling.Done():
		}
	})
	watching.Go(func() {
		if err := kafka.WatchTopicIDs(polling, s.cl, l.cfg.Topics); err != nil {
			stop(&doubt{err})
		}
	})
	defer func() {
		stop(nil)
		watching.Wait()
	}()
	r := run{l: l, s: s, ctx: ctx, lasting: lasting, polling: polling, drain: drain}
	for {
		if err := r.once(); err != nil {
			return err
		}
	}
}

func (l *Loop) use(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = s
}

// pause waits for the next backoff, or until the loop should end.
func (l *Loop) pause(ctx context.Context, drain <-chan struct{}) {
	l.status.state(stateBackoff)
	sleep(ctx, l.backoff.step(), drain)
}
