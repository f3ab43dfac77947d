package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
)

// Topic is created before Start returns.
type Topic struct {
	Name       string
	Partitions int32 // 0: one
	Configs    map[string]string
}

// Config of the services. The zero value is one broker on a free loopback
// port, no topics, and real sockets.
type Config struct {
	// Brokers in the cluster. Default 1.
	Brokers int
	// Topics to create.
	Topics []Topic
	// Virtual replaces sockets by pipes, for testing/synctest: a socket never
	// lets its clock advance. Start and Close must then be called inside the
	// bubble.
	Virtual bool
	// KafkaPort, RegistryAddr and RedisAddr are where the services listen;
	// zero and empty take free loopback ports. Brokers take successive ports.
	KafkaPort               int
	RegistryAddr, RedisAddr string
	// KafkaOptions come after ours: EnableSASL, EnableACLs, BrokerConfigs. A
	// ListenFn among them would undo Listen and what members does.
	KafkaOptions []kfake.Opt
	// Listen opens the brokers' listeners, and Dialer reaches what it opens;
	// nil: the network.
	Listen func(network, address string) (net.Listener, error)
	Dialer func(ctx context.Context, network, host string) (net.Conn, error)
}

// Services are what Start has started.
type Services struct {
	cluster  *kfake.Cluster
	dialer   dialer // nil: the network
	members  *members
	halt     context.CancelFunc    // of members and fences
	network  *kfake.VirtualNetwork // nil with real sockets
	registry *srfake.Registry
	regURL   string
	regHTTP  *http.Server // nil where virtual
	redis    *miniredis.Miniredis
	// replication is nil with Virtual.
	replication *Replication

	stop      chan struct{}
	wait      sync.WaitGroup
	closeOnce sync.Once
}

// Start starts the services; ctx bounds only the starting. On an error nothing
// is left running.
func Start(ctx context.Context, cfg Config) (_ *Services, err error) {
	s := &Services{registry: srfake.NewRegistry(), redis: miniredis.NewMiniRedis(), stop: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("starting embedded services: %w", err), s.Close())
		}
	}()
	if err := s.startKafka(cfg); err != nil {
		return nil, err
	}
	for _, t := range cfg.Topics {
		if err := s.cluster.CreateTopic(t.Name, max(t.Partitions, 1), t.Configs); err != nil {
			return nil, fmt.Errorf("creating topic %s: %w", t.Name, err)
		}
	}
	if err := s.startRegistry(ctx, cfg); err != nil {
		return nil, err
	}
	return s, s.startRedis(cfg)
}

func (s *Services) startKafka(cfg Config) error {
	brokers := max(cfg.Brokers, 1)
	opts := []kfake.Opt{
		kfake.NumBrokers(brokers),
		kfake.ClusterID("sluice-embedded"),
		// Tests need sessions that end within their patience.
		kfake.GroupMinSessionTimeout(100 * time.Millisecond),
		kfake.BrokerConfigs(map[string]string{
			"log.segment.bytes": "4194304",
			// The default of 3 s is for clusters whose members start one by one.
			"group.initial.rebalance.delay.ms": "0",
		}),
	}
	port, listen := cfg.KafkaPort, cfg.Listen
	if listen == nil {
		listen = net.Listen
	}
	s.dialer = cfg.Dialer
	if cfg.Virtual {
		s.network = &kfake.VirtualNetwork{}
		listen, s.dialer = s.network.Listen, s.network.DialContext
		if port == 0 {
			port = 9092
		}
	}
	if port != 0 {
		ports := make([]int, brokers)
		for i := range ports {
			ports[i] = port + i
		}
		opts = append(opts, kfake.Ports(ports...))
	}
	dial := s.dialer
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	var running context.Context
	running, s.halt = context.WithCancel(context.Background())
	s.members = newMembers(running, dial)
	opts = append(opts, kfake.ListenFn(s.members.listen(listen)))
	var err error
	if s.cluster, err = kfake.NewCluster(append(opts, cfg.KafkaOptions...)...); err != nil {
		s.halt()
		return fmt.Errorf("starting kfake: %w", err)
	}
	s.members.control(s.cluster)
	if cfg.Virtual {
		s.paceFetches()
	}
	fence(running, s.cluster, s.Kafka())
	return nil
}

func (s *Services) startRegistry(ctx context.Context, cfg Config) error {
	if cfg.Virtual {
		s.regURL = "http://registry.virtual"
		return nil
	}
	addr := cfg.RegistryAddr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("starting srfake: %w", err)
	}
	s.regURL = "http://" + ln.Addr().String()
	s.regHTTP = &http.Server{Handler: s.registry.Handler(), ReadHeaderTimeout: 10 * time.Second}
	s.wait.Go(func() {
		_ = s.regHTTP.Serve(ln) // always http.ErrServerClosed, after Close
	})
	return nil
}

func (s *Services) startRedis(cfg Config) error {
	if cfg.Virtual {
		s.redis.ClockTTL(true)
		return nil // started by the first Dial
	}
	addr := cfg.RedisAddr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	if err := s.redis.StartAddr(addr); err != nil {
		return fmt.Errorf("starting miniredis: %w", err)
	}
	s.replication = NewReplication(s.redis)
	s.wait.Go(s.expire)
	return nil
}

// Kafka says how to reach the cluster.
func (s *Services) Kafka() kafka.Config {
	return kafka.Config{Brokers: s.cluster.ListenAddrs(), Dialer: s.dialer}
}

// Cluster is the broker itself: faults, controls, topics.
func (s *Services) Cluster() *kfake.Cluster { return s.cluster }

// RegistryURL is the registry's base URL; with Virtual only HTTPClient
// reaches it.
func (s *Services) RegistryURL() string { return s.regURL }

// HTTPClient reaches the registry, without a socket where Virtual is set.
func (s *Services) HTTPClient() *http.Client {
	if s.network != nil {
		return &http.Client{Transport: handlerTransport{s.registry.Handler()}}
	}
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
}

// Redis is the server itself: FastForward, FlushAll, SetError.
func (s *Services) Redis() *miniredis.Miniredis { return s.redis }

// Replication is what the server says of its replicas; nil with Virtual.
func (s *Services) Replication() *Replication { return s.replication }

// RedisOptions reach the server.
func (s *Services) RedisOptions() *redis.Options {
	o := &redis.Options{
		// They resolve the server's name, which no bubble's clock waits for.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if s.network == nil {
		o.Addr = s.redis.Addr()
		return o
	}
	o.Addr = "127.0.0.1:6379" // never dialed
	o.Dialer = func(context.Context, string, string) (net.Conn, error) {
		c, err := s.redis.Dial()
		if err != nil {
			return nil, err
		}
		return newEagerConn(c), nil
	}
	return o
}

// Close stops everything and waits for it. It may be called more than once.
func (s *Services) Close() error {
	var err error
	s.closeOnce.Do(func() {
		close(s.stop)
		if s.regHTTP != nil {
			err = s.regHTTP.Close()
		}
		s.registry.Close()
		s.redis.Close()
		if s.cluster != nil {
			s.halt()
			s.cluster.Close()
			s.members.close()
		}
		s.wait.Wait()
	})
	return err
}
