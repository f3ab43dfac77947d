package verdict_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
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
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
	"github.com/sluicehq/sluice/pkg/role/sender"
	"github.com/sluicehq/sluice/pkg/role/sender/verdict"
	"github.com/sluicehq/sluice/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const input = "analytics.events"

// session is how long a silent member keeps its partitions; heartbeats are a
// good part of what an hour costs.
const session = 5 * time.Minute

// harness is a sender of Google's deliveries with its verdict loop inside a
// synctest bubble: in-process Kafka, registry and Redis, and the strict sandbox.
// Its clock is the bubble's, so that a day of asking takes no time.
type harness struct {
	t        *testing.T
	ctx      context.Context //nolint:containedctx // of the test, in whose bubble everything runs
	services *embedded.Services
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
	provider *google.Provider
	names    topology.Names
	offset   int64
	meter    *meter
	keys     map[string]dedup.Request // claims by event id
	found    map[string]found         // what was read last, by topic

	sender *sender.Sender
	stop   func()
	kill   func() // of the verdict loop
}

// bubble runs a test with a harness whose sender and verdict loop are at work.
func bubble(t *testing.T, test func(r *harness)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newHarness(t)
		r.startSender()
		r.kill = r.startLoop()
		test(r)
		r.kill()
		r.stop()
		require.NoError(t, r.redis.Close())
		require.NoError(t, r.producer.Close(context.Background()))
		require.NoError(t, r.services.Close())
	})
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	r := &harness{
		t: t, ctx: t.Context(), secrets: &secrets{}, meter: &meter{counts: map[string]int{}}, keys: map[string]dedup.Request{}, found: map[string]found{},
		provider: google.New(provider.Deps{Now: func() int64 { return time.Now().UnixMilli() }}),
	}
	n := r.names
	names := []string{
		n.Delivery("google", decision.LaneRealtime), n.Delivery("google", decision.LaneBatch), n.Delivery("google", decision.LaneReplay),
		n.Retry("google", "1m"), n.Retry("google", "10m"), n.Retry("google", "1h"), n.Parked("google"),
		n.DeadDeliveries("google"), n.Diagnostics(), n.DestinationStatus(), n.Submissions("google"),
	}
	topics := make([]embedded.Topic, len(names))
	for i, name := range names {
		topics[i] = embedded.Topic{Name: name, Partitions: 1}
	}
	var err error
	r.services, err = embedded.Start(r.ctx, embedded.Config{Virtual: true, Topics: topics})
	require.NoError(t, err)
	r.services.KeepFetches(9 * time.Second) // hours pass, nobody resumes anything
	r.producer, err = kafka.NewProducer(r.services.Kafka())
	require.NoError(t, err)
	r.admin = kadm.NewClient(r.producer.Client())
	r.redis = redis.NewClient(r.services.RedisOptions())
	require.NoError(t, r.redis.Set(r.ctx, "sluice:claims", "ready:1", 0).Err())
	r.store, err = dedup.New(r.redis, dedup.Config{Instance: "test"})
	require.NoError(t, err)
	client, err := sr.NewClient(sr.URLs(r.services.RegistryURL()), sr.HTTPClient(r.services.HTTPClient()))
	require.NoError(t, err)
	r.registry = codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: time.Now})
	ids, err := r.registry.Resolve(r.ctx, codec.Topics{
		schemas.Delivery: {names[0]}, schemas.Diagnostic: {n.Diagnostics()},
		schemas.DestinationStatus: {n.DestinationStatus()}, schemas.Submission: {n.Submissions("google")},
	}, false)
	require.NoError(t, err)
	r.writer = codec.NewWriter(ids, "test")
	r.wire = &wire{}
	r.box, err = sandbox.New(sandbox.Config{}, sandbox.Deps{OnExchange: r.wire.saw})
	require.NoError(t, err)
	r.wire.handler = r.box.Handler()
	r.world = &world{}
	r.apply(resources)
	return r
}

