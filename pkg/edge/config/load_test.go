package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/config"
)

// canary stands for a secret; it must appear in no message and no print.
const canary = "hunter2-canary"

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	got, err := config.Load(config.Sources{})
	require.NoError(t, err)
	assert.Equal(t, config.Default(), got)
	require.NoError(t, config.Default().Validate())
	assert.True(t, strings.HasPrefix(got.Admin.Listen, "127.0.0.1:"), "admin endpoints must not be open by default")
}

// A variable has no hyphen: the provider's name has one where the variable has an
// underscore in front of the setting.
func TestVariablesNameProvidersWithHyphens(t *testing.T) {
	t.Parallel()
	got, err := config.Load(config.Sources{Environ: []string{
		"SLUICE_SENDER_PROVIDERS_MICROSOFT_OFFLINE_BASE_URL=https://one.example", "SLUICE_SENDER_PROVIDERS_MICROSOFT_OFFLINE_TOKEN_URL=https://two.example",
		"SLUICE_SENDER_PROVIDERS_MICROSOFT_BASE_URL=https://three.example",
	}})
	require.NoError(t, err)
	assert.Equal(t, "https://one.example", got.Sender.Providers["microsoft-offline"].BaseURL)
	assert.Equal(t, "https://two.example", got.Sender.Providers["microsoft-offline"].TokenURL)
	assert.Equal(t, "https://three.example", got.Sender.Providers["microsoft"].BaseURL)
	_, err = config.Load(config.Sources{Environ: []string{"SLUICE_SENDER_PROVIDERS_META_NOTHING=1"}})
	require.ErrorContains(t, err, "sender.providers.meta.nothing")
}

func TestLaterSourcesWin(t *testing.T) {
	t.Parallel()
	file := write(t, `
kafka:
  brokers: [kafka-0.example:9092, kafka-1.example:9092]
router:
  group: from-file
  sessions: 3
  batch: {records: 10, wait: 5ms}
  hold: {after: 1m}
sender:
  window: 128MiB
  providers:
    meta: {base_url: "http://127.0.0.1:9900", allow_insecure: true, allow_private: true}
    webhook: {hosts: [hooks.acme.example, "hooks.kiosko.example:8443"]}
dedup: # only a comment below
`)
	got, err := config.Load(config.Sources{
		File:    file,
		Environ: []string{"PATH=/bin", "SLUICE_CONFIG=x", "SLUICE_ROUTER_GROUP=from-env", "SLUICE_ROUTER_SESSIONS=4", "SLUICE_SENDER_PROVIDERS_META_TIMEOUT=3s", "SLUICE_SENDER_PROVIDERS_GOOGLE_BASE_URL=https://sandbox.example"},
		Set:     []config.Setting{{Path: "router.sessions", Value: "5", Flag: "--sessions"}, {Path: "kafka.brokers", Value: "b:1, c:2", Flag: "--brokers"}},
	})
	require.NoError(t, err)
	want := config.Default()
	want.Kafka.Brokers = []string{"b:1", "c:2"}
	want.Router.Group, want.Router.Sessions = "from-env", 5
	want.Router.Batch.Records, want.Router.Batch.Wait = 10, config.Duration(5*time.Millisecond)
	want.Router.Hold.After = config.Duration(time.Minute)
	want.Sender.Window = 128 << 20
	want.Sender.Providers = map[string]config.Provider{
		"meta":    {BaseURL: "http://127.0.0.1:9900", AllowInsecure: true, AllowPrivate: true, Timeout: config.Duration(3 * time.Second)},
		"google":  {BaseURL: "https://sandbox.example", Timeout: config.Duration(30 * time.Second)},
		"webhook": {Hosts: []string{"hooks.acme.example", "hooks.kiosko.example:8443"}, Timeout: config.Duration(30 * time.Second)},
	}
	assert.Empty(t, cmp.Diff(want, got, cmp.Comparer(func(a, b config.Secret) bool { return a == b })))
	assert.Equal(t, 3*time.Second, got.Sender.Provider("meta").Timeout.Std())
	assert.Equal(t, 30*time.Second, got.Sender.Provider("webhook").Timeout.Std())
}

