// Package world is everything around the roles of a test installation: the
// services, proxies in front of them, strict stand-ins for the providers that
// remember every request, and a configuration for each role.
package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluicehq/sluice/pkg/fake/embedded"
)

// Services are Kafka, a registry and Redis. The direct addresses are the
// tester's own; roles get the proxies.
type Services struct {
	// Brokers are the addresses that the roles are given; in a cluster that
	// advertises its proxies, they are the proxies.
	Brokers []string
	// Dial is for the tester's own Kafka clients: it reaches brokers past
	// their proxies. Nil where there are none.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// RegistryURL and RedisAddr are direct.
	RegistryURL, RedisAddr string

	// Kafka, RegistryProxy and Redis are the proxies. Kafka has one per broker,
	// and none where the cluster does not advertise them.
	Kafka                []*Proxy
	RegistryProxy, Redis *Proxy
	// Replication of the topics.
	Replication int

	// Embedded is set where everything runs in this process.
	Embedded *embedded.Services
	// Control is what only some services can do.
	Control Control

	proxies *proxies
	close   func() error
}

// Control breaks services from within. A nil field means that these services
// cannot do it.
type Control struct {
	EmptyRedis  func(ctx context.Context) error            // as a restart without persistence
	FillRedis   func(ctx context.Context, full bool) error // refuses writes for want of memory
	MoveLeaders func(ctx context.Context) error            // of every partition and coordinator
	LoseBroker  func(ctx context.Context) (back func() error, err error)
	PauseBroker func(ctx context.Context) (back func() error, err error)
	FailOver    func(ctx context.Context) error // of Redis
}

// Close stops everything that was started.
func (s *Services) Close() error {
	if s.proxies != nil {
		s.proxies.close()
	}
	if s.close == nil {
		return nil
	}
	return s.close()
}

// brokers of the embedded cluster: enough that leaders and coordinators can
// move.
const brokers = 3

// StartEmbedded starts everything within this process.
func StartEmbedded(ctx context.Context) (_ *Services, err error) {
	s := &Services{proxies: newProxies(), Replication: 1}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	front := &advertised{proxies: s.proxies, direct: map[string]string{}}
	s.Embedded, err = embedded.Start(ctx, embedded.Config{Brokers: brokers, Listen: front.listen, Dialer: front.dial, KafkaOptions: []kfake.Opt{
		kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "524288", "group.initial.rebalance.delay.ms": "0"}),
	}})
	if err != nil {
		return nil, err
	}
	s.close = s.Embedded.Close
	s.Brokers, s.Dial = s.Embedded.Kafka().Brokers, front.dial
	s.Kafka = front.all()
	s.RegistryURL, s.RedisAddr = s.Embedded.RegistryURL(), s.Embedded.RedisOptions().Addr
	if s.Redis, err = s.proxies.to("Redis", s.RedisAddr); err != nil {
		return nil, err
	}
	if s.RegistryProxy, err = s.proxies.to("the registry", hostOf(s.RegistryURL)); err != nil {
		return nil, err
	}
	s.Control = s.embeddedControl()
	return s, nil
}

func (s *Services) embeddedControl() Control {
	cluster, redis, replication := s.Embedded.Cluster(), s.Embedded.Redis(), s.Embedded.Replication()
	return Control{
		FailOver: func(context.Context) error {
			n := 0
			replication.Promote(func(key string) bool {
				n++
				return strings.Contains(key, "sluice:claims") || n%3 != 0
			})
			return nil
		},
		EmptyRedis: func(context.Context) error {
			redis.Close()
			redis.FlushAll()
			if err := redis.Restart(); err != nil {
				return fmt.Errorf("starting Redis again: %w", err)
			}
			replication.Restarted()
			return nil
		},
		FillRedis: func(_ context.Context, full bool) error {
			message := ""
			if full {
				message = "OOM command not allowed when used memory > 'maxmemory'."
			}
			redis.SetError(message)
			if !full {
				replication.Install()
			}
			return nil
		},
		MoveLeaders: func(context.Context) error {
			cluster.ShufflePartitionLeaders()
			cluster.RehashCoordinators()
			return nil
		},
	}
}

// advertised gives each broker a listener whose address is that of a proxy, so
// that what the cluster advertises leads through it.
type advertised struct {
	proxies *proxies

	mu     sync.Mutex
	direct map[string]string // by the proxy's address
	list   []*Proxy
}

// frontListener is a listener that says it were elsewhere.
type frontListener struct {
	net.Listener
	front net.Addr
}

// Addr implements net.Listener.
func (l frontListener) Addr() net.Addr { return l.front }

// listen has the signature of net.Listen, which kfake wants.
func (a *advertised) listen(network, address string) (net.Listener, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), network, address)
	if err != nil {
		return nil, fmt.Errorf("listening for a broker: %w", err)
	}
	proxy, err := a.proxies.to("a broker", listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	front, err := net.ResolveTCPAddr("tcp", proxy.Addr())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading a proxy's address: %w", err), listener.Close())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.direct[proxy.Addr()] = listener.Addr().String()
	a.list = append(a.list, proxy)
	return frontListener{listener, front}, nil
}

func (a *advertised) all() []*Proxy {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*Proxy(nil), a.list...)
}

// dial reaches the broker behind a proxy.
func (a *advertised) dial(ctx context.Context, network, address string) (net.Conn, error) {
	a.mu.Lock()
	if direct := a.direct[address]; direct != "" {
		address = direct
	}
	a.mu.Unlock()
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// hostOf cuts host:port out of a URL without a path.
func hostOf(url string) string {
	const scheme = "http://"
	if len(url) > len(scheme) && url[:len(scheme)] == scheme {
		url = url[len(scheme):]
	}
	for i := range len(url) {
		if url[i] == '/' {
			return url[:i]
		}
	}
	return url
}
