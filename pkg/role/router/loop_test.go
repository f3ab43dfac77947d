package router_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/role/router"
	"github.com/sluicehq/sluice/test/patience"
)

// topics are everything that a router reads and writes here.
func topics(change ...embedded.Topic) []embedded.Topic {
	var names topology.Names
	all := []embedded.Topic{{Name: input, Partitions: 2}, {Name: names.DeadEvents(), Configs: map[string]string{"max.message.bytes": "4000000"}}}
	for _, name := range []string{names.Diagnostics(), names.Hold(), names.SubjectKeys(), names.Delivery("meta", decision.LaneRealtime)} {
		topic := embedded.Topic{Name: name, Partitions: 2}
		for _, c := range change {
			if c.Name == name {
				topic = c
			}
		}
		all = append(all, topic)
	}
	return all
}

// produce appends values to the input, each to its partition.
func (r *harness) produce(values ...[]byte) {
	r.t.Helper()
	p, err := kafka.NewProducer(r.services.Kafka())
	require.NoError(r.t, err)
	var records []*kgo.Record
	for i, v := range values {
		records = append(records, &kgo.Record{Topic: r.input, Key: fmt.Appendf(nil, "acme:%d", i), Value: v})
	}
	require.NoError(r.t, p.Produce(r.t.Context(), records...))
	require.NoError(r.t, p.Close(context.Background()))
}

// running is a loop with its session.
type running struct {
	drain chan struct{}
	done  chan error
	stop  context.CancelFunc
}

// loop runs a session as cmd does. change may replace what it depends on.
func (r *harness) loop(s *router.Session, change ...func(*transact.Deps)) *running {
	r.t.Helper()
	deps := transact.Deps{Work: s.Route, BeforeCommit: s.BeforeCommit, Oversized: s.Oversized, Observer: committed{session: s}}
	for _, c := range change {
		c(&deps)
	}
	l, err := transact.New(transact.Config{
		Kafka: r.services.Kafka(), Group: r.services.Name("router"), Topics: []string{r.input}, TransactionalID: r.services.Name("router-0"),
		SessionTimeout: 2 * time.Second, MinBackoff: 5 * time.Millisecond, MaxBackoff: 20 * time.Millisecond, StopGrace: time.Second,
	}, deps)
	require.NoError(r.t, err)
	ctx, stop := context.WithCancel(r.t.Context())
	run := &running{drain: make(chan struct{}), done: make(chan error, 1), stop: stop}
	go func() { run.done <- l.Run(ctx, run.drain) }()
	return run
}

type committed struct {
	transact.NoObserver
	session *router.Session
}

func (c committed) Committed(transact.Commit) { c.session.Committed(context.Background()) }

func (r *harness) end(run *running) {
	r.t.Helper()
	close(run.drain)
	require.NoError(r.t, <-run.done)
	run.stop()
}

// await waits until so many decisions have been counted as committed.
func (r *harness) await(decisions int64) {
	r.t.Helper()
	ctx, cancel := patience.Context(r.t)
	defer cancel()
	for {
		r.meter.mu.Lock()
		wake := r.meter.wake
		r.meter.mu.Unlock()
		total := int64(0)
		for _, n := range r.meter.counts() {
			total += n
		}
		if total >= decisions {
			return
		}
		select {
		case <-wake:
		case <-ctx.Done():
			require.Fail(r.t, "too few decisions", "%v, want %d", r.meter.counts(), decisions)
		}
	}
}

// all reads what the topics hold under read_committed.
func (r *harness) all() output {
	r.t.Helper()
	opts, err := kafka.Options(r.services.Kafka())
	require.NoError(r.t, err)
	opts = append(opts, kafka.ReaderOptions(kafka.Earliest())...)
	var names []string
	for _, topic := range topics() {
		if topic.Name != input {
			names = append(names, r.services.Name(topic.Name))
		}
	}
	cl, err := kgo.NewClient(append(opts, kgo.ConsumeTopics(names...), kgo.KeepControlRecords())...)
	require.NoError(r.t, err)
	defer cl.Close()
	ctx, cancel := patience.Context(r.t)
	defer cancel()
	ends, err := kadm.NewClient(cl).ListCommittedOffsets(ctx, names...)
	require.NoError(r.t, err)
	require.NoError(r.t, ends.Error())
	left := map[string]map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			if left[o.Topic] == nil {
				left[o.Topic] = map[int32]int64{}
			}
			left[o.Topic][o.Partition] = o.Offset
		}
	})
	var records []*kgo.Record
	for len(left) > 0 {
		fetches := cl.PollFetches(ctx)
		require.NoError(r.t, ctx.Err())
		for _, record := range fetches.Records() {
			if record.Offset+1 >= left[record.Topic][record.Partition] {
				delete(left[record.Topic], record.Partition)
			}
			if len(left[record.Topic]) == 0 {
				delete(left, record.Topic)
			}
			if !record.Attrs.IsControl() {
				records = append(records, record)
			}
		}
	}
	return r.read(records)
}

