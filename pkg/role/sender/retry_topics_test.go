package sender_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/edge/topology"
	"github.com/sluicehq/sluice/pkg/fake/embedded"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
	"github.com/sluicehq/sluice/test/patience"
	"github.com/sluicehq/sluice/test/place"
)

// TestOnServices runs what the tests in virtual time prove on sockets and the
// real clock as well: embedded services by default, and real ones where the
// environment names them (make test-real). Each scenario is that of the test
// which the comment beside its function belongs to.
func TestOnServices(t *testing.T) {
	t.Parallel()
	for name, scenario := range map[string]struct {
		destinations int
		run          func(r *harness)
	}{
		"delivers once":                          {2, deliversOnce},
		"settles in order":                       {1, settleInOrder},
		"killed before the mark":                 {1, killBeforeTheMark},
		"killed before the commit":               {1, killBeforeTheCommit},
		"starts and stops":                       {1, startAndStop},
		"two share and hand over":                {1, handOver},
		"an answer is lost":                      {1, loseTheAnswer},
		"throttled":                              {2, throttleForSeconds},
		"fewer received than sent":               {1, receiveFewer},
		"a token ends and is rotated":            {2, endTheToken},
		"a secret is missing":                    {1, missASecret},
		"blocked before a restart":               {1, rememberBlocked},
		"healed before a restart":                {1, rememberHealed},
		"paused and resumed by its owner":        {2, pauseAndResume},
		"Redis cut off":                          {1, cutRedisOff},
		"Redis emptied":                          {1, losesItsClaims},
		"claims of others":                       {1, meetForeignClaims},
		"a copy in the window":                   {1, meetACopy},
		"revoked in the queue":                   {1, revokeInTheQueue},
		"revoked and erased where it waits":      {1, revokeWhereItWaits},
		"a record that is no delivery":           {1, readNonsense},
		"retention overtakes":                    {1, loseARange},
		"the largest delivery moves":             {1, moveTheLargest},
		"one refused event among its neighbours": {1, refuseOne},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSockets(t, scenario.destinations, scenario.run)
		})
	}
}

// onSockets runs a scenario with a harness on services with sockets.
func onSockets(t *testing.T, destinations int, test func(r *harness)) {
	t.Helper()
	r := emptyHarness(t)
	r.place = place.Open(t, embedded.Config{Topics: senderTopics(topology.Names{})})
	r.services, r.names = r.place, r.place.Names()
	r.setUp(destinations)
	urls, err := r.box.Start(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	at, err := url.Parse(urls["meta"])
	require.NoError(t, err)
	r.url = urls["meta"]
	r.wire.client, err = httpclient.New(httpclient.Config{Hosts: []string{at.Host}, AllowInsecure: true, AllowPrivate: true}, httpclient.Deps{})
	require.NoError(t, err)
	test(r)
	r.wire.client.Close()
	require.NoError(t, r.box.Close())
	r.close()
}

// watch looks again and again until ok holds.
func (r *harness) watch(ok func() bool, about string, args ...any) {
	r.t.Helper()
	patience.Until(r.t, fmt.Sprintf(about, args...), ok)
}

// shortenWaits shortens what an installation waits for.
func (r *harness) shortenWaits(cfg *sender.Config) {
	cfg.BaseURL = r.url
	cfg.CommitEvery, cfg.WatchEvery = 200*time.Millisecond, 200*time.Millisecond
	cfg.Delays.Retry = [3]time.Duration{2 * time.Second, 3 * time.Second, 4 * time.Second}
}

// group is the sender's.
func (r *harness) group() string {
	return cmp.Or(r.names.Prefix, topology.DefaultPrefix) + ".sender.meta"
}

func (r *harness) redisPrefix() string {
	if r.place == nil {
		return ""
	}
	return r.place.RedisPrefix()
}

// ready declares the claims complete, as their keeper does.
func (r *harness) ready(number string) {
	r.t.Helper()
	require.NoError(r.t, r.redis.Set(r.t.Context(), r.redisPrefix()+"sluice:claims", "ready:"+number, 0).Err())
}

func (r *harness) emptyRedis() {
	r.t.Helper()
	if r.place != nil {
		r.place.EmptyRedis()
		return
	}
	r.inside.Redis().FlushAll()
}

func (r *harness) cutRedis(cut bool) {
	r.t.Helper()
	if r.place != nil {
		r.place.CutRedis(cut)
		return
	}
	answer := ""
	if cut {
		answer = "LOADING"
	}
	r.inside.Redis().SetError(answer)
}

// throttling answers the first request of one dataset with 429 and a time.
type throttling struct {
	*wire
	dataset string
	seconds string
	told    atomic.Int64 // epoch ns
}

func (w *throttling) Send(ctx context.Context, r provider.Request, auth provider.Authorization) (provider.Response, httpclient.Outcome) {
	if !strings.Contains(r.URL, w.dataset) || !w.told.CompareAndSwap(0, time.Now().UnixNano()) {
		return w.wire.Send(ctx, r, auth)
	}
	const refusal = `{"error":{"message":"too many calls","type":"OAuthException","code":80004,"fbtrace_id":"T"}}`
	header := func(name string) string {
		return map[string]string{"Retry-After": w.seconds}[http.CanonicalHeaderKey(name)]
	}
	return provider.Response{Status: http.StatusTooManyRequests, Header: header, Body: []byte(refusal), Now: time.Now().UnixMilli()}, httpclient.Outcome{}
}

// I11, I13: no request before the second that the provider named, and the
// neighbour does not wait for it.
func TestThrottledForSeconds(t *testing.T) { bubble(t, 2, throttleForSeconds) }

func throttleForSeconds(r *harness) {
	limited := &throttling{wire: r.wire, dataset: dataset(0), seconds: "3"}
	s := r.start(func(_ *sender.Config, d *sender.Deps) { d.HTTP = limited })
	r.order(0, "order", ids("a", 5)...)
	r.order(1, "order", ids("b", 5)...)
	r.await(func() bool { return r.counts()["delivered delivered"] == 10 && r.lag() == 0 }, "delivered")
	told := time.Unix(0, limited.told.Load())
	for i, e := range r.wire.requests() {
		if strings.Contains(e.URL, dataset(0)) {
			require.GreaterOrEqual(r.t, r.wire.at(i).Sub(told), 3*time.Second)
		} else {
			require.Less(r.t, r.wire.at(i).Sub(told), 3*time.Second, "the neighbour is not delayed")
		}
	}
	for _, id := range ids("a", 5) {
		require.Equal(r.t, 1, r.accepted(0, "Lead", id))
	}
	throttled := map[string]int{}
	for _, d := range r.decisions() {
		if d.Status != decision.Retrying {
			continue
		}
		throttled[d.EventID]++
		require.Equal(r.t, "d0 provider.throttled 429 80004", fmt.Sprint(d.DestinationID, " ", d.Reason, " ", d.HTTPStatus, " ", d.ProviderCode))
		require.EqualValues(r.t, 1, d.Attempts)
		require.GreaterOrEqual(r.t, d.NextAttempt, told.Add(3*time.Second).UnixMilli())
	}
	require.NotEmpty(r.t, throttled, "the attempt is told although its deliveries wait here")
	for id, times := range throttled {
		require.Equal(r.t, 1, times, id)
	}
	r.stop(s)
}

// I2, I4: the provider takes a request and says that it received fewer events
// than were sent. That is said in the decisions, and nothing is sent again.
func TestFewerReceivedThanSent(t *testing.T) { bubble(t, 1, receiveFewer) }

func receiveFewer(r *harness) {
	require.NoError(r.t, r.box.Script(sandbox.Rule{Do: sandbox.FewerEvents, Times: 1}))
	r.order(0, "order", ids("a", 4)...)
	s := r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "idle")
	require.Equal(r.t, map[string]int{"delivered delivered": 4}, r.counts())
	warned := 0
	for _, d := range r.decisions() {
		if len(d.Warnings) > 0 {
			warned++
		}
	}
	require.Positive(r.t, warned)
	for _, id := range ids("a", 4) {
		require.Equal(r.t, 1, r.accepted(0, "Lead", id))
	}
	r.stop(s)
}

