package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/test/patience"
)

// scene is the situation that a runbook is for.
type scene struct {
	// resources of resources/acme.yaml; empty: runbookShop.
	resources string
	// before is what has happened when somebody opens the page.
	before func(*site)
	// then is what happens meanwhile, before the part of that title.
	then map[string]func(*site)
	// hands are the lines that are no commands of this tool, with their
	// comments.
	hands map[string]func(*site)
	// after is what must be true in the end, beside what the page shows.
	after func(*site)
}

// site is an installation at work, with its operator in a folder that has the
// resources.
type site struct {
	*pipeline
	resources string // file
	redis     *wire
	admin     string // host:port of the roles
}

// runbookShop are the resources that runbooks speak of.
const runbookShop = `apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme, owner: growth@acme.example}
spec:
  provider: meta
  active: true
  account: {dataset_id: "1234567890123456"}
  secret: file:acme-meta.json
  terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-google, customer: acme, owner: growth@acme.example}
spec:
  provider: google
  active: true
  account: {customer_id: "1234567890", conversion_actions: {purchase: "987654321"}}
  secret: file:acme-google.json
  terms: {accepted_by: dpo@acme.example, accepted_at: 2026-11-01}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-meta-shop}
spec: {destination: acme-meta, event: transaction.purchase, provider_event: Purchase, lane: realtime}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-google-purchase}
spec: {destination: acme-google, event: transaction.purchase, provider_event: purchase, lane: realtime}
`

// newSite builds the installation.
func newSite(t *testing.T, resources string) *site {
	t.Helper()
	s := &site{pipeline: newPipeline(t, resources)}
	s.resources = s.file("resources/acme.yaml", resources)
	s.redis = newWire(t, s.services.RedisAddr())
	s.startRoles()
	return s
}

// startRoles starts them and waits until they are ready.
func (s *site) startRoles() {
	s.t.Helper()
	s.admin = closedPort(s.t)
	s.startWith(append(s.environ(), "SLUICE_ADMIN_LISTEN="+s.admin))
	s.until("the roles to be ready", func() bool { return s.ready() })
}

// ready asks the roles whether they work.
func (s *site) ready() bool {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.admin+"/readyz", nil)
	require.NoError(s.t, err)
	answer, err := client.Do(request)
	if err != nil {
		return false // nobody listens yet
	}
	require.NoError(s.t, answer.Body.Close())
	return answer.StatusCode == http.StatusOK
}

// restart lets the roles begin anew. They have read everything that was applied
// then; otherwise a change may take three seconds to count.
func (s *site) restart() { s.while(func() {}) }

// while does something while no role runs, so that they see it whole.
func (s *site) while(change func()) {
	s.t.Helper()
	s.stop()
	change()
	s.startRoles()
}

// edit replaces words in the resources.
func (s *site) edit(old, replacement string) {
	s.t.Helper()
	text, err := os.ReadFile(s.resources)
	require.NoError(s.t, err)
	require.Contains(s.t, string(text), old)
	s.file("resources/acme.yaml", strings.Replace(string(text), old, replacement, 1))
}

// environ is what the operator and the roles have in their environment.
func (s *site) environ() []string {
	return append(s.services.Environ(), "SLUICE_CONFIG="+s.config, "SLUICE_KAFKA_BROKERS="+strings.Join(s.services.Kafka().Brokers, ","),
		"SLUICE_REGISTRY_URL="+s.services.RegistryURL(), "SLUICE_REDIS_ADDRESS="+s.redis.address())
}

// operate runs a command of the operator's, as she types it.
func (s *site) operate(ctx context.Context, args ...string) result {
	got := runWith(s.t, ctx, strings.NewReader(""), s.environ(), args...)
	got.stdout, got.stderr = s.services.Usual(got.stdout), s.services.Usual(got.stderr)
	return got
}

// play follows a runbook through a scene.
func (s *site) play(page string, sc scene) {
	t := s.t
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "runbooks", page))
	require.NoError(t, err)
	parts, err := readRunbook(page, string(text))
	require.NoError(t, err)
	o := &operator{run: s.operate, dir: s.dir, hands: map[string]func() error{}, patience: patience.Left(t), used: map[string]bool{}}
	o.say = func(step step, got result) { t.Logf("%s\n%s%s", step, got.stdout, got.stderr) }
	for line, hand := range sc.hands {
		o.hands[line] = func() error { hand(s); return nil }
	}
	if sc.before != nil {
		sc.before(s)
	}
	titles := map[string]bool{}
	for _, p := range parts {
		titles[p.title] = true
		if then := sc.then[p.title]; then != nil {
			then(s)
		}
		require.NoError(t, o.follow(t.Context(), p))
	}
	for title := range sc.then {
		require.True(t, titles[title], "%s has no part %q", page, title)
	}
	for line := range sc.hands {
		require.True(t, o.used[line], "%s does not say: $ %s", page, line)
	}
	if sc.after != nil {
		sc.after(s)
	}
}

// wire stands between the installation and its Redis, and can be cut.
type wire struct {
	t        testing.TB
	to       string
	listener net.Listener
	work     sync.WaitGroup

	mu   sync.Mutex
	cut  bool
	open map[net.Conn]bool
}

func newWire(t testing.TB, to string) *wire {
	t.Helper()
	w := &wire{t: t, to: to, open: map[net.Conn]bool{}}
	var err error
	w.listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.work.Go(w.accept)
	t.Cleanup(func() {
		require.NoError(t, w.listener.Close())
		w.set(true)
		w.work.Wait()
	})
	return w
}

func (w *wire) address() string { return w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return // closed
		}
		w.work.Go(func() { w.carry(c) })
	}
}

// carry joins a connection with one to the other end until either ends.
func (w *wire) carry(near net.Conn) {
	defer near.Close()
	far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", w.to)
	if err != nil {
		return // as if the near end had been refused
	}
	defer far.Close()
	if !w.hold(near, far) {
		return
	}
	defer w.drop(near, far)
	var both sync.WaitGroup
	copying := func(to, from net.Conn) {
		_, err := io.Copy(to, from)
		if err != nil && !errors.Is(err, net.ErrClosed) {
			w.drop(near, far) // a reset: nobody is left to tell
		}
		near.Close()
		far.Close()
	}
	both.Go(func() { copying(far, near) })
	both.Go(func() { copying(near, far) })
	both.Wait()
}

func (w *wire) hold(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		w.open[c] = true
	}
	return !w.cut
}

func (w *wire) drop(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		delete(w.open, c)
	}
}

// set cuts the wire or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if !cut {
		return
	}
	for c := range w.open {
		c.Close()
	}
}

// order is one purchase; its event id, order number and subject are made of
// the same word.
func (s *site) order(ids ...string) {
	s.t.Helper()
	s.orders("acme", ids...)
}

func (s *site) orders(customer string, ids ...string) {
	s.t.Helper()
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(purchase(customer, id, time.Now()))
	}
	s.do("emit", "--file", s.file("emitted.ndjson", b.String()))
}

// numbered gives n words.
func numbered(prefix string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%s-%d", prefix, i+1))
	}
	return all
}
