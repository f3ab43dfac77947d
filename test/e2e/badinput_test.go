package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/test/patience"
)

// environmentNotReady is the exit code of what must be mended outside.
const environmentNotReady = 3

// TestWhatIsMissingIsSaidWithItsFix starts roles where something outside is
// not as it must be.
func TestWhatIsMissingIsSaidWithItsFix(t *testing.T) {
	t.Parallel()
	bare := newWorld(t, options{bare: true})
	full := newWorld(t, options{})
	for _, c := range []struct {
		name     string
		world    *world
		settings []string
		says     []string
	}{
		{"Kafka is down", bare, []string{"SLUICE_KAFKA_BROKERS=" + nobody(t)}, []string{"Kafka does not answer", "fix: start the brokers", "--brokers"}},
		{"topics are missing", bare, nil, []string{"topics are missing", bare.names.DeadEvents(), bare.names.Diagnostics(), "fix: run `sluice topology apply`"}},
		{"the input topic is missing", full, []string{"SLUICE_TOPICS_INPUT=somewhere.else"}, []string{"topics are missing: somewhere.else", "fix: create the analytics topic", "topics.input"}},
		{"Redis is down", full, []string{"SLUICE_REDIS_ADDRESS=" + nobody(t)}, []string{"Redis does not answer", "fix: start Redis", "--redis"}},
		{"Redis evicts claims", full, []string{"SLUICE_REDIS_ADDRESS=" + redis(t, "7.4.1", "allkeys-lru")}, []string{"maxmemory-policy is allkeys-lru", "volatile-ttl"}},
		{"Redis is too old", full, []string{"SLUICE_REDIS_ADDRESS=" + redis(t, "6.2.0", "volatile-ttl")}, []string{"Redis 6.2.0", "Redis 7"}},
	} {
		for _, role := range []string{"router", "sender"} {
			t.Run(c.name+", "+role, func(t *testing.T) {
				t.Parallel()
				r := run(t, c.settings, role, "--config", c.world.config)
				require.Equal(t, environmentNotReady, r.code, r.stderr)
				require.Empty(t, r.stdout)
				for _, text := range c.says {
					require.Contains(t, r.stderr, text)
				}
				require.NotContains(t, r.stderr, "goroutine ")
			})
		}
	}
}

// nobody is an address at which nobody listens.
func nobody(t testing.TB) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// redis is a server that answers what is asked about its fitness, and no more.
func redis(t testing.TB, version, policy string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			serving.Go(func() { answer(conn, version, policy) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return l.Addr().String()
}

// answer reads RESP arrays of bulk strings until the client hangs up.
func answer(conn net.Conn, version, policy string) {
	in := bufio.NewScanner(conn)
	var words []string
	left := 0
	for in.Scan() {
		line := in.Text()
		switch {
		case strings.HasPrefix(line, "*"):
			if _, err := fmt.Sscanf(line, "*%d", &left); err != nil {
				return
			}
			words = nil
			continue
		case strings.HasPrefix(line, "$"):
			continue
		}
		words = append(words, strings.ToUpper(line))
		if left--; left > 0 {
			continue
		}
		reply := "+OK\r\n"
		switch words[0] {
		case "PING":
			reply = "+PONG\r\n"
		case "HELLO":
			reply = "-ERR unknown command 'HELLO'\r\n"
		case "INFO":
			text := "# Server\r\nredis_version:" + version + "\r\n"
			reply = fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
		case "CONFIG":
			reply = fmt.Sprintf("*2\r\n$16\r\nmaxmemory-policy\r\n$%d\r\n%s\r\n", len(policy), policy)
		}
		if _, err := conn.Write([]byte(reply)); err != nil {
			return
		}
	}
}

// TestRolesWaitForTheRegistry starts roles before their registry.
func TestRolesWaitForTheRegistry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.apply(shopResources(false))
	address := nobody(t)
	w.settings = []string{"SLUICE_REGISTRY_URL=http://" + address}
	router, sender := w.start("a", "router"), w.start("a", "sender")
	router.says("the Schema Registry does not give our schemas; trying again")
	sender.says("the Schema Registry does not give our schemas; trying again")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	target, err := url.Parse(w.services.RegistryURL())
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // always http.ErrServerClosed
	t.Cleanup(func() { _ = server.Close(); serving.Wait() })
	ready(t, router)
	ready(t, sender)
	w.emit(purchase("shop", "patient", "subject-1", time.Now()))
	w.delivered("patient")
}

// emit writes events with the binary.
func (w *world) emit(events ...string) {
	w.t.Helper()
	w.succeed("emit", "--file", w.write("emit.ndjson", lines(events...)))
}

// delivered waits until both destinations of the shop have an event.
func (w *world) delivered(id string) {
	w.t.Helper()
	patience.Until(w.t, id+" to be delivered", func() bool {
		at := map[string]bool{}
		for _, d := range w.decisions() {
			at[d.DestinationID] = at[d.DestinationID] || d.EventID == id && d.Status == decision.Delivered
		}
		return at["shop-meta"] && at["shop-google"]
	})
}

// TestPoisonedResourcesKeepTheLastGoodOnes writes garbage over applied
// resources: what was good before stays in force, and after a restart the
// resources that are not poisoned do.
func TestPoisonedResourcesKeepTheLastGoodOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.apply(shopResources(false))
	router, sender := w.start("a", "router"), w.start("a", "sender")
	ready(t, router)
	ready(t, sender)
	poison := func(topic, key string, value []byte) *kgo.Record {
		return &kgo.Record{Topic: topic, Key: []byte(key), Value: value}
	}
	good := w.read(kgo.ReadCommitted(), w.names.Destinations())[0]
	require.NoError(t, w.client.ProduceSync(t.Context(),
		poison(w.names.Mappings(), "shop-meta/shop-meta-purchase", []byte("this is no mapping")),
		poison(w.names.Destinations(), string(good.Key), good.Value[:len(good.Value)/2]),
	).FirstErr())
	told := func(topic string) {
		for _, p := range []*process{router, sender} {
			p.says(`"msg":"passing over a bad record of a table","table":"resources","topic":"` + topic + `"`)
		}
	}
	told(w.names.Mappings())
	told(w.names.Destinations())
	w.emit(purchase("shop", "after-poison", "subject-1", time.Now()))
	w.delivered("after-poison")

	// A policy that cannot be read was written because the embedded one should
	// not apply: nothing leaves until the operator has mended it.
	policy := func(value []byte) {
		require.NoError(t, w.client.ProduceSync(t.Context(), poison(w.names.Policies(), "default", value)).FirstErr())
	}
	policy([]byte{0, 0, 0})
	told(w.names.Policies())
	router.says(`"rule":"must name a policy that exists"`)
	w.emit(purchase("shop", "no-policy", "subject-1", time.Now()))
	patience.Until(t, "the event to be stopped", func() bool {
		stopped := 0
		for _, d := range w.decisions() {
			if d.EventID == "no-policy" && d.Status == decision.Skipped && d.Reason == decision.DestinationInvalid {
				stopped++
			}
		}
		return stopped == 2
	})
	policy(nil)
	patience.Until(t, "the embedded policy to apply again", func() bool {
		log := router.err.String()
		return strings.Contains(log[strings.LastIndex(log, `"msg":"published resources"`):], `"problems":2}`)
	})
	w.emit(purchase("shop", "mended", "subject-1", time.Now()))
	w.delivered("mended")
}

