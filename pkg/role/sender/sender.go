package sender

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
)

// Sender hands one provider's deliveries over. Make it with New, run it once.
type Sender struct {
	loop  *loop
	drain chan struct{}
	over  chan struct{} // closed when Run has ended
	once  sync.Once
	ran   bool
	mu    sync.Mutex
}

// New makes a sender; nothing is read before Run.
func New(cfg Config, deps Deps) (*Sender, error) {
	if err := deps.validate(); err != nil {
		return nil, fmt.Errorf("making a sender: %w", err)
	}
	deps = deps.withDefaults()
	name := deps.Provider.Name()
	cfg = cfg.withDefaults(name)
	if err := cfg.Kafka.Validate(); err != nil {
		return nil, fmt.Errorf("making the sender of %s: %w", name, err)
	}
	spec := deps.Provider.Spec()
	l := &loop{
		cfg: cfg, deps: deps, places: newPlaces(&cfg, name),
		worker: &worker{cfg: cfg, deps: deps, spec: spec, credentials: newCredentials(deps)},
		settle: settle.New(settle.Config{Provider: name, Topics: cfg.Topics, Bypass: cfg.Bypass}, settle.Deps{
			Producer: deps.Producer, Claims: deps.Claims, Encoder: deps.Encoder, Recorder: deps.Recorder, Now: deps.Now, Log: deps.Log,
		}),
		partitions: make(map[spot]*partition), destinations: make(map[string]*destination), quotas: make(map[string]*quota),
		again: make(map[*destination]struct{}), adjusting: make(map[[16]byte]*item), moves: make(map[move]*job),
		posts: make(chan func()), heard: make(chan heard), status: newBoard(name), share: 1,
	}
	l.batchers = l.newBatchers(spec)
	return &Sender{loop: l, drain: make(chan struct{}), over: make(chan struct{})}, nil
}

// errRanBefore: a sender is not made to be started twice.
var errRanBefore = errors.New("running a sender: it ran before")

// Run reads and sends until ctx ends (at once; nothing that is unfinished is
// committed) or Drain was called (after finishing what can be finished). It
// returns when everything that it started has ended.
func (s *Sender) Run(ctx context.Context) error {
	s.mu.Lock()
	again := s.ran
	s.ran = true
	s.mu.Unlock()
	if again {
		return errRanBefore
	}
	defer close(s.over)
	l := s.loop
	var err error
	if l.reader, err = newReader(&l.cfg, l.places.topics(), l.deps.Deliveries); err != nil {
		return err
	}
	polling, stop := context.WithCancel(ctx)
	defer stop()
	var wait sync.WaitGroup
	wait.Go(func() { l.reader.poll(polling, l.cfg.PollRecords) })
	if l.deps.Statuses != nil {
		follower := l.gossip()
		wait.Go(func() {
			if err := follower.Run(polling); err != nil {
				l.reader.fail(err)
			}
		})
	}
	l.run(ctx, s.drain)
	close(l.reader.over)
	stop()
	l.reader.client.CloseAllowingRebalance()
	wait.Wait()
	l.status.stopped()
	return nil
}

// gossip listens to the senders' words about destinations.
func (l *loop) gossip() *table.Follower {
	return table.NewFollower(
		table.FollowerConfig{Name: "destination status", Topics: []string{l.cfg.Topics.DestinationStatus()}, Kafka: l.cfg.Kafka},
		&gossip{
			provider: l.deps.Provider.Name(), instance: l.cfg.Instance, decode: l.deps.Statuses,
			tell: l.heard, over: l.reader.over, since: l.deps.Now().UnixMilli(),
		}, l.deps.Log)
}

// Drain makes Run finish what it has begun, without reading more, and return.
// It may be called at any time and more than once.
func (s *Sender) Drain() { s.once.Do(func() { close(s.drain) }) }

// Ready is closed once the sender has partitions to read.
func (s *Sender) Ready() <-chan struct{} { return s.loop.status.readied }

// Status is the sender's state for a status page. It may be called from any
// goroutine.
func (s *Sender) Status() Status { return s.loop.status.get() }
