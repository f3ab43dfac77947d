package health_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is an observer and the decisions that it is told.
type world struct {
	observer *health.Observer
	n        int
}

func newWorld() *world { return &world{observer: health.NewObserver(health.Config{})} }

// tell adds n decisions of one kind, about an event each, some time ago.
func (w *world) tell(n int, ago time.Duration, status decision.Status, reason decision.Reason, change func(*decision.Decision)) {
	for range n {
		w.n++
		d := decision.Decision{
			ID: "id-" + strconv.Itoa(w.n), Time: now.Add(-ago).UnixMilli(), Stage: decision.StageSender, Status: status, Reason: reason,
			DestinationID: "acme-meta", Mapping: "m", EventID: "e" + strconv.Itoa(w.n), SourceEvent: "purchase", LatencyMS: 1000,
			Identifiers: decision.IdentifierStatus{Present: []decision.Kind{decision.KindEmail}, MatchQuality: 8},
		}
		if change != nil {
			change(&d)
		}
		w.observer.Add(&d)
	}
}

func (w *world) delivered(n int, ago time.Duration, change func(*decision.Decision)) {
	w.tell(n, ago, decision.Delivered, decision.ReasonDelivered, change)
}

func destination() *resource.Destination {
	return &resource.Destination{ID: "acme-meta", Customer: "acme", Provider: "meta", Active: true, Owner: "growth@acme.example", Runbook: "https://wiki.acme.example/meta"}
}

func (w *world) report(d *resource.Destination) health.Report {
	counts := w.observer.Counts(now.Add(-24*time.Hour).UnixMilli(), now.UnixMilli()+1)
	return health.NewReport(d, counts[d.ID], 24*time.Hour, w.observer.Waiting()[d.ID], nil)
}

func TestReport(t *testing.T) {
	t.Parallel()
	w := newWorld()
	browser := func(reported bool) func(*decision.Decision) {
		return func(d *decision.Decision) { d.BrowserReported = event.Some(reported) }
	}
	w.delivered(4, time.Hour, browser(true))
	w.delivered(1, time.Hour, func(d *decision.Decision) { d.BrowserReported, d.DedupRisk = event.Some(true), true })
	w.delivered(3, time.Hour, browser(false))
	w.delivered(2, time.Hour, func(d *decision.Decision) {
		d.Identifiers = decision.IdentifierStatus{MatchQuality: 3}
		d.LatencyMS = 100_000
	})
	w.tell(5, time.Hour, decision.Skipped, decision.ConsentDenied, browser(true))
	w.tell(2, time.Hour, decision.Duplicate, decision.DuplicateEventID, browser(true))
	w.tell(18, time.Hour, decision.Queued, decision.Eligible, func(d *decision.Decision) { d.Stage = decision.StageRouter })
	w.tell(7, time.Hour, decision.Queued, decision.Eligible, func(d *decision.Decision) { d.Stage, d.ReplayID = decision.StageReplay, "r" })
	w.tell(3, 2*time.Hour, decision.Parked, decision.CredentialsInvalid, nil)
	w.delivered(9, 48*time.Hour, nil) // too long ago

	d := destination()
	d.Objectives = resource.Objectives{SLAMS: 5000, ExpectedPerDay: map[string]int64{"purchase": 20, "lead": 20}}
	r := w.report(d)
	require.Equal(t, 10, r.Counts.Delivered)
	require.Equal(t, 5, r.Counts.Both)
	require.Equal(t, 3, r.Counts.Recovered)
	require.InDelta(t, 0.8, *r.Recognisable, 1e-9)
	require.InDelta(t, 0.1, *r.DuplicateShare, 1e-9)
	require.InDelta(t, 7, *r.MatchQuality, 1e-9)
	require.Equal(t, []health.KeyCoverage{{Kind: decision.KindEmail, Share: 0.8}}, r.KeyCoverage)
	require.Equal(t, 18, r.Counts.Eligible, "replays are not new events")
	require.Equal(t, 15, r.EventCoverage[1].Got, "delivered, or reported by the browser, and each once")
	require.InDelta(t, 15.0/40, *r.Coverage, 1e-9)
	require.InEpsilon(t, 1000, *r.P50, 0.1)
	require.InEpsilon(t, 100_000, *r.P95, 0.1)
	require.InDelta(t, 0.8, *r.WithinSLA, 1e-9)
	require.InDelta(t, 1-0.2/health.Budget, *r.BudgetLeft, 1e-9)
	require.Equal(t, health.Waiting{Events: 3, Oldest: now.Add(-2 * time.Hour).UnixMilli()}, r.Parked)
	require.Equal(t, "unknown", r.State)
}

