// Package config reads how an installation is set up: defaults, then a YAML
// file, then the environment, then flags. What a later source says replaces
// what an earlier one said, value by value.
//
// Nothing is guessed and nothing unknown is ignored: a mistyped key that was
// silently dropped would be a setting that somebody believes in. All problems
// are reported at once, each with where it was written and how to mend it.
//
// The tags of the structs below are the one declaration of a setting: its
// name, what it means, which values it may have. The reader, the validation,
// the names of environment variables, `config print` and the JSON Schema are
// all made from them.
package config

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// Config is everything that can be set. Resources (destinations, mappings,
// policies) are not configuration: they are applied to topics and change
// while Sluice runs; configuration is read once at start.
type Config struct {
	Kafka       Kafka              `yaml:"kafka" doc:"How to reach the Kafka cluster."`
	Registry    Registry           `yaml:"registry" doc:"How to reach the Schema Registry."`
	Redis       Redis              `yaml:"redis" doc:"How to reach the Redis instance that holds the claims. It should serve nothing else."`
	Topics      Topics             `yaml:"topics" doc:"Names of topics."`
	Topology    Topology           `yaml:"topology" doc:"Settings of Sluice's own topics, which sluice topology apply keeps."`
	Customers   resource.Customers `yaml:"customers" doc:"What belongs to one customer alone, and what several share."`
	Input       Input              `yaml:"input" doc:"How analytics events are encoded."`
	Consent     Consent            `yaml:"consent" doc:"How consent records are kept."`
	Router      Router             `yaml:"router" doc:"The role that decides about events."`
	Sender      Sender             `yaml:"sender" doc:"The role that hands deliveries to providers."`
	Dedup       Dedup              `yaml:"dedup" doc:"How claims are kept."`
	Privacy     Privacy            `yaml:"privacy" doc:"How subjects are shown in diagnostics."`
	Erase       Erase              `yaml:"erase" doc:"How far an erasure reaches into what is kept of original events."`
	Diagnostics Diagnostics        `yaml:"diagnostics" doc:"Which decisions are published."`
	Admin       Admin              `yaml:"admin" doc:"The HTTP endpoint for health, status and metrics."`
	Telemetry   Telemetry          `yaml:"telemetry" doc:"Logs, metrics and traces."`
	Shutdown    Shutdown           `yaml:"shutdown" doc:"How the process stops."`
}

// Kafka says how to reach the cluster.
type Kafka struct {
	Brokers       []string `yaml:"brokers" rule:"hostport,nonempty" doc:"Seed brokers, host:port each."`
	ClientID      string   `yaml:"client_id" rule:"nonempty" doc:"Name of this process in broker logs and quotas."`
	Compression   string   `yaml:"compression" enum:"snappy,lz4,zstd,none" doc:"Codec for what we write."`
	InputMaxBytes Bytes    `yaml:"input_max_bytes" min:"1KiB" max:"64MiB" doc:"Largest message of the input topic (max.message.bytes). Topics that keep original events take 64 KiB more."`
	TLS           TLS      `yaml:"tls" doc:"TLS to the brokers. Certificate files are read again when they change."`
	SASL          SASL     `yaml:"sasl" doc:"Who we are to the brokers."`
}

// TLS says how to recognise a server, and how it recognises us.
type TLS struct {
	Enabled    bool   `yaml:"enabled" doc:"Use TLS."`
	CAFile     string `yaml:"ca_file" doc:"PEM file with the authorities to trust. Empty: the system's."`
	CertFile   string `yaml:"cert_file" doc:"PEM file with our own certificate (mTLS)."`
	KeyFile    string `yaml:"key_file" doc:"PEM file with the certificate's key."`
	ServerName string `yaml:"server_name" doc:"Name that the server's certificate must have. Empty: the name that we connect to."`
}

