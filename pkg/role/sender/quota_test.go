package sender_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// I13, I11: who throttles one destination of a project throttles the project:
// the other destinations of it wait as long, those of another do not.
func TestAThrottledProjectWaitsAsOne(t *testing.T) {
	bubble(t, 3, func(r *harness) {
		r.open(3, func(d *resource.Destination, a provider.Account) provider.Account {
			if d.ID == "d2" {
				return budgeted{a, "other"}
			}
			return budgeted{a, "shared"}
		})
		s := r.start()
		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(0), Do: sandbox.Throttle, Code: 80004, Minutes: 5, Times: 1}))
		began := time.Now()
		r.order(0, "order", ids("a", 3)...)
		r.await(func() bool { return len(r.wire.requests()) == 1 }, "throttled")
		r.order(1, "order", ids("b", 3)...)
		r.order(2, "order", ids("c", 3)...)
		r.await(func() bool { return r.accepted(2, "Lead", "c-2") == 1 }, "another project's")
		require.Less(t, time.Since(began), 10*time.Second)
		for _, id := range []string{"d0", "d1"} {
			r.await(func() bool { return r.status(id).State == "waiting" }, "told to wait, and not open")
			require.Equal(t, decision.ProviderThrottled, r.status(id).Reason)
			require.InDelta(t, began.Add(5*time.Minute).UnixMilli(), r.status(id).Until, 10_000)
		}
		require.Equal(t, "open", r.status("d2").State)
		r.await(func() bool { return r.counts()["delivered delivered"] == 9 && r.lag() == 0 }, "everything")
		for i, e := range r.wire.requests()[1:] {
			if !strings.Contains(e.URL, dataset(2)) {
				require.GreaterOrEqual(t, r.wire.at(i+1).Sub(began), 5*time.Minute)
			}
		}
		r.stop(s)
	})
}

// opened is a provider whose accounts a test changes.
type opened struct {
	provider.Provider
	change func(*resource.Destination, provider.Account) provider.Account
}

func (o opened) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	a, problems := o.Provider.Open(d)
	account, _ := a.(provider.Account)
	return o.change(d, account), problems
}

// open applies the resources of n destinations, opened by a changed provider.
func (r *harness) open(n int, change func(*resource.Destination, provider.Account) provider.Account) {
	r.provider = opened{r.provider, change}
	r.apply(resources(n))
}

// budgeted is an account that shares a budget of requests.
type budgeted struct {
	provider.Account
	name string
}

func (b budgeted) Quota() string { return b.name }

// asking is an account that has a request that only asks.
type asking struct{ budgeted }

func (a asking) Probe(dst []byte, at *provider.Endpoint) (provider.Request, bool) {
	r := a.Assemble(dst, &provider.Batch{Endpoint: at})
	r.URL += "?probe=1"
	return r, true
}

// I13: probes are requests of their project: they are counted, and a project
// that was told to wait is not asked either.
func TestProbesAreCountedAndWaitForTheirProject(t *testing.T) {
	bubble(t, 2, func(r *harness) {
		r.open(2, func(_ *resource.Destination, a provider.Account) provider.Account {
			return asking{budgeted{a, "shared"}}
		})
		s := r.start(func(c *sender.Config, _ *sender.Deps) { c.ProbeEvery = 10 * time.Second })
		probes := func() (n int) {
			for _, e := range r.wire.requests() {
				if strings.HasSuffix(e.URL, "?probe=1") {
					n++
				}
			}
			return n
		}
		counted := func() int64 { return s.Status().Quotas[0].Requests }
		r.secrets.set("file:c0-d0", "ended")
		r.order(0, "order", "a")
		r.await(func() bool { return probes() >= 3 }, "asked again and again")
		r.pass(2 * time.Second)
		require.EqualValues(t, len(r.wire.requests()), counted())

		require.NoError(t, r.box.Script(sandbox.Rule{Destination: dataset(1), Do: sandbox.Throttle, Code: 80004, Minutes: 5, Times: 1}))
		r.order(1, "order", "b")
		r.await(func() bool { return s.Status().Quotas[0].Mode == "waiting" }, "throttled")
		before := probes()
		r.pass(4 * time.Minute)
		require.Equal(t, before, probes(), "the project was told to wait")
		r.await(func() bool { return r.accepted(1, "Lead", "b") == 1 && probes() > before }, "over")
		r.stop(s)
	})
}

// knowing is a provider that says of what it takes that it had it already.
type knowing struct{ provider.Provider }

func (k knowing) Classify(n int, r *provider.Response) provider.Answer {
	a := k.Provider.Classify(n, r)
	if a.Class == provider.Accepted {
		a.Class, a.Code = provider.DuplicateDelivery, "DUPLICATE"
	}
	return a
}

// I4: a provider that says that it has an event already has it: the event is
// delivered and marked, and says so.
func TestAProvidersOwnWordOfADuplicate(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider = knowing{r.provider} })
		r.order(0, "order", "a")
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 && r.lag() == 0 }, "delivered")
		d := r.decisions()[0]
		require.Equal(t, "DUPLICATE", d.ProviderCode)
		require.Contains(t, d.Message, "has the event already")
		require.Negative(t, r.claim(r.keys["a"]), "a mark")
		r.stop(s)
	})
}

// I2, I3, I4: Redis is emptied while deliveries wait. Nothing is sent until
// its keeper has declared it complete, and then everything is, once.
func TestAnEmptiedRedisStopsSendingUntilItIsComplete(t *testing.T) { bubble(t, 1, losesItsClaims) }

func losesItsClaims(r *harness) {
	s := r.start()
	r.order(0, "order", "before")
	r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "working")
	r.emptyRedis()
	r.produceLater(0, "order", "after")
	r.pass(time.Minute)
	r.await(func() bool { return s.Status().Holding }, "it waits")
	require.Zero(r.t, r.accepted(0, "Lead", "after"))
	r.ready("2")
	r.await(func() bool { return r.counts()["delivered delivered"] == 2 && r.lag() == 0 }, "complete")
	require.Equal(r.t, 1, r.accepted(0, "Lead", "before"))
	require.Equal(r.t, 1, r.accepted(0, "Lead", "after"))
	r.stop(s)
}
