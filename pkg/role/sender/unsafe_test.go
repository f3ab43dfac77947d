package sender_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/edge/codec"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/role/sender"
)

// answering is Meta with answers of another provider's manners: say gets the
// number of the request, from 0, and Meta's own answer.
type answering struct {
	provider.Provider
	say   func(request int, a provider.Answer) provider.Answer
	asked atomic.Int64
}

func (p *answering) Classify(n int, r *provider.Response) provider.Answer {
	return p.say(int(p.asked.Add(1)-1), p.Provider.Classify(n, r))
}

// startAnswering starts a sender whose provider answers like this.
func (r *harness) startAnswering(say func(request int, a provider.Answer) provider.Answer) *running {
	return r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider = &answering{Provider: r.provider, say: say} })
}

// I4: a provider that took the events that it did not refuse must not get them
// again.
func TestTheRestThatWasTakenIsNotSentAgain(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.startAnswering(func(_ int, a provider.Answer) provider.Answer {
			a.Class, a.Faults, a.RestDelivered = provider.Invalid, []provider.Fault{{Index: 1, Code: "BAD"}}, true
			return a
		})
		r.order(0, "view", ids("v", 4)...)
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "settled")
		require.Equal(t, map[string]int{"delivered delivered": 3, "dead_lettered provider.rejected": 1}, r.counts())
		require.Len(t, r.wire.requests(), 1)
		r.stop(s)
	})
}

// A provider that took some and does not say which must not get any again.
func TestAnUnknownRestEndsWithAReason(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.startAnswering(func(_ int, a provider.Answer) provider.Answer {
			a.Class, a.Faults, a.RestDelivered = provider.Invalid, []provider.Fault{{Index: 99}}, true
			return a
		})
		r.order(0, "view", ids("v", 3)...)
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "settled")
		require.Equal(t, map[string]int{"dead_lettered provider.outcome_unknown": 3}, r.counts())
		require.Len(t, r.wire.requests(), 1)
		r.stop(s)
	})
}

// Where the provider took some and names nobody, the request is halved, but not
// with events of which a second copy counts.
func TestAnUnknownPartIsHalvedWithoutWhatWouldCountTwice(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.startAnswering(func(request int, a provider.Answer) provider.Answer {
			if request == 0 {
				a.Class, a.SomeDelivered = provider.Invalid, true
			}
			return a
		})
		r.route(0, "view", "u", r.next(), unsafe)
		r.order(0, "view", ids("v", 3)...)
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "settled")
		require.Equal(t, map[string]int{"delivered delivered": 3, "dead_lettered provider.outcome_unknown": 1}, r.counts())
		require.Equal(t, 1, r.accepted(0, "ViewContent", "u"), "it was taken at first, and not sent again")
		require.Len(t, r.wire.requests(), 3, "all, and two halves")
		r.stop(s)
	})
}

// A fault may pass, or be the mapping's, or no fault at all: none of it is the
// event's, and its neighbours notice nothing.
func TestAFaultMeansWhatItsClassSays(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.startAnswering(func(request int, a provider.Answer) provider.Answer {
			if request == 0 {
				a.Class, a.RestDelivered = provider.Invalid, true
				a.Faults = []provider.Fault{
					{Index: 0, Code: "YOUNG", Class: provider.Transient, WaitMS: 5 * 60_000},
					{Index: 1, Code: "GOAL", Class: provider.Configuration},
					{Index: 2, Code: "KNOWN", Class: provider.DuplicateDelivery},
				}
			}
			return a
		})
		began := time.Now()
		r.order(0, "view", ids("v", 4)...)
		r.await(func() bool { return r.counts()["delivered delivered"] == 2 }, "the rest and the one that it has")
		require.Equal(t, 1, r.counts()["parked provider.misconfigured"])
		require.Equal(t, 1, r.counts()["retrying provider.unavailable"])
		require.Zero(t, r.counts()["dead_lettered provider.rejected"])
		r.await(func() bool { return r.counts()["delivered delivered"] == 3 }, "the one that was too young")
		require.GreaterOrEqual(t, time.Since(began), 5*time.Minute, "not before the provider said")
		require.Len(t, r.wire.requests(), 2)
		r.stop(s)
	})
}

func unsafe(d *decision.Delivery) { d.ResendUnsafe = true }