// SASL says who we are to the brokers.
type SASL struct {
	Mechanism string `yaml:"mechanism" enum:",PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER" doc:"SASL mechanism. Empty: none."`
	Username  string `yaml:"username" doc:"User for PLAIN and SCRAM."`
	Password  Secret `yaml:"password" doc:"Password for PLAIN and SCRAM."`
	Token     Secret `yaml:"token" doc:"Bearer token for OAUTHBEARER; a file: reference is read again for every connection."`
}

// Registry says how to reach the Schema Registry.
type Registry struct {
	URL      string   `yaml:"url" rule:"url,nonempty" doc:"Base URL."`
	Username string   `yaml:"username" doc:"User for basic authentication."`
	Password Secret   `yaml:"password" doc:"Password for basic authentication."`
	Timeout  Duration `yaml:"timeout" min:"100ms" max:"1m" doc:"How long one request may take."`
	TLS      TLS      `yaml:"tls" doc:"TLS to the registry, for https URLs. Enabled is implied by https."`
}

// Redis says how to reach the claims.
type Redis struct {
	Address  string   `yaml:"address" rule:"hostport,nonempty" doc:"host:port of the primary. Not used where redis.sentinel names sentinels."`
	Sentinel Sentinel `yaml:"sentinel" doc:"Sentinels that say where the primary is. Its claims are rebuilt from the diagnostics after every failover, because a replica may be behind."`
	Username string   `yaml:"username" doc:"ACL user. Empty: the default user."`
	Password Secret   `yaml:"password" doc:"Password of the user."`
	DB       int      `yaml:"db" min:"0" max:"15" doc:"Database number."`
	Timeout  Duration `yaml:"timeout" min:"10ms" max:"1m" doc:"How long one round trip may take before Redis counts as unavailable."`
	TLS      TLS      `yaml:"tls" doc:"TLS to Redis."`
}

// Sentinel says how to find the primary of a Redis with replicas.
type Sentinel struct {
	Master    string   `yaml:"master" doc:"Name of the primary in the sentinels' configuration. Empty: no sentinels, redis.address is the primary."`
	Addresses []string `yaml:"addresses" rule:"hostport" doc:"The sentinels, host:port each."`
	Username  string   `yaml:"username" doc:"ACL user at the sentinels. Empty: the default user."`
	Password  Secret   `yaml:"password" doc:"Password at the sentinels, which is not the one of Redis."`
}

// Topics names topics.
type Topics struct {
	Prefix string `yaml:"prefix" rule:"topic,nonempty" doc:"Stands before every topic of ours, followed by a dot."`
	Input  string `yaml:"input" rule:"topic,nonempty" doc:"The analytics topic. It is not ours: Sluice never changes it."`
}

// Topology changes what topology/topics.yaml declares.
type Topology struct {
	Retention map[string]Duration `yaml:"retention" doc:"How long topics keep their records, by their names in topology/topics.yaml: {diagnostics: 400d, \"deadletter.{provider}\": 30d}; deadletter.meta is the one of a provider. Others: as declared there. A longer one in the cluster is shortened only by sluice topology apply --shrink."`
}

// Kept gives the same to package topology.
func (t Topology) Kept() map[string]time.Duration {
	kept := make(map[string]time.Duration, len(t.Retention))
	for name, keeps := range t.Retention {
		kept[name] = keeps.Std()
	}
	return kept
}

// Input says how events are encoded.
type Input struct {
	Format string `yaml:"format" enum:"avro,json" doc:"avro: Avro in Schema Registry framing. json: the same shape as JSON."`
}

// Consent says how long the consent topic keeps changes, and how much of it a
// process keeps.
type Consent struct {
	History Duration `yaml:"history" min:"0s" max:"3650d" doc:"How long every change of a subject's consent is held before the consent topic may be compacted, so that \"sluice consent history\" can tell it: its min.compaction.lag.ms, which \"sluice topology apply\" sets. With the broker's usual week until a segment closes, 21d removes what an erased subject said within a month."`
	Load    string   `yaml:"load" enum:"whole,partitions" doc:"whole: every process keeps all consent records, about 38 MiB per million. partitions: it keeps the partitions that its events or deliveries are of; the topics it reads must have as many partitions as the consent topic, and Kafka's default partitioner must have placed every key."`
}

