package consent

// basis names the input that decided: for a cause, the one that raised it; for
// an event that may go, the one that spoke about the first needed purpose.
func (j *judgement) basis(cause Cause, against bool) Basis {
	b := Basis{
		Regime:        j.rule.Regime,
		Jurisdiction:  j.rule.Jurisdiction,
		FromIdentity:  j.rule.FromIdentity || j.needs.Sensitive && j.rule.blockedByIdentity,
		PolicyID:      j.rule.PolicyID,
		PolicyVersion: j.rule.PolicyVersion,
	}
	e := j.effective
	if !against {
		j.decide(&b, j.needs.required().First())
		return b
	}
	switch cause {
	case Erased:
		b.from(&e.record)
	case GPC:
		b.from(e.holder(e.record.GPC))
	case DNT:
		b.from(e.holder(e.record.DNT))
	case Minor:
		b.from(e.holder(j.blocks(e.record.Age)))
	case Malformed:
		s := e.holder(e.snapshot.malformedIn(e.relevant) == WellFormed)
		b.from(s)
		b.Malformed = s.malformedIn(e.relevant)
	case DeniedPurpose:
		j.decide(&b, (j.needs.Purposes & j.reading.said.Denied).First())
	case SensitiveData:
		j.decide(&b, (Advertising &^ j.reading.explicit).First())
	case Expired:
		j.decide(&b, (j.needs.required() & j.expired).First())
	case Unknown:
		j.decide(&b, (j.needs.Purposes &^ j.reading.said.Given()).First())
	}
	return b
}

// holder returns the record where it is the one meant, else the snapshot.
func (e *Effective) holder(record bool) *Statement {
	if record {
		return &e.record
	}
	return &e.snapshot
}

// decide fills in the input that decided one purpose; nobody, where it was not
// given.
func (j *judgement) decide(b *Basis, p PurposeSet) {
	b.Purpose = p
	switch {
	case p == 0:
	case j.reading.record.Has(p):
		b.from(&j.effective.record)
	case j.reading.snapshot.Has(p):
		b.from(&j.effective.snapshot)
	}
}

func (b *Basis) from(s *Statement) { b.Source, b.At, b.Offset = s.Source, s.At, s.Offset }
