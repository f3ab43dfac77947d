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

func TestAlerts(t *testing.T) {
	t.Parallel()
	expects := func(d *resource.Destination) {
		d.Objectives.ExpectedPerDay = map[string]int64{"purchase": 480, "lead": 48}
	}
	blocked := []health.Status{{Destination: "acme-meta", State: "blocked", Reason: decision.CredentialsInvalid, UpdatedAt: now.UnixMilli()}}
	soon := []health.Status{{Destination: "acme-meta", State: "open", CredentialExpires: now.Add(48 * time.Hour).UnixMilli(), UpdatedAt: now.UnixMilli()}}
	for name, c := range map[string]struct {
		happened func(*world)
		change   func(*resource.Destination)
		statuses []health.Status
		version  health.Version
		fires    health.AlertName
		says     string
	}{
		"all is well":       {happened: func(w *world) { usual(w); w.delivered(20, time.Minute, nil) }},
		"nothing ever":      {happened: func(*world) {}},
		"a quiet hour":      {happened: func(w *world) { w.delivered(24, 10*time.Hour, nil) }},
		"silence":           {happened: usual, fires: health.SilentFailure, says: "20 events an hour were usual"},
		"paused":            {happened: usual, change: func(d *resource.Destination) { d.Paused = true }},
		"inactive":          {happened: usual, change: func(d *resource.Destination) { d.Active = false }},
		"in shadow mode":    {happened: usual, change: func(d *resource.Destination) { d.Mode = resource.ModeShadow }},
		"never what is due": {happened: func(*world) {}, change: expects, fires: health.SilentFailure, says: "the owner expects 22 events an hour"},
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
				} else if c.fires != health.SilentFailure { // silence lowers the coverage, too
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
