package router_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/gate"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/telemetry"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/google"
	"github.com/sluicehq/sluice/pkg/provider/meta"
	"github.com/sluicehq/sluice/pkg/role/router"
	"github.com/sluicehq/sluice/schemas"
	"github.com/sluicehq/sluice/test/place"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const input = "analytics.events"

// start is the clock's first reading in every test.
var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// harness is everything around a router session: Kafka, registry and Redis, in
// process or named by the environment, and tables and a clock that a test can change.
type harness struct {
	t        testing.TB
	services *place.Place
	redis    *redis.Client
	store    *dedup.Store
	registry *codec.Registry
	ids      codec.IDs
	events   *counting
	writer   *codec.Writer
	world    *world
	meter    *meter
	names    topology.Names
	input    string
	offset   int64

	mu  sync.Mutex
	now time.Time
}

func setup(t testing.TB, resources string, topics ...embedded.Topic) *harness {
	t.Helper()
	r := &harness{t: t, now: start, world: &world{consents: map[string]consent.Statement{}}, meter: newMeter(t)}
	r.services = place.Open(t, embedded.Config{Topics: topics})
	r.names, r.input = r.services.Names(), r.services.Name(input)
	options := r.services.RedisOptions()
	options.MaxRetries = -1
	r.redis = redis.NewClient(options)
	r.store = r.claims("test")
	_, err := r.store.Rebuild(t.Context(), false, func(func(dedup.Entry, error) bool) {})
	require.NoError(t, err)
	client, err := sr.NewClient(sr.URLs(r.services.RegistryURL()), sr.HTTPClient(r.services.HTTPClient()))
	require.NoError(t, err)
	r.registry = codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: r.clock})
	r.ids, err = r.registry.Resolve(t.Context(), codec.Topics{
		schemas.AnalyticsEvent: {r.input}, schemas.Delivery: {r.names.Delivery("meta", decision.LaneBatch)},
		schemas.Diagnostic: {r.names.Diagnostics()}, schemas.Hold: {r.names.Hold()}, schemas.DeadLetter: {r.names.DeadEvents()},
		schemas.SubjectKey: {r.names.SubjectKeys()},
	}, false)
	require.NoError(t, err)
	r.writer = codec.NewWriter(r.ids, "test")
	events, err := codec.NewEvents(codec.FormatAvro, r.registry)
	require.NoError(t, err)
	r.events = &counting{Events: events}
	r.apply(resources)
	t.Cleanup(func() {
		require.NoError(t, r.redis.Close())
	})
	return r
}

// claims is a claim store of one more process.
func (r *harness) claims(instance string) *dedup.Store {
	r.t.Helper()
	s, err := dedup.New(r.redis, dedup.Config{Instance: instance, Prefix: r.services.RedisPrefix()})
	require.NoError(r.t, err)
	return s
}

func (r *harness) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *harness) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// session is a router, as it would be after a start.
func (r *harness) session(change ...func(*router.Config, *router.Deps)) *router.Session {
	return r.sessionOf(decision.StageRouter, change...)
}

func (r *harness) sessionOf(stage decision.Stage, change ...func(*router.Config, *router.Deps)) *router.Session {
	r.t.Helper()
	holds, err := codec.Holds(r.registry)
	require.NoError(r.t, err)
	cfg := router.Config{Outlets: router.NewOutlets(r.names, []string{"meta", "google"}), TableWait: 50 * time.Millisecond}
	deps := router.Deps{
		Tables: r.world, Events: r.events, Claims: r.store, Holds: holds, Writer: r.writer,
		Recorder: gate.Recorder{Pseudonym: identity.NewPseudonym("k1", bytes.Repeat([]byte("k"), 32)), AppVersion: "test"},
		Now:      r.clock, Meter: r.meter, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&cfg, &deps)
	}
	return router.NewSession(cfg, deps, stage)
}

