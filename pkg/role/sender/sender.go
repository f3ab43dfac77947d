package sender

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sluicehq/sluice/pkg/edge/table"
	"github.com/sluicehq/sluice/pkg/role/sender/destinations"
	"github.com/sluicehq/sluice/pkg/role/sender/intake"
	"github.com/sluicehq/sluice/pkg/role/sender/settle"
	"github.com/sluicehq/sluice/pkg/role/sender/tasks"
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
	l := newLoop(cfg, deps)
	return &Sender{loop: l, drain: make(chan struct{}), over: make(chan struct{})}, nil
}

// newLoop makes a loop and the packages that it joins.
func newLoop(cfg Config, deps Deps) *loop {
	name, spec := deps.Provider.Name(), deps.Provider.Spec()
	l := &loop{
		cfg: cfg, deps: deps, topics: intake.NewTopics(cfg.Topics, cfg.Delays, name), tasks: tasks.New(deps.Now),
		updates: make(chan destinations.StatusUpdate), status: newBoard(name),
		retries: make(map[*destinations.Destination][]*job), adjusting: make(map[[16]byte]*item),
	}
	l.moves = moves{topics: &l.topics, pending: make(map[move]*job)}
	l.worker = &worker{cfg: cfg, deps: deps, spec: spec, credentials: newCredentials(&deps)}
	l.settler = settle.New(settle.Config{Provider: name, Topics: cfg.Topics, Bypass: cfg.Bypass}, settle.Deps{
		Producer: deps.Producer, Claims: deps.Claims, Encoder: deps.Encoder, Recorder: deps.Recorder, Now: deps.Now, Log: deps.Log,
	})
	l.intake = intake.New(intake.Config{
		Kafka: cfg.Kafka, Provider: name, Topics: l.topics, Group: cfg.Group, SessionTimeout: cfg.SessionTimeout,
		WindowBytes: cfg.WindowBytes, RevokeTimeout: cfg.RevokeTimeout, CommitEvery: cfg.CommitEvery,
	}, intake.Deps{Tasks: l.tasks, Deliveries: deps.Deliveries, Now: deps.Now, Log: deps.Log}, l)
	l.destinations = destinations.NewSet(destinations.Config{
		Provider: name, Instance: cfg.Instance, StatusTopic: cfg.Topics.DestinationStatus(), InFlight: cfg.InFlight, TotalInFlight: cfg.TotalInFlight,
		ReplayShare: cfg.ReplayShare, QuotaPerMinute: cfg.QuotaPerMinute, LongWait: cfg.LongWait, ProbeEvery: cfg.ProbeEvery, WatchEvery: cfg.WatchEvery,
	}, destinations.Deps{
		Tasks: l.tasks, Tables: deps.Tables, Secrets: deps.Secrets, Encoder: deps.Encoder, Producer: deps.Producer,
		Credentials: l.worker.credentials, Fix: spec.Fix, Now: deps.Now, Random: deps.Random, Log: deps.Log,
	})
	l.batchers = newBatchers(spec, l.destinations.MaxEvents)
	return l
}

func newCredentials(deps *Deps) *destinations.Credentials {
	return destinations.NewCredentials(destinations.CredentialsDeps{
		Provider: deps.Provider, HTTP: deps.HTTP, Secrets: deps.Secrets, Now: deps.Now, Log: deps.Log,
	})
}

// errRanBefore: a sender is not made to be started twice.
var errRanBefore = errors.New("running a sender: it ran before")

// Run reads and sends until ctx ends (at once; nothing that is unfinished is
// committed) or Drain was called (after finishing what can be finished). It
// returns when everything that it started has ended. A topic that was deleted
// and created again ends it like Drain, and is its error: whoever starts a
// sender anew reads the new topic from its beginning.
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
	if err := l.intake.Open(); err != nil {
		return err
	}
	reader := l.intake.Reader
	polling, stop := context.WithCancel(ctx)
	defer stop()
	var wait sync.WaitGroup
	wait.Go(func() { reader.Run(polling, l.cfg.PollRecords) })
	wait.Go(func() { reader.Watch(polling) })
	if l.deps.Statuses != nil {
		follower := s.statusFollower()
		wait.Go(func() {
			if err := follower.Run(polling); err != nil {
				reader.Fail(err)
			}
		})
	}
	l.run(ctx, s.drain)
	reader.End()
	stop()
	reader.Close()
	wait.Wait()
	l.status.stopped()
	return l.failure
}

// statusFollower follows what the senders publish about destinations.
func (s *Sender) statusFollower() *table.Follower {
	l := s.loop
	return table.NewFollower(
		table.FollowerConfig{Name: "destination status", Topics: []string{l.cfg.Topics.DestinationStatus()}, Kafka: l.cfg.Kafka},
		&destinations.StatusFollower{
			Provider: l.deps.Provider.Name(), Instance: l.cfg.Instance, Statuses: l.deps.Statuses,
			Updates: l.updates, Over: l.intake.Reader.Over, Since: l.deps.Now().UnixMilli(),
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
