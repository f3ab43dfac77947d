// Package place gives a test its own corner of Kafka, a Schema Registry and
// Redis: embedded ones by default, and real ones where their addresses stand
// in the environment (package services), so that one test proves the same on
// both.
//
// On real services, which may be somebody's own cluster, every place has names
// of its own: topics, groups, transactional ids, subjects and Redis keys begin
// with a random prefix as long as the default one, and what was made under it
// is removed when the test ends. Nothing else is touched.
package place

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/test/services"
)

// EnvReport names a file to which every place on real services adds a line
// with its test's name, so that `make test-real` can say what it proved.
const EnvReport = "TEST_REAL_REPORT"

// Input is the analytics topic's usual name.
const Input = "analytics.events"

// Place is where one test runs.
type Place struct {
	t      testing.TB
	inside *embedded.Services // nil: real services
	at     services.Addresses
	prefix string
	cut    atomic.Bool // Redis is to look unreachable
}

// Open makes a place with topics, which are named as in a default
// installation; their partitions and settings are those of the embedded ones.
// It is closed when the test ends.
func Open(t testing.TB, cfg embedded.Config) *Place {
	t.Helper()
	at, given, err := services.FromEnvironment(os.Getenv)
	require.NoError(t, err)
	p := &Place{t: t, at: at}
	if !given {
		p.inside, err = embedded.Start(t.Context(), cfg)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, p.inside.Close()) })
		return p
	}
	p.prefix = randomPrefix()
	require.Len(t, p.prefix, len(topology.DefaultPrefix))
	t.Cleanup(p.remove)
	p.report()
	p.create(cfg.Topics)
	return p
}

// randomPrefix begins with a letter, as topics and Redis keys should.
func randomPrefix() string {
	return "t" + strings.ToLower(rand.Text()[:len(topology.DefaultPrefix)-1])
}

// Real reports whether this place is on real services.
func (p *Place) Real() bool { return p.inside == nil }

// Embedded is what runs in this process; nil where Real.
func (p *Place) Embedded() *embedded.Services { return p.inside }

// Prefix stands before topics; empty means the default one.
func (p *Place) Prefix() string { return p.prefix }

// Names of our topics.
func (p *Place) Names() topology.Names { return topology.Names{Prefix: p.prefix} }

// Name translates the usual name of a topic, group or transactional id into
// this place's.
func (p *Place) Name(usual string) string {
	switch {
	case p.prefix == "":
		return usual
	case usual == Input:
		return p.input()
	case strings.HasPrefix(usual, topology.DefaultPrefix+".") || strings.HasPrefix(usual, topology.DefaultPrefix+"-"):
		return p.prefix + usual[len(topology.DefaultPrefix):]
	default:
		return p.prefix + "-" + usual
	}
}

// input is as long as Input, so that tables of text keep their columns.
func (p *Place) input() string { return p.prefix + "s-in.events" }

// Usual gives text as a default installation would have printed it.
func (p *Place) Usual(text string) string {
	if p.prefix == "" {
		return text
	}
	text = strings.ReplaceAll(text, p.input(), Input)
	text = strings.ReplaceAll(text, p.prefix+".", topology.DefaultPrefix+".")
	return strings.ReplaceAll(text, p.prefix+"-", topology.DefaultPrefix+"-")
}

// Kafka says how to reach the cluster.
func (p *Place) Kafka() kafka.Config {
	if p.inside != nil {
		return p.inside.Kafka()
	}
	return kafka.Config{Brokers: p.at.Kafka}
}

// Secure gives the addresses for TLS with SASL and the file of the authority
// behind them; no addresses where this cluster has none.
func (p *Place) Secure() (brokers []string, authority string) {
	return p.at.SecureKafka, p.at.SecureCA
}

// RegistryURL is the registry's base URL.
func (p *Place) RegistryURL() string {
	if p.inside != nil {
		return p.inside.RegistryURL()
	}
	return p.at.Registry
}

// HTTPClient reaches the registry and leaves no connection behind.
func (p *Place) HTTPClient() *http.Client {
	if p.inside != nil {
		return p.inside.HTTPClient()
	}
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
}

// RedisAddr is host:port.
func (p *Place) RedisAddr() string { return p.RedisOptions().Addr }

// RedisOptions reach Redis through CutRedis.
func (p *Place) RedisOptions() *redis.Options {
	if p.inside != nil {
		return p.inside.RedisOptions()
	}
	return &redis.Options{
		Addr: p.at.Redis, Dialer: p.dialRedis,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}

// RedisPrefix stands before every key (dedup.Config.Prefix).
func (p *Place) RedisPrefix() string {
	if p.prefix == "" {
		return ""
	}
	return p.prefix + ":"
}

// Settings are what a configuration needs beyond the services' addresses to
// stay inside this place; nil where it may use the defaults.
func (p *Place) Settings() map[string]any {
	if p.prefix == "" {
		return nil
	}
	return map[string]any{
		"topics": map[string]any{"prefix": p.prefix, "input": p.input()},
		"router": map[string]any{"group": p.Name("sluice-router"), "hold": map[string]any{"group": p.Name("sluice-hold")}},
		"sender": map[string]any{"group": p.Name("sluice-sender")},
		"dedup":  map[string]any{"prefix": p.RedisPrefix()},
	}
}

// Environ is Settings as environment variables.
func (p *Place) Environ() []string {
	// A busy machine takes longer than a service may.
	environ := []string{"SLUICE_REGISTRY_TIMEOUT=1m"}
	if p.prefix == "" {
		return environ
	}
	return append(environ,
		"SLUICE_TOPICS_PREFIX="+p.prefix, "SLUICE_TOPICS_INPUT="+p.input(),
		"SLUICE_ROUTER_GROUP="+p.Name("sluice-router"), "SLUICE_ROUTER_HOLD_GROUP="+p.Name("sluice-hold"),
		"SLUICE_SENDER_GROUP="+p.Name("sluice-sender"), "SLUICE_DEDUP_PREFIX="+p.RedisPrefix(),
	)
}

func (p *Place) report() {
	path := os.Getenv(EnvReport)
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) // #nosec G703 -- named by whoever runs the tests
	require.NoError(p.t, err)
	_, err = fmt.Fprintln(f, p.t.Name())
	require.NoError(p.t, err)
	require.NoError(p.t, f.Close())
}