// I4: where a second copy would count, an answer that is lost ends the event
// with a reason, and what certainly did not arrive is sent again all the same.
func TestAnUnknownOutcomeIsNotRepeatedWhereACopyCounts(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		require.NoError(t, r.box.Script(sandbox.Rule{Do: sandbox.Unavailable, Times: 1}, sandbox.Rule{Do: sandbox.LostAnswer, Skip: 2, Times: 1}))
		s := r.start()
		r.route(0, "order", "a", r.next(), unsafe)
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 && len(r.counts()) > 0 }, "the first is settled")
		require.Equal(t, map[string]int{"delivered delivered": 1}, r.counts(), "a failure that took nothing is repeated: %+v", r.wire.requests())
		r.route(0, "order", "b", r.next(), unsafe)
		r.await(func() bool { return r.counts()["dead_lettered provider.outcome_unknown"] == 1 }, "a lost answer")
		require.Equal(t, 1, r.accepted(0, "Lead", "b"), "it had arrived")
		r.order(0, "order", "c")
		r.await(func() bool { return r.counts()["delivered delivered"] == 2 && r.lag() == 0 }, "neighbours go on")
		require.Equal(t, 1, r.accepted(0, "Lead", "b"), "and was not sent again")
		require.Len(t, r.read(r.names.DeadDeliveries("meta")), 1)
		r.stop(s)
	})
}

// I4: a failure that does not prove that nothing was taken ends what must not
// be sent twice, and is repeated for what the provider recognises.
func TestAnUnsureFailureIsRepeatedOnlyWhereACopyIsRecognised(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.startAnswering(func(request int, a provider.Answer) provider.Answer {
			if request < 2 {
				a.Class, a.Unsure = provider.Transient, true
			}
			return a
		})
		r.route(0, "order", "a", r.next(), unsafe)
		r.await(func() bool { return r.counts()["dead_lettered provider.outcome_unknown"] == 1 && r.lag() == 0 }, "ended")
		require.Len(t, r.wire.requests(), 1)
		r.order(0, "order", "b")
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 && r.lag() == 0 }, "the other is sent again")
		require.Len(t, r.wire.requests(), 3)
		r.stop(s)
	})
}

// A process that dies between the request and the answer leaves a mark, and
// whoever reads the delivery again sends nothing.
func TestWhatWasBegunBeforeACrashIsNotSentAgain(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		offset := r.next()
		record, claim := r.routed(0, "order", "a", offset, unsafe)
		decoder, err := codec.Deliveries(r.registry)
		require.NoError(t, err)
		var d decision.Delivery
		require.NoError(r.t, decoder.Decode(r.t.Context(), record.Value, &d))
		_, err = r.store.Claim(r.t.Context(), []dedup.Request{{
			Key: dedup.BegunKey(dedup.Key(d.ClaimKey), d.Source.String(), ""), Owner: dedup.Owner(d.ClaimOwner), TTL: time.Hour,
		}})
		require.NoError(t, err)
		r.write([]*kgo.Record{record}, []dedup.Request{claim})
		s := r.start()
		r.await(func() bool { return r.counts()["dead_lettered provider.outcome_unknown"] == 1 && r.lag() == 0 }, "ended")
		require.Empty(t, r.wire.requests())
		r.stop(s)
	})
}

// takesTheRest answers the first request as a provider does that refused the
// second event and took the others.
func takesTheRest(request int, a provider.Answer) provider.Answer {
	if request == 0 {
		a.Class, a.Faults, a.RestDelivered = provider.Invalid, []provider.Fault{{Index: 1, Code: "BAD"}}, true
	}
	return a
}

// routeUnsafe routes events of which a second copy would count, at once.
func (r *harness) routeUnsafe(ids ...string) {
	var records []*kgo.Record
	var claims []dedup.Request
	for _, id := range ids {
		record, claim := r.routed(0, "view", id, r.next(), unsafe)
		records, claims = append(records, record), append(claims, claim)
	}
	r.write(records, claims)
}

