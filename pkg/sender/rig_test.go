package sender_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
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

	"github.com/sluicehq/sluice/pkg/codec"
	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/dedup"
	"github.com/sluicehq/sluice/pkg/embedded"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/gate"
	"github.com/sluicehq/sluice/pkg/httpclient"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/kafka"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	"github.com/sluicehq/sluice/pkg/resource"
	"github.com/sluicehq/sluice/pkg/sandbox"
	sandboxmeta "github.com/sluicehq/sluice/pkg/sandbox/meta"
	"github.com/sluicehq/sluice/pkg/sender"
	"github.com/sluicehq/sluice/pkg/topology"
	"github.com/sluicehq/sluice/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const input = "analytics.events"

// rig is everything around a sender, inside a synctest bubble: in-process
// Kafka, registry and Redis, the strict sandbox, and tables that a test can
// change. Its clock is the bubble's.
type rig struct {
	t        *testing.T
	ctx      context.Context
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
	provider provider.Provider
	names    topology.Names
	offset   int64
	keys     map[string]dedup.Key // claims by event id
	// claimless leaves the claim to the sender, which takes it where it is absent.
	claimless bool
}

// bubble runs a test with a rig for Meta and n datasets, d0 to dn-1.
func bubble(t *testing.T, n int, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, n)
		test(r)
		r.close()
	})
}

func newRig(t *testing.T, destinations int) *rig {
	r := &rig{t: t, ctx: t.Context(), provider: meta.New(), secrets: &secrets{text: map[string]string{}}, keys: map[string]dedup.Key{}}
	var topics []embedded.Topic
	for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch, decision.LaneReplay} {
		topics = append(topics, embedded.Topic{Name: r.names.Delivery("meta", lane), Partitions: 2})
	}
	for _, name := range []string{
		r.names.Retry("meta", "1m"), r.names.Retry("meta", "10m"), r.names.Retry("meta", "1h"), r.names.Parked("meta"),
		r.names.DeadDeliveries("meta"), r.names.Diagnostics(), r.names.DestinationStatus(),
	} {
		topics = append(topics, embedded.Topic{Name: name, Partitions: 2})
	}
	var err error
	r.services, err = embedded.Start(r.ctx, embedded.Config{Virtual: true, Topics: topics})
	require.NoError(t, err)
	r.producer, err = kafka.NewProducer(r.services.Kafka())
	require.NoError(t, err)
	r.admin = kadm.NewClient(r.producer.Client())
	options := r.services.RedisOptions()
	options.Dialer = func(context.Context, string, string) (net.Conn, error) {
		c, err := r.services.Redis().Dial()
		return newEagerConn(c), err
	}
	r.redis = redis.NewClient(options)
	require.NoError(t, r.redis.Set(r.ctx, "sluice:claims", "ready:1", 0).Err())
	r.store, err = dedup.New(r.redis, dedup.Config{Instance: "test"})
	require.NoError(t, err)
	client, err := sr.NewClient(sr.URLs(r.services.RegistryURL()), sr.HTTPClient(r.services.HTTPClient()))
	require.NoError(t, err)
	r.registry = codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: time.Now})
	ids, err := r.registry.Resolve(r.ctx, codec.Topics{
		schemas.Delivery: {r.names.Delivery("meta", decision.LaneRealtime)}, schemas.Diagnostic: {r.names.Diagnostics()},
		schemas.DestinationStatus: {r.names.DestinationStatus()},
	}, false)
	require.NoError(t, err)
	r.writer = codec.NewWriter(ids, "test")
	datasets := map[string]sandboxmeta.Dataset{}
	for i := range destinations {
		datasets[dataset(i)] = sandboxmeta.Dataset{Tokens: []string{token(i)}}
		r.secrets.set(fmt.Sprintf("file:d%d", i), token(i))
	}
	r.wire = &wire{}
	r.box, err = sandbox.New(sandbox.Config{Meta: sandboxmeta.Config{Datasets: datasets}}, sandbox.Deps{OnExchange: r.wire.saw})
	require.NoError(t, err)
	r.wire.handler = r.box.Handler()
	r.world = &world{consents: map[string]consent.Statement{}}
	r.apply(resources(destinations))
	return r
}

func dataset(i int) string { return fmt.Sprintf("10000%d", i) }
func token(i int) string   { return fmt.Sprintf("token-%d", i) }

