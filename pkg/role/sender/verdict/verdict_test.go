package verdict_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/edge/dedup"
	"github.com/sluicehq/sluice/pkg/edge/kafka/transact"
	"github.com/sluicehq/sluice/pkg/fake/sandbox"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/call"
	"github.com/sluicehq/sluice/pkg/role/sender/verdict"
)

// script makes Google's processing refuse a share of what comes after.
func (r *harness) script(reason string, perMille int) {
	r.box.ScriptVerdicts(call.Verdict{Reason: reason, PerMille: perMille})
}

func (r *harness) awaitVerdicts(n int) []decision.Decision {
	r.t.Helper()
	var found []decision.Decision
	r.await(func() bool { found = r.verdicts(); return len(found) >= n }, "verdicts")
	require.Len(r.t, found, n)
	return found
}

// What the provider took is confirmed as a whole: the counts name nobody. The
// request's id leads from the verdict to the events.
func TestConfirmed(t *testing.T) {
	bubble(t, func(r *harness) {
		r.order(ids("a", 5))
		d := r.awaitVerdicts(1)[0]
		require.Equal(t, "confirmed verdict.confirmed", d.Status.String()+" "+d.Reason.String())
		require.Contains(t, d.Message, "5 of 5 confirmed")
		require.Equal(t, "ads", d.DestinationID)
		require.Equal(t, "acme", d.CustomerID)
		require.Equal(t, "987654321", d.Target)
		require.Empty(t, d.Mapping)
		require.Empty(t, d.EventID)
		subs := r.submissions()
		require.Len(t, subs, 1)
		s := subs[0]
		require.Equal(t, s.RequestID, d.ProviderRequestID)
		require.EqualValues(t, 5, s.Records)
		require.Len(t, s.Events, 5)
		for i, e := range s.Events {
			require.EqualValues(t, i, e.Index)
			require.EqualValues(t, i+1, e.Source.Offset, "in the order of the request")
			require.True(t, r.held(e.EventID).Delivered(), "what is confirmed stays marked")
		}
		asked := r.wire.questions()
		require.Len(t, asked, 1)
		require.GreaterOrEqual(t, asked[0].UnixMilli()-s.SubmittedAt, (30 * time.Minute).Milliseconds())
		require.Equal(t, 5, r.meter.count("confirmed verdict.confirmed"))
		require.Equal(t, 1, r.meter.count("settled"))
	})
}

// A request of one event: the refusal is the event's, its mark goes, and a
// corrected copy is sent.
func TestRefusalOfOneFreesTheEvent(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("INVALID_FORMAT", 1000)
		r.order([]string{"a"})
		r.await(func() bool { return r.held("a").Delivered() }, "delivered")
		d := r.awaitVerdicts(1)[0]
		require.Equal(t, "refused verdict.refused", d.Status.String()+" "+d.Reason.String())
		require.Equal(t, "PROCESSING_ERROR_REASON_INVALID_FORMAT", d.ProviderCode)
		require.Equal(t, "a", d.EventID)
		require.Equal(t, "order-a", d.TransactionID)
		require.NotEmpty(t, d.Mapping)
		require.NotEmpty(t, d.SubjectHash)
		require.EqualValues(t, 1, d.Source.Offset)
		require.Equal(t, r.keys["a"].Key, dedup.Key(d.ClaimKey))
		require.Zero(t, r.held("a"), "a corrected copy can pass")

		r.script("INVALID_FORMAT", 0)
		r.order([]string{"a"})
		require.Equal(t, "confirmed verdict.confirmed", func() string {
			d := r.awaitVerdicts(2)[1]
			return d.Status.String() + " " + d.Reason.String()
		}())
		require.True(t, r.held("a").Delivered())
		require.EqualValues(t, 2, r.held("a").Offset())
	})
}

// All were refused for one reason: so was each.
func TestAllAlikeIsExact(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("EVENT_TOO_OLD", 1000)
		r.order(ids("a", 4))
		named := map[string]bool{}
		for _, d := range r.awaitVerdicts(4) {
			require.Equal(t, decision.VerdictRefused, d.Reason)
			require.Zero(t, r.held(d.EventID))
			named[d.EventID] = true
		}
		require.Len(t, named, 4)
		require.Equal(t, 4, r.meter.count("refused verdict.refused"))
	})
}

// Some were refused, and nobody knows which: nothing is claimed about any
// event, and no claim is given back.
func TestPartialNamesNobody(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("INVALID_GCLID", 300)
		r.order(ids("a", 40))
		found := r.awaitVerdicts(2)
		refused, confirmed := found[0], found[1]
		require.Equal(t, decision.VerdictRefused, refused.Reason)
		require.Regexp(t, `[1-9][0-9]* of 40 refused: PROCESSING_ERROR_REASON_INVALID_GCLID: Invalid gclid`, refused.Message)
		require.Positive(t, refused.Events)
		require.Equal(t, decision.VerdictConfirmed, confirmed.Reason)
		require.Regexp(t, `[1-9][0-9]* of 40 confirmed`, confirmed.Message)
		require.EqualValues(t, 40, refused.Events+confirmed.Events)
		require.NotEqual(t, refused.ID, confirmed.ID)
		for _, d := range found {
			require.Empty(t, d.EventID)
			require.Empty(t, d.Mapping)
			require.Zero(t, d.ClaimKey)
		}
		for _, id := range ids("a", 40) {
			require.True(t, r.held(id).Delivered())
		}
		require.Equal(t, 40, r.meter.count("refused verdict.refused")+r.meter.count("confirmed verdict.confirmed"))
	})
}

