package consent

import (
	"strconv"
	"time"
)

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
		s := e.holder(j.blocks(&e.record))
		b.from(s)
		b.Detail = minorDetail(s)
	case Malformed:
		f := e.snapshotFault
		b.from(&e.snapshot)
		if f.part == WellFormed {
			f = e.recordFault
			b.from(&e.record)
		}
		b.Malformed, b.Detail = f.part, f.String()
	case Unsupported:
		inSnapshot, inRecord := e.unsupported()
		s := e.holder(inSnapshot == 0)
		b.from(s)
		b.Detail = unsupportedDetail(inSnapshot|inRecord, s)
	case DeniedPurpose:
		j.decide(&b, (j.needs.Purposes & j.reading.said.Denied).First())
	case SensitiveData:
		j.decide(&b, (Advertising &^ j.reading.explicit).First())
	case Expired:
		j.decide(&b, (j.needs.required() & j.expired).First())
		b.Detail = j.expiredDetail(b)
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

// minorDetail says where the age stands.
func minorDetail(s *Statement) string {
	switch s.Age {
	case Child:
		return "age_group is child"
	case Teen:
		return "age_group is teen"
	}
	return "gpp names a known child; see minors.gpp of the policy"
}

// unsupportedDetail names the first section that is not read.
func unsupportedDetail(sections Sections, s *Statement) string {
	if name := sections.Name(); name != "" {
		return "gpp section " + name + " has a version that is not read"
	}
	return "gpp section " + strconv.Itoa(int(s.UnknownSection)) + " is not known"
}

// expiredDetail names what is too old: the string, where it is older than the
// statement that carries it.
func (j *judgement) expiredDetail(b Basis) string {
	e := j.effective
	s, c := &e.snapshot, e.snapshotScope
	if b.Source == FromRecord {
		s, c = &e.record, e.recordScope
	}
	if at := s.grantedAt(b.Purpose, c); at < s.At {
		return "the TC string was last updated " + days(j.now-at) + " ago"
	}
	return "given " + days(j.now-s.At) + " ago"
}

func days(ms int64) string {
	return strconv.FormatInt(ms/(24*time.Hour).Milliseconds(), 10) + " d"
}
