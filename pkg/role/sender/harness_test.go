package sender_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/ledger"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	sandboxmeta "github.com/sluicehq/sluice/pkg/provider/meta/fake"
	"github.com/sluicehq/sluice/pkg/role/sender"
	"github.com/sluicehq/sluice/schemas"
	"github.com/sluicehq/sluice/test/place"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const input = "analytics.events"

// services are Kafka, registry and Redis.
type services interface {
	Kafka() kafka.Config
	RegistryURL() string
	HTTPClient() *http.Client
	RedisOptions() *redis.Options
}

// harness is everything around a sender: Kafka, registry and Redis, the strict
// sandbox, and tables that a test can change. Either all of it is in a synctest
// bubble and its clock is the bubble's (bubble), or it has sockets and the real
// clock (onSockets).
type harness struct {
	t        testing.TB
	services services
	inside   *embedded.Services // nil on sockets
	place    *place.Place       // nil in a bubble
	redis    *redis.Client
	store    *dedup.Store
	producer *kafka.Producer
	admin    *kadm.Client
	writer   *codec.Writer
	registry *codec.Registry
	box      *sandbox.Sandbox
	wire     *wire
	world    *world
	secrets  *secrets
	provider provider.Provider
	names    topology.Names
	url      string // of the sandbox, on sockets
	offset   int64
	keys     map[string]dedup.Key // claims by event id

	diagnostics *codec.Decoder[decision.Decision]
	readTo      map[int32]int64 // the next diagnostic to read, by partition
	seen        map[string]bool // ids of the decisions
	decided     []decision.Decision

	// session is how long a silent member keeps its partitions.
	session time.Duration
	// claimless leaves the claim to the sender, which takes it where it is absent.
	claimless bool
}

// bubble runs a test with a harness for Meta and n datasets, d0 to dn-1.
func bubble(t *testing.T, n int, test func(r *harness)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newHarness(t, n)
		test(r)
		r.close()
	})
}

// longBubble is a bubble for hours, in which a partition that the sender
// resumes may be read some seconds later, and nobody notices a death soon: idle
// fetches and heartbeats are most of what hours cost.
func longBubble(t *testing.T, n int, test func(r *harness)) {
	t.Helper()
	bubble(t, n, func(r *harness) {
		r.inside.KeepFetches(9 * time.Second)
		r.session = 5 * time.Minute
		test(r)
	})
}

func emptyHarness(t testing.TB) *harness {
	t.Helper()
	return &harness{
		t: t, provider: meta.New(provider.Deps{}), secrets: &secrets{text: map[string]string{}}, keys: map[string]dedup.Key{},
		readTo: map[int32]int64{}, seen: map[string]bool{},
	}
}

func newHarness(t testing.TB, destinations int) *harness {
	t.Helper()
	r := emptyHarness(t)
	_, bubbled := t.(*testing.T) // benchmarks use sockets and the real clock
	var err error
	r.inside, err = embedded.Start(t.Context(), embedded.Config{Virtual: bubbled, Topics: senderTopics(r.names)})
	require.NoError(t, err)
	if bubbled {
		r.inside.KeepFetches(500 * time.Millisecond) // as other readers have it: idle fetches are most of what a bubble costs
	}
	r.services = r.inside
	r.setUp(destinations)
	return r
}

// senderTopics are those that a sender for Meta reads and writes.
func senderTopics(names topology.Names) []embedded.Topic {
	var topics []embedded.Topic
	for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
		topics = append(topics, embedded.Topic{Name: names.Delivery("meta", lane), Partitions: 2})
	}
	for _, name := range []string{
		names.Retry("meta", "1m"), names.Retry("meta", "10m"), names.Retry("meta", "1h"), names.Parked("meta"),
		names.DeadDeliveries("meta"), names.Diagnostics(), names.DestinationStatus(),
	} {
		topics = append(topics, embedded.Topic{Name: name, Partitions: 2})
	}
	return topics
}