func (r *rig) close() {
	require.NoError(r.t, r.redis.Close())
	require.NoError(r.t, r.producer.Close(context.Background()))
	require.NoError(r.t, r.services.Close())
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
  secret: file:d%[1]d
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

func (r *rig) apply(text string) {
	r.t.Helper()
	providers := map[string]resource.Provider{"meta": r.provider}
	loaded, problems := resource.Load([]resource.File{{Name: "test.yaml", Data: []byte(text)}}, nil, providers)
	require.False(r.t, resource.HasErrors(problems), "%+v", problems)
	set, problems := resource.Compile(loaded, providers)
	require.False(r.t, resource.HasErrors(problems), "%+v", problems)
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	r.world.set = set
}

// world is the tables: what is true now.
type world struct {
	mu       sync.Mutex
	set      *resource.Set
	consents map[string]consent.Statement
	stale    error
}

func (w *world) Await(context.Context) (gate.View, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stale != nil {
		return nil, w.stale
	}
	return &view{w, w.set}, nil
}

func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

type view struct {
	w   *world
	set *resource.Set
}

func (v *view) Resources() *resource.Set { return v.set }
func (v *view) Err() error               { return nil }
func (v *view) Consent(customer string, subject identity.Raw) (consent.Statement, bool) {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	s, ok := v.w.consents[customer+":"+subject.Reveal()]
	return s, ok
}

// secrets are fake credentials that a test can rotate.
type secrets struct {
	mu   sync.Mutex
	text map[string]string
}

func (s *secrets) set(reference, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text[reference] = token
}

func (s *secrets) remove(reference string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.text, reference)
}

func (s *secrets) Resolve(reference string) (provider.Secret, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.text[reference]
	if !ok {
		return provider.Secret{}, "", errors.New("no such secret")
	}
	return identity.NewRaw(`{"access_token":"` + text + `"}`), text, nil
}

// wire is HTTP without sockets, which would stop the bubble's clock.
type wire struct {
	handler http.Handler
	mu      sync.Mutex
	seen    []sandbox.Exchange
	times   []time.Time
	bad     []string
}

func (w *wire) saw(e sandbox.Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen, w.times = append(w.seen, e), append(w.times, time.Now())
}

// poison makes the provider refuse every request that holds the event,
// without naming it.
func (w *wire) poison(id string) { w.poisonText(`"event_id":"` + id + `"`) }

func (w *wire) poisoned(body []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.bad {
		if bytes.Contains(body, []byte(id)) {
			return true
		}
	}
	return false
}

// poisonAll makes it refuse everything, heal nothing.
func (w *wire) poisonAll() { w.poisonText(`"event_id"`) }

func (w *wire) heal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = nil
}

func (w *wire) poisonText(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad = append(w.bad, text)
}

// at is when a request was answered.
func (w *wire) at(i int) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.times[i]
}

func (w *wire) requests() []sandbox.Exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sandbox.Exchange(nil), w.seen...)
}

func (w *wire) Send(ctx context.Context, r provider.Request, auth provider.Authorization) (response provider.Response, outcome httpclient.Outcome) {
	if w.poisoned(r.Body) {
		const refusal = `{"error":{"message":"Invalid parameter","type":"OAuthException","code":100,"error_subcode":2804050,"is_transient":false,"fbtrace_id":"T"}}`
		w.saw(sandbox.Exchange{URL: r.URL, Body: string(r.Body), Status: http.StatusBadRequest})
		return provider.Response{Status: http.StatusBadRequest, Header: func(string) string { return "" }, Body: []byte(refusal), Now: time.Now().UnixMilli()}, httpclient.Outcome{}
	}
	request := httptest.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	for _, h := range r.Header {
		request.Header.Add(h.Name, h.Value)
	}
	for _, h := range auth.Header {
		request.Header.Set(h.Name, h.Value.Reveal())
	}
	recorder := httptest.NewRecorder()
	defer func() {
		if cut := recover(); cut != nil {
			outcome = httpclient.Outcome{Kind: httpclient.MaybeSent, Err: &httpclient.Failure{Host: "sandbox", Cause: "reset"}}
		}
	}()
	w.handler.ServeHTTP(recorder, request)
	return provider.Response{Status: recorder.Code, Header: recorder.Header().Get, Body: recorder.Body.Bytes(), Now: time.Now().UnixMilli()}, httpclient.Outcome{}
}

func (w *wire) Do(ctx context.Context, r provider.Request, form url.Values) (provider.Response, error) {
	if form != nil {
		r.Body = []byte(form.Encode())
	}
	response, outcome := w.Send(ctx, r, provider.Authorization{})
	return response, outcome.Err
}

