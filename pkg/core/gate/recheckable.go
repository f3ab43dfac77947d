package gate

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// recheck is all that a recheckable gate may see.
type recheck struct {
	facts *decision.Facts
	view  View
	now   int64
	route *resource.Route // nil: gone
	// lastCall: held before, unknown is final.
	lastCall bool

	judged    bool
	effective consent.Effective
	verdict   consent.Outcome
	// restrict collects the first cause that the destination answers with a
	// reduced delivery.
	restrict decision.Reason
}

// mappingEnabled is gate 2, first part.
func mappingEnabled(s *recheck) outcome {
	switch {
	case s.route == nil:
		return fail(decision.MappingNone, "the mapping no longer exists")
	case !s.route.Mapping.Enabled:
		return fail(decision.MappingDisabled, "")
	}
	return pass()
}

// destinationReady is gate 3.
func destinationReady(s *recheck) outcome {
	d := s.route.Destination
	switch {
	case d == nil:
		return fail(decision.DestinationInactive, "the destination does not exist")
	case !d.Active:
		return fail(decision.DestinationInactive, "")
	case s.route.Invalid != "":
		return fail(decision.DestinationInvalid, s.route.Invalid)
	case s.route.Provider == nil || s.route.Policy == nil:
		// Compiling resources gives neither without Invalid; a set that does
		// must not reach the rules of a missing policy or provider.
		return fail(decision.DestinationInvalid, "its provider or policy is missing")
	}
	if reason, lacking := Lacks(d); lacking {
		return fail(reason, "")
	}
	return pass()
}

// Lacks says what a destination's resource lacks before anything may be sent
// to it.
func Lacks(d *resource.Destination) (decision.Reason, bool) {
	switch {
	case d.Secret == "":
		return decision.DestinationNoCredentials, true
	case !d.Terms.Accepted():
		return decision.DestinationTermsNotAccepted, true
	}
	return decision.ReasonNone, false
}

// judge asks the consent engine once for both of its gates.
func (s *recheck) judge() *consent.Outcome {
	if !s.judged {
		var record consent.Statement // without a subject only the snapshot counts
		if !s.facts.Subject.IsZero() {
			record, _ = s.view.Consent(s.facts.Customer, s.facts.Subject)
		}
		s.effective = consent.Merge(s.facts.Snapshot, record, s.facts.Place, s.route.Rule(s.facts.Place), s.now)
		s.verdict = consent.Judge(&s.effective, s.facts.Needs)
		s.judged = true
	}
	return &s.verdict
}

// choiceAllows is gate 4.
func choiceAllows(s *recheck) outcome {
	return s.answer(s.judge().Causes & consent.ChoiceCauses)
}

// consentAllows is gate 5.
func consentAllows(s *recheck) outcome {
	return s.answer(s.judge().Causes & consent.ConsentCauses)
}

// answer gives what the destination chose for the causes of one gate. Every
// cause has to be answered by restriction for the event to go on; one that is
// not decides.
func (s *recheck) answer(causes consent.Causes) outcome {
	for causes != 0 {
		cause, _ := causes.First()
		causes &^= consent.Causes(1 << cause)
		// The audit trail explains the cause that decides, or the last one that
		// the delivery was reduced for.
		s.verdict.Basis = consent.Explain(&s.effective, s.facts.Needs, cause)
		reason := reasonOf[cause]
		switch s.chosen(cause) {
		case resource.Restrict:
			if s.restrict == decision.ReasonNone {
				s.restrict = reason
			}
		case resource.Hold:
			if s.lastCall {
				return fail(reason, "still not given after the hold time")
			}
			return outcome{reason: reason, status: decision.Held, detail: "held until consent arrives or the hold time is over"}
		default:
			return fail(reason, s.explainCause(cause))
		}
	}
	return pass()
}

// chosen is the destination's setting for a cause; causes without a setting
// are always skipped.
func (s *recheck) chosen(cause consent.Cause) resource.OnFail {
	spec := s.route.Destination.Consent
	switch cause.Class() {
	case consent.ClassChoice:
		return spec.Choice
	case consent.ClassDenied:
		return spec.Denied
	case consent.ClassUnknown:
		return spec.Unknown
	default:
		return resource.Skip
	}
}

func (s *recheck) explainCause(cause consent.Cause) string {
	b := s.verdict.Basis
	where := "under " + b.Regime.String()
	if j := b.Jurisdiction.Describe(); j != "" {
		where += " in " + j
	}
	if b.FromIdentity {
		where += " (identity.country)"
	}
	if b.Source == consent.Nobody {
		if b.Purpose == 0 {
			return "nobody has said anything, " + where
		}
		return "nobody has said anything about " + b.Purpose.String() + ", " + where
	}
	detail := "by the " + b.Source.String() + " " + where
	switch {
	case cause == consent.Malformed && b.Malformed != consent.WellFormed:
		detail = b.Malformed.String() + " " + detail
	case b.Purpose != 0:
		detail = b.Purpose.String() + " " + detail
	}
	if b.Detail != "" {
		detail += ": " + b.Detail
	}
	return detail
}

// reasonOf gives each cause its reason code.
var reasonOf = [...]decision.Reason{
	consent.Erased:        decision.ConsentErased,
	consent.GPC:           decision.ChoiceGPC,
	consent.DNT:           decision.ChoiceDNT,
	consent.Minor:         decision.ChoiceMinor,
	consent.Malformed:     decision.ConsentMalformed,
	consent.DeniedPurpose: decision.ConsentDenied,
	consent.SensitiveData: decision.ConsentSensitive,
	consent.Expired:       decision.ConsentExpired,
	consent.Unsupported:   decision.ConsentUnsupported,
	consent.Unknown:       decision.ConsentUnknown,
}

// ageWithin is the part of gate 7 that time alone can change.
func ageWithin(s *recheck) outcome {
	f := s.facts
	switch {
	case f.NotAfter != 0 && s.now > f.NotAfter:
		return fail(decision.ProviderTooOld, tooOld(f, s.now))
	case f.FutureTolerance != 0 && f.EventTime > s.now+f.FutureTolerance:
		return fail(decision.ProviderInFuture, "ahead by "+age(f.EventTime-s.now))
	case f.DedupUntil != 0 && s.now > f.DedupUntil && !f.PastDedupWindow:
		return fail(decision.ProviderDedupWindowPassed, "the event is "+age(s.now-f.EventTime)+" old")
	}
	return pass()
}

// tooOld says whose age it is that the provider does not accept.
func tooOld(f *decision.Facts, now int64) string {
	if f.AgedSince > 0 {
		return "the click is " + age(now-f.AgedSince) + " old, the event " + age(now-f.EventTime)
	}
	return "the event is " + age(now-f.EventTime) + " old"
}

// age writes a duration in the largest unit that keeps it readable.
func age(ms int64) string {
	switch {
	case ms >= 48*3600_000:
		return strconv.FormatInt(ms/(24*3600_000), 10) + " d"
	case ms >= 2*3600_000:
		return strconv.FormatInt(ms/3600_000, 10) + " h"
	case ms >= 2*60_000:
		return strconv.FormatInt(ms/60_000, 10) + " min"
	}
	return strconv.FormatInt(ms/1000, 10) + " s"
}
