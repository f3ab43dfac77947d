package router_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/role/router"
)

// free gives every claim without a round trip and without memory of its own:
// what is measured is the router alone.
type free struct{ results []dedup.Result }

func (f *free) Claim(_ ctx, requests []dedup.Request) (dedup.Claims, error) {
	f.results = f.results[:0]
	for _, r := range requests {
		f.results = append(f.results, dedup.Result{State: dedup.Taken, Holder: r.Owner})
	}
	return dedup.Claims{Results: f.results}, nil
}
func (*free) Check(ctx, dedup.Claims) error      { return nil }
func (*free) Release(ctx, []dedup.Request) error { return nil }

// canned is a Redis that says yes to every claim, on the client's own wire but
// without a server whose memory would be counted with it.
type canned struct {
	net.Conn
	asked   []byte
	answers bytes.Buffer
}

// Write answers every command that is complete.
func (c *canned) Write(b []byte) (int, error) {
	c.asked = append(c.asked, b...)
	rest := c.asked
	for {
		n, after, ok := number(rest, '*')
		if !ok {
			break
		}
		verb := byte(0)
		for range n {
			size, argument, complete := number(after, '$')
			if !complete || len(argument) < size+2 {
				c.asked = append(c.asked[:0], rest...)
				return len(b), nil
			}
			if verb == 0 {
				verb = argument[0]
			}
			after = argument[size+2:]
		}
		switch verb {
		case 's': // SET key owner NX GET PX ttl
			c.answers.WriteString("$-1\r\n")
		case 'g': // GET of the sentinel
			c.answers.WriteString("$7\r\nready:1\r\n")
		default: // the greeting
			c.answers.WriteString("-ERR unknown command\r\n")
		}
		rest = after
	}
	c.asked = append(c.asked[:0], rest...)
	return len(b), nil
}

// number reads a line such as *7 or $16.
func number(b []byte, mark byte) (n int, rest []byte, ok bool) {
	end := bytes.IndexByte(b, '\n')
	if end < 3 || b[0] != mark {
		return 0, b, false
	}
	for _, digit := range b[1 : end-1] {
		n = n*10 + int(digit-'0')
	}
	return n, b[end+1:], true
}

