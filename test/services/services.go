package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Config says what to start.
type Config struct {
	// Name tells sets apart that run at the same time. Default: default.
	Name string `json:"name"`
	// Root is where downloads, data and state are. Default: [Root] of the
	// process's environment.
	Root string `json:"-"`
	// Brokers of the Kafka cluster: 0 (no Kafka), 1 or 3. Topics of three
	// brokers may have three replicas; with one broker the internal topics
	// have one.
	Brokers int `json:"brokers"`
	// Secure adds to every broker a listener for TLS with SASL, and an
	// authorizer that refuses whatever no ACL permits. Clients of the plain
	// listener may do everything.
	Secure bool `json:"secure"`
	// KafkaProperties are added to every broker's properties.
	KafkaProperties map[string]string `json:"kafka_properties,omitempty"`
	// Registry starts Apicurio, which keeps its schemas in memory.
	Registry bool `json:"registry"`
	// Redis starts a server without persistence.
	Redis bool `json:"redis"`
	// Sentinel adds a replica and three sentinels, which fail over within some
	// two seconds after the primary is gone.
	Sentinel bool `json:"sentinel"`
	// RedisArguments are added to every Redis server's command line, such as
	// --maxmemory 16mb.
	RedisArguments []string `json:"redis_arguments,omitempty"`
	// Out is told what takes time, in lines. Default: nobody.
	Out io.Writer `json:"-"`
}

// All is one of everything.
func All(name string) Config {
	return Config{Name: name, Brokers: 1, Registry: true, Redis: true}
}

func (c *Config) complete() error {
	if c.Name == "" {
		c.Name = "default"
	}
	if c.Root == "" {
		c.Root = Root(os.Getenv)
	}
	if c.Out == nil {
		c.Out = io.Discard
	}
	if filepath.Base(c.Name) != c.Name || c.Name == "." || c.Name == ".." {
		return fmt.Errorf("the name %q is not the name of a folder", c.Name)
	}
	if !slices.Contains([]int{0, 1, 3}, c.Brokers) {
		return fmt.Errorf("%d brokers: want 0, 1 or 3", c.Brokers)
	}
	return nil
}

// Set is a group of services that were started together.
type Set struct {
	root  string
	mu    sync.Mutex // of the state file
	state state
	all   []*Process
	given map[int]bool // ports
}

// RunningError says that a set of this name runs already; Set is that one.
type RunningError struct{ Set *Set }

// Error implements error.
func (e *RunningError) Error() string {
	return fmt.Sprintf("services %q run already; stop them first (make services-down)", e.Set.Name())
}

// Start fetches what is missing, starts the services and returns when all of
// them answer. On an error nothing is left running. It fails with
// [MissingError] where a program is not installed, and with [RunningError]
// where a set of this name runs.
func Start(ctx context.Context, cfg Config) (_ *Set, err error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("starting services: %w", err)
	}
	if old, err := Open(cfg.Root, cfg.Name); err == nil && old.Alive() {
		return nil, fmt.Errorf("starting services: %w", &RunningError{Set: old})
	}
	found, err := fetch(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("starting services: %w", err)
	}
	s := &Set{root: cfg.Root, state: state{Config: cfg}}
	if err := os.RemoveAll(s.Dir()); err != nil {
		return nil, fmt.Errorf("starting services: emptying the folder of an earlier run: %w", err)
	}
	if err := os.MkdirAll(s.Dir(), 0o750); err != nil {
		return nil, fmt.Errorf("starting services: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("starting services: %w", err), s.Stop(context.WithoutCancel(ctx)))
		}
	}()
	for _, prepare := range []func(context.Context, Config, tools) error{s.prepareKafka, s.prepareRegistry, s.prepareRedis} {
		if err := prepare(ctx, cfg, found); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(cfg.Out, "starting %d processes\n", len(s.all))
	for _, p := range s.all {
		if err := p.launch(); err != nil {
			return nil, err
		}
	}
	return s, s.Await(ctx)
}