func TestAllProblemsAtOnceWithTheirPlaces(t *testing.T) {
	t.Parallel()
	file := write(t, `kafka:
  brokers: [kafka-0]
  brokerz: x
  compression: gzip
  sasl: {mechanism: PLAIN, password: hunter2-canary}
router:
  sessions: many
  batch:
    records: 0
    wait: 5
  hold: soon
redis: {address: "redis:6379", tls: {ca_file: /ca.pem}}
telemetry: {traces: {ratio: 1.5}, otlp: {endpoint: "https://user:hunter2-canary@collector"}}
privacy: {key_id: k1}
unknown: true
`)
	_, err := config.Load(config.Sources{
		File:    file,
		Environ: []string{"SLUICE_ROUTER_BATCH_RECORD=5", "SLUICE_ADMIN_LISTEN=nowhere"},
		Set:     []config.Setting{{Path: "router.start", Value: "yesterday", Flag: "--start"}, {Path: "no.such", Value: "1", Flag: "--set"}, {Path: "redis.password", Value: canary, Flag: "--redis-password"}},
	})
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	var got []string
	for _, p := range problems {
		got = append(got, strings.TrimPrefix(p.Origin, file)+" "+p.Path+" | "+p.Rule)
		assert.NotEmpty(t, p.Fix, p.Path)
	}
	assert.ElementsMatch(t, []string{
		":2:3 kafka.brokers[0] | must be host:port",
		":3:3 kafka.brokerz | must be a known key",
		":4:16 kafka.compression | must be one of snappy, lz4, zstd, none",
		":5:38 kafka.sasl.password | want a reference: file:/path or env:NAME, not the secret itself",
		":5:28 kafka.sasl.password | must be set for PLAIN",
		":5:3 kafka.sasl.username | must be set for PLAIN",
		":7:13 router.sessions | want a whole number",
		":9:14 router.batch.records | must be at least 1",
		":10:11 router.batch.wait | want a duration with its unit, such as 200ms, 30s, 1h or 9d",
		":11:9 router.hold | must be a group of settings",
		":12:32 redis.tls.enabled | must be true where certificate files are set",
		":13:29 telemetry.traces.ratio | must be at most 1",
		":13:52 telemetry.otlp.endpoint | must be an http or https URL without user, query or fragment",
		":14:1 privacy | must have key and key_id, or neither",
		":15:1 unknown | must be a known key",
		"SLUICE_ADMIN_LISTEN admin.listen | must be host:port, :port or off",
		"SLUICE_ROUTER_BATCH_RECORD SLUICE_ROUTER_BATCH_RECORD | must be the name of a setting",
		"--start router.start | must be earliest, latest or a time",
		"--set no.such | must be the path of a setting",
		"--redis-password redis.password | want a reference: file:/path or env:NAME, not the secret itself",
	}, got)
	assert.Contains(t, err.Error(), "did you mean brokers?")
	assert.Contains(t, err.Error(), "did you mean SLUICE_ROUTER_BATCH_RECORDS?")
	assert.NotContains(t, err.Error(), canary)
}

