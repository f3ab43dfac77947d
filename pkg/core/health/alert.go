package health

import (
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// AlertName names an alert. The names are promises: metrics and rules use them.
type AlertName string

// The alerts.
const (
	// SilentFailure: events should be arriving, nothing fails, and nothing
	// arrives.
	SilentFailure AlertName = "silent_failure"
	// CoverageDrop: far fewer events arrive than are expected, or than did.
	CoverageDrop AlertName = "coverage_drop"
	// MatchQualityDrop: events can be matched much worse than before.
	MatchQualityDrop AlertName = "match_quality_drop"
	// VerdictRefusals: the provider refuses later what it had accepted.
	VerdictRefusals AlertName = "verdict_refusals"
	// SLAMissed: events are delivered, and later than the owner expects.
	SLAMissed AlertName = "sla_missed"
	// ErrorBudget: more events fail than the error budget allows, or soon will.
	ErrorBudget AlertName = "error_budget"
	// Credentials: the provider or the secret store refuses, or a person has to
	// renew the secret soon.
	Credentials AlertName = "credentials"
	// APIVersion: the version of the provider's API that requests name has
	// ended, or will soon.
	APIVersion AlertName = "api_version"
	// ConsentTableStale: consent cannot be relied on, so nothing is decided.
	// It is about the installation, and names no destination.
	ConsentTableStale AlertName = "consent_table_stale"
)

// AlertNames lists every alert, those of destinations first.
func AlertNames() []AlertName {
	return []AlertName{SilentFailure, CoverageDrop, MatchQualityDrop, VerdictRefusals, SLAMissed, ErrorBudget, Credentials, APIVersion, ConsentTableStale}
}

// Alert is the state of one alert at one destination.
type Alert struct {
	Name                                            AlertName
	Destination, Customer, Provider, Owner, Runbook string
	Firing                                          bool
	// Detail says why it fires, for people; empty where it does not.
	Detail string
}

// What makes an alert fire.
const (
	// RecentSpan is compared with the BaselineSpan before it.
	RecentSpan   = time.Hour
	BaselineSpan = 24 * time.Hour
	daySpan      = 24 * time.Hour
	// silentRate is how many events an hour must be usual before an hour
	// without any means something: by chance it would happen once in 150.
	silentRate = 5
	// enough events to compare shares and means.
	enough = 50
	// minimalCoverage of what the owner expects in a day.
	minimalCoverage = 0.8
	// passedDrop is how much smaller the share of events that pass may become.
	passedDrop = 0.2
	// qualityDrop in points of 10.
	qualityDrop = 1
	// refusals in a day, at least, and as a share of what was delivered.
	refusalCount, refusalShare = 5, 0.02
	// punctual is the share of events that has to keep the objective.
	punctual = 0.95
	// failures in a day, at least, before the budget of a day is used up, and
	// in an hour before it burns fast: so fast that the budget of 30 days would
	// last two.
	failureCount, fastBurn = 5, 14.4
	// expiresSoon warns of credentials that end.
	expiresSoon = 7 * 24 * time.Hour
	// versionSoon warns of an API version that ends. Applying a destination
	// warns earlier; this is for those that nobody has touched since.
	versionSoon = 30 * 24 * time.Hour
	// staleConsent is how old the consent table may be. Roles wait after three
	// seconds; this long it is no hiccup.
	staleConsent = time.Minute
)

// Situation is what alerts are judged by.
type Situation struct {
	Now int64 // epoch ms
	// Recent, Baseline and Day are the counts of the last RecentSpan, of the
	// BaselineSpan before it, and of the last 24 hours.
	Recent, Baseline, Day map[string]*Counts
	Waiting               map[string]map[decision.Status]Waiting
	Worst                 map[string]Status
	// Versions are the API versions that end, by destination; see
	// Observer.Situation.
	Versions map[string]Version
}

// Version is the version of a provider's API that a destination's requests
// name, and when it ends, in epoch milliseconds.
type Version struct {
	Name string
	Ends int64
}

// Situation sums up what an observer has seen. What it cannot see, Versions, is
// the caller's to fill in.
func (o *Observer) Situation(now int64, statuses []Status) Situation {
	recent := now - RecentSpan.Milliseconds()
	return Situation{
		Now: now, Recent: o.Counts(recent, now+1), Baseline: o.Counts(recent-BaselineSpan.Milliseconds(), recent),
		Day: o.Counts(now-daySpan.Milliseconds(), now+1), Waiting: o.Waiting(), Worst: Worst(statuses, now),
	}
}

// Judge gives every alert of a destination, firing or not. One that is not
// active, not live or paused is meant to be silent: none of its alerts fires.
func (s *Situation) Judge(d *resource.Destination) []Alert {
	var details map[AlertName]string
	if d.Active && d.Mode == resource.ModeLive && !d.Paused {
		details = s.details(d)
	}
	var all []Alert
	for _, name := range AlertNames() {
		if name != ConsentTableStale {
			all = append(all, Alert{
				Name: name, Destination: d.ID, Customer: d.Customer, Provider: d.Provider, Owner: d.Owner, Runbook: d.Runbook,
				Firing: details[name] != "", Detail: details[name],
			})
		}
	}
	return all
}

// details says why alerts fire. What one of them explains fires no other: a
// person needs the cause, once.
func (s *Situation) details(d *resource.Destination) map[AlertName]string {
	recent, baseline, day := orNone(s.Recent[d.ID]), orNone(s.Baseline[d.ID]), orNone(s.Day[d.ID])
	details := map[AlertName]string{
		MatchQualityDrop: quality(recent, baseline), VerdictRefusals: refusals(day), APIVersion: s.version(d),
		Credentials: s.credentials(d, recent), SLAMissed: late(d, recent, day),
	}
	details[ErrorBudget] = budget(d, recent, day, details[SLAMissed] == "")
	if s.stopped(d, recent) {
		return details // known to send nothing: neither silent, nor short of events for another reason
	}
	if details[SilentFailure] = s.silent(d, recent, baseline); details[SilentFailure] == "" {
		details[CoverageDrop] = s.coverage(d, recent, baseline, day)
	}
	return details
}

// stopped says whether it is known that nothing can be sent now, and so alarmed
// elsewhere. A provider that asks to wait is no such cause: nothing else tells
// of one that has asked for an hour.
func (s *Situation) stopped(d *resource.Destination, recent *Counts) bool {
	return s.Worst[d.ID].State == "blocked" || recent.LastCredentials > recent.LastDelivered
}

// full says whether a destination stands as it does for so long that a window
// of that length holds nothing from before.
func (s *Situation) full(d *resource.Destination, window time.Duration) bool {
	return s.Now-d.Stored >= window.Milliseconds()
}

// JudgeConsent gives the alert about the consent table: whether it is ready,
// and how long ago it last was known to be complete.
func JudgeConsent(ready bool, staleness time.Duration) Alert {
	a := Alert{Name: ConsentTableStale}
	if !ready && staleness > staleConsent {
		a.Firing, a.Detail = true, fmt.Sprintf("the consent table was last known to be complete %s ago; nothing is decided until it is again", staleness.Round(time.Second))
	}
	return a
}