func (r *harness) purchases(n int) [][]byte {
	var values [][]byte
	for i := range n {
		values = append(values, r.value(purchase(fmt.Sprintf("e%d", i), transaction(fmt.Sprintf("t%d", i)))))
	}
	return values
}

// once checks that each of n purchases was routed exactly once and that there
// is nothing else.
func (r *harness) once(out output, n int) {
	r.t.Helper()
	seen := map[string]int{}
	for _, d := range out.deliveries {
		seen[d.EventID]++
	}
	require.Len(r.t, seen, n)
	for id, times := range seen {
		require.Equal(r.t, 1, times, id)
	}
	ids := map[string]bool{}
	for _, d := range out.decisions {
		require.Equal(r.t, "queued eligible", d.Status.String()+" "+d.Reason.String(), d.EventID)
		ids[d.ID] = true
	}
	require.Len(r.t, ids, n)
	require.Len(r.t, out.decisions, n)
}

// I1, I2, I3: a kill after claiming and before the commit loses nothing and
// doubles nothing: the next session finds the claims as its own.
func TestAKillBetweenClaimAndCommit(t *testing.T) {
	t.Parallel()
	const n = 200
	for name, point := range map[string]func(*transact.Deps, *router.Session, context.CancelFunc){
		"after claim, before produce": func(d *transact.Deps, s *router.Session, kill context.CancelFunc) {
			d.Work = func(ctx context.Context, b transact.Batch) ([]*kgo.Record, error) {
				out, err := s.Route(ctx, b)
				kill()
				return out, err
			}
		},
		"after produce, before commit": func(d *transact.Deps, s *router.Session, kill context.CancelFunc) {
			d.BeforeCommit = func(context.Context) error {
				kill()
				return context.Canceled // what was written is aborted, the claims stay
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, also, topics()...)
			r.produce(r.purchases(n)...)
			killed := make(chan struct{})
			var once atomic.Bool
			s := r.session()
			first := r.loop(s, func(d *transact.Deps) {
				point(d, s, func() {
					if once.CompareAndSwap(false, true) {
						close(killed)
					}
				})
				work := d.Work
				d.Work = func(ctx context.Context, b transact.Batch) ([]*kgo.Record, error) {
					out, err := work(ctx, b)
					if once.Load() && err == nil && d.BeforeCommit == nil {
						return nil, context.Canceled
					}
					return out, err
				}
			})
			<-killed
			first.stop()
			require.NoError(t, <-first.done)
			require.NotEmpty(t, r.services.RedisKeys())

			second := r.loop(r.session(func(_ *router.Config, d *router.Deps) { d.Claims = r.claims("second") }))
			r.await(n)
			r.end(second)
			r.once(r.all(), n)
		})
	}
}

func TestRedisMayGoAndComeBack(t *testing.T) {
	t.Parallel()
	const n = 50
	r := setup(t, also, topics()...)
	r.services.CutRedis(true)
	r.produce(r.purchases(n)...)
	gaveUp := make(chan error, 1000)
	s := r.session()
	run := r.loop(s, func(d *transact.Deps) { d.Observer = givenUp{committed{session: s}, gaveUp} })
	require.ErrorIs(t, <-gaveUp, dedup.ErrUnavailable)
	require.Empty(t, r.meter.counts())
	r.services.CutRedis(false)
	r.await(n)
	r.end(run)
	r.once(r.all(), n)
}

type givenUp struct {
	committed
	errs chan error
}

func (g givenUp) GaveUp(err error) {
	select {
	case g.errs <- err:
	default:
	}
}