func TestSyntaxErrorsNameThePlaceAndShowNoContent(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"broken":         "redis:\n  password: \"" + canary + "\n",
		"two documents":  "kafka: {}\n---\nredis: {password: " + canary + "}\n",
		"a list":         "- " + canary + "\n",
		"a duplicate":    "input:\n  format: json\n  format: avro\n",
		"an alias":       "redis: {username: " + canary + "}\nregistry: {username: *a}\n",
		"a nested value": "redis:\n  address: {host: x}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, text)
			_, err := config.Load(config.Sources{File: file})
			var problems config.Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, problems[0].Origin, file)
			assert.NotContains(t, err.Error(), canary)
		})
	}
	_, err := config.Load(config.Sources{File: filepath.Join(t.TempDir(), "missing.yaml")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestAnchorsAreExpanded: what several connections share is written once.
func TestAnchorsAreExpanded(t *testing.T) {
	t.Parallel()
	got, err := config.Load(config.Sources{File: write(t, `
kafka:
  tls: &tls {enabled: true, ca_file: /etc/ca.pem}
registry: {url: "https://registry.example", tls: *tls}
redis: {tls: {<<: *tls, server_name: cache.example}}
`)})
	require.NoError(t, err)
	want := config.TLS{Enabled: true, CAFile: "/etc/ca.pem"}
	assert.Equal(t, want, got.Kafka.TLS)
	assert.Equal(t, want, got.Registry.TLS)
	want.ServerName = "cache.example"
	assert.Equal(t, want, got.Redis.TLS)
}

var eraseKeys = map[string]config.Secret{"k1": config.Literal(canary)}

func TestSettingsThatContradictEachOther(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*config.Config){
		"topics.input":          func(c *config.Config) { c.Topics.Input = "sluice.hold" },
		"router.hold.group":     func(c *config.Config) { c.Router.Hold.Group = c.Router.Group },
		"sender.group":          func(c *config.Config) { c.Sender.Group = c.Router.Group },
		"kafka.sasl.mechanism":  func(c *config.Config) { c.Kafka.SASL.Username = "u" },
		"kafka.sasl.token":      func(c *config.Config) { c.Kafka.SASL.Mechanism = "OAUTHBEARER" },
		"registry.password":     func(c *config.Config) { c.Registry.Password = config.Literal(canary) },
		"redis.tls":             func(c *config.Config) { c.Redis.TLS = config.TLS{Enabled: true, CertFile: "/c"} },
		"sender.providers.meta": func(c *config.Config) { c.Sender.Providers = providers(config.Provider{AllowPrivate: true}) },
		"sender.providers.meta.hosts": func(c *config.Config) {
			c.Sender.Providers = providers(config.Provider{Hosts: []string{"acme.example"}})
		},
		"sender.providers.webhook.hosts[1]": func(c *config.Config) {
			c.Sender.Providers = map[string]config.Provider{"webhook": {Timeout: config.Duration(time.Second), Hosts: []string{"hooks.acme.example:8443", "https://hooks.acme.example"}}}
		},
		"sender.providers.webhook.hosts[0]": func(c *config.Config) {
			c.Sender.Providers = map[string]config.Provider{"webhook": {Timeout: config.Duration(time.Second), Hosts: []string{"10.0.0.1"}}}
		},
		"sender.providers.meta.base_url": func(c *config.Config) { c.Sender.Providers = providers(config.Provider{BaseURL: "http://x"}) },
		"sender.providers.Meta!": func(c *config.Config) {
			c.Sender.Providers = map[string]config.Provider{"Meta!": providers(config.Provider{})["meta"]}
		},
		"sender.secrets_dir":            func(c *config.Config) { c.Sender.SecretsDir = "secrets" },
		"kafka.brokers":                 func(c *config.Config) { c.Kafka.Brokers = nil },
		"sender.run[0]":                 func(c *config.Config) { c.Sender.Run = []string{"Meta"} },
		"diagnostics.sample_rate":       func(c *config.Config) { c.Diagnostics.SampleRate = -1 },
		"kafka.input_max_bytes":         func(c *config.Config) { c.Kafka.InputMaxBytes = 1 << 40 },
		"sender.lanes.realtime":         func(c *config.Config) { c.Sender.Lanes.Realtime = config.Duration(time.Minute) },
		"router.instance":               func(c *config.Config) { c.Router.Instance = "a b" },
		"dedup.prefix":                  func(c *config.Config) { c.Dedup.Prefix = "a b" },
		"sender.providers.meta.timeout": func(c *config.Config) { c.Sender.Providers = map[string]config.Provider{"meta": {}} },
		"telemetry.otlp.interval":       func(c *config.Config) { c.Telemetry.OTLP.Interval = 0 },
		"customers.secrets":             func(c *config.Config) { c.Customers.Secrets = "all" },
		"customers.shared[0]": func(c *config.Config) {
			c.Customers.Shared = []resource.SharedThing{{Secret: "file:a", Account: "meta:1", Customers: []string{"a", "b"}}}
		},
		"customers.shared[0].customers": func(c *config.Config) {
			c.Customers.Shared = []resource.SharedThing{{Secret: "file:a", Customers: []string{"a"}}}
		},
		"erase.key_id": func(c *config.Config) { c.Erase = config.Erase{Keys: eraseKeys, KeyID: "k2"} },
		"erase.keys":   func(c *config.Config) { c.Erase.Keys = map[string]config.Secret{"": config.Literal(canary)} },
		"erase.keys.k2": func(c *config.Config) {
			c.Erase = config.Erase{Keys: map[string]config.Secret{"k1": config.Literal(canary), "k2": {}}, KeyID: "k1"}
		},
		"topology.retention[deadletter.events]": func(c *config.Config) {
			c.Erase = config.Erase{Keys: eraseKeys, KeyID: "k1"}
			c.Topology.Retention = map[string]config.Duration{"deadletter.events": config.Duration(8 * 24 * time.Hour)}
		},
		"topology.retention.subject-keys": func(c *config.Config) {
			c.Erase = config.Erase{Keys: eraseKeys, KeyID: "k1"}
			c.Topology.Retention = map[string]config.Duration{"hold": config.Duration(24 * 24 * time.Hour)}
		},
		"topology.retention.hold": func(c *config.Config) { c.Topology.Retention = map[string]config.Duration{"hold": 1} },
		"sender.secrets_env[0]":   func(c *config.Config) { c.Sender.SecretsEnv = []string{"$X"} },
	}
	for path, change := range cases {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			c := config.Default()
			change(&c)
			var problems config.Problems
			require.ErrorAs(t, c.Validate(), &problems)
			var paths []string
			for _, p := range problems {
				paths = append(paths, p.Path)
			}
			assert.Equal(t, []string{path}, paths)
			assert.NotContains(t, problems.Error(), canary)
		})
	}
}