// eagerConn never blocks a writer. Both ends of a pipe without a buffer would
// otherwise wait for each other in a pipeline that is longer than the
// server's read buffer.
type eagerConn struct {
	net.Conn
	queue  chan []byte
	closed chan struct{}
	once   sync.Once
}

func newEagerConn(c net.Conn) *eagerConn {
	e := &eagerConn{Conn: c, queue: make(chan []byte, 1024), closed: make(chan struct{})}
	go func() {
		for {
			select {
			case b := <-e.queue:
				if _, err := c.Write(b); err != nil {
					return
				}
			case <-e.closed:
				return
			}
		}
	}()
	return e
}

func (e *eagerConn) Write(b []byte) (int, error) {
	select {
	case e.queue <- bytes.Clone(b):
		return len(b), nil
	case <-e.closed:
		return 0, net.ErrClosed
	}
}

func (e *eagerConn) Close() error {
	e.once.Do(func() { close(e.closed) })
	return e.Conn.Close()
}

// unmarking is a claim store that stops answering when marks are set.
type unmarking struct {
	*dedup.Store
	tried chan struct{}
}

func (u *unmarking) Mark(ctx context.Context, _ []dedup.Request) error {
	u.tried <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

// running is a sender at work.
type running struct {
	*sender.Sender
	cancel context.CancelFunc
	done   chan error
}

func (r *rig) start(change ...func(*sender.Config, *sender.Deps)) *running {
	r.t.Helper()
	deliveries, err := codec.Deliveries(r.registry)
	require.NoError(r.t, err)
	cfg := sender.Config{Kafka: r.services.Kafka(), Topics: r.names, BaseURL: "http://sandbox.virtual", SessionTimeout: 10 * time.Second}
	deps := sender.Deps{
		Provider: r.provider, Tables: r.world, Claims: r.store, Deliveries: deliveries, Encoder: r.writer,
		Producer: r.producer, HTTP: r.wire, Secrets: r.secrets,
		Recorder: gate.Recorder{Pseudonym: identity.NewPseudonym("k1", bytes.Repeat([]byte("k"), 32)), AppVersion: "test"},
		Random:   func() float64 { return 0.5 },
	}
	for _, c := range change {
		c(&cfg, &deps)
	}
	s, err := sender.New(cfg, deps)
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(r.ctx)
	run := &running{Sender: s, cancel: cancel, done: make(chan error, 1)}
	go func() { run.done <- s.Run(ctx) }()
	<-s.Ready()
	return run
}

// stop drains; kill ends at once, as a crash that still closes sockets.
func (r *rig) stop(s *running) {
	r.t.Helper()
	s.Drain()
	require.NoError(r.t, <-s.done)
	s.cancel()
}

func (r *rig) kill(s *running) {
	r.t.Helper()
	s.cancel()
	require.NoError(r.t, <-s.done)
}

// order routes n events as the router does: gates, claim, delivery.
func (r *rig) order(customer int, name string, ids ...string) {
	r.t.Helper()
	for _, id := range ids {
		r.route(customer, name, id, r.next())
	}
}

func (r *rig) next() int64 { r.offset++; return r.offset }

func (r *rig) route(customer int, name, id string, offset int64, change ...func(*decision.Delivery)) {
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
	v, err := r.world.Await(r.ctx)
	require.NoError(r.t, err)
	routes := v.Resources().Match(e.CustomerID, name)
	require.Len(r.t, routes, 1)
	c := gate.Case{Prepared: &prepared, Route: routes[0], View: v, Now: now}
	result := gate.Evaluate(&c, &gate.Scratch{})
	require.Equal(r.t, decision.Eligible, result.Reason, result.Detail)
	recorder := gate.Recorder{}
	d := recorder.Delivery(&c, &result, routes[0].Mapping.Lane, "")
	owner, err := dedup.NewOwner([16]byte{}, 0, offset)
	require.NoError(r.t, err)
	key := dedup.NewKey(false, e.CustomerID, d.Facts.DestinationID, d.Target, result.Built.ClaimID)
	d.ClaimKey, d.ClaimOwner = [16]byte(key), int64(owner)
	for _, f := range change {
		f(&d)
	}
	r.keys[id] = dedup.Key(d.ClaimKey)
	if !r.claimless {
		_, err = r.store.Claim(r.ctx, []dedup.Request{{Key: dedup.Key(d.ClaimKey), Owner: dedup.Owner(d.ClaimOwner), TTL: 9 * 24 * time.Hour}})
		require.NoError(r.t, err)
	}
	require.NoError(r.t, r.producer.Produce(r.ctx, &kgo.Record{
		Topic: r.names.Delivery("meta", d.Lane), Key: []byte(e.CustomerID + ":s-" + id), Value: r.writer.AppendDelivery(nil, &d),
	}))
}

// await lets the bubble's time pass until ok holds, an hour at most.
func (r *rig) await(ok func() bool, about string, args ...any) {
	r.t.Helper()
	r.awaitFor(time.Hour, ok, about, args...)
}

func (r *rig) awaitFor(most time.Duration, ok func() bool, about string, args ...any) {
	r.t.Helper()
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

// read gives every record of a topic.
func (r *rig) read(topic string) []*kgo.Record {
	r.t.Helper()
	ends, err := r.admin.ListEndOffsets(r.ctx, topic)
	require.NoError(r.t, err)
	want := 0
	ends.Each(func(o kadm.ListedOffset) { want += int(o.Offset) })
	opts, err := kafka.Options(r.services.Kafka())
	require.NoError(r.t, err)
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	client, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(topic))...)
	require.NoError(r.t, err)
	defer client.Close()
	var out []*kgo.Record
	for len(out) < want {
		fetches := client.PollFetches(r.ctx)
		require.NoError(r.t, fetches.Err0())
		out = append(out, fetches.Records()...)
	}
	return out
}

