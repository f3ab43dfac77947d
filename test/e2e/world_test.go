package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/place"
)

const partitions = 6

// world is an installation without roles: services (embedded, or real ones
// named by the environment), a sandbox in this process, a configuration for
// the binary.
type world struct {
	t        testing.TB
	services *place.Place
	input    string // topic
	sandbox  *sandbox.Sandbox
	urls     sandbox.URLs
	client   *kgo.Client
	registry *codec.Registry
	dir      string
	config   string // file
	names    topology.Names
	settings []string // of every role

	mu        sync.Mutex
	exchanges []sandbox.Exchange
}

// options of a world.
type options struct {
	services embedded.Config // topics are added
	sandbox  sandbox.Config
	more     string // further configuration
	bare     bool   // no topics but the input
}

// newWorld starts one. Topics are created by the binary.
func newWorld(t testing.TB, o options) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	o.services.Topics = append(o.services.Topics, embedded.Topic{Name: place.Input, Partitions: partitions})
	w.services = place.Open(t, o.services)
	w.input, w.names = w.services.Name(place.Input), w.services.Names()
	var err error
	w.sandbox, err = sandbox.New(o.sandbox, sandbox.Deps{OnExchange: w.exchange})
	require.NoError(t, err)
	w.urls, err = w.sandbox.Start(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.sandbox.Close()) })
	w.client, err = kgo.NewClient(kgo.SeedBrokers(w.services.Kafka().Brokers...), kgo.RecordPartitioner(kafka.Partitioner()))
	require.NoError(t, err)
	t.Cleanup(w.client.Close)
	w.registry = registry(t, w.services.RegistryURL())
	w.config = w.writeConfig(o.more)
	if !o.bare {
		w.succeed("topology", "apply", "--partitions", fmt.Sprint(partitions), "--replication", "1")
	}
	return w
}

// registry reads schemas as any consumer would.
func registry(t testing.TB, url string) *codec.Registry {
	t.Helper()
	client, err := sr.NewClient(sr.URLs(url), sr.HTTPClient(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}))
	require.NoError(t, err)
	return codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: time.Now})
}

func (w *world) writeConfig(more string) string {
	key := w.write("privacy.key", "a key of more than thirty-two bytes for tests")
	text := fmt.Sprintf(`
kafka: {brokers: [%q]}
registry: {url: %q}
redis: {address: %q}
sender:
  run: [meta, google]
  secrets_dir: %q
  lanes: {batch: 1s}
  providers:
    meta: {base_url: %q, allow_insecure: true, allow_private: true}
    google: {base_url: %q, token_url: %q, allow_insecure: true, allow_private: true}
privacy: {key: %q, key_id: e2e}
erase: {keys: {k1: %q}, key_id: k1}
admin: {listen: "127.0.0.1:0"}
telemetry: {log: {level: info}}
%s`, w.services.Kafka().Brokers[0], w.services.RegistryURL(), w.services.RedisAddr(),
		w.dir, w.urls["meta"], w.urls["google"], w.urls["google_token"], "file:"+key, "file:"+w.write("erase.key", "an installation key of more than thirty-two bytes"), more)
	if mine := w.services.Settings(); mine != nil {
		// A test's own settings come into the same sections.
		all := map[string]any{}
		require.NoError(w.t, yaml.Unmarshal([]byte(text), &all))
		into(all, mine)
		merged, err := yaml.Marshal(all)
		require.NoError(w.t, err)
		text = string(merged)
	}
	return w.write("sluice.yaml", text)
}

// into adds settings where there are none yet.
func into(all, more map[string]any) {
	for key, value := range more {
		section, both := all[key].(map[string]any)
		if both {
			into(section, value.(map[string]any))
			continue
		}
		if _, there := all[key]; !there {
			all[key] = value
		}
	}
}

// write leaves a file in the world's folder.
func (w *world) write(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	writeFile(w.t, path, text)
	return path
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func (w *world) exchange(x sandbox.Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.exchanges = append(w.exchanges, x)
}

// requests gives what providers were sent so far.
func (w *world) requests() []sandbox.Exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sandbox.Exchange(nil), w.exchanges...)
}

