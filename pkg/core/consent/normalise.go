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
	s := interpret(in, Snapshot, notAfter(at, storedAt))
	s.Undated = in.Copied && in.CapturedAt == 0
	return s
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
	switch {
	case in.UnknownMember != "":
		s.flag(PartUnknownMember, unknownMember(&in))
	case in.Malformed && in.WrongType != WellFormed:
		s.flag(in.WrongType, "it has the wrong type: "+partRows[in.WrongType].wants)
	case in.Malformed:
		s.flag(PartType, "")
	}
	if in.GPPSID.Malformed {
		s.flag(PartGPPSID, partRows[PartGPPSID].wants)
	}
	s.readFields(&in)
	s.readStrings(&in)
	s.readAge(in.AgeGroup)
	if s.Malformed != WellFormed {
		// Treated as denied: the signals and the age still count, the grants
		// that could be read do not.
		s.Said = State{Denied: AllPurposes}
		s.ByInterest, s.GoogleByInterest, s.Canada.Granted = 0, 0, 0
	}
	s.Explicit &= s.Said.Granted
	return s
}

// unknownMember names a member that the contract does not have, and the one that
// was probably meant.
func unknownMember(in *Input) string {
	if in.NearMember == "" {
		return in.UnknownMember
	}
	return in.UnknownMember + ", did you mean " + in.NearMember + "?"
}

// flag remembers the first part that was malformed, and what is wrong with it.
func (s *Statement) flag(p Part, fault string) {
	if s.Malformed == WellFormed {
		s.Malformed, s.Fault = p, fault
	}
}

func (s *Statement) readFields(in *Input) {
	s.readField(in.AdStorage, AdStorage, PartAdStorage)
	s.readField(in.AdUserData, AdUserData, PartAdUserData)
	s.readField(in.AdPersonalization, AdPersonalization, PartAdPersonalization)
	s.readField(in.AnalyticsStorage, AnalyticsStorage, PartAnalyticsStorage)
	s.Explicit = s.Said.Granted
}

// readField takes exactly two values; anything else, the empty string, other
// spellings and placeholders included, is malformed.
func (s *Statement) readField(f Field, p PurposeSet, part Part) {
	switch {
	case !f.Given:
	case f.Value == "granted":
		s.Said.Granted |= p
	case f.Value == "denied":
		s.Said.Denied |= p
	default:
		s.flag(part, partRows[part].wants)
	}
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
		s.flag(PartAgeGroup, partRows[PartAgeGroup].wants)
	}
}
