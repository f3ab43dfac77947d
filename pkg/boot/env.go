// Package boot joins configuration, services and roles. Commands, the demo and
// end-to-end tests all run roles through it, so that what is tested is what
// runs.
package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/edge/cluster"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/lazy"
	"github.com/sluicehq/sluice/pkg/edge/registry"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/edge/topology"
)

// Options of an Env beside the configuration.
type Options struct {
	Version string
	// Log receives log lines; nil is silent.
	Log io.Writer
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// DialKafka replaces the network to Kafka; nil is the usual one.
	DialKafka func(ctx context.Context, network, host string) (net.Conn, error)
	// EmbeddedRedis says that Redis is the one of pkg/fake/embedded: what it cannot
	// tell about itself is known, and no reason to warn.
	EmbeddedRedis bool
}

// Env opens services when they are first asked for and closes what it opened.
// It is safe for concurrent use until Close.
type Env struct {
	Config  config.Config
	Version string
	Names   topology.Names
	Log     *slog.Logger
	Now     func() time.Time

	Cluster  *cluster.Cluster
	Registry *registry.Registry

	embeddedRedis bool
	dialKafka     func(ctx context.Context, network, host string) (net.Conn, error)

	metrics    atomic.Pointer[telemetry.Metrics] // nil: no role runs
	observed   observed
	claimState claimState
	redis      lazy.Value[*redis.Client]
	claims     lazy.Value[*dedup.Store]

	closing sync.Mutex
	closers []func() error
	writer  lazy.Value[*codec.Writer]
}

// NewEnv makes an Env. Nothing is connected to yet.
func NewEnv(cfg config.Config, o Options) (*Env, error) {
	e := &Env{Config: cfg, Version: o.Version, Names: topology.Names{Prefix: cfg.Topics.Prefix}, Now: o.Now, embeddedRedis: o.EmbeddedRedis, dialKafka: o.DialKafka}
	if e.Now == nil {
		e.Now = time.Now
	}
	e.Cluster = cluster.New(cluster.Config{Kafka: e.kafkaConfig, Input: cfg.Topics.Input, Log: func() *slog.Logger { return e.Log }})
	e.Registry = registry.New(registry.Config{URL: cfg.Registry.URL, Connect: e.connectRegistry, Timeout: cfg.Registry.Timeout.Std(), Now: e.Now})
	e.OnClose(e.Cluster.Close)
	if o.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
		return e, nil
	}
	log, err := telemetry.NewLogger(o.Log, cfg.Telemetry.Log)
	if err != nil {
		return nil, err
	}
	e.Log = log
	return e, nil
}

// Close closes everything that was opened, last first.
func (e *Env) Close() error {
	e.closing.Lock()
	closers := e.closers
	e.closers = nil
	e.closing.Unlock()
	var errs []error
	for _, f := range slices.Backward(closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// OnClose adds what Close has to close.
func (e *Env) OnClose(f func() error) {
	e.closing.Lock()
	defer e.closing.Unlock()
	e.closers = append(e.closers, f)
}

// kafkaConfig is how clients reach the cluster.
func (e *Env) kafkaConfig() (kafka.Config, error) {
	c := e.Config.Kafka
	password, err := c.SASL.Password.Resolve()
	if err != nil {
		return kafka.Config{}, fmt.Errorf("reading kafka.sasl.password: %w", err)
	}
	cfg := kafka.Config{
		Brokers: c.Brokers, ClientID: c.ClientID, Compression: kafka.Compression(c.Compression),
		InputMaxBytes: int32(c.InputMaxBytes.Int()), Logger: e.Log, Dialer: e.dialKafka,
		TLS: kafka.TLS{Enabled: c.TLS.Enabled, CAFile: c.TLS.CAFile, CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile, ServerName: c.TLS.ServerName},
	}
	cfg.SASL = kafka.SASL{Mechanism: c.SASL.Mechanism, Username: c.SASL.Username, Password: password.Reveal()}
	if file, ok := c.SASL.Token.File(); ok {
		cfg.SASL.TokenFile = file
	}
	return cfg, cfg.Validate()
}

// connectRegistry makes the client of the Schema Registry.
func (e *Env) connectRegistry() (*sr.Client, error) {
	c := e.Config.Registry
	secure, err := clientTLS("registry.tls", c.TLS)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: secure, Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute}
	e.OnClose(func() error { transport.CloseIdleConnections(); return nil })
	opts := []sr.ClientOpt{sr.URLs(c.URL), sr.HTTPClient(&http.Client{Timeout: c.Timeout.Std(), Transport: transport})}
	if c.Username != "" {
		password, err := c.Password.Resolve()
		if err != nil {
			return nil, fmt.Errorf("reading registry.password: %w", err)
		}
		opts = append(opts, sr.BasicAuth(c.Username, password.Reveal()))
	}
	client, err := sr.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("making a Schema Registry client: %w", err)
	}
	return client, nil
}

// Redis is the client of the claims' Redis.
func (e *Env) Redis() (*redis.Client, error) { return e.redis.Get(e.newRedis) }

func (e *Env) newRedis() (*redis.Client, error) {
	c := e.Config.Redis
	server := dedup.Server{Addr: c.Address, Username: c.Username, DB: c.DB, TLS: c.TLS.Enabled, CAFile: c.TLS.CAFile, Timeout: c.Timeout.Std()}
	if file, ok := c.Password.File(); ok {
		server.PasswordFile = file
	} else {
		password, err := c.Password.Resolve()
		if err != nil {
			return nil, fmt.Errorf("reading redis.password: %w", err)
		}
		server.Password = password.Reveal()
	}
	options, err := dedup.Options(server)
	if err != nil {
		return nil, err
	}
	if c.TLS.Enabled {
		if options.TLSConfig, err = clientTLS("redis.tls", c.TLS); err != nil {
			return nil, err
		}
	}
	client, err := redisClient(options, c.Sentinel)
	if err != nil {
		return nil, err
	}
	e.OnClose(client.Close)
	return client, nil
}

// redisClient reaches the address itself, or the primary that sentinels name.
func redisClient(options *redis.Options, c config.Sentinel) (*redis.Client, error) {
	if c.Master == "" {
		return redis.NewClient(options), nil
	}
	password, err := c.Password.Resolve()
	if err != nil {
		return nil, fmt.Errorf("reading redis.sentinel.password: %w", err)
	}
	return redis.NewFailoverClient(dedup.FailoverOptions(options, dedup.Sentinels{
		Master: c.Master, Addresses: c.Addresses, Username: c.Username, Password: password.Reveal(),
	})), nil
}

// Claims is the claim store.
func (e *Env) Claims() (*dedup.Store, error) {
	return e.claims.Get(func() (*dedup.Store, error) {
		client, err := e.Redis()
		if err != nil {
			return nil, err
		}
		return dedup.New(client, dedup.Config{Instance: e.Instance(), Prefix: e.Config.Dedup.Prefix})
	})
}

// Instance is this process's stable name.
func (e *Env) Instance() string {
	if e.Config.Router.Instance != "" {
		return e.Config.Router.Instance
	}
	if host, err := os.Hostname(); err == nil && host != "" {
		return host
	}
	return "sluice"
}