// I4: a process that dies after a provider took part of a request, and before
// any of it is settled, leaves the marks of what was taken. Only what was
// certainly refused goes once more.
func TestWhatWasTakenInPartBeforeACrashIsNotSentAgain(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		p := &answering{Provider: r.provider, say: takesTheRest}
		tried := make(chan struct{}, 1)
		s := r.start(func(_ *sender.Config, d *sender.Deps) {
			d.Provider, d.Claims = p, &unmarking{Store: r.store, tried: tried}
		})
		r.routeUnsafe("v-0", "v-1", "v-2")
		<-tried
		r.kill(s)
		require.Empty(t, r.counts(), "nothing was settled")
		s = r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider = p })
		r.await(func() bool { return s.Status().Idle() && r.lag() == 0 }, "settled")
		require.Equal(t, map[string]int{"dead_lettered provider.outcome_unknown": 2, "delivered delivered": 1}, r.counts())
		require.Len(t, r.wire.requests(), 2)
		var times []int
		for _, id := range []string{"v-0", "v-1", "v-2"} {
			times = append(times, r.accepted(0, "ViewContent", id))
		}
		require.ElementsMatch(t, []int{1, 1, 2}, times, "the refused one alone")
		r.stop(s)
	})
}

// refusing is a Kafka that does not take the first records of a settlement.
type refusing struct {
	*kafka.Producer
	left  atomic.Int64
	topic string
}

func (p *refusing) Produce(ctx context.Context, records ...*kgo.Record) error {
	if len(records) > 0 && records[0].Topic == p.topic && p.left.Add(-1) >= 0 {
		return errors.New("not now")
	}
	return p.Producer.Produce(ctx, records...)
}

// I4: a settlement that fails is repeated, and the request is not.
func TestASettlementThatFailsSendsNothingAgain(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		for i, topic := range []string{r.names.DeadDeliveries("meta"), r.names.Diagnostics()} {
			to := &refusing{Producer: r.producer, topic: topic}
			to.left.Store(4)
			before := len(r.wire.requests())
			s := r.start(func(_ *sender.Config, d *sender.Deps) {
				d.Provider, d.Producer = &answering{Provider: r.provider, say: takesTheRest}, to
			})
			r.routeUnsafe(ids(fmt.Sprint("v", i), 3)...)
			r.await(func() bool { return s.Status().Idle() && r.lag() == 0 && r.counts()["delivered delivered"] == 2*(i+1) }, "settled")
			require.Negative(t, to.left.Load(), "it failed and was repeated")
			require.Equal(t, i+1, r.counts()["dead_lettered provider.rejected"])
			require.Len(t, r.wire.requests(), before+1)
			r.stop(s)
		}
	})
}

// rotating is Meta with a secret that every use renews.
type rotating struct {
	provider.Provider
	oldStays bool
}

func (p rotating) Authorize(ctx context.Context, do provider.Doer, at *provider.Endpoint, secret provider.Secret) (provider.Authorization, error) {
	a, err := p.Provider.Authorize(ctx, do, at, secret)
	a.OldStays = p.oldStays
	a.Expires, a.Renewed = time.Now().Add(time.Hour).UnixMilli(), identity.NewRaw(`{"access_token":"renewed"}`)
	return a, err
}

// keeping is a store of secrets that can write.
type keeping struct {
	sender.Secrets
	kept chan string
}

func (k keeping) Keep(_ context.Context, reference string, secret provider.Secret) error {
	k.kept <- reference + " " + secret.Reveal()
	return nil
}

// A secret that the provider renews is kept where it can be.
func TestARenewedSecretIsKept(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		kept := make(chan string, 10)
		s := r.start(func(_ *sender.Config, d *sender.Deps) {
			d.Provider, d.Secrets = rotating{Provider: r.provider}, keeping{r.secrets, kept}
		})
		r.order(0, "order", "a")
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "delivered")
		require.Equal(t, `file:c0-d0 {"access_token":"renewed"}`, <-kept)
		require.Zero(t, r.status("d0").CredentialExpires)
		r.stop(s)
	})
}

// Where nothing can be written, the end of what the old secret gave is told as
// the end of the secret.
func TestARenewedSecretThatCannotBeKeptIsTold(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider = rotating{Provider: r.provider} })
		r.order(0, "order", "a")
		r.await(func() bool { return r.status("d0").CredentialExpires > 0 }, "told")
		r.stop(s)
	})
}

// One that goes on working beside the new one alarms nobody.
func TestARenewedSecretWhoseOldOneStaysIsNotTold(t *testing.T) {
	bubble(t, 1, func(r *harness) {
		s := r.start(func(_ *sender.Config, d *sender.Deps) { d.Provider = rotating{Provider: r.provider, oldStays: true} })
		r.order(0, "order", "a")
		r.await(func() bool { return r.counts()["delivered delivered"] == 1 }, "delivered")
		require.Zero(t, r.status("d0").CredentialExpires)
		r.stop(s)
	})
}