// TestSignals drains with the first signal and stops with the second.
func TestSignals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.apply(shopResources(false))
	router, sender := w.start("a", "router"), w.start("a", "sender")
	ready(t, router)
	ready(t, sender)
	w.slow(20 * time.Second)
	w.emit(purchase("shop", "stuck", "subject-1", time.Now()))
	patience.Until(t, "a request to be on its way", func() bool {
		_, metrics := get(t, sender, "/metrics")
		return strings.Contains(metrics, `sluice_destination_in_flight`) && metric(t, sender, "sluice_destination_in_flight") > 0
	})
	began := time.Now()
	router.signal(syscall.SIGTERM)
	require.Zero(t, router.wait(), router.err.String())
	t.Logf("the router drained within %v", time.Since(began))

	sender.signal(syscall.SIGTERM)
	sender.says(`"draining"`)
	select {
	case <-sender.ended:
		require.Fail(t, "the sender did not wait for the answer that it had asked for", sender.err.String())
	case <-time.After(time.Second):
	}
	began = time.Now()
	sender.signal(syscall.SIGTERM)
	sender.wait()
	t.Logf("the sender stopped within %v with %d", time.Since(began), sender.code)
	require.NotContains(t, sender.err.String(), "goroutine ")
}

// TestTwoRoutersOfOneName share transactional ids: each takes the right to
// write from the other, until one gives up and says what is wrong. Invariants 1
// and 3: neither says that it has decided what did not reach the log, or what
// the other has decided.
func TestTwoRoutersOfOneName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.apply(shopResources(false))
	routers := []*process{w.start("twin", "router"), w.start("twin", "router")}
	for _, p := range routers {
		ready(t, p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var events []string // of many subjects, so that both routers own partitions with work
	for i := range 60 {
		events = append(events, purchase("shop", fmt.Sprintf("twin-%d", i), fmt.Sprintf("subject-%d", i), time.Now()))
	}
	w.write("events.ndjson", lines(events...))
	emit := start(t, nil, "emit", "--file", w.dir+"/events.ndjson", "--rate", "200/s", "--count", "100000", "--config", w.config)
	defer emit.kill()
	select {
	case <-routers[0].ended:
	case <-routers[1].ended:
	case <-time.After(patience.Left(t)):
	case <-ctx.Done():
	}
	loser := routers[0]
	select {
	case <-routers[1].ended:
		loser = routers[1]
	default:
	}
	require.NotZero(t, loser.wait())
	require.Contains(t, loser.err.String(), "transactional id is used by another process")
	require.Contains(t, loser.err.String(), "twin")
	require.Contains(t, loser.err.String(), "router.instance")

	emit.signal(syscall.SIGTERM)
	emit.wait()
	// Both may have given up in the same moment; whoever is started next goes on.
	for _, p := range routers {
		p.signal(syscall.SIGTERM)
		p.wait()
	}
	ready(t, w.start("twin", "router"))
	ledger := newLedger(w)
	ledger.expect()
	require.NotEmpty(t, ledger.expected)
	patience.Until(t, "one alone to decide about everything", func() bool {
		ledger.poll()
		return len(ledger.routed) >= len(ledger.expected)
	})
	for at := range ledger.expected {
		require.Len(t, ledger.routed[at], 1, "decisions about %v", at)
	}
	for h, n := range ledger.handovers {
		require.Equal(t, 1, n, "%v was handed over %d times", h, n)
	}
}
