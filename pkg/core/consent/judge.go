package consent

import "time"

// Judge holds what was said against a rule and against what a destination
// needs. now is the time of the decision in epoch milliseconds.
//
// The same function answers for gate 4 (ChoiceCauses), for gate 5
// (ConsentCauses) and for the sender, which judges every delivery again with
// today's record and policy and also asks [Outcome.Revoked].
func Judge(e Effective, r Rule, n Needs, now int64) Outcome {
	j := judgement{effective: &e, rule: &r, needs: n, reading: e.read(n.TCFVendor), now: now}
	j.expired = j.expiredGrants()
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
func Explain(e Effective, r Rule, n Needs, now int64, cause Cause) Basis {
	j := judgement{effective: &e, rule: &r, needs: n, reading: e.read(n.TCFVendor), now: now}
	j.expired = j.expiredGrants()
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
	if j.blocks(e.snapshot.Age) || j.blocks(e.record.Age) {
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
	return inRecord || e.record.At <= e.snapshot.At
}

func (j *judgement) blocks(age AgeGroup) bool {
	return age == Child || age == Teen && !j.rule.AllowTeens
}

// consent answers gate 5.
func (j *judgement) consent() Causes {
	if j.effective.malformed {
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
	var old PurposeSet
	if age(j.now, j.effective.snapshot.At) > lifetime {
		old |= j.reading.snapshot
	}
	if age(j.now, j.effective.record.At) > lifetime {
		old |= j.reading.record
	}
	return old & j.reading.said.Granted
}

// age returns how long before now at was. What a Duration cannot hold (almost
// 300 years, so a missing time) is held at its largest.
func age(now, at int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	return time.Duration(min(now-at, most)) * time.Millisecond
}

// usable returns the purposes that data may be used for.
func (j *judgement) usable(o Outcome) PurposeSet {
	if o.Causes.Has(Erased) || o.Causes.Has(Minor) || o.Causes.Has(Malformed) {
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
