package sender_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/httpclient"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// I2, I8, I11: a day of retries with the delays of an installation. The retry tiers
// are climbed once, the last one repeats, and after a day each delivery is a
// dead letter, in the meantime attempted often enough to be delivered soon had
// the destination healed, and rarely enough to leave it alone. The neighbour
// is delivered within seconds all day.
func TestADayOfRetries(t *testing.T) {
	longBubble(t, 2, func(r *harness) {
		s := r.start(func(c *sender.Config, _ *sender.Deps) { c.WatchEvery, c.CommitEvery = time.Hour, time.Minute })
		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(0), Do: sandbox.Unavailable}))
		r.order(1, "order", "first")
		r.pass(5 * time.Second)
		r.order(0, "order", "failing")
		began := time.Now()
		for i := 0; time.Since(began) < 25*time.Hour; i++ {
			r.order(1, "order", "b-"+strconv.Itoa(i))
			r.pass(15 * time.Minute)
		}
		attempts, places := 0, map[string]int{}
		var ended time.Duration
		for _, d := range r.decisions() {
			switch {
			case d.DestinationID == "d1":
				require.Equal(t, decision.Delivered, d.Status)
				require.Less(t, d.LatencyMS, int64(2000), "at %s", time.UnixMilli(d.Time).Sub(began))
			case d.Status == decision.Retrying:
				attempts = max(attempts, int(d.Attempts))
				require.Greater(t, d.NextAttempt, d.Time)
				wait := time.Duration(d.NextAttempt-d.Time) * time.Millisecond
				places[wait.Round(time.Minute).String()]++
			default:
				require.Equal(t, decision.DeadLettered, d.Status)
				require.Equal(t, decision.ProviderUnavailable, d.Reason)
				ended = time.UnixMilli(d.Time).Sub(began)
			}
		}
		require.InDelta(t, 24.5, ended.Hours(), 0.6, "a day, and at most the last tier more")
		require.Equal(t, 1, places["1m0s"], "%v", places)
		require.Equal(t, 1, places["10m0s"])
		require.InDelta(t, 24, places["1h0m0s"], 1)
		require.InDelta(t, 30, attempts, 5, "counted, each of them")
		require.Zero(t, r.accepted(0, "Lead", "failing"))
		require.Len(t, r.read(r.names.DeadDeliveries("meta")), 1)
		r.stop(s)
	})
}

// expiring is Meta with credentials that end, as a token endpoint's do.
type expiring struct {
	provider.Provider
	lives time.Duration

	mu     sync.Mutex
	ends   time.Time // of the secret itself; zero: never
	issued []time.Time
}

func (e *expiring) Authorize(ctx context.Context, do provider.Doer, t *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	a, err := e.Provider.Authorize(ctx, do, t, secret)
	if err != nil {
		return a, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	e.issued = append(e.issued, now)
	a.Expires = now.Add(e.lives).UnixMilli()
	if !e.ends.IsZero() {
		a.SecretEnds = e.ends.UnixMilli()
	}
	a.Header = append(a.Header, provider.SecretHeader{Name: "X-Issued", Value: identity.NewRaw(strconv.FormatInt(now.UnixMilli(), 10))})
	return a, nil
}

func (e *expiring) endAt(ends time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ends = ends
}

func (e *expiring) times() []time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]time.Time(nil), e.issued...)
}

// I2, I6: an authorization is used until shortly before it ends and then asked for
// again, without a request in between that must fail. A secret that was
// rotated is used at once, without a restart and before the old one is refused.
func TestATokenThatExpiresAndIsRotated(t *testing.T) {
	longBubble(t, 1, func(r *harness) {
		p := &expiring{Provider: r.provider, lives: time.Hour}
		late := &watcher{wire: r.wire, lives: p.lives}
		s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider, d.HTTP = p, late })
		for i := range 18 {
			r.order(0, "order", fmt.Sprintf("a-%d", i))
			r.pass(20 * time.Minute)
		}
		require.Equal(t, map[string]int{"delivered delivered": 18}, r.counts())
		require.InDelta(t, 6, len(p.times()), 1, "once an hour")
		require.Zero(t, late.refused())
		require.Zero(t, r.status("d0").CredentialExpires, "it renews itself: nobody is called for it")

		before := len(p.times())
		r.secrets.set("file:c0-d0", "ended")
		r.order(0, "order", "b")
		r.await(func() bool { return r.counts()["parked credentials.invalid"] == 1 }, "parked")
		require.Len(t, p.times(), before+2, "the rotated one, and once more")
		began := time.Now()
		r.secrets.set("file:c0-d0", token(0))
		r.await(func() bool { return r.counts()["delivered delivered"] == 19 }, "healed")
		require.Less(t, time.Since(began), 10*time.Second)
		r.stop(s)
	})
}