func (c *canned) Read(b []byte) (int, error)     { return c.answers.Read(b) }
func (*canned) Close() error                     { return nil }
func (*canned) SetDeadline(time.Time) error      { return nil }
func (*canned) SetReadDeadline(time.Time) error  { return nil }
func (*canned) SetWriteDeadline(time.Time) error { return nil }
func (*canned) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*canned) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// cannedClaims are real claims over such a wire.
func cannedClaims(tb testing.TB) *dedup.Store {
	tb.Helper()
	client := redis.NewClient(&redis.Options{
		Protocol: 2, DisableIdentity: true, MaxRetries: -1, PoolSize: 1,
		Dialer:                   func(context.Context, string, string) (net.Conn, error) { return &canned{}, nil },
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	tb.Cleanup(func() { require.NoError(tb, client.Close()) })
	store, err := dedup.New(client, dedup.Config{Instance: "test"})
	require.NoError(tb, err)
	return store
}

const perBatch = 200

// hot is a session with warm memory and a batch of equal shape.
func hot(tb testing.TB, resources string, events func(i int) string, n int, claims bool) (*router.Session, []*kgo.Record) {
	tb.Helper()
	r := setup(tb, resources)
	s := r.session(func(_ *router.Config, d *router.Deps) {
		d.Claims = &free{}
		if claims {
			d.Claims = cannedClaims(tb)
		}
	})
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = r.record(events(i))
	}
	return s, records
}

// work runs one batch as a loop does.
func work(tb testing.TB, s *router.Session, records []*kgo.Record) {
	tb.Helper()
	out, err := s.Route(tb.Context(), batch(records...))
	if err == nil {
		err = s.BeforeCommit(tb.Context())
	}
	if err != nil || len(out) > 2*len(records) {
		tb.Error(len(out), err)
	}
	s.Committed(tb.Context())
}

func mapped(i int) string {
	return purchase(fmt.Sprintf("event-%d", i), transaction(fmt.Sprintf("t-%d", i)))
}

func unmapped(i int) string {
	return purchase(fmt.Sprintf("event-%d", i), `"event_name":"page.viewed"`)
}

// derived have no id and no subject.
func derived(int) string { return purchase("x", `"event_id":null`, `"subject_id":null`) }

// The goals of docs/benchmarks.md: what a batch allocates for each event.
// Hashing makes an object with the race detector only.
func TestRoutingHardlyAllocates(t *testing.T) {
	conditional := destination("d") + mapping("m", "d", "order", "Purchase", `when: 'event.source == "web"'`, "fields: {value: event.commerce.value * 0.5}")
	hashing := testing.AllocsPerRun(100, func() { identity.Sum256([]byte("e-1")) })
	for _, c := range []struct {
		name      string
		resources string
		events    func(int) string
		claims    bool // with the client of the claim store
		most      float64
		hashes    float64 // at most
	}{
		{"unmapped", plain, unmapped, true, 0, 0},
		{"mapped", plain, mapped, false, 3, 5},
		{"mapped, with a derived id", plain, derived, false, 3, 4},
		{"mapped, with claims", plain, mapped, true, 4.3, 5},
		{"mapped, with two claims", also, mapped, true, 5.3, 6},
		// 8, and what the pools of the expressions' library make again: the race
		// detector empties them at random.
		{"mapped, with expressions", conditional, mapped, false, 9.5, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, records := hot(t, c.resources, c.events, perBatch, c.claims)
			work(t, s, records)
			perEvent := testing.AllocsPerRun(5, func() { work(t, s, records) }) / perBatch
			t.Logf("%.2f allocations per event", perEvent)
			const perBatchOnly = 0.2 // the view's timer, the slices of a batch
			require.LessOrEqual(t, perEvent, c.most+c.hashes*hashing+perBatchOnly)
		})
	}
}

// rich has what the events of docs/benchmarks.md have: seven identifiers, and a
// click.
func rich(i int) string {
	return purchase(fmt.Sprintf("event-%d", i), transaction(fmt.Sprintf("t-%d", i)),
		fmt.Sprintf(`"identity":{"emails":["ada.%d@shop.example"],"phones":["+49 151 2%07d"],"first_name":"Ada","last_name":"Lovelace","city":"Berlin","postal_code":"10115","external_ids":["c-%d"]}`, i, i, i),
		fmt.Sprintf(`"click":{"fbc":"fb.1.1795168800000.abc%d","fbp":"fb.1.1795168800000.%d"}`, i, i),
		`"device":{"ip":"192.0.2.1","user_agent":"Mozilla/5.0 (X11; Linux x86_64)"}`)
}

// A full batch does not fit into the processor's caches: what is touched twice
// is paid for twice.
const fullBatch = 10_000

func benchmark(b *testing.B, events func(int) string, size int) {
	b.Helper()
	s, records := hot(b, plain, events, size, true)
	work(b, s, records)
	b.ReportAllocs()
	var costs []float64
	for b.Loop() {
		began := processorTime(b)
		work(b, s, records)
		costs = append(costs, float64((processorTime(b)-began).Nanoseconds())/float64(size))
	}
	// What others do on the machine makes a batch dearer, never cheaper: the
	// cheapest tenth is what versions are compared by.
	slices.Sort(costs)
	b.ReportMetric(costs[len(costs)/10], "cpu-ns/event")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(len(costs)*size), "ns/event")
}

// processorTime is what this process has used so far.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func BenchmarkRouteMapped(b *testing.B)    { benchmark(b, mapped, perBatch) }
func BenchmarkRouteUnmapped(b *testing.B)  { benchmark(b, unmapped, perBatch) }
func BenchmarkRouteRich(b *testing.B)      { benchmark(b, rich, 500) }
func BenchmarkRouteFullBatch(b *testing.B) { benchmark(b, rich, fullBatch) }