// setUp makes what stands on the services.
func (r *harness) setUp(destinations int) {
	r.t.Helper()
	t := r.t
	var err error
	r.producer, err = kafka.NewProducer(r.services.Kafka())
	require.NoError(t, err)
	r.admin = kadm.NewClient(r.producer.Client())
	r.redis = redis.NewClient(r.services.RedisOptions())
	r.ready("1")
	r.store, err = dedup.New(r.redis, dedup.Config{Instance: "test", Prefix: r.redisPrefix()})
	require.NoError(t, err)
	client, err := sr.NewClient(sr.URLs(r.services.RegistryURL()), sr.HTTPClient(r.services.HTTPClient()))
	require.NoError(t, err)
	r.registry = codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: time.Now})
	ids, err := r.registry.Resolve(r.t.Context(), codec.Topics{
		schemas.Delivery: {r.names.Delivery("meta", decision.LaneRealtime)}, schemas.Diagnostic: {r.names.Diagnostics()},
		schemas.DestinationStatus: {r.names.DestinationStatus()},
	}, false)
	require.NoError(t, err)
	r.writer = codec.NewWriter(ids, "test")
	r.diagnostics, err = codec.Diagnostics(r.registry)
	require.NoError(t, err)
	datasets := map[string]sandboxmeta.Dataset{}
	for i := range destinations {
		datasets[dataset(i)] = sandboxmeta.Dataset{Tokens: []string{token(i)}}
		r.secrets.set(fmt.Sprintf("file:c%[1]d-d%[1]d", i), token(i))
	}
	r.wire = &wire{}
	r.box, err = sandbox.New(sandbox.Config{Fakes: []call.Fake{sandboxmeta.New(sandboxmeta.Config{Datasets: datasets}, ledger.New())}}, sandbox.Deps{OnExchange: r.wire.saw})
	require.NoError(t, err)
	r.wire.handler = r.box.Handler()
	r.world = &world{consents: map[string]consent.Statement{}}
	r.apply(resources(destinations))
}

func dataset(i int) string { return fmt.Sprintf("10000%d", i) }
func token(i int) string   { return fmt.Sprintf("token-%d", i) }

func (r *harness) close() {
	require.NoError(r.t, r.redis.Close())
	require.NoError(r.t, r.producer.Close(context.Background()))
	if r.inside != nil {
		require.NoError(r.t, r.inside.Close())
	}
}

// resources are n destinations of customers c0 to cn-1.
func resources(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `---
apiVersion: sluice/v1
kind: Destination
metadata: {name: d%[1]d, customer: c%[1]d}
spec:
  provider: meta
  active: true
  account: {dataset_id: "%[2]s"}
  secret: file:c%[1]d-d%[1]d
  terms: {accepted_by: dpo, accepted_at: 2026-01-01}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: m%[1]d}
spec:
  destinations: [d%[1]d]
  events:
    order: {provider_event: Lead, lane: realtime}
    view: {provider_event: ViewContent, lane: batch, max_wait: 10s}
`, i, dataset(i))
	}
	return b.String()
}

func (r *harness) apply(text string) {
	r.t.Helper()
	if r.place != nil {
		text = strings.ReplaceAll(text, "max_wait: 10s", "max_wait: 1s")
	}
	providers := resource.Installation{Providers: map[string]resource.Provider{"meta": r.provider}}
	loaded, problems := resource.Load([]resource.File{{Name: "test.yaml", Data: []byte(text)}}, nil, providers)
	require.False(r.t, resource.HasErrors(problems), "%+v", problems)
	set, problems := resource.Compile(loaded, providers)
	require.False(r.t, resource.HasErrors(problems), "%+v", problems)
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	r.world.set = set
}

// running is a sender at work.
type running struct {
	*sender.Sender
	cancel context.CancelFunc
	done   chan error
}

func (r *harness) start(change ...func(*sender.Config, *sender.Deps)) *running {
	r.t.Helper()
	deliveries, err := codec.Deliveries(r.registry)
	require.NoError(r.t, err)
	cfg := sender.Config{Kafka: r.services.Kafka(), Topics: r.names, BaseURL: "http://sandbox.virtual", SessionTimeout: cmp.Or(r.session, 10*time.Second)}
	deps := sender.Deps{
		Provider: r.provider, Tables: r.world, Claims: r.store, Deliveries: deliveries, Encoder: r.writer,
		Producer: r.producer, HTTP: r.wire, Secrets: r.secrets,
		Recorder: gate.Recorder{Pseudonym: identity.NewPseudonym("k1", bytes.Repeat([]byte("k"), 32)), AppVersion: "test"},
		Random:   func() float64 { return 0.5 },
	}
	if r.place != nil {
		r.shortenWaits(&cfg)
	}
	for _, c := range change {
		c(&cfg, &deps)
	}
	s, err := sender.New(cfg, deps)
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(r.t.Context())
	run := &running{Sender: s, cancel: cancel, done: make(chan error, 1)}
	go func() { run.done <- s.Run(ctx) }()
	<-s.Ready()
	return run
}

// stop drains; kill ends at once, as a crash that still closes sockets.
func (r *harness) stop(s *running) {
	r.t.Helper()
	s.Drain()
	require.NoError(r.t, <-s.done)
	s.cancel()
}