// Redis is emptied between claim and commit: the batch is given up, and goes
// through once the claims are rebuilt.
func TestRedisEmptiedBeforeTheCommit(t *testing.T) {
	t.Parallel()
	const n = 50
	r := setup(t, also, topics()...)
	r.produce(r.purchases(n)...)
	s := r.session()
	var once atomic.Bool
	refused := make(chan error, 1)
	run := r.loop(s, func(d *transact.Deps) {
		d.BeforeCommit = func(ctx context.Context) error {
			if once.CompareAndSwap(false, true) {
				r.services.EmptyRedis()
				err := s.BeforeCommit(ctx)
				refused <- err
				return err
			}
			return s.BeforeCommit(ctx)
		}
	})
	require.ErrorIs(t, <-refused, dedup.ErrEmpty)
	_, err := r.claims("rebuilder").Rebuild(t.Context(), false, func(func(dedup.Entry, error) bool) {})
	require.NoError(t, err)
	r.await(n)
	r.end(run)
	r.once(r.all(), n)
}

func TestPoisonInTheInputStopsNobody(t *testing.T) {
	t.Parallel()
	r := setup(t, plain, topics()...)
	bad := append([]byte{9}, r.value(purchase("x"))[1:]...)
	r.produce(r.value(purchase("a")), []byte("garbage"), bad, r.value(purchase("b")), r.value(purchase("c", `"event_name":"page.viewed"`)))
	run := r.loop(r.session())
	r.await(5)
	r.end(run)
	out := r.all()
	require.Len(t, out.deliveries, 2)
	require.Len(t, out.dead, 2)
	for _, letter := range out.dead {
		require.Contains(t, []string{"garbage", string(bad)}, string(letter.Value))
	}
	require.Equal(t, map[string]int64{"queued eligible": 2, "dead_lettered event.undecodable": 2, "skipped mapping.none": 1}, r.meter.counts())
}

// incompressible is text that a broker sees in its full size.
func incompressible(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// A record that the broker refuses becomes a dead letter of the original, and
// no decision says otherwise.
func TestWhatTheBrokerRefusesIsNotCalledQueued(t *testing.T) {
	t.Parallel()
	var names topology.Names
	agent := `"device":{"user_agent":"Mozilla/5.0 (` + incompressible(6000) + `)"}`
	for name, c := range map[string]struct {
		small string // the topic that takes little
		event string
	}{
		"a delivery": {names.Delivery("meta", decision.LaneRealtime), purchase("big", agent, transaction("t-1"))},
		"a hold":     {names.Hold(), unknown("big", agent)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, destination("d", holding, "dedup: {also_by: transaction_id}")+mapping("m", "d", "order", "Purchase"),
				topics(embedded.Topic{Name: c.small, Partitions: 1, Configs: map[string]string{"max.message.bytes": "4000"}})...)
			big := r.value(c.event)
			r.produce(big, r.value(purchase("a")))
			run := r.loop(r.session())
			r.await(2)
			r.end(run)
			out := r.all()
			require.Len(t, out.dead, 1)
			require.Equal(t, decision.EventTooLarge, out.dead[0].Reason)
			require.True(t, out.dead[0].Truncated)
			require.Equal(t, int64(len(big)), out.dead[0].Size)
			require.Equal(t, big, out.dead[0].Value, "the original, of which the first 64 KiB are kept")
			require.ElementsMatch(t, []string{"d/m dead_lettered event.too_large", queued}, out.said())
			require.Len(t, out.deliveries, 1)
			require.Equal(t, map[string]int64{"dead_lettered event.too_large": 1, "queued eligible": 1}, r.meter.counts())

			smaller := purchase("big", transaction("t-1"))
			require.Equal(t, []string{queued}, r.route(r.session(), r.record(smaller)).said(), "its claims were given back")
		})
	}
}

func TestOversizedRefusesToCutADiagnostic(t *testing.T) {
	t.Parallel()
	r := setup(t, plain)
	s := r.session()
	out, err := s.Route(t.Context(), batch(r.record(purchase("e"))))
	require.NoError(t, err)
	_, err = s.Oversized(out[1])
	require.Error(t, err)
	_, err = s.Oversized(&kgo.Record{Topic: "other"})
	require.Error(t, err)
}
