package consent

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent/iab"
)

// Judge holds what was said against the rule that it was merged under and against
// what a destination needs.
//
// The same function answers for gate 4 (ChoiceCauses), for gate 5
// (ConsentCauses) and for the sender, which judges every delivery again with
// today's record and policy and also asks [Outcome.Revoked].
func Judge(e *Effective, n Needs) Outcome {
	j := newJudgement(e, n)
	o := Outcome{Causes: j.choice() | j.consent(), Said: j.reading.said}
	o.Said.Granted &^= j.expired // an expired grant says nothing any more
	if o.Causes.Has(GPC) || o.Causes.Has(DNT) {
		o.Said = o.Said.Deny(optOutDenies)
	}
	o.Usable = j.usable(o)
	cause, against := o.Causes.First()
	o.Basis = j.basis(cause, against)
	return o
}

// Explain returns the basis for one cause of an outcome, for a gate that passes
// over an earlier one because the destination restricts for it.
func Explain(e *Effective, n Needs, cause Cause) Basis {
	j := newJudgement(e, n)
	return j.basis(cause, true)
}

// judgement holds the operands of Judge for the questions below, one method
// each and in the order of the gates.
type judgement struct {
	effective *Effective
	rule      *Rule
	needs     Needs
	reading   reading
	expired   PurposeSet
	now       int64
}

func newJudgement(e *Effective, n Needs) judgement {
	j := judgement{effective: e, rule: &e.rule, needs: n, reading: e.read(n.TCFVendor), now: e.now}
	j.expired = j.expiredGrants()
	return j
}

// choice answers gate 4.
func (j *judgement) choice() Causes {
	e := j.effective
	var c Causes
	if e.record.Erased {
		// Only a later record can lift it, and that one would stand here instead.
		c = c.With(Erased)
	}
	if !j.rule.IgnoreGPC && j.held(e.snapshot.GPC, e.record.GPC) {
		c = c.With(GPC)
	}
	if !j.rule.IgnoreDNT && j.held(e.snapshot.DNT, e.record.DNT) {
		c = c.With(DNT)
	}
	if j.blocks(&e.snapshot) || j.blocks(&e.record) {
		c = c.With(Minor)
	}
	return c
}

// held tells whether a signal in either input stands. A later record that
// explicitly grants everything needed lifts the snapshot's; a record's own is
// lifted by a later record only, which would have replaced it. An override is
// a grant given in knowledge of the signal, so it holds against both.
func (j *judgement) held(inSnapshot, inRecord bool) bool {
	if !inSnapshot && !inRecord {
		return false
	}
	e := j.effective
	if !e.recordGrants(j.needs.required(), j.needs.TCFVendor) {
		return true
	}
	if e.record.Overridden {
		return false
	}
	return inRecord || e.record.At <= e.snapshotAt()
}

// blocks tells whether a statement says that the subject is a minor whom the
// policy holds back.
func (j *judgement) blocks(s *Statement) bool {
	minors := s.Minors &^ j.rule.IgnoreMinors
	child := s.Age == Child || minors&(iab.ChildWithoutConsent|iab.ChildWithConsent) != 0
	teen := s.Age == Teen || minors&(iab.TeenWithoutConsent|iab.TeenWithConsent) != 0
	return child || teen && !j.rule.AllowTeens
}

// consent answers gate 5.
func (j *judgement) consent() Causes {
	if j.effective.malformed() {
		return Causes(0).With(Malformed)
	}
	var c Causes
	said, needed := j.reading.said, j.needs.Purposes
	if said.Denied&needed != 0 {
		c = c.With(DeniedPurpose)
	}
	if j.needs.Sensitive && (j.rule.SensitiveBlocked || !j.reading.explicit.Has(Advertising)) {
		c = c.With(SensitiveData)
	}
	if j.expired&j.needs.required() != 0 {
		c = c.With(Expired)
	}
	if inSnapshot, inRecord := j.effective.unsupported(); inSnapshot|inRecord != 0 {
		c = c.With(Unsupported)
	}
	if j.rule.Regime != OptOut && needed&^said.Given() != 0 {
		c = c.With(Unknown)
	}
	return c
}

// expiredGrants returns the purposes whose grant is older than the policy's
// lifetime. A denial does not expire.
func (j *judgement) expiredGrants() PurposeSet {
	lifetime := j.rule.Lifetime
	if lifetime <= 0 {
		return 0
	}
	e := j.effective
	var old PurposeSet
	for p := range j.reading.said.Granted.All() {
		if j.reading.snapshot.Has(p) && age(j.now, e.snapshot.grantedAt(p, e.snapshotScope)) > lifetime ||
			j.reading.record.Has(p) && age(j.now, e.record.grantedAt(p, e.recordScope)) > lifetime {
			old |= p
		}
	}
	return old
}

// age returns how long before now at was. What a Duration cannot hold (almost
// 300 years, so a missing time) is held at its largest.
func age(now, at int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	return time.Duration(min(now-at, most)) * time.Millisecond
}

// usable returns the purposes that data may be used for.
func (j *judgement) usable(o Outcome) PurposeSet {
	if o.Causes.Has(Erased) || o.Causes.Has(Minor) || o.Causes.Has(Malformed) || o.Causes.Has(Unsupported) {
		return 0
	}
	allowed := o.Said.Granted
	if j.rule.Regime == OptOut {
		allowed = AllPurposes &^ o.Said.Denied
	}
	if j.needs.Sensitive {
		allowed &= j.reading.explicit
		if j.rule.SensitiveBlocked {
			allowed = 0
		}
	}
	return allowed &^ j.expired // under opt_out, too: expired blocks everywhere
}