// The status says when a secret ends that a person has to renew, and no longer
// once it was replaced by one that does not end.
func TestASecretThatEndsIsSaid(t *testing.T) {
	longBubble(t, 1, func(r *harness) {
		ends := time.Now().Add(72 * time.Hour).Truncate(time.Millisecond)
		p := &expiring{Provider: r.provider, lives: time.Hour, ends: ends}
		s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider = p })
		r.order(0, "order", "a")
		r.await(func() bool { return r.status("d0").CredentialExpires == ends.UnixMilli() }, "said")

		p.endAt(time.Time{})
		r.pass(p.lives) // then it is asked for again
		r.order(0, "order", "b")
		r.await(func() bool { return r.counts()["delivered delivered"] == 2 && r.status("d0").CredentialExpires == 0 }, "taken back")
		r.stop(s)
	})
}

// A sender without deliveries notices too that a person has renewed the secret,
// or its word would alert for as long as it runs.
func TestARenewedSecretTakesItsEndBackWithoutDeliveries(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		p := &expiring{Provider: r.provider, lives: time.Hour, ends: time.Now().Add(72 * time.Hour)}
		s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider = p })
		r.order(0, "order", "a")
		r.await(func() bool { return r.status("d0").CredentialExpires > 0 }, "said")
		r.secrets.set("file:c0-d0", "renewed")
		r.awaitFor(10*time.Second, func() bool { return r.status("d0").CredentialExpires == 0 }, "taken back")
		r.stop(s)
	})
}

// hourly gives d0 a token of an hour, as Google does, and the others a secret
// that ends in two months, as Meta's do.
type hourly struct{ provider.Provider }

func (h hourly) Authorize(ctx context.Context, do provider.Doer, t *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	a, err := h.Provider.Authorize(ctx, do, t, secret)
	if t.Destination.ID == "d0" {
		a.Expires = time.Now().Add(time.Hour).UnixMilli()
	} else {
		a.SecretEnds = time.Now().Add(60 * 24 * time.Hour).UnixMilli()
	}
	return a, err
}

// A healthy installation of two senders is silent, every quarter of an hour of
// thirty hours: what they say is judged as the monitor does.
func TestAHealthyInstallationIsSilent(t *testing.T) {
	longBubble(t, 2, func(r *harness) {
		r.provider = hourly{r.provider}
		var senders []*running
		for _, name := range []string{"one", "two"} {
			senders = append(senders, r.start(func(c *sender.Config, _ *sender.Deps) {
				c.Instance, c.WatchEvery, c.CommitEvery = name, time.Minute, time.Minute
			}))
		}
		began := time.Now()
		for i := 0; time.Since(began) < 30*time.Hour; i++ {
			r.order(0, "order", fmt.Sprintf("a-%d", i), fmt.Sprintf("b-%d", i))
			r.order(1, "order", fmt.Sprintf("c-%d", i), fmt.Sprintf("d-%d", i))
			r.pass(15 * time.Minute)
		}
		v, err := r.world.Await(t.Context())
		require.NoError(t, err)
		decisions, statuses := r.decisions(), r.statuses()
		observer, told := health.NewObserver(health.Config{}), map[string]bool{}
		slices.SortStableFunc(decisions, func(a, b decision.Decision) int { return cmp.Compare(a.Time, b.Time) })
		for at := began; at.Before(time.Now()); at = at.Add(15 * time.Minute) {
			for len(decisions) > 0 && decisions[0].Time <= at.UnixMilli() {
				observer.Add(&decisions[0])
				decisions = decisions[1:]
			}
			var now []health.Status
			for _, s := range statuses {
				if s.UpdatedAt <= at.UnixMilli() {
					told[s.Destination+" "+s.Sender] = true
					now = append(slices.DeleteFunc(now, func(o health.Status) bool { return o.Destination == s.Destination && o.Sender == s.Sender }), s)
				}
			}
			situation := observer.Situation(at.UnixMilli(), now)
			for _, e := range v.Resources().Destinations() {
				for _, a := range situation.Judge(e.Destination) {
					require.False(t, a.Firing, "%s at %s after %s: %s", a.Name, a.Destination, at.Sub(began), a.Detail)
				}
			}
		}
		require.Len(t, told, 4, "both senders spoke of both destinations: %v", told)
		require.Equal(t, map[string]int{"delivered delivered": 4 * 120}, r.counts())
		for _, s := range senders {
			r.stop(s)
		}
	})
}

// watcher counts requests that carry an authorization that has ended.
type watcher struct {
	*wire
	lives time.Duration
	over  atomic.Int64
}

func (w *watcher) Send(ctx context.Context, r provider.Request, auth provider.Authorization) (provider.Response, httpclient.Outcome) {
	for _, h := range auth.Header {
		if issued, err := strconv.ParseInt(h.Value.Reveal(), 10, 64); h.Name == "X-Issued" && (err != nil || time.Since(time.UnixMilli(issued)) >= w.lives) {
			w.over.Add(1)
		}
	}
	return w.wire.Send(ctx, r, auth)
}

func (w *watcher) refused() int64 { return w.over.Load() }