// apply makes resources the set of the world. spoil changes them behind the
// back of the checks, as a record of another version or author could.
func (r *harness) apply(text string, spoil ...func(*resource.Resources)) {
	r.t.Helper()
	providers := resource.Installation{Providers: map[string]resource.Provider{"meta": meta.New(provider.Deps{}), "google": google.New(provider.Deps{Now: func() int64 { return r.clock().UnixMilli() }})}}
	var all resource.Resources
	for _, part := range strings.Split(text, applied) { // one apply after the other
		loaded, problems := resource.Load([]resource.File{{Name: "test.yaml", Data: []byte(part)}}, &all, providers)
		require.False(r.t, resource.HasErrors(problems), "%+v", problems)
		all.Destinations = append(all.Destinations, loaded.Destinations...)
		all.Mappings = append(all.Mappings, loaded.Mappings...)
		all.Policies = append(all.Policies, loaded.Policies...)
	}
	for _, f := range spoil {
		f(&all)
	}
	set, problems := resource.Compile(&all, providers)
	require.Equal(r.t, len(spoil) > 0, resource.HasErrors(problems), "%+v", problems)
	r.world.change(func(w *world) { w.set = set })
}

// value is the Avro value of an event.
func (r *harness) value(text string) []byte {
	r.t.Helper()
	avro, err := codec.FormatOf(codec.FormatAvro)
	require.NoError(r.t, err)
	var scratch event.Event
	return r.writer.AppendLine(nil, &avro, &scratch, []byte(text))
}

// record puts an event at the next offset of the input.
func (r *harness) record(text string) *kgo.Record {
	r.t.Helper()
	return r.raw(r.value(text))
}

func (r *harness) raw(value []byte) *kgo.Record {
	rec := &kgo.Record{Topic: input, Key: []byte("acme:key"), Value: value, Offset: r.offset, Timestamp: r.clock()}
	r.offset++
	return rec
}

// batch is one poll of the given records, with a stable assignment.
func batch(records ...*kgo.Record) transact.Batch {
	return transact.Batch{Records: records, Attempt: 1, Assignment: transact.Assignment{input: {0}}, Assigned: 1}
}

// route works a batch and ends its transaction.
func (r *harness) route(s *router.Session, records ...*kgo.Record) output {
	r.t.Helper()
	out, err := s.Route(r.t.Context(), batch(records...))
	require.NoError(r.t, err)
	return r.commit(s, out)
}

func (r *harness) commit(s *router.Session, records []*kgo.Record) output {
	r.t.Helper()
	require.NoError(r.t, s.BeforeCommit(r.t.Context()))
	out := r.read(records)
	s.Committed(r.t.Context())
	return out
}

// output is what a batch came to, decoded.
type output struct {
	decisions  []decision.Decision
	deliveries []decision.Delivery
	holds      []*kgo.Record
	dead       []codec.DeadLetter
	deadKeys   [][]byte      // record keys of dead
	keys       []*kgo.Record // of sealed letters; without a value: destroyed
}

// read decodes records; they are copied first, as a broker would.
func (r *harness) read(records []*kgo.Record) output {
	r.t.Helper()
	var out output
	for _, rec := range records {
		if rec.Topic == r.names.SubjectKeys() {
			out.keys = append(out.keys, &kgo.Record{Topic: rec.Topic, Key: bytes.Clone(rec.Key), Value: bytes.Clone(rec.Value)})
			continue
		}
		body := bytes.Clone(rec.Value[5:])
		switch {
		case rec.Topic == r.names.Diagnostics():
			var d decision.Decision
			require.NoError(r.t, codec.DecodeDiagnostic(&d, body))
			out.decisions = append(out.decisions, d)
		case strings.HasPrefix(r.services.Usual(rec.Topic), "sluice.delivery."):
			var d decision.Delivery
			require.NoError(r.t, codec.DecodeDelivery(&d, body))
			out.deliveries = append(out.deliveries, d)
		case rec.Topic == r.names.Hold():
			out.holds = append(out.holds, &kgo.Record{Topic: rec.Topic, Key: bytes.Clone(rec.Key), Value: bytes.Clone(rec.Value), Timestamp: r.clock(), Headers: rec.Headers})
		case rec.Topic == r.names.DeadEvents():
			var d codec.DeadLetter
			require.NoError(r.t, codec.DecodeDeadLetter(&d, body))
			out.dead, out.deadKeys = append(out.dead, d), append(out.deadKeys, bytes.Clone(rec.Key))
		default:
			require.Fail(r.t, "unexpected topic", rec.Topic)
		}
	}
	return out
}