// TestAReplayTakesAFailureBack: what failed and was delivered later is no failure
// any more, what ends otherwise counts as that, and nothing counts twice.
func TestAReplayTakesAFailureBack(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.tell(4, 3*time.Hour, decision.DeadLettered, decision.ProviderRejected, func(d *decision.Decision) { d.BrowserReported = event.Some(true) })
	w.tell(1, 3*time.Hour, decision.Skipped, decision.ConsentDenied, nil)
	again := func(events, ids int, stage decision.Stage, status decision.Status, reason decision.Reason) {
		w.n = events - 1
		w.tell(1, time.Hour, status, reason, func(d *decision.Decision) {
			d.ID, d.Stage, d.ReplayID, d.BrowserReported = "again-"+strconv.Itoa(ids), stage, "r", event.Some(true)
		})
	}
	again(1, 1, decision.StageReplay, decision.Queued, decision.Eligible)
	again(1, 2, decision.StageSender, decision.Delivered, decision.ReasonDelivered)
	again(2, 3, decision.StageReplay, decision.Skipped, decision.ConsentDenied)
	again(3, 4, decision.StageReplay, decision.Queued, decision.Eligible)
	again(3, 5, decision.StageSender, decision.DeadLettered, decision.ProviderRejected)
	again(4, 6, decision.StageReplay, decision.Duplicate, decision.DuplicateDelivered)
	again(5, 7, decision.StageReplay, decision.Skipped, decision.ConsentDenied)
	c := w.report(destination()).Counts
	require.Equal(t, 1, c.Delivered)
	require.Equal(t, 2, c.DeadLettered, "one failed again, and of one only a copy came by")
	require.Equal(t, 2, c.Skipped)
	require.Equal(t, 2, c.Reasons[decision.ProviderRejected])
	require.Equal(t, 4, c.Events["purchase"], "each event of the browser's once")
	require.Zero(t, c.Eligible)
}

// Nothing is a share of nothing.
func TestReportOfNothing(t *testing.T) {
	t.Parallel()
	r := newWorld().report(destination())
	require.Nil(t, r.MatchQuality)
	require.Nil(t, r.Coverage)
	require.Nil(t, r.Recognisable)
	require.Nil(t, r.P95)
	require.Nil(t, r.WithinSLA)
	require.Nil(t, r.BudgetLeft)
	require.Empty(t, r.KeyCoverage)
}

// A repeat that a crash left behind counts once, and what has ended waits no
// longer.
func TestObserverCountsOnce(t *testing.T) {
	t.Parallel()
	o := health.NewObserver(health.Config{})
	d := decision.Decision{ID: "a", Time: now.UnixMilli(), DestinationID: "d", Mapping: "m", EventID: "e", Status: decision.Parked, Reason: decision.CredentialsInvalid}
	o.Add(&d)
	later := d
	later.ID, later.Time = "b", now.Add(time.Hour).UnixMilli()
	o.Add(&later)
	require.Equal(t, health.Waiting{Events: 1, Oldest: now.UnixMilli()}, o.Waiting()["d"][decision.Parked], "moved again, waiting since the first time")
	done := later
	done.ID, done.Status, done.Reason = "c", decision.Delivered, decision.ReasonDelivered
	o.Add(&done)
	o.Add(&done)
	require.Equal(t, 1, o.Counts(0, later.Time+1)["d"].Delivered)
	require.Empty(t, o.Waiting())
	o.Add(&decision.Decision{ID: "x", Time: now.UnixMilli(), Status: decision.Skipped, Reason: decision.MappingNone})
	require.Len(t, o.Counts(0, later.Time+1), 1, "what no mapping names is no destination's")
}

// An observer that runs for years keeps only what it is asked for.
func TestObserverForgets(t *testing.T) {
	t.Parallel()
	o := health.NewObserver(health.Config{Keep: 2 * time.Hour, Repeats: 30 * time.Minute})
	tell := func(id string, at time.Time) {
		o.Add(&decision.Decision{ID: id, Time: at.UnixMilli(), DestinationID: "d", Status: decision.Delivered, Reason: decision.ReasonDelivered})
	}
	tell("a", now)
	tell("b", now.Add(time.Hour))
	require.Equal(t, 2, o.Counts(0, now.Add(24*time.Hour).UnixMilli())["d"].Delivered)
	tell("c", now.Add(4*time.Hour))
	tell("d", now)
	require.Equal(t, 1, o.Counts(0, now.Add(24*time.Hour).UnixMilli())["d"].Delivered)
}

