package health_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/health"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// usual is a day of normal traffic before the last hour.
func usual(w *world) {
	w.delivered(480, 10*time.Hour, nil)
	w.tell(480, 10*time.Hour, decision.Queued, decision.Eligible, nil)
}

// Every cause fires its own alert and no other; what is well, expected or too
// little to judge by fires none.
func TestACauseFiresItsAlertAlone(t *testing.T) {
	t.Parallel()
	expects := func(d *resource.Destination) {
		d.Objectives.ExpectedPerDay = map[string]int64{"purchase": 480, "lead": 48}
	}
	blocked := []health.Status{{Destination: "acme-meta", State: "blocked", Reason: decision.CredentialsInvalid, UpdatedAt: now.UnixMilli()}}
	waiting := func(until time.Duration) []health.Status {
		return []health.Status{{Destination: "acme-meta", State: "waiting", Reason: decision.ProviderThrottled, Until: now.Add(until).UnixMilli(), UpdatedAt: now.UnixMilli()}}
	}
	within := func(d *resource.Destination) { d.Objectives.SLAMS = 5000 }
	slow := func(d *decision.Decision) { d.LatencyMS = 60_000 }
	stored := func(ago time.Duration, change func(*resource.Destination)) func(*resource.Destination) {
		return func(d *resource.Destination) {
			change(d)
			d.Stored = now.Add(-ago).UnixMilli()
		}
	}
	soon := []health.Status{{Destination: "acme-meta", State: "open", CredentialExpires: now.Add(48 * time.Hour).UnixMilli(), UpdatedAt: now.UnixMilli()}}
	for name, c := range map[string]struct {
		happened func(*world)
		change   func(*resource.Destination)
		statuses []health.Status
		version  health.Version
		fires    health.AlertName
		says     string
	}{
		"all is well":                  {happened: func(w *world) { usual(w); w.delivered(20, time.Minute, nil) }},
		"nothing ever":                 {happened: func(*world) {}},
		"a quiet hour":                 {happened: func(w *world) { w.delivered(24, 10*time.Hour, nil) }},
		"silence":                      {happened: usual, fires: health.SilentFailure, says: "20 events an hour were usual"},
		"paused":                       {happened: usual, change: func(d *resource.Destination) { d.Paused = true }},
		"inactive":                     {happened: usual, change: func(d *resource.Destination) { d.Active = false }},
		"in shadow mode":               {happened: usual, change: func(d *resource.Destination) { d.Mode = resource.ModeShadow }},
		"never what is due":            {happened: func(*world) {}, change: expects, fires: health.SilentFailure, says: "the owner expects 22 events an hour"},
		"due for an hour":              {happened: func(*world) {}, change: stored(time.Hour, expects)},
		"due since the window is full": {happened: func(*world) {}, change: stored(25*time.Hour, expects), fires: health.SilentFailure, says: "the owner expects"},
		"a window that is not full":    {happened: func(w *world) { w.delivered(100, time.Minute, nil) }, change: stored(23*time.Hour, expects)},
		"a window that is full": {
			happened: func(w *world) { w.delivered(100, time.Minute, nil) }, change: stored(24*time.Hour, expects),
			fires: health.CoverageDrop, says: "19 % of the expected events arrived in 24 hours",
		},
		"told to wait":        {happened: usual, statuses: waiting(time.Minute), fires: health.SilentFailure, says: "; the provider asks to wait until "},
		"told to wait lately": {happened: func(w *world) { usual(w); w.delivered(20, time.Minute, nil) }, statuses: waiting(time.Minute)},
		"a wait that is over": {happened: usual, statuses: waiting(-time.Minute), fires: health.SilentFailure, says: "were usual"},
		"late": {
			happened: func(w *world) { usual(w); w.delivered(100, time.Minute, nil); w.delivered(6, time.Minute, slow) }, change: within,
			fires: health.SLAMissed, says: "94 % of the events of the last hour were delivered within 5s, the objective; 95 % should be",
		},
		"late all day, and few an hour": {
			happened: func(w *world) { w.delivered(480, 10*time.Hour, slow); w.delivered(20, time.Minute, slow) }, change: within,
			fires: health.SLAMissed, says: "0 % of the events of the last 24 hours",
		},
		"late once":           {happened: func(w *world) { usual(w); w.delivered(100, time.Minute, nil); w.delivered(4, time.Minute, slow) }, change: within},
		"late, and no matter": {happened: func(w *world) { usual(w); w.delivered(100, time.Minute, slow) }},
		"late, replayed": {
			happened: func(w *world) {
				usual(w)
				w.delivered(100, time.Minute, func(d *decision.Decision) { d.LatencyMS, d.ReplayID = 3600_000, "r" })
			}, change: within,
		},
		"the day's budget is used up": {
			happened: func(w *world) {
				usual(w)
				w.delivered(20, time.Minute, nil)
				w.tell(6, 5*time.Hour, decision.DeadLettered, decision.ProviderRejected, nil)
			}, fires: health.ErrorBudget, says: "6 of the 506 events of the last 24 hours were late (0), dead-lettered or expired; the error budget allows 1 %",
		},
		"the budget is used up by what was late and what expired": {
			happened: func(w *world) {
				usual(w)
				w.delivered(20, time.Minute, nil)
				w.delivered(4, 5*time.Hour, slow)
				w.tell(3, 5*time.Hour, decision.Expired, decision.ProviderTooOld, nil)
			}, change: within, fires: health.ErrorBudget, says: "7 of the 507 events of the last 24 hours were late (4)",
		},
		"the budget burns": {
			happened: func(w *world) {
				w.delivered(2400, 10*time.Hour, nil)
				w.delivered(100, time.Minute, nil)
				w.tell(20, time.Minute, decision.DeadLettered, decision.ProviderRejected, nil)
			}, fires: health.ErrorBudget, says: "20 of the 120 events of the last hour",
		},
		"within the budget": {happened: func(w *world) {
			usual(w)
			w.delivered(20, time.Minute, nil)
			w.tell(4, time.Minute, decision.DeadLettered, decision.ProviderRejected, nil)
		}},
		"one event missing": {
			happened: func(w *world) { usual(w); w.delivered(2, time.Minute, nil) }, change: func(d *resource.Destination) {
				d.Objectives.ExpectedPerDay = map[string]int64{"purchase": 480, "lead": 200}
			}, fires: health.CoverageDrop, says: "lead: 0 of 200",
		},
		"consent lost": {
			happened: func(w *world) {
				usual(w)
				w.delivered(20, time.Minute, nil)
				w.tell(20, time.Minute, decision.Queued, decision.Eligible, nil)
				w.tell(60, time.Minute, decision.Skipped, decision.ConsentMalformed, nil)
			}, fires: health.CoverageDrop, says: "most were consent.malformed",
		},
		"e-mail lost": {
			happened: func(w *world) {
				usual(w)
				w.delivered(60, time.Minute, func(d *decision.Decision) { d.Identifiers = decision.IdentifierStatus{MatchQuality: 4} })
			}, fires: health.MatchQualityDrop, says: "email is missing in 100 % more events",
		},
		"too few to compare": {
			happened: func(w *world) {
				usual(w)
				w.delivered(10, time.Minute, func(d *decision.Decision) { d.Identifiers = decision.IdentifierStatus{MatchQuality: 4} })
			},
		},
		"refused later": {
			happened: func(w *world) {
				usual(w)
				w.delivered(20, time.Minute, nil)
				w.tell(20, 5*time.Hour, decision.Refused, decision.VerdictRefused, nil)
			}, fires: health.VerdictRefusals, says: "refused 20 events",
		},
		"refused as announced": {
			happened: func(w *world) {
				usual(w)
				w.delivered(20, time.Minute, nil)
				w.tell(200, 5*time.Hour, decision.Refused, decision.VerdictConsentDenied, nil)
			},
		},
		"blocked": {
			happened: func(w *world) { usual(w); w.delivered(1, 30*time.Minute, nil) }, statuses: blocked, fires: health.Credentials, says: "Issue a new token",
		},
		"blocked for an hour": {happened: usual, statuses: blocked, fires: health.Credentials, says: "Issue a new token"},
		"parked for an hour": {
			happened: func(w *world) {
				usual(w)
				w.tell(30, time.Minute, decision.Parked, decision.CredentialsInvalid, nil)
			}, change: expects, fires: health.Credentials, says: "none was delivered since",
		},
		"parked": {
			happened: func(w *world) {
				usual(w)
				w.delivered(20, 30*time.Minute, nil)
				w.tell(1, time.Minute, decision.Parked, decision.CredentialsInvalid, nil)
			}, fires: health.Credentials, says: "none was delivered since",
		},
		"healed": {happened: func(w *world) {
			usual(w)
			w.tell(1, 30*time.Minute, decision.Parked, decision.CredentialsInvalid, nil)
			w.delivered(20, time.Minute, nil)
		}},
		"about to end": {happened: func(*world) {}, statuses: soon, fires: health.Credentials, says: "2026-11-23T12:00:00Z"},
		"a version that ends": {
			happened: func(*world) {}, version: health.Version{Name: "v20.0", Ends: now.Add(29 * 24 * time.Hour).UnixMilli()},
			fires: health.APIVersion, says: "API version v20.0 ends or ended on ",
		},
		"a version that has ended": {
			happened: func(*world) {}, version: health.Version{Name: "v20.0", Ends: now.Add(-time.Hour).UnixMilli()}, fires: health.APIVersion, says: "v20.0",
		},
		"a version that lives on": {happened: func(*world) {}, version: health.Version{Name: "v25.0", Ends: now.Add(31 * 24 * time.Hour).UnixMilli()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			c.happened(w)
			d := destination()
			if c.change != nil {
				c.change(d)
			}
			situation := w.observer.Situation(now.UnixMilli(), c.statuses)
			situation.Versions = map[string]health.Version{d.ID: c.version}
			alerts := situation.Judge(d)
			require.Len(t, alerts, len(health.AlertNames())-1)
			for _, a := range alerts {
				require.Equal(t, "growth@acme.example", a.Owner)
				require.Equal(t, "https://wiki.acme.example/meta", a.Runbook)
				if a.Name == c.fires {
					require.True(t, a.Firing, a.Name)
					require.Contains(t, a.Detail, c.says)
				} else {
					require.False(t, a.Firing, "%s: %s", a.Name, a.Detail)
				}
			}
		})
	}
}

func TestConsentAlert(t *testing.T) {
	t.Parallel()
	require.False(t, health.JudgeConsent(true, time.Hour).Firing)
	require.False(t, health.JudgeConsent(false, 10*time.Second).Firing, "a hiccup")
	require.True(t, health.JudgeConsent(false, 2*time.Minute).Firing)
}