// What was sent as restricted was announced: that Google does not use it is no
// error.
func TestConsentDeniedOnRestricted(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("DENIED_CONSENT", 1000)
		r.order(ids("a", 2), func(d *decision.Delivery) { d.Facts.Restricted = true })
		for _, d := range r.awaitVerdicts(2) {
			require.Equal(t, "refused verdict.consent_denied", d.Status.String()+" "+d.Reason.String())
			require.True(t, d.Restricted)
		}
		r.order([]string{"b"})
		require.Equal(t, decision.VerdictRefused, r.awaitVerdicts(3)[2].Reason)
	})
}

// Google has it already: that is a confirmation.
func TestDuplicateIsConfirmed(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("DUPLICATE_TRANSACTION_ID", 1000)
		r.order([]string{"a"})
		d := r.awaitVerdicts(1)[0]
		require.Equal(t, "confirmed verdict.confirmed", d.Status.String()+" "+d.Reason.String())
		require.Equal(t, "PROCESSING_ERROR_REASON_DUPLICATE_TRANSACTION_ID", d.ProviderCode)
		require.True(t, r.held("a").Delivered())
	})
}

const processingBody = `{"requestStatusPerDestination":[{"destination":{},"requestStatus":"PROCESSING"}]}`

// It takes two hours: asked every half hour, then known.
func TestStillProcessingIsAskedAgain(t *testing.T) {
	bubble(t, func(r *harness) {
		require.NoError(t, r.box.Script(sandbox.Rule{Operation: sandbox.OpStatus, Do: sandbox.Raw, Status: 200, Body: processingBody, Times: 3}))
		r.order([]string{"a"})
		d := r.awaitVerdicts(1)[0]
		require.Equal(t, decision.VerdictConfirmed, d.Reason)
		require.EqualValues(t, 4, d.Attempts)
		asked := r.wire.questions()
		require.Len(t, asked, 4)
		for i := 1; i < len(asked); i++ {
			require.GreaterOrEqual(t, asked[i].Sub(asked[i-1]), 30*time.Minute)
		}
		subs := r.submissions()
		require.Len(t, subs, 4)
		require.EqualValues(t, 3, subs[3].Polls)
		require.NotZero(t, subs[3].NextPoll)
		require.Equal(t, subs[0].Events, subs[3].Events)
		require.Equal(t, 3, r.meter.count("processing"))
	})
}

// A day is enough: what is not known then is counted, and nothing is said.
func TestADayEndsTheAsking(t *testing.T) {
	bubble(t, func(r *harness) {
		require.NoError(t, r.box.Script(sandbox.Rule{Operation: sandbox.OpStatus, Do: sandbox.Raw, Status: 200, Body: processingBody}))
		r.order([]string{"a"})
		began := time.Now()
		r.await(func() bool { return len(r.wire.questions()) > 3 }, "asked and asked again")
		// Through most of the day nothing runs: every poll of a client costs as
		// much processor as one of a real day.
		r.kill()
		r.stop()
		r.pass(23 * time.Hour)
		require.Zero(t, r.meter.count("unknown"))
		r.startSender()
		r.kill = r.startLoop()
		asked := len(r.wire.questions())
		r.await(func() bool { return r.meter.count("unknown") == 1 }, "the end")
		require.Greater(t, len(r.wire.questions()), asked)
		require.GreaterOrEqual(t, time.Since(began), 24*time.Hour)
		require.Less(t, time.Since(began), 26*time.Hour)
		asked = len(r.wire.questions())
		r.pass(time.Hour)
		require.Len(t, r.wire.questions(), asked)
		require.Empty(t, r.verdicts())
		require.True(t, r.held("a").Delivered())
	})
}

// The provider does not know the request: nobody will ever know.
func TestUnknownRequestEnds(t *testing.T) {
	bubble(t, func(r *harness) {
		r.order([]string{"a"})
		r.await(func() bool { return len(r.submissions()) == 1 }, "submitted")
		r.box.Reset()
		r.await(func() bool { return r.meter.count("unknown") == 1 }, "the end")
		require.Len(t, r.wire.questions(), 0+1)
		require.Empty(t, r.verdicts())
	})
}