// decisions gives the sender's diagnostics, repeats left out as any consumer does.
func (r *rig) decisions() []decision.Decision {
	r.t.Helper()
	decoder, err := codec.Diagnostics(r.registry)
	require.NoError(r.t, err)
	seen := map[string]bool{}
	var out []decision.Decision
	for _, record := range r.read(r.names.Diagnostics()) {
		var d decision.Decision
		require.NoError(r.t, decoder.Decode(r.ctx, record.Value, &d))
		if !seen[d.ID] {
			seen[d.ID] = true
			out = append(out, d)
		}
	}
	return out
}

// counts sums the decisions up by status and reason.
func (r *rig) counts() map[string]int {
	r.t.Helper()
	out := map[string]int{}
	for _, d := range r.decisions() {
		out[d.Status.String()+" "+d.Reason.String()]++
	}
	return out
}

// accepted is how often the sandbox took an event.
func (r *rig) accepted(customer int, name, id string) int {
	return r.box.MetaEvent(dataset(customer), name, id).Accepted
}

// lag is what the group has not committed.
func (r *rig) lag() int64 {
	r.t.Helper()
	lags, err := r.admin.Lag(r.ctx, "sluice.sender.meta")
	require.NoError(r.t, err)
	total := int64(0)
	lags.Each(func(l kadm.DescribedGroupLag) { total += l.Lag.Total() })
	return total
}

var errStale = errors.New("the tables are stale")

// produceLater writes a delivery whose claim cannot be taken now.
func (r *rig) produceLater(customer int, name, id string) {
	r.t.Helper()
	r.claimless = true
	defer func() { r.claimless = false }()
	r.order(customer, name, id)
}

// copyOf appends what stands in one topic to another.
func (r *rig) copyOf(from, to string) {
	r.t.Helper()
	for _, record := range r.read(from) {
		require.NoError(r.t, r.producer.Produce(r.ctx, &kgo.Record{Topic: to, Key: record.Key, Value: record.Value, Headers: record.Headers}))
	}
}

// own gives the claim of customer 0's order to another input record.
func (r *rig) own(id string, offset int64, delivered bool) {
	r.t.Helper()
	owner, err := dedup.NewOwner([16]byte{}, 0, offset)
	require.NoError(r.t, err)
	if delivered {
		owner = owner.Mark()
	}
	key := r.keys[id]
	require.NoError(r.t, r.redis.Set(r.ctx, string(key[:]), int64(owner), 0).Err())
}

// status is what the status topic says about a destination.
func (r *rig) status(id string) codec.DestinationStatus {
	r.t.Helper()
	decoder, err := codec.DestinationStatuses(r.registry)
	require.NoError(r.t, err)
	var newest codec.DestinationStatus
	for _, record := range r.read(r.names.DestinationStatus()) {
		var s codec.DestinationStatus
		require.NoError(r.t, decoder.Decode(r.ctx, record.Value, &s))
		if s.DestinationID == id && s.UpdatedAt >= newest.UpdatedAt {
			newest = s
		}
	}
	return newest
}

func ids(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	return out
}
