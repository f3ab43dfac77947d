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
	// Credentials: the provider or the secret store refuses, or will soon.
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
	return []AlertName{SilentFailure, CoverageDrop, MatchQualityDrop, VerdictRefusals, Credentials, APIVersion, ConsentTableStale}
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
		Day: o.Counts(now-24*time.Hour.Milliseconds(), now+1), Waiting: o.Waiting(), Worst: Worst(statuses, now),
	}
}

// Judge gives every alert of a destination, firing or not. One that is not
// active, not live or paused is meant to be silent: none of its alerts fires.
func (s *Situation) Judge(d *resource.Destination) []Alert {
	quiet := !d.Active || d.Mode != resource.ModeLive || d.Paused
	details := map[AlertName]string{}
	if !quiet {
		recent, baseline, day := orNone(s.Recent[d.ID]), orNone(s.Baseline[d.ID]), orNone(s.Day[d.ID])
		details[SilentFailure] = silent(d, recent, baseline)
		details[CoverageDrop] = coverage(d, recent, baseline, day)
		details[MatchQualityDrop] = quality(recent, baseline)
		details[VerdictRefusals] = refusals(day)
		details[Credentials] = s.credentials(d, recent)
		details[APIVersion] = s.version(d)
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

// JudgeConsent gives the alert about the consent table: whether it is ready,
// and how long ago it last was known to be complete.
func JudgeConsent(ready bool, staleness time.Duration) Alert {
	a := Alert{Name: ConsentTableStale}
	if !ready && staleness > staleConsent {
		a.Firing, a.Detail = true, fmt.Sprintf("the consent table was last known to be complete %s ago; nothing is decided until it is again", staleness.Round(time.Second))
	}
	return a
}

func orNone(c *Counts) *Counts {
	if c == nil {
		return &Counts{}
	}
	return c
}

func silent(d *resource.Destination, recent, baseline *Counts) string {
	if recent.Delivered > 0 {
		return ""
	}
	usual := float64(baseline.Delivered) / BaselineSpan.Hours()
	if usual >= silentRate {
		return fmt.Sprintf("nothing was delivered in the last hour; %.0f events an hour were usual", usual)
	}
	var expected int64
	for _, n := range d.Objectives.ExpectedPerDay {
		expected += n
	}
	if perHour := float64(expected) / 24; perHour >= silentRate && baseline.Delivered == 0 {
		return fmt.Sprintf("nothing was delivered in the last %.0f hours; the owner expects %.0f events an hour", (RecentSpan + BaselineSpan).Hours(), perHour)
	}
	return ""
}

func coverage(d *resource.Destination, recent, baseline, day *Counts) string {
	r := Report{Counts: day}
	if r.coverage(d, 24*time.Hour); r.Coverage != nil {
		if *r.Coverage >= minimalCoverage {
			return ""
		}
		worst := r.EventCoverage[0]
		for _, e := range r.EventCoverage {
			if e.Share() < worst.Share() {
				worst = e
			}
		}
		return fmt.Sprintf("%.0f %% of the expected events arrived in 24 hours; %s: %d of %.0f", 100**r.Coverage, worst.Event, worst.Got, worst.Expected)
	}
	now, ok := recent.Passed()
	before, known := baseline.Passed()
	if !ok || !known || recent.decided() < enough || baseline.decided() < enough || before-now < passedDrop {
		return ""
	}
	return fmt.Sprintf("%.0f %% of the events passed in the last hour, %.0f %% in the day before; most were %s", 100*now, 100*before, recent.mostly())
}

// decided counts events that were decided, one way or the other.
func (c *Counts) decided() int { return c.Eligible + c.Skipped + c.Rejected }

// mostly is the reason that kept most events back.
func (c *Counts) mostly() decision.Reason {
	var most decision.Reason
	for _, r := range decision.Reasons() {
		if s := r.Info().Status; (s == decision.Skipped || s == decision.Rejected || s == decision.DeadLettered || s == decision.Revoked) && c.Reasons[r] > c.Reasons[most] {
			most = r
		}
	}
	return most
}

func quality(recent, baseline *Counts) string {
	now, ok := recent.MatchQuality()
	before, known := baseline.MatchQuality()
	if !ok || !known || recent.Delivered < enough || baseline.Delivered < enough || before-now < qualityDrop {
		return ""
	}
	kind, lost := decision.KindCount, 0.0
	for k := range decision.KindCount {
		was, is := float64(baseline.Kinds[k])/float64(baseline.Delivered), float64(recent.Kinds[k])/float64(recent.Delivered)
		if was-is > lost {
			kind, lost = k, was-is
		}
	}
	text := fmt.Sprintf("match quality is %.1f of 10 in the last hour, and was %.1f in the day before", now, before)
	if kind != decision.KindCount {
		text += fmt.Sprintf("; %s is missing in %.0f %% more events", kind, 100*lost)
	}
	return text
}

func refusals(day *Counts) string {
	if day.Refused < refusalCount || float64(day.Refused) < refusalShare*float64(day.Delivered) {
		return ""
	}
	return fmt.Sprintf("the provider refused %d events of the last 24 hours after it had accepted them (%d delivered)", day.Refused, day.Delivered)
}

func (s *Situation) credentials(d *resource.Destination, recent *Counts) string {
	status := s.Worst[d.ID]
	switch {
	case status.State == "blocked" && (status.Reason == decision.CredentialsInvalid || status.Reason == decision.CredentialsMissing):
		return status.Reason.Info().Sentence + " " + status.Reason.Info().Fix
	case recent.LastCredentials > recent.LastDelivered:
		return "events are put off because of the credentials, and none was delivered since"
	case status.CredentialExpires > 0 && status.CredentialExpires-s.Now < expiresSoon.Milliseconds():
		return "the credential ends at " + time.UnixMilli(status.CredentialExpires).UTC().Format(time.RFC3339)
	default:
		return ""
	}
}

func (s *Situation) version(d *resource.Destination) string {
	v := s.Versions[d.ID]
	if v.Ends == 0 || v.Ends-s.Now > versionSoon.Milliseconds() {
		return ""
	}
	return "API version " + v.Name + " ends or ended on " + time.UnixMilli(v.Ends).UTC().Format(time.DateOnly) + "; requests name it"
}
