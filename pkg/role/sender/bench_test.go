package sender_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// latencies are those of one destination's deliveries.
type latencies struct {
	tally
	destination string
	all         []time.Duration
	count       int
	enough      chan struct{}
	want        int
}

func (m *latencies) Delivered(destination string, _ decision.Lane, latency time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.destination != "" && destination != m.destination {
		return
	}
	m.all = append(m.all, latency)
	if m.count++; m.count == m.want {
		close(m.enough)
	}
}

// p99 of what was measured.
func (m *latencies) p99() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.all)
	return m.all[len(m.all)*99/100]
}

// BenchmarkNeighbour measures I11: the 99th percentile of one destination's
// time from append to answer, while the other one, in the same partitions and
// with the same load, fails in each way that there is.
//
//	go test -run xxx -bench Neighbour -benchtime 1x ./pkg/role/sender
func BenchmarkNeighbour(b *testing.B) {
	const forever = sandbox.Duration(time.Hour)
	for _, c := range []struct {
		name string
		do   *sandbox.Rule
		bad  bool
	}{
		{name: "healthy"},
		{name: "unavailable", do: &sandbox.Rule{Do: sandbox.Unavailable}},
		{name: "throttled", do: &sandbox.Rule{Do: sandbox.Throttle, Code: 80004, Minutes: 5}},
		{name: "slow", do: &sandbox.Rule{Do: sandbox.Slow, Delay: sandbox.Duration(20 * time.Second)}},
		{name: "answers-lost", do: &sandbox.Rule{Do: sandbox.LostAnswer}},
		{name: "token-ended", bad: true},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				r := newHarness(b, 2)
				if c.do != nil {
					rule := *c.do
					rule.Destination, rule.Until = dataset(0), forever
					if err := r.box.Script(rule); err != nil {
						b.Fatal(err)
					}
				}
				if c.bad {
					r.secrets.set("file:c0-d0", "ended")
				}
				b.ReportMetric(float64(neighbour(b, r).Microseconds())/1000, "p99-ms")
				r.close()
			}
		})
	}
}

// neighbour sends steadily to both destinations and measures the second.
func neighbour(b *testing.B, r *harness) time.Duration {
	b.Helper()
	const events = 1000
	meter := &latencies{tally: tally{moved: map[string]int{}}, destination: "d1", want: events, enough: make(chan struct{})}
	s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Meter = meter })
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := range events {
		r.order(0, "order", fmt.Sprintf("bad-%d", i))
		r.order(1, "order", fmt.Sprintf("good-%d", i))
		<-tick.C
	}
	<-meter.enough
	r.kill(s)
	return meter.p99()
}

// instant takes every event at once: what is measured is the sender.
type instant struct{ *wire }

func (instant) Send(_ context.Context, r provider.Request, _ provider.Authorization) (provider.Response, httpclient.Outcome) {
	body := fmt.Appendf(nil, `{"events_received":%d,"fbtrace_id":"T"}`, bytes.Count(r.Body, []byte(`"event_id"`)))
	return provider.Response{Status: http.StatusOK, Header: func(string) string { return "" }, Body: body, Now: time.Now().UnixMilli()}, httpclient.Outcome{}
}

// BenchmarkSender measures what one delivery costs from the poll to its
// committed offset: claims, marks and diagnostics on in-process Redis and
// Kafka included, the provider's time not.
//
//	go test -run xxx -bench Sender$ -benchtime 20000x -benchmem ./pkg/role/sender
func BenchmarkSender(b *testing.B) {
	for _, lane := range []decision.Lane{decision.LaneRealtime, decision.LaneBatch} {
		b.Run(lane.String(), func(b *testing.B) {
			r := newHarness(b, 1)
			fill(r, lane, b.N)
			meter := &latencies{tally: tally{moved: map[string]int{}}, want: b.N, enough: make(chan struct{})}
			b.ReportAllocs()
			b.ResetTimer()
			s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Meter, d.HTTP = meter, instant{r.wire} })
			<-meter.enough
			r.stop(s)
			b.StopTimer()
			r.close()
		})
	}
}

// fill writes n deliveries, each of its own id and owner.
func fill(r *harness, lane decision.Lane, n int) {
	r.claimless = true
	var first decision.Delivery
	r.route(0, "view", "first", r.next(), func(d *decision.Delivery) {
		d.Lane = decision.LaneReplay // it stands apart, and is not counted
		first = *d
	})
	template := first
	template.Lane = lane
	var wait sync.WaitGroup
	for i := range n {
		d := template
		id := fmt.Sprintf("id-%d", i)
		d.Payload = bytes.Replace(template.Payload, []byte(`"event_id":"first"`), []byte(`"event_id":"`+id+`"`), 1)
		d.ProviderID, d.EventID = id, id
		d.ClaimKey = [16]byte(dedup.NewKey(false, "c0", "d0", d.Target, id))
		owner, err := dedup.NewOwner([16]byte{}, 0, int64(i))
		if err != nil {
			r.t.Fatal(err)
		}
		d.ClaimOwner = int64(owner)
		wait.Add(1)
		r.producer.Client().Produce(r.t.Context(), &kgo.Record{
			Topic: r.names.Delivery("meta", lane), Key: []byte("c0:s-" + id), Value: r.writer.AppendDelivery(nil, &d),
		}, func(_ *kgo.Record, err error) {
			defer wait.Done()
			if err != nil {
				r.t.Error(err)
			}
		})
	}
	wait.Wait()
}
