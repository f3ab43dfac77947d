package consent

import "github.com/sluicehq/sluice/pkg/core/consent/iab"

// readStrings adds what TCF and GPP say. Where a string and a field disagree,
// the more restrictive holds, so a string can fill or take away, never add to a
// denial.
func (s *Statement) readStrings(in *Input) {
	if !in.TCF.Given && !in.GPP.Given {
		return
	}
	var all tcfStrings
	if in.TCF.Given && in.GDPRApplies != False {
		t, fault := iab.ReadTCF(in.TCF.Value, googleVendor)
		if fault == "" && t.Undisclosed {
			fault = iab.NoDisclosedVendors
		}
		if fault == "" {
			all.add(&t)
		} else {
			s.flag(PartTCF, fault)
		}
	}
	if in.GPP.Given {
		s.readGPP(in, &all)
	}
	fields := s.Said
	s.Said = fields.Restrict(all.consented.said)
	s.NotForGoogle = all.consented.notForGoogle
	s.ByInterest = fields.Restrict(all.interest.said).Granted &^ s.Said.Granted
	s.GoogleByInterest = all.consented.notForGoogle &^ all.interest.notForGoogle
	s.StringAt = all.at
}

// tcfStrings is what the TC strings of a statement say together: its own, and the
// one in its GPP string.
type tcfStrings struct {
	consented, interest tcfReading
	at                  int64 // when the older one was last updated
}

func (a *tcfStrings) add(t *iab.TCF) {
	a.consented = a.consented.restrict(translateTCF(t, false))
	a.interest = a.interest.restrict(translateTCF(t, true))
	a.at = older(a.at, max(t.LastUpdated, 1)) // a time of zero is old, not absent
}

// readGPP adds the sections of a GPP string; all takes its TC string.
func (s *Statement) readGPP(in *Input, all *tcfStrings) {
	counts, named := in.GPPSID.counts()
	if in.GDPRApplies == False {
		counts &^= iab.TCFSection
	}
	g, fault := iab.ReadGPP(in.GPP.Value, googleVendor, counts)
	if fault != "" {
		s.flag(PartGPP, fault)
	}
	s.GPC = s.GPC || g.GPC
	s.Minors |= g.Minors
	s.OptedOut, s.Answered, s.Unreadable, s.Unsupported = g.OptedOut, g.Answered, g.Damaged, g.Unsupported
	s.WithoutNotice, s.ServiceProvider, s.UnknownSection = g.WithoutNotice, g.ServiceProvider, g.UnknownID
	s.SectionsNamed = named
	if g.TCFFault != "" {
		s.flag(PartGPP, "section tcfeuv2: "+g.TCFFault)
	}
	if g.Present&iab.TCFSection != 0 && g.TCFFault == "" {
		if g.TCF.Undisclosed {
			s.UndisclosedCMP = g.TCF.CMP
		}
		all.add(&g.TCF)
	}
	if g.Present&iab.CanadaSection != 0 && g.CanadaFault == "" {
		c := translateCanada(&g.Canada)
		s.Canada, s.NotForGoogleInCanada, s.CanadaAt = c.said, c.notForGoogle, max(g.Canada.LastUpdated, 1)
	}
}

// read returns what the statement says in a scope, as Google or as everybody else
// has to read it.
func (s *Statement) read(c scope, r *Rule, vendor int32) State {
	said, withheld := s.Said, s.NotForGoogle
	if r.InterestForMeasurement {
		said.Granted |= s.ByInterest
		said.Denied &^= s.ByInterest
		withheld &^= s.GoogleByInterest
	}
	if s.CanadaAt != 0 && c.relevant&iab.CanadaSection != 0 {
		section := s.Canada
		if !c.canadian {
			section.Granted = 0
		}
		said = said.Restrict(section)
		withheld |= s.NotForGoogleInCanada
	}
	if vendor == googleVendor {
		said = said.Deny(withheld)
	}
	if s.optOut(c, r) {
		said = said.Deny(optOutDenies)
	}
	return said
}

// fault returns what is malformed in a scope at a time, and what is wrong with it.
func (s *Statement) fault(c scope, r *Rule, now int64) fault {
	latest := now + r.FutureTolerance.Milliseconds()
	switch {
	case s.Malformed != WellFormed:
		return fault{part: s.Malformed, text: s.Fault}
	case s.Unreadable&c.relevant != 0:
		return fault{PartGPP, "it is not as its specification says", s.Unreadable & c.relevant}
	case s.UndisclosedCMP != 0 && !r.toleratesCMP(s.UndisclosedCMP):
		return fault{PartGPP, iab.NoDisclosedVendors, iab.TCFSection}
	case s.StringAt > latest:
		return fault{part: PartTCF, text: fromTheFuture}
	case c.canadian && s.CanadaAt > latest:
		return fault{PartGPP, fromTheFuture, iab.CanadaSection}
	}
	return fault{}
}

const fromTheFuture = "it was last updated in the future, beyond tcf.future_tolerance"

// grantedAt is when the grant of a purpose was given: a string's is as old as the
// older of string and statement.
func (s *Statement) grantedAt(p PurposeSet, c scope) int64 {
	at := s.At
	if p&Advertising == 0 {
		return at // no string speaks about it
	}
	if s.StringAt != 0 {
		at = min(at, s.StringAt)
	}
	if c.canadian && s.CanadaAt != 0 && c.relevant&iab.CanadaSection != 0 {
		at = min(at, s.CanadaAt)
	}
	return at
}