// start starts a role, which is one of several processes of the installation.
func (w *world) start(instance string, args ...string) *process {
	w.t.Helper()
	return start(w.t, append([]string{"SLUICE_ROUTER_INSTANCE=" + instance}, w.settings...), append(args, "--config", w.config)...)
}

func (w *world) succeed(args ...string) result {
	w.t.Helper()
	return succeed(w.t, nil, append(args, "--config", w.config)...)
}

// apply applies resources given as text and writes sandbox credentials for
// Meta and Google.
func (w *world) apply(resources string) {
	w.t.Helper()
	w.write("shop-meta.json", `{"access_token": "sandbox-meta"}`)
	w.write("shop-google.json", `{"client_id": "sandbox", "client_secret": "sandbox", "refresh_token": "sandbox-google"}`)
	w.succeed("apply", "-f", w.write("resources.yaml", resources))
}

// read gives every record of topics up to where they end now. Uncommitted
// reading sees aborted transactions too.
func (w *world) read(level kgo.IsolationLevel, topics ...string) []*kgo.Record {
	w.t.Helper()
	return readTopics(w.t, w.client, w.services.Kafka().Brokers, level, topics...)
}

func readTopics(t testing.TB, client *kgo.Client, brokers []string, level kgo.IsolationLevel, topics ...string) []*kgo.Record {
	t.Helper()
	ctx, cancel := patience.Context(t)
	defer cancel()
	admin := kadm.NewClient(client)
	ends, err := admin.ListEndOffsets(ctx, topics...)
	if level == kgo.ReadCommitted() {
		ends, err = admin.ListCommittedOffsets(ctx, topics...)
	}
	require.NoError(t, errors.Join(err, ends.Error()))
	starts, err := admin.ListStartOffsets(ctx, topics...)
	require.NoError(t, errors.Join(err, starts.Error()))
	from, open := map[string]map[int32]kgo.Offset{}, map[string]map[int32]int64{}
	left := 0
	ends.Each(func(o kadm.ListedOffset) {
		at := starts[o.Topic][o.Partition].Offset
		if at >= o.Offset {
			return
		}
		if from[o.Topic] == nil {
			from[o.Topic], open[o.Topic] = map[int32]kgo.Offset{}, map[int32]int64{}
		}
		from[o.Topic][o.Partition], open[o.Topic][o.Partition] = kgo.NewOffset().At(at), o.Offset
		left++
	})
	if left == 0 {
		return nil
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.FetchIsolationLevel(level),
		kgo.KeepControlRecords(), kgo.ConsumePartitions(from))
	require.NoError(t, err)
	defer reader.Close()
	var all []*kgo.Record
	for left > 0 {
		fetches := reader.PollFetches(ctx)
		require.NoError(t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			end := open[r.Topic][r.Partition]
			if r.Offset < end && !r.Attrs.IsControl() {
				all = append(all, r)
			}
			// What lies before the end may be of an aborted transaction, which
			// nobody is given: whatever comes after says so, too.
			if r.Offset >= end-1 && end > 0 {
				open[r.Topic][r.Partition] = 0
				left--
			}
		})
	}
	return all
}

// decisions gives every committed diagnostic.
func (w *world) decisions() []*decision.Decision {
	w.t.Helper()
	return decode(w.t, w.registry, codec.Diagnostics, w.read(kgo.ReadCommitted(), w.names.Diagnostics()))
}

func decode[T any](t testing.TB, registry *codec.Registry, of func(*codec.Registry) (*codec.Decoder[T], error), records []*kgo.Record) []*T {
	t.Helper()
	decoder, err := of(registry)
	require.NoError(t, err)
	all := make([]*T, len(records))
	for i, r := range records {
		all[i] = new(T)
		require.NoError(t, decoder.Decode(context.Background(), r.Value, all[i]), "%s/%d@%d", r.Topic, r.Partition, r.Offset)
	}
	return all
}

// topics lists every topic of this world.
func (w *world) topics() []string {
	w.t.Helper()
	listed, err := kadm.NewClient(w.client).ListTopics(w.t.Context())
	require.NoError(w.t, err)
	return slices.DeleteFunc(listed.Names(), func(name string) bool { return !strings.HasPrefix(name, w.services.Prefix()) })
}

// lines joins NDJSON.
func lines(all ...string) string { return strings.Join(all, "\n") + "\n" }