const resources = `
apiVersion: sluice/v1
kind: Destination
metadata: {name: ads, customer: acme}
spec:
  provider: google
  active: true
  account: {customer_id: "1234567890", conversion_actions: {purchase: "987654321"}}
  secret: file:acme-ads
  terms: {accepted_by: dpo, accepted_at: 2026-01-01}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: ads}
spec:
  destinations: [ads]
  events:
    order: {provider_event: purchase, lane: realtime}
`

func (r *harness) apply(text string) {
	r.t.Helper()
	providers := resource.Installation{Providers: map[string]resource.Provider{"google": r.provider}}
	loaded, problems := resource.Load([]resource.File{{Name: "test.yaml", Data: []byte(text)}}, nil, providers)
	require.False(r.t, resource.HasErrors(problems), "%+v", problems)
	set, problems := resource.Compile(loaded, providers)
	require.False(r.t, resource.HasErrors(problems), "%+v", problems)
	r.world.set.Store(set)
}

func (r *harness) startSender() {
	r.t.Helper()
	deliveries, err := codec.Deliveries(r.registry)
	require.NoError(r.t, err)
	s, err := sender.New(sender.Config{
		Kafka: r.services.Kafka(), Topics: r.names, SessionTimeout: session, RealtimeLinger: time.Second, WatchEvery: time.Minute, CommitEvery: 10 * time.Second,
		BaseURL: "http://sandbox.virtual", TokenURL: "http://sandbox.virtual/token",
	}, sender.Deps{
		Provider: r.provider, Tables: r.world, Claims: r.store, Deliveries: deliveries, Encoder: r.writer,
		Producer: r.producer, HTTP: r.wire, Secrets: r.secrets,
		Recorder: gate.Recorder{Pseudonym: identity.NewPseudonym("k1", bytes.Repeat([]byte("k"), 32)), AppVersion: "test"},
	})
	require.NoError(r.t, err)
	done := make(chan error, 1)
	go func() { done <- s.Run(r.ctx) }()
	<-s.Ready()
	r.sender = s
	r.stop = func() {
		s.Drain()
		require.NoError(r.t, <-done)
	}
}

// startLoop starts a verdict loop; what it returns kills it, as a crash that
// still closes sockets, and waits.
func (r *harness) startLoop(change ...func(*transact.Deps)) (kill func()) {
	r.t.Helper()
	w := r.worker()
	deps := transact.Deps{Work: w.Work, Observer: committed{worker: w}}
	for _, c := range change {
		c(&deps)
	}
	loop, err := transact.New(transact.Config{
		Kafka: r.services.Kafka(), Group: "verdicts", Topics: []string{r.names.Submissions("google")}, TransactionalID: "verdicts-0",
		Delay: verdict.DefaultEvery, MaxRecords: verdict.MaxRecords, SessionTimeout: session, StopGrace: time.Second,
	}, deps)
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(r.ctx)
	done := make(chan error, 1)
	go func() { done <- loop.Run(ctx, nil) }()
	<-loop.Ready()
	return sync.OnceFunc(func() {
		cancel()
		require.NoError(r.t, <-done)
	})
}

// startSecond kills the loop and starts another in its place.
func (r *harness) startSecond(change ...func(*transact.Deps)) (kill func()) {
	r.t.Helper()
	r.kill()
	r.kill = r.startLoop(change...)
	return r.kill
}

func (r *harness) worker() *verdict.Worker {
	r.t.Helper()
	decoder, err := codec.Submissions(r.registry)
	require.NoError(r.t, err)
	return verdict.New(verdict.Config{Provider: "google", Topics: r.names, AppVersion: "test"}, verdict.Deps{
		Asker: r.sender, Verdicts: r.provider, Submissions: decoder, Claims: r.store, Encoder: r.writer, Meter: r.meter,
	})
}

// committed tells the worker, as the application does.
type committed struct {
	transact.NoObserver
	worker *verdict.Worker
}