// Router configures the deciding role.
type Router struct {
	Group    string `yaml:"group" rule:"nonempty" doc:"Consumer group. Another group is another installation: it decides about every event again."`
	Sessions int    `yaml:"sessions" min:"1" max:"16" doc:"Transaction sessions per process, whose waits for Redis and commits overlap."`
	Instance string `yaml:"instance" rule:"instance" doc:"Name that stays the same when this process is restarted, such as a StatefulSet's pod name; makes the transactional ids. Two live processes must never share one. Empty: the host name."`
	Start    string `yaml:"start" rule:"start" doc:"Where the first start begins: earliest (the age gates protect), latest, or a time (RFC 3339). Later starts go on from the committed offsets."`
	Batch    Batch  `yaml:"batch" doc:"Size of one transaction."`
	Hold     Hold   `yaml:"hold" doc:"Events that wait for consent."`
}

// Batch bounds one transaction; whichever limit is reached first ends it.
type Batch struct {
	Records int      `yaml:"records" min:"1" max:"100000" doc:"Input records at most."`
	Bytes   Bytes    `yaml:"bytes" min:"64KiB" max:"256MiB" doc:"Input bytes at most."`
	Wait    Duration `yaml:"wait" min:"0s" max:"10s" doc:"How long to wait for more records once there is one."`
}

// Hold configures waiting for consent.
type Hold struct {
	After Duration `yaml:"after" min:"1s" max:"1h" doc:"How long an event waits for consent that a policy with hold allows it to wait for. One time for the whole installation."`
	Group string   `yaml:"group" rule:"nonempty" doc:"Consumer group of the waiting events."`
}

// Sender configures the sending role.
type Sender struct {
	Run        []string            `yaml:"run" rule:"provider" doc:"Providers that this process sends to. Empty: every provider that the binary knows."`
	Group      string              `yaml:"group" rule:"nonempty" doc:"Consumer group; a dot and the provider's name follow."`
	SecretsDir string              `yaml:"secrets_dir" rule:"absolute" doc:"The only folder that file: references of destinations may point into. Empty: file: references are refused."`
	SecretsEnv []string            `yaml:"secrets_env" rule:"envname" doc:"The only environment variables that env: references of destinations may name."`
	Window     Bytes               `yaml:"window" min:"1MiB" max:"8GiB" doc:"Bytes of unfinished deliveries that a process holds; reaching it pauses partitions, never the group."`
	InFlight   int                 `yaml:"in_flight" min:"1" max:"64" doc:"Requests at a time per destination."`
	Lanes      Lanes               `yaml:"lanes" doc:"How long deliveries wait to be batched."`
	Providers  map[string]Provider `yaml:"providers" keys:"provider" doc:"Settings per provider, such as another address for a sandbox."`
}

// Lanes says how long each lane may wait for a fuller batch.
type Lanes struct {
	Realtime    Duration `yaml:"realtime" min:"0s" max:"5s" doc:"Linger of the realtime lane; it grows to 5 s when a quota is short."`
	Batch       Duration `yaml:"batch" min:"1s" max:"1h" doc:"Longest wait of the batch lane where a mapping sets none."`
	ReplayShare float64  `yaml:"replay_share" min:"0.01" max:"1" doc:"Share of a destination's rate that replays may use."`
}

// Provider adjusts how one provider is reached.
type Provider struct {
	BaseURL       string   `yaml:"base_url" rule:"url" doc:"Address of the API. Empty: the provider's own."`
	TokenURL      string   `yaml:"token_url" rule:"url" doc:"Address for exchanging credentials. Empty: the provider's own."`
	Hosts         []string `yaml:"hosts" rule:"host" doc:"Hosts, or host:port, that destinations may name. Only for providers whose destinations have addresses of their own, such as webhook; the others' hosts are fixed. Empty: nothing is sent."`
	AllowInsecure bool     `yaml:"allow_insecure" doc:"Permit http. For a sandbox only: tokens and personal data travel in clear."`
	AllowPrivate  bool     `yaml:"allow_private" doc:"Permit addresses that are not on the public internet. For a sandbox only."`
	Timeout       Duration `yaml:"timeout" min:"1s" max:"5m" doc:"How long one request may take, connecting included."`
}