// Name of the set.
func (s *Set) Name() string { return s.state.Config.Name }

// Dir holds data, logs and the state of the set.
func (s *Set) Dir() string { return filepath.Join(s.root, "run", s.Name()) }

// Addresses say where the services are.
func (s *Set) Addresses() Addresses { return s.state.Addresses }

// Config is what the set was started with.
func (s *Set) Config() Config { return s.state.Config }

// Processes lists all of them in the order in which they were started.
func (s *Set) Processes() []*Process { return slices.Clone(s.all) }

// Process gives one by its name, see [Process.Name]; nil: there is none.
func (s *Set) Process(name string) *Process {
	for _, p := range s.all {
		if p.spec.Name == name {
			return p
		}
	}
	return nil
}

// Brokers lists the processes of the Kafka cluster.
func (s *Set) Brokers() []*Process {
	return slices.DeleteFunc(s.Processes(), func(p *Process) bool { return p.spec.Kind != kafkaKind })
}

// Alive reports whether any process of the set runs.
func (s *Set) Alive() bool {
	return slices.ContainsFunc(s.all, func(p *Process) bool { return p.Alive() })
}

// Await waits until every process answers.
func (s *Set) Await(ctx context.Context) error {
	for _, p := range s.all {
		if err := p.Await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// RedisPrimary asks the sentinels which server is the primary now, host:port.
func (s *Set) RedisPrimary(ctx context.Context) (string, error) {
	var failed []error
	for _, address := range s.state.Addresses.Sentinels {
		at, err := askSentinel(ctx, address)
		if err == nil {
			return at, nil
		}
		failed = append(failed, err)
	}
	if len(failed) == 0 {
		return s.state.Addresses.Redis, nil
	}
	return "", fmt.Errorf("asking the sentinels for the primary: %w", errors.Join(failed...))
}

// Stop ends all processes, in the reverse order and killing what does not end
// by itself, and removes the set's data. It may be called more than once, and
// on a set of which only some processes run. Logs of the last run are kept
// until the next one.
func (s *Set) Stop(ctx context.Context) error {
	var failed []error
	var wait sync.WaitGroup
	var mu sync.Mutex
	// Together: brokers of a cluster hand their partitions over to each other,
	// which the last two could not finish one after the other.
	for _, p := range s.all {
		wait.Go(func() {
			if err := p.stop(ctx); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
		})
	}
	wait.Wait()
	if len(failed) > 0 {
		return fmt.Errorf("stopping services: %w", errors.Join(failed...))
	}
	return s.forget()
}

// stop does not ask JVMs to end nicely: their data is thrown away, and three
// brokers that lose their quorum would take half a minute to give up.
func (p *Process) stop(ctx context.Context) error {
	if p.spec.Kind == kafkaKind || p.spec.Kind == registryKind {
		return p.Kill()
	}
	return p.Terminate(ctx)
}

// Ports are taken below those that systems give to outgoing connections (Linux
// from 32768 on): a JVM needs seconds until it listens, and on a busy machine
// somebody's connection would have its port by then.
const (
	lowestPort  = 20_000
	highestPort = 32_000
)

// freePorts gives n loopback addresses that nobody listens on and that this
// set has not given before: their services have not begun to listen yet.
func (s *Set) freePorts(ctx context.Context, n int) (all []string, err error) {
	const tries = 1000
	var last error
	for i := 0; len(all) < n && i < tries; i++ {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if s.given[port] {
			continue
		}
		ln, failed := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if failed != nil {
			last = failed
			continue
		}
		defer func() { err = errors.Join(err, ln.Close()) }() // all of them at the end, on purpose
		if s.given == nil {
			s.given = map[int]bool{}
		}
		s.given[port] = true
		all = append(all, ln.Addr().String())
	}
	if len(all) < n {
		return nil, fmt.Errorf("looking for a free port: %w", last)
	}
	return all, nil
}