func (c committed) Committed(transact.Commit) { c.worker.Committed() }

// order routes events as the router does, in one batch of the sender.
func (r *harness) order(ids []string, change ...func(*decision.Delivery)) {
	r.t.Helper()
	records := make([]*kgo.Record, 0, len(ids))
	for _, id := range ids {
		r.offset++
		records = append(records, r.route(id, r.offset, change...))
	}
	require.NoError(r.t, r.producer.Produce(r.ctx, records...))
}

func (r *harness) route(id string, offset int64, change ...func(*decision.Delivery)) *kgo.Record {
	r.t.Helper()
	now := time.Now().UnixMilli()
	e := event.Event{
		CustomerID: "acme", SubjectID: identity.NewRaw("s-" + id), Name: "order", Time: now, ID: id, Source: "web",
		Page:     event.Page{URL: "https://shop.example.com/"},
		Identity: event.Identity{Emails: []identity.Raw{identity.NewRaw(id + "@example.com")}},
		Location: event.Location{Country: "DE"},
		Consent: consent.Input{
			AdStorage: consent.Text("granted"), AdUserData: consent.Text("granted"), AdPersonalization: consent.Text("granted"), CapturedAt: now,
		},
		Commerce: event.Commerce{TransactionID: "order-" + id, Value: event.Some(9.5), Currency: "EUR"},
		Origin:   event.Coordinates{Topic: input, TopicID: event.TopicID{7}, Partition: 0, Offset: offset, AppendTime: now},
	}
	prepared := gate.Prepare(&e)
	v, err := r.world.Await(r.ctx)
	require.NoError(r.t, err)
	routes := v.Resources().Match(e.CustomerID, e.Name)
	require.Len(r.t, routes, 1)
	c := gate.Case{Prepared: &prepared, Route: routes[0], View: v, Now: now}
	result := gate.Evaluate(&c, &gate.Scratch{})
	require.Equal(r.t, decision.Eligible, result.Reason, result.Detail)
	recorder := gate.Recorder{}
	d := recorder.Delivery(&c, result, routes[0].Mapping.Lane, "")
	owner, err := dedup.NewOwner([16]byte(e.Origin.TopicID), 0, offset)
	require.NoError(r.t, err)
	key := dedup.NewKey(false, e.CustomerID, d.Facts.DestinationID, d.Target, result.Built.ClaimID)
	d.ClaimKey, d.ClaimOwner = [16]byte(key), int64(owner)
	for _, f := range change {
		f(&d)
	}
	request := dedup.Request{Key: key, Owner: owner, TTL: 9 * 24 * time.Hour}
	r.keys[id] = request
	_, err = r.store.Claim(r.ctx, []dedup.Request{request})
	require.NoError(r.t, err)
	return &kgo.Record{
		Topic: r.names.Delivery("google", d.Lane), Key: []byte("acme:s-" + id), Value: r.writer.AppendDelivery(nil, &d),
	}
}

// held is what stands in Redis for an event's claim; 0: nothing.
func (r *harness) held(id string) dedup.Owner {
	r.t.Helper()
	key := r.keys[id].Key
	n, err := r.redis.Get(r.ctx, string(key[:])).Int64()
	if err == redis.Nil { //nolint:errorlint // go-redis returns it as it is
		return 0
	}
	require.NoError(r.t, err)
	return dedup.Owner(n)
}

// await lets the bubble's time pass until ok holds, two days at most.
func (r *harness) await(ok func() bool, about string) {
	r.t.Helper()
	step := 100 * time.Millisecond
	for end := time.Now().Add(48 * time.Hour); !ok(); step = min(step*3/2, time.Minute) {
		require.True(r.t, time.Now().Before(end), "waiting: "+about)
		r.pass(step)
	}
}

// pass lets the bubble's time pass.
func (r *harness) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func replaced(text, old, by string) string { return strings.ReplaceAll(text, old, by) }

func ids(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return out
}