// Dedup configures claims.
type Dedup struct {
	OnUnavailable string `yaml:"on_unavailable" enum:"pause,bypass" doc:"What happens while Redis is unavailable. pause: routing waits, nothing is lost. bypass: routing goes on without recognising duplicates."`
	Prefix        string `yaml:"prefix" rule:"redisprefix" doc:"Stands before every key, for an instance that serves several installations. Costs its length per claim."`
}

// Privacy configures pseudonyms.
type Privacy struct {
	Key   Secret `yaml:"key" doc:"Key of at least 32 bytes with which subjects are hashed in diagnostics. Destroying it unlinks them."`
	KeyID string `yaml:"key_id" rule:"name" doc:"Name of the key, written into every diagnostic, so that keys can be rotated."`
}

// Erase configures the sealing of original events.
type Erase struct {
	Keys  map[string]Secret `yaml:"keys" keys:"name" doc:"Installation keys by id, at least 32 random bytes each: {k1: \"file:/etc/sluice/erase/k1\"}. They seal the original events that are kept (hold, deadletter.events), so that an erasure destroys them; all of them open. Routers and operators need the same. Empty: originals are kept in clear, and sealed ones do not open."`
	KeyID string            `yaml:"key_id" rule:"name" doc:"Id of the installation key that seals. Empty: erase.keys only open; set it once every router and operator has them."`
}

// Diagnostics configures what is published.
type Diagnostics struct {
	Unmapped   string  `yaml:"unmapped" enum:"count,sample,all" doc:"Events that no mapping wants. count: metrics only. sample: also publish a share. all: publish each."`
	SampleRate float64 `yaml:"sample_rate" min:"0" max:"1" doc:"Share of unmapped events that sample publishes."`
}

// Admin configures the operators' endpoint.
type Admin struct {
	Listen string `yaml:"listen" rule:"listen" doc:"host:port for /livez, /readyz, /statusz and /metrics. It has no authentication, so it listens on loopback unless told otherwise. off: none."`
}

// Telemetry configures what the process tells about itself.
type Telemetry struct {
	Log    Log    `yaml:"log" doc:"Logs, written to stderr."`
	OTLP   OTLP   `yaml:"otlp" doc:"Export by the OpenTelemetry protocol over HTTP."`
	Traces Traces `yaml:"traces" doc:"Which events are traced."`
}

// Log configures logs.
type Log struct {
	Level  string `yaml:"level" enum:"debug,info,warn,error" doc:"Lowest level that is written."`
	Format string `yaml:"format" enum:"json,text" doc:"One JSON object per line, or text for people."`
}

// OTLP configures the export to a collector.
type OTLP struct {
	Endpoint string   `yaml:"endpoint" rule:"url" doc:"Base URL of the collector, such as http://otel-collector:4318. Empty: no export; /metrics is there in any case."`
	Headers  Secret   `yaml:"headers" doc:"Headers for the collector, name=value, separated by commas."`
	Interval Duration `yaml:"interval" min:"1s" max:"10m" doc:"How often metrics are exported."`
	Logs     bool     `yaml:"logs" doc:"Export logs too, beside writing them."`
}

// Traces configures sampling.
type Traces struct {
	Ratio float64 `yaml:"ratio" min:"0" max:"1" doc:"Share of events that are traced where the input record does not say (traceparent header)."`
}

// Shutdown configures the end of the process.
type Shutdown struct {
	Drain Duration `yaml:"drain" min:"0s" max:"10m" doc:"How long a stopping process may finish what it began. A second signal stops at once."`
}