func (r *harness) kill(s *running) {
	r.t.Helper()
	s.cancel()
	require.NoError(r.t, <-s.done)
}

// order routes n events as the router does: gates, claim, delivery.
func (r *harness) order(customer int, name string, ids ...string) {
	r.t.Helper()
	records, claims := make([]*kgo.Record, len(ids)), make([]dedup.Request, len(ids))
	for i, id := range ids {
		records[i], claims[i] = r.routed(customer, name, id, r.next())
	}
	r.write(records, claims)
}

func (r *harness) next() int64 { r.offset++; return r.offset }

func (r *harness) route(customer int, name, id string, offset int64, change ...func(*decision.Delivery)) {
	r.t.Helper()
	record, claim := r.routed(customer, name, id, offset, change...)
	r.write([]*kgo.Record{record}, []dedup.Request{claim})
}

// write claims and hands over what was routed.
func (r *harness) write(records []*kgo.Record, claims []dedup.Request) {
	r.t.Helper()
	if !r.claimless {
		_, err := r.store.Claim(r.t.Context(), claims)
		require.NoError(r.t, err)
	}
	require.NoError(r.t, r.producer.Produce(r.t.Context(), records...))
}

// routed is an event's delivery and its claim.
func (r *harness) routed(customer int, name, id string, offset int64, change ...func(*decision.Delivery)) (*kgo.Record, dedup.Request) {
	r.t.Helper()
	now := time.Now().UnixMilli()
	e := event.Event{
		CustomerID: fmt.Sprintf("c%d", customer), SubjectID: identity.NewRaw("s-" + id), Name: name, Time: now, ID: id, Source: "web",
		Page:     event.Page{URL: "https://shop.example.com/"},
		Device:   event.Device{UserAgent: identity.NewRaw("Mozilla/5.0 (X11)")},
		Identity: event.Identity{Emails: []identity.Raw{identity.NewRaw(id + "@example.com")}},
		Location: event.Location{Country: "DE"},
		Consent: consent.Input{
			AdStorage: consent.Text("granted"), AdUserData: consent.Text("granted"), AdPersonalization: consent.Text("granted"), CapturedAt: now,
		},
		Origin: event.Coordinates{Topic: input, Partition: 0, Offset: offset, AppendTime: now},
	}
	prepared := gate.Prepare(&e)
	v, err := r.world.Await(r.t.Context())
	require.NoError(r.t, err)
	routes := v.Resources().Match(e.CustomerID, name)
	require.Len(r.t, routes, 1)
	c := gate.Case{Prepared: &prepared, Route: routes[0], View: v, Now: now}
	result := gate.Evaluate(&c, &gate.Scratch{})
	require.Equal(r.t, decision.Eligible, result.Reason, result.Detail)
	recorder := gate.Recorder{}
	d := recorder.Delivery(&c, result, routes[0].Mapping.Lane, "")
	owner, err := dedup.NewOwner([16]byte{}, 0, offset)
	require.NoError(r.t, err)
	key := dedup.NewKey(false, e.CustomerID, d.Facts.DestinationID, d.Target, result.Built.ClaimID)
	d.ClaimKey, d.ClaimOwner = [16]byte(key), int64(owner)
	for _, f := range change {
		f(&d)
	}
	r.keys[id] = dedup.Key(d.ClaimKey)
	return &kgo.Record{
		Topic: r.names.Delivery("meta", d.Lane), Key: []byte(e.CustomerID + ":s-" + id), Value: r.writer.AppendDelivery(nil, &d),
	}, dedup.Request{Key: dedup.Key(d.ClaimKey), Owner: dedup.Owner(d.ClaimOwner), TTL: 9 * 24 * time.Hour}
}

// pass lets the bubble's time pass. The real one is too dear for waiting that
// something does not happen.
func (r *harness) pass(d time.Duration) {
	if r.place != nil {
		return
	}
	time.Sleep(d)
	synctest.Wait()
}

// await lets the bubble's time pass until ok holds, an hour at most.
func (r *harness) await(ok func() bool, about string, args ...any) {
	r.t.Helper()
	r.awaitFor(time.Hour, ok, about, args...)
}

func (r *harness) awaitFor(most time.Duration, ok func() bool, about string, args ...any) {
	r.t.Helper()
	if r.place != nil {
		r.watch(ok, about, args...)
		return
	}
	step := 50 * time.Millisecond
	for end := time.Now().Add(most); ; step = min(step*6/5, 10*time.Second) {
		time.Sleep(step)
		synctest.Wait()
		if ok() {
			return
		}
		require.True(r.t, time.Now().Before(end), "waiting: "+about, args)
	}
}
