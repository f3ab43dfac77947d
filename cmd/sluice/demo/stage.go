package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/admin"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/config"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// partitions of keyed topics in the demo: enough to show that order and
// ownership are per partition, few enough for one process.
const partitions = 6

// inputMaxBytes is what the demo's input topic takes: more than an event may
// have, so that one that is too large is the router's to judge.
const inputMaxBytes = 2 << 20

// The demo's pseudonyms need a key, and keep nothing.
const (
	privacyKey   = "a key for the demo, which keeps nothing"
	privacyKeyID = "demo"
	eraseKeyID   = "demo"
)

// stage is everything around the roles: services, sandbox and an environment
// that points at them.
type stage struct {
	services    *embedded.Services
	sandbox     *sandbox.Sandbox
	urls        sandbox.URLs
	env         *boot.Env
	capture     *capture
	producer    *kafka.Producer
	writer      *codec.Writer
	adminOnce   sync.Once
	adminClient *kadm.Client
	adminErr    error
	mappings    int64 // records that the demo itself wrote to the mappings topic

	dir string // scratch folder: the secrets of destinations
}

// setUp starts the services, creates the topics and makes an environment. On
// an error nothing is left behind.
func setUp(ctx context.Context, o Options) (_ *stage, err error) {
	s := &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "sluice-demo-"); err != nil {
		return nil, fmt.Errorf("making a folder for the demo (TMPDIR must be writable; a read-only container needs --tmpfs /tmp): %w", err)
	}
	if s.services, err = embedded.Start(ctx, embedded.Config{Topics: topics(), KafkaOptions: smallSegments()}); err != nil {
		return nil, err
	}
	if s.capture, err = openCapture(o.Capture); err != nil {
		return nil, err
	}
	if s.sandbox, err = sandbox.New(sandbox.Config{Faults: o.Faults, ProcessingTime: processing}, sandbox.Deps{OnExchange: s.capture.exchange}); err != nil {
		return nil, err
	}
	if s.urls, err = s.sandbox.Start(ctx, "127.0.0.1:0"); err != nil {
		return nil, err
	}
	cfg, err := s.config(cmp.Or(o.Admin, admin.Off))
	if err != nil {
		return nil, err
	}
	s.env, err = boot.NewEnv(cfg, boot.Options{Version: o.Version, Log: o.Log, EmbeddedRedis: true})
	return s, err
}

// smallSegments lets sweeping free memory early: a segment goes as a whole.
func smallSegments() []kfake.Opt {
	return []kfake.Opt{kfake.BrokerConfigs(map[string]string{"log.segment.bytes": "524288", "group.initial.rebalance.delay.ms": "0"})}
}

func topics() []embedded.Topic {
	declared, _, err := topology.Declared(topology.Options{Partitions: partitions, Replication: 1, InputMaxBytes: inputMaxBytes})
	if err != nil {
		// The declaration is embedded and tested; a broken one is a broken build.
		panic(err)
	}
	all := []embedded.Topic{{
		Name: config.Default().Topics.Input, Partitions: partitions, Configs: map[string]string{"max.message.bytes": strconv.Itoa(inputMaxBytes)},
	}}
	for _, t := range declared {
		all = append(all, embedded.Topic{Name: t.Name, Partitions: t.Partitions, Configs: t.Configs})
	}
	return all
}

// config is the default configuration with the addresses of the embedded
// services, and waits that suit a demonstration.
func (s *stage) config(adminListen string) (config.Config, error) {
	settings := []config.Setting{
		{Path: "kafka.brokers", Value: s.services.Kafka().Brokers[0]},
		{Path: "kafka.input_max_bytes", Value: strconv.Itoa(inputMaxBytes)},
		{Path: "registry.url", Value: s.services.RegistryURL()},
		{Path: "redis.address", Value: s.services.RedisOptions().Addr},
		// Redis shares the processor with everything else here; it is never away.
		{Path: "redis.timeout", Value: "30s"},
		{Path: "router.instance", Value: "demo"},
		{Path: "router.hold.after", Value: "2s"},
		{Path: "sender.lanes.batch", Value: "2s"},
		{Path: "sender.secrets_dir", Value: s.dir},
		// The demo makes every secret that its resources name.
		{Path: "customers.secrets", Value: "any"},
		{Path: "admin.listen", Value: adminListen},
		{Path: "telemetry.log.level", Value: "warn"},
		{Path: "telemetry.log.format", Value: "text"},
	}
	// A provider without a fake is not sent to: it would be the real one.
	settings = append(settings, config.Setting{Path: "sender.run", Value: strings.Join(sandbox.Providers(), ",")})
	for _, name := range sandbox.Providers() {
		settings = append(settings,
			config.Setting{Path: "sender.providers." + name + ".base_url", Value: s.urls[name]},
			config.Setting{Path: "sender.providers." + name + ".allow_insecure", Value: "true"},
			config.Setting{Path: "sender.providers." + name + ".allow_private", Value: "true"},
		)
		if token := s.urls[name+sandbox.Token]; token != "" {
			settings = append(settings, config.Setting{Path: "sender.providers." + name + ".token_url", Value: token})
		}
	}
	for i := range settings {
		settings[i].Flag = "the demo"
	}
	cfg, err := config.Load(config.Sources{Set: settings})
	if err != nil {
		return cfg, err
	}
	cfg.Privacy.Key = config.Literal(privacyKey)
	cfg.Privacy.KeyID = privacyKeyID
	cfg.Erase = config.Erase{Keys: map[string]config.Secret{eraseKeyID: config.Literal(rand.Text() + rand.Text())}, KeyID: eraseKeyID}
	return cfg, nil
}

// close stops what setUp started.
func (s *stage) close() error {
	var errs []error
	if s.env != nil {
		errs = append(errs, s.env.Close())
	}
	if s.sandbox != nil {
		errs = append(errs, s.sandbox.Close())
	}
	if s.services != nil {
		errs = append(errs, s.services.Close())
	}
	errs = append(errs, s.capture.close())
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// sandboxSecrets gives every reference of the demo's own resources credentials
// that only the sandbox takes: the demo must never need, or read, real ones.
// References of destinations that another terminal applied are resolved from
// the folder that --serve prints, as by any sender.
type sandboxSecrets struct {
	providers map[string]string // by reference
	sandbox   *sandbox.Sandbox
	others    sender.Secrets
}

// Resolve implements sender.Secrets.
func (s sandboxSecrets) Resolve(reference string) (identity.Raw, string, error) {
	provider, own := s.providers[reference]
	if !own {
		return s.others.Resolve(reference)
	}
	text, err := json.Marshal(s.sandbox.Secret(provider, reference))
	if err != nil {
		return identity.Raw{}, "", fmt.Errorf("making sandbox credentials: %w", err)
	}
	return identity.NewRaw(string(text)), "1", nil
}

// delays of the waiting places, shortened so that a fault that heals is seen
// to heal.
func delays() sender.Delays {
	return sender.Delays{
		Retry:  [3]time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
		Parked: 10 * time.Second,
	}
}
