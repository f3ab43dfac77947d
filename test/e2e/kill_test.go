package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/test/patience"
)

// chosenSeed is $SLUICE_SEED, else another one each time; it stands in the
// output, so that a failure can be repeated.
func chosenSeed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("SLUICE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "SLUICE_SEED")
	}
	t.Logf("SLUICE_SEED=%d repeats this", seed)
	return seed
}

const (
	killEvents = 4500
	killRounds = 3
	// inFlight is sender.in_flight's default, per destination.
	inFlight = 4
)

// TestKillsLoseAndDoubleNothing kills routers and senders at random moments
// of a run and restarts them. I1, I2, I3, I4 of docs/guarantees.md must
// hold: one final decision per record and mapping, nothing vanishes, nothing
// is handed over twice, and a provider sees at most those copies that were in
// flight when a sender died.
func TestKillsLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	seed := chosenSeed(t)
	rng := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, options{more: `
router: {batch: {records: 40, wait: 5ms}, hold: {after: 2s}}
diagnostics: {unmapped: all}`})
	w.apply(shopResources(true))
	w.slow(250 * time.Millisecond) // so that a kill finds something in flight

	roles, started := map[string]*process{}, 0
	startRole := func(name string) {
		role, instance, _ := strings.Cut(name, " ")
		started++
		w.settings = []string{fmt.Sprintf("SLUICE_KAFKA_CLIENT_ID=%s-%s-%d", role, instance, started)}
		roles[name] = w.start(instance, role)
	}
	kill := func(name string) {
		roles[name].kill()
		startRole(name)
	}
	names := []string{"router a", "router b", "sender a", "sender b"}
	for _, name := range names {
		startRole(name)
	}
	events, late := traffic(rng, killEvents)
	emit := start(t, nil, "emit", "--file", w.write("events.ndjson", lines(events...)), "--rate", "150/s", "--config", w.config)

	ledger := newLedger(w)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		groups, err := kadm.NewClient(w.client).Lag(ctx)
		t.Logf("groups: %v", err)
		for _, g := range groups.Sorted() {
			t.Logf("%s: %s %s, %d members, lag %d, %v %v", g.Group, g.State, g.Protocol, len(g.Members), g.Lag.Total(), g.DescribeErr, g.FetchErr)
		}
	})
	senderKills := 0
	for range killRounds {
		router, sender := names[rng.IntN(2)], names[2+rng.IntN(2)]
		ledger.until(rng, w.written, 1+rng.IntN(250))
		kill(router)
		t.Logf("killed %s after %d decisions", router, len(ledger.decisions))
		ledger.until(rng, func() int { return len(w.requests()) }, 1+rng.IntN(4))
		kill(sender)
		senderKills++
		t.Logf("killed %s after %d requests", sender, len(w.requests()))
	}
	require.Zero(t, emit.wait(), emit.err.String())
	w.succeed("emit", "--file", w.write("none.ndjson", events[0]+"\n"), "--consent", w.write("consent.ndjson", lines(late...)))
	ledger.expect()
	patience.Until(t, "everything to reach its end", func() bool {
		ledger.poll()
		return ledger.settled()
	})
	ledger.check()

	biggest, repeats := 0, 0
	for _, x := range w.requests() {
		biggest = max(biggest, eventsIn(t, x))
	}
	report := w.sandbox.Report()
	for _, p := range report.Providers {
		repeats += p.Repeats
	}
	bound := senderKills * 2 * inFlight * biggest // two providers, one destination each
	t.Logf("%d decisions, %d requests of up to %d events, %d copies after %d kills of senders", len(ledger.decisions), len(w.requests()), biggest, repeats, senderKills)
	require.LessOrEqual(t, repeats, bound, "copies at the providers: at most what was in flight")
	for name, p := range roles {
		require.NotContains(t, p.err.String(), "panic", name)
	}
}

// traffic makes events of a shop: conversions, browsing, copies, and
// conversions that wait for consent, which comes for half of them.
func traffic(rng *rand.Rand, n int) (events, late []string) {
	now := time.Now()
	for i := 0; len(events) < n; i++ {
		subject := fmt.Sprintf("subject-%d", i)
		e := purchase("shop", fmt.Sprintf("kill-%05d", i), subject, now)
		switch kind := rng.IntN(10); {
		case kind < 2:
			e = strings.Replace(e, "transaction.purchase", "page.viewed", 1)
		case kind == 2: // the banner has not answered yet
			e = e[:strings.Index(e, `"consent"`)] + e[strings.Index(e, `"commerce"`):]
			if i%2 == 0 {
				late = append(late, fmt.Sprintf(`{"customer_id": "shop", "subject_id": %q, "ad_storage": "granted", "ad_user_data": "granted", "ad_personalization": "granted", "analytics_storage": "granted", "updated_at": %q}`,
					subject, now.UTC().Format(time.RFC3339)))
			}
		case kind == 3:
			events = append(events, e)
		}
		events = append(events, e)
	}
	return events[:n], late
}

// slow lets every request take its time.
func (w *world) slow(by time.Duration) {
	w.fault(sandbox.Rule{Name: "slow", Do: sandbox.Slow, Delay: sandbox.Duration(by)})
}

// fault adds a rule through the sandbox's own endpoint.
func (w *world) fault(rules ...sandbox.Rule) {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"rules": rules})
	require.NoError(w.t, err)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.urls["control"]+"/faults", bytes.NewReader(body))
	require.NoError(w.t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(w.t, err)
	require.NoError(w.t, resp.Body.Close())
	require.Equal(w.t, http.StatusOK, resp.StatusCode)
}

// written counts the records in our topics, committed or not.
func (w *world) written() int {
	w.t.Helper()
	topics := append([]string{w.names.Diagnostics(), w.names.Hold()}, deliveryTopics(w)...)
	ends, err := kadm.NewClient(w.client).ListEndOffsets(w.t.Context(), topics...)
	require.NoError(w.t, err)
	sum := 0
	ends.Each(func(o kadm.ListedOffset) { sum += int(o.Offset) })
	return sum
}

// until waits for a random moment of work: until a count has grown by so much,
// and a few milliseconds more. An installation that has stalled, because the
// last victim's session has not timed out yet, is a moment too.
func (l *ledger) until(rng *rand.Rand, count func() int, more int) {
	l.w.t.Helper()
	target, stalled := count()+more, time.NewTimer(15*time.Second)
	defer stalled.Stop()
	patience.Until(l.w.t, "a moment to kill", func() bool {
		l.poll()
		select {
		case <-stalled.C:
			return true
		default:
			return count() >= target
		}
	})
	<-time.After(time.Duration(rng.IntN(80)) * time.Millisecond)
}

func deliveryTopics(w *world) []string {
	var all []string
	for _, provider := range []string{"meta", "google"} {
		for _, lane := range lanes {
			all = append(all, w.names.Delivery(provider, lane))
		}
	}
	return all
}

func eventsIn(t testing.TB, x sandbox.Exchange) int {
	t.Helper()
	var body struct {
		Data   []json.RawMessage `json:"data"`
		Events []json.RawMessage `json:"events"`
	}
	if x.Operation == sandbox.OpEvents || x.Operation == sandbox.OpIngest {
		require.NoError(t, json.Unmarshal([]byte(x.Body), &body))
	}
	return len(body.Data) + len(body.Events)
}
