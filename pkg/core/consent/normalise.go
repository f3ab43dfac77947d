package consent

// Normalise interprets a snapshot. It is pure and total: every input gives a
// Statement, and what cannot be read with certainty gives one that is malformed
// and denies everything, so that nothing falls back on a guess.
//
// at is the event's time, which stands in where captured_at is absent; storedAt
// is when the broker stored the event (zero: not known). Both are epoch
// milliseconds. A statement later than it was stored counts as made when it was
// stored: client clocks lie.
func Normalise(in Input, at, storedAt int64) Statement {
	if in.CapturedAt != 0 {
		at = in.CapturedAt
	}
	return interpret(in, Snapshot, notAfter(at, storedAt))
}

// NormaliseRecord interprets a record of the consent topic. storedAt is the
// record's own timestamp at the broker, as for [Normalise].
func NormaliseRecord(r Record, storedAt int64) Statement {
	s := interpret(r.Input, FromRecord, notAfter(r.UpdatedAt, storedAt))
	s.Overridden, s.Erased, s.Offset = r.OptOutOverridden, r.Erased, r.Offset
	return s
}

// After is what holds of a subject once next has been read behind earlier: the
// last record replaces all earlier ones, but for an erasure, which only a later
// record lifts that itself grants what every destination needs. A record that
// is silent, or denies, would otherwise let the events' own snapshots speak
// again. Pass the zero Statement where there was no earlier record.
func After(earlier, next Statement) Statement {
	next.Erased = next.Erased || earlier.Erased && !next.Explicit.Has(AdUserData)
	return next
}

func notAfter(at, storedAt int64) int64 {
	if storedAt > 0 && at > storedAt {
		return storedAt
	}
	return at
}

func interpret(in Input, from Source, at int64) Statement {
	s := Statement{Source: from, At: at, GPC: in.GPC == True, DNT: in.DNT == True}
	if in.Malformed {
		s.Malformed = PartType
	}
	s.readFields(&in)
	s.readStrings(&in)
	s.readAge(in.AgeGroup)
	if s.Malformed != WellFormed {
		// Treated as denied: the signals and the age still count, the grants
		// that could be read do not.
		s.Said = State{Denied: AllPurposes}
	}
	s.Explicit &= s.Said.Granted
	return s
}

// flag remembers the first part that was malformed.
func (s *Statement) flag(p Part) {
	if s.Malformed == WellFormed {
		s.Malformed = p
	}
}

func (s *Statement) readFields(in *Input) {
	s.readField(in.AdStorage, AdStorage, PartAdStorage)
	s.readField(in.AdUserData, AdUserData, PartAdUserData)
	s.readField(in.AdPersonalization, AdPersonalization, PartAdPersonalization)
	s.readField(in.AnalyticsStorage, AnalyticsStorage, PartAnalyticsStorage)
	s.Explicit = s.Said.Granted
}

// readField takes exactly two values; anything else, the empty string and other
// spellings included, is malformed.
func (s *Statement) readField(f Field, p PurposeSet, part Part) {
	switch {
	case !f.Given:
	case f.Value == "granted":
		s.Said.Granted |= p
	case f.Value == "denied":
		s.Said.Denied |= p
	default:
		s.flag(part)
	}
}

// readStrings adds what TCF and GPP say. Where a string and a field disagree,
// the more restrictive holds, so a string can fill or take away, never add to a
// denial.
func (s *Statement) readStrings(in *Input) {
	if in.TCF.Given {
		t, ok := readTCF(in.TCF.Value)
		if !ok {
			s.flag(PartTCF)
		}
		s.addTCF(t)
	}
	if in.GPP.Given {
		g, ok := readGPP(in.GPP.Value)
		if !ok {
			s.flag(PartGPP)
		}
		s.OptedOut, s.Unreadable = g.optedOut, g.unreadable
		s.GPC = s.GPC || g.gpc
		s.addTCF(g.tcf)
	}
}

func (s *Statement) addTCF(t tcfReading) {
	s.Said = s.Said.Restrict(t.said)
	s.NotForGoogle |= t.notForGoogle
}

func (s *Statement) readAge(f Field) {
	switch {
	case !f.Given:
	case f.Value == "child":
		s.Age = Child
	case f.Value == "teen":
		s.Age = Teen
	case f.Value == "adult":
		s.Age = Adult
	default:
		s.flag(PartAgeGroup)
	}
}

// read returns what the statement says in a place where the given GPP sections
// count, as a vendor of TC strings has to read it, or (0) everybody else.
func (s *Statement) read(relevant Sections, vendor int32) State {
	said := s.Said
	if vendor == googleVendor {
		said = said.Deny(s.NotForGoogle)
	}
	if s.OptedOut&relevant != 0 {
		said = said.Deny(optOutDenies)
	}
	return said
}

// malformedIn returns what is malformed where the given GPP sections count.
func (s *Statement) malformedIn(relevant Sections) Part {
	if s.Malformed == WellFormed && s.Unreadable&relevant != 0 {
		return PartGPP
	}
	return s.Malformed
}
