package health

import (
	"fmt"
	"time"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

func orNone(c *Counts) *Counts {
	if c == nil {
		return &Counts{}
	}
	return c
}

func (s *Situation) silent(d *resource.Destination, recent, baseline *Counts) string {
	if recent.Delivered > 0 {
		return ""
	}
	usual := float64(baseline.Delivered) / BaselineSpan.Hours()
	if usual >= silentRate {
		text := fmt.Sprintf("nothing was delivered in the last hour; %.0f events an hour were usual", usual)
		if status := s.Worst[d.ID]; status.State == "waiting" {
			text += "; the provider asks to wait until " + time.UnixMilli(status.Until).UTC().Format(time.RFC3339)
		}
		return text
	}
	var expected int64
	for _, n := range d.Objectives.ExpectedPerDay {
		expected += n
	}
	if perHour := float64(expected) / 24; perHour >= silentRate && baseline.Delivered == 0 && s.full(d, RecentSpan+BaselineSpan) {
		return fmt.Sprintf("nothing was delivered in the last %.0f hours; the owner expects %.0f events an hour", (RecentSpan + BaselineSpan).Hours(), perHour)
	}
	return ""
}

func (s *Situation) coverage(d *resource.Destination, recent, baseline, day *Counts) string {
	r := Report{Counts: day}
	if r.coverage(d, daySpan); r.Coverage != nil {
		if *r.Coverage >= minimalCoverage || !s.full(d, daySpan) {
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

// late compares the last hour, or the day where too little was delivered in
// it, with the destination's objective.
func late(d *resource.Destination, recent, day *Counts) string {
	for _, span := range []struct {
		words  string
		counts *Counts
	}{{"hour", recent}, {"24 hours", day}} {
		if d.Objectives.SLAMS <= 0 || span.counts.Latency.n < enough {
			continue
		}
		share := float64(span.counts.Latency.Within(d.Objectives.SLAMS)) / float64(span.counts.Latency.n)
		if share >= punctual {
			return ""
		}
		return fmt.Sprintf("%.0f %% of the events of the last %s were delivered within %s, the objective; %.0f %% should be",
			100*share, span.words, time.Duration(d.Objectives.SLAMS)*time.Millisecond, 100*punctual)
	}
	return ""
}

// budget says whether the error budget of a day is used up, or burns so fast
// that it soon will be. Late events count where nothing else tells of them.
func budget(d *resource.Destination, recent, day *Counts, countLate bool) string {
	for _, span := range []struct {
		words  string
		counts *Counts
		limit  float64
	}{{"24 hours", day, Budget}, {"hour", recent, fastBurn * Budget}} {
		late, failed, all := span.counts.spent(d.Objectives.SLAMS)
		if !countLate {
			late = 0
		}
		if bad := late + failed; bad >= failureCount && float64(bad) > span.limit*float64(all) {
			return fmt.Sprintf("%d of the %d events of the last %s were late (%d), dead-lettered or expired; the error budget allows %.0f %%",
				bad, all, span.words, late, 100*Budget)
		}
	}
	return ""
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