// The destination is another account's now: it is not asked about ours.
func TestAnotherAccountIsNotAsked(t *testing.T) {
	bubble(t, func(r *harness) {
		r.order([]string{"a"})
		r.await(func() bool { return len(r.submissions()) == 1 }, "submitted")
		r.apply("\n" + replaced(resources, "1234567890", "9999999999"))
		r.await(func() bool { return r.meter.count("unknown") == 1 }, "the end")
		require.Empty(t, r.wire.questions())
	})
}

// Without credentials nothing is asked and nothing is lost: the verdict comes
// once they are back.
func TestCredentialsAreWaitedFor(t *testing.T) {
	bubble(t, func(r *harness) {
		r.order([]string{"a"})
		r.await(func() bool { return len(r.submissions()) == 1 }, "submitted")
		r.secrets.gone.Store(true)
		r.await(func() bool { return r.meter.count("failed") == 3 }, "waiting")
		require.Empty(t, r.verdicts())
		require.Empty(t, r.wire.questions())
		r.secrets.gone.Store(false)
		require.Equal(t, decision.VerdictConfirmed, r.awaitVerdicts(1)[0].Reason)
	})
}

// The provider's failures are asked about again, and a throttle slows the
// deliveries too: the bucket is one.
func TestFailuresAreAskedAgain(t *testing.T) {
	bubble(t, func(r *harness) {
		require.NoError(t, r.box.Script(
			sandbox.Rule{Operation: sandbox.OpStatus, Do: sandbox.Unavailable, Times: 1},
			sandbox.Rule{Operation: sandbox.OpStatus, Do: sandbox.Throttle, RetryAfter: 600, Skip: 1, Times: 1},
		))
		r.order([]string{"a"})
		r.await(func() bool { return r.meter.count("failed") == 2 }, "two failures")
		throttled := time.Now()
		r.order([]string{"b"})
		r.await(func() bool { return r.held("b").Delivered() }, "delivered after the throttle")
		require.GreaterOrEqual(t, time.Since(throttled), 9*time.Minute, "the deliveries wait as long as the provider told the question")
		require.Len(t, r.awaitVerdicts(2), 2)
	})
}

// The process dies after the claims were given back and before the commit:
// the next one says the same once, under the same ids.
func TestCrashRepeatsNothing(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("INVALID_FORMAT", 1000)
		r.order(ids("a", 3))
		r.await(func() bool { return len(r.submissions()) == 1 }, "submitted")
		var tried atomic.Int64
		kill := r.startSecond(func(d *transact.Deps) {
			d.BeforeCommit = func(context.Context) error { tried.Add(1); return errors.New("the process is about to die") }
		})
		r.await(func() bool { return tried.Load() > 0 }, "tried")
		require.Zero(t, r.held("a-0"), "the claims were given back already")
		kill()
		require.Empty(t, r.verdicts(), "nothing was committed")
		r.startSecond()
		seen := map[string]bool{}
		for _, d := range r.awaitVerdicts(3) {
			require.False(t, seen[d.ID])
			seen[d.ID] = true
		}
		r.pass(2 * time.Hour)
		require.Len(t, r.verdicts(), 3)
	})
}

// A submission that was written twice is asked about twice at most, and says
// the same under the same ids.
func TestACopySaysTheSame(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("INVALID_FORMAT", 1000)
		r.order(ids("a", 2))
		r.await(func() bool { return len(r.submissions()) == 1 }, "submitted")
		for _, record := range r.read(r.names.Submissions("google")) {
			require.NoError(t, r.producer.Produce(r.ctx, &kgo.Record{Topic: record.Topic, Key: record.Key, Value: record.Value}))
		}
		require.NoError(t, r.producer.Produce(r.ctx, &kgo.Record{Topic: r.names.Submissions("google"), Key: []byte("x"), Value: []byte("no submission")}))
		r.await(func() bool { return len(r.verdicts()) >= 2 }, "verdicts")
		r.pass(2 * time.Hour)
		seen := map[string]bool{}
		for _, d := range r.verdicts() {
			seen[d.ID] = true
		}
		require.Len(t, seen, 2)
	})
}

// Claims cannot be given back while Redis is away: the verdict waits for it.
func TestRedisIsWaitedFor(t *testing.T) {
	bubble(t, func(r *harness) {
		r.script("INVALID_FORMAT", 1000)
		r.order([]string{"a"})
		r.await(func() bool { return len(r.submissions()) == 1 }, "submitted")
		require.NoError(t, r.redis.Del(r.ctx, "sluice:claims").Err())
		r.await(func() bool { return len(r.wire.questions()) > 1 }, "tried more than once")
		require.Empty(t, r.verdicts())
		require.NoError(t, r.redis.Set(r.ctx, "sluice:claims", "ready:1", 0).Err())
		require.Equal(t, decision.VerdictRefused, r.awaitVerdicts(1)[0].Reason)
		require.Zero(t, r.held("a"))
	})
}

func TestOutcomeNames(t *testing.T) {
	require.Equal(t, "settled", verdict.Settled.String())
	require.Equal(t, "unknown", verdict.Unknown.String())
}