// I14: one refused event among others becomes a dead letter; they are delivered.
func TestOneIsRefusedAmongOthers(t *testing.T) { bubble(t, 1, refuseOne) }

func refuseOne(r *harness) {
	r.wire.poison("v-5")
	r.order(0, "view", ids("v", 12)...)
	s := r.start()
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "all is settled")
	require.Equal(r.t, map[string]int{"delivered delivered": 11, "dead_lettered provider.rejected": 1}, r.counts())
	require.Len(r.t, r.read(r.names.DeadDeliveries("meta")), 1)
	require.Zero(r.t, r.accepted(0, "ViewContent", "v-5"))
	r.stop(s)
}

// I7: what is readable five seconds before stops what waits in a topic, on the
// way of an installation: real tables, and a place whose head becomes due.
func TestRevokedAndErasedWhereItWaits(t *testing.T) { bubble(t, 1, revokeWhereItWaits) }

func revokeWhereItWaits(r *harness) {
	tables := r.follow(resources(1))
	defer tables.stop()
	r.order(0, "order", "denied", "erased", "neighbour")
	r.put(r.names.Delivery("meta", decision.LaneRealtime), r.names.Retry("meta", "10m"))
	tables.says("c0:s-denied", consent.Record{Input: consent.Input{AdUserData: consent.Text("denied")}})
	tables.says("c0:s-erased", consent.Record{Erased: true})
	s := r.start(func(c *sender.Config, d *sender.Deps) {
		c.Delays.Retry = [3]time.Duration{time.Second, promised + time.Second, 2 * promised}
		d.Tables = tables
	})
	r.await(func() bool { return s.Status().Idle() && r.lag() == 0 && len(r.decisions()) == 3 }, "all have ended")
	require.Equal(r.t, map[string]int{"delivered delivered": 1, "revoked consent.revoked": 1, "revoked consent.erased": 1}, r.counts())
	require.Zero(r.t, r.accepted(0, "Lead", "denied")+r.accepted(0, "Lead", "erased"))
	require.Equal(r.t, 1, r.accepted(0, "Lead", "neighbour"))
	r.stop(s)
}