func TestVerdictsAboutRequests(t *testing.T) {
	t.Parallel()
	w := newWorld()
	whole := func(events int32) func(*decision.Decision) {
		return func(d *decision.Decision) {
			d.EventID, d.Mapping, d.Stage, d.Events = "", "", decision.StageVerdict, events
		}
	}
	w.tell(1, time.Hour, decision.Refused, decision.VerdictRefused, whole(12))
	w.tell(1, time.Hour, decision.Refused, decision.VerdictRefused, whole(0))
	w.tell(2, time.Hour, decision.Refused, decision.VerdictRefused, nil)
	w.tell(1, time.Hour, decision.Refused, decision.VerdictConsentDenied, whole(5))
	w.tell(1, time.Hour, decision.Confirmed, decision.VerdictConfirmed, whole(183))
	c := w.report(destination()).Counts
	require.Equal(t, 15, c.Refused)
	require.Equal(t, 5, c.Announced)
	require.Equal(t, 183, c.Confirmed)
}

// Two senders say different things in any order, and the answer is one: the
// worst state, and the earliest end of credentials that any of them uses.
func TestTheWorstIsTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	at := now.UnixMilli()
	for name, c := range map[string]struct {
		a, b, want health.Status
	}{
		"the end is known to one": {
			health.Status{State: "open", CredentialExpires: 7}, health.Status{State: "open"}, health.Status{State: "open", CredentialExpires: 7},
		},
		"one still has the old secret": {
			health.Status{State: "open", CredentialExpires: 9}, health.Status{State: "open", CredentialExpires: 7}, health.Status{State: "open", CredentialExpires: 7},
		},
		"the end is known to the better": {
			health.Status{State: "open", CredentialExpires: 7}, health.Status{State: "blocked", Reason: decision.CredentialsInvalid},
			health.Status{State: "blocked", Reason: decision.CredentialsInvalid, CredentialExpires: 7},
		},
		"blocked for longer": {
			health.Status{State: "blocked", Since: 2, Reason: decision.CredentialsInvalid}, health.Status{State: "blocked", Since: 1, Reason: decision.ProviderMisconfigured},
			health.Status{State: "blocked", Since: 1, Reason: decision.ProviderMisconfigured},
		},
		"a wait that is over": {
			health.Status{State: "waiting", Reason: decision.ProviderThrottled, Until: at - 60_000}, health.Status{State: "open"}, health.Status{State: "open"},
		},
		"a wait": {
			health.Status{State: "waiting", Reason: decision.ProviderThrottled, Until: at + 1}, health.Status{State: "open"},
			health.Status{State: "waiting", Reason: decision.ProviderThrottled, Until: at + 1},
		},
	} {
		a, b, want := c.a, c.b, c.want
		for i, s := range []*health.Status{&a, &b, &want} {
			s.Destination, s.Sender, s.UpdatedAt = "d", strconv.Itoa(i), at
		}
		for _, order := range [][]health.Status{{a, b}, {b, a}} {
			got := health.Worst(order, at)["d"]
			got.Sender = want.Sender
			require.Equal(t, want, got, name)
		}
	}
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	at := now.UnixMilli()
	worst := health.Worst([]health.Status{
		{Destination: "acme-meta", Sender: "a", State: "open", UpdatedAt: at, CredentialExpires: 7},
		{Destination: "acme-meta", Sender: "b", State: "blocked", UpdatedAt: at - 60_000},
		{Destination: "acme-meta", Sender: "c", State: "waiting", UpdatedAt: at, Until: at + 1},
		{Destination: "gone", Sender: "b", State: "blocked", UpdatedAt: at - 3_600_000},
	}, at)
	require.Len(t, worst, 1)
	require.Equal(t, int64(7), worst["acme-meta"].CredentialExpires)
	for want, change := range map[string]func(*resource.Destination){
		"blocked": func(*resource.Destination) {}, "inactive": func(d *resource.Destination) { d.Active = false },
		"paused": func(d *resource.Destination) { d.Paused = true }, "shadow": func(d *resource.Destination) { d.Mode = resource.ModeShadow },
		"unknown": func(d *resource.Destination) { d.ID = "other" },
	} {
		d := destination()
		change(d)
		require.Equal(t, want, health.StateOf(d, worst))
	}
}