// said lists decisions as "destination/mapping status reason".
func (o output) said() []string {
	var said []string
	for _, d := range o.decisions {
		said = append(said, strings.TrimPrefix(d.DestinationID+"/"+d.Mapping+" "+d.Status.String()+" "+d.Reason.String(), "/ "))
	}
	return said
}

// counting counts full decodes.
type counting struct {
	*codec.Events
	mu      sync.Mutex
	decodes int
}

func (c *counting) Decode(ctx context.Context, value []byte, dst *event.Event) error {
	c.mu.Lock()
	c.decodes++
	c.mu.Unlock()
	return c.Events.Decode(ctx, value, dst)
}

// world is the tables: a test changes them between batches.
type world struct {
	mu       sync.Mutex
	set      *resource.Set
	consents map[string]consent.Statement
	stale    bool  // Await waits for nothing
	expired  error // what views say
}

func (w *world) change(f func(*world)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

func (w *world) Await(ctx context.Context) (gate.View, error) {
	w.mu.Lock()
	stale := w.stale
	w.mu.Unlock()
	if stale {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return w, nil
}

func (w *world) Resources() *resource.Set {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.set
}

func (w *world) Consent(customer string, subject identity.Raw) (consent.Statement, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.consents[customer+":"+subject.Reveal()]
	return s, ok
}

func (w *world) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.expired
}

// meter keeps what committed batches count, by "status reason".
type meter struct {
	t       testing.TB
	metrics *telemetry.Metrics
	reader  *metric.ManualReader
	mu      sync.Mutex
	batches int
	wake    chan struct{}
}

func newMeter(t testing.TB) *meter {
	t.Helper()
	m := &meter{t: t, reader: metric.NewManualReader(), wake: make(chan struct{})}
	provider := metric.NewMeterProvider(metric.WithReader(m.reader))
	t.Cleanup(func() { require.NoError(t, provider.Shutdown(context.Background())) })
	var err error
	m.metrics, err = telemetry.NewMetrics(provider.Meter("test"))
	require.NoError(t, err)
	return m
}

func (m *meter) AddTally(ctx context.Context, tally *telemetry.Tally) {
	m.metrics.AddTally(ctx, tally)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches++
	close(m.wake)
	m.wake = make(chan struct{})
}

// counts are the decisions counted so far, zero sums left out.
func (m *meter) counts() map[string]int64 {
	m.t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(m.t, m.reader.Collect(context.Background(), &all))
	out := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, instrument := range scope.Metrics {
			sum, ok := instrument.Data.(metricdata.Sum[int64])
			if instrument.Name != "sluice.decisions" || !ok {
				continue
			}
			for _, point := range sum.DataPoints {
				status, _ := point.Attributes.Value("status")
				reason, _ := point.Attributes.Value("reason")
				if point.Value != 0 {
					out[status.AsString()+" "+reason.AsString()] += point.Value
				}
			}
		}
	}
	return out
}

// downRegistry is a session whose registry does not answer.
func downRegistry(t *testing.T, r *harness) *router.Session {
	t.Helper()
	client, err := sr.NewClient(sr.URLs("http://127.0.0.1:1"), sr.HTTPClient(r.services.HTTPClient()))
	require.NoError(t, err)
	registry := codec.NewRegistry(codec.RegistryConfig{}, codec.RegistryDeps{Client: client, Now: r.clock})
	events, err := codec.NewEvents(codec.FormatAvro, registry)
	require.NoError(t, err)
	return r.session(func(_ *router.Config, d *router.Deps) { d.Events = events })
}