func providers(p config.Provider) map[string]config.Provider {
	p.Timeout = config.Duration(time.Second)
	return map[string]config.Provider{"meta": p}
}

// TestPrintIsReadAgain: what print shows is a configuration file with the
// same meaning, secrets masked.
func TestPrintIsReadAgain(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.Sender.Providers = providers(config.Provider{BaseURL: "https://x"})
	c.Sender.Providers["webhook"] = config.Provider{Hosts: []string{"hooks.acme.example"}, Timeout: config.Duration(time.Second)}
	c.Sender.Run = []string{"meta", "google"}
	reference, err := config.Reference("env:REDIS_PASSWORD")
	require.NoError(t, err)
	c.Redis.Password = reference
	for _, comments := range []bool{false, true} {
		var text bytes.Buffer
		require.NoError(t, config.Print(&text, c, comments))
		assert.Equal(t, comments, strings.Contains(text.String(), "# How to reach"))
		got, err := config.Load(config.Sources{File: write(t, text.String())})
		require.NoError(t, err, text.String())
		assert.Equal(t, c, got)
	}
	c.Redis.Password = config.Literal(canary)
	var text bytes.Buffer
	require.NoError(t, config.Print(&text, c, false))
	assert.NotContains(t, text.String(), canary)
	assert.Contains(t, text.String(), `password: "[redacted]"`)
}

func TestSchemaIsUpToDateAndCoversEverySetting(t *testing.T) {
	t.Parallel()
	want, err := config.Schema()
	require.NoError(t, err)
	committed, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "config.schema.json"))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(committed), "run `make generate`")
	var schema struct {
		Properties map[string]struct {
			Description string
			Properties  map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(want, &schema))
	for name, section := range schema.Properties {
		assert.NotEmpty(t, section.Description, name)
		assert.NotEmpty(t, section.Properties, name)
	}
}

// FuzzLoad: whatever stands in a file, reading it ends in a configuration or
// in problems.
func FuzzLoad(f *testing.F) {
	f.Add("kafka:\n  brokers: [a:1]\n")
	f.Add("a: &x {b: *x}\n? [1]\n: 2\n<<: {}\n")
	f.Add("router: {batch: {wait: 9d}}\n--- |\n x\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := config.Load(config.Sources{File: write(t, text)})
		if err != nil {
			var problems config.Problems
			require.ErrorAs(t, err, &problems)
		}
	})
}
