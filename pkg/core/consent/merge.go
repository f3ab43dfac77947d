package consent

// Effective is what snapshot and record say together, in one place. It keeps
// both statements, so that the audit can name the one that decided.
type Effective struct {
	snapshot, record Statement
	relevant         Sections
	malformed        bool
}

// Merge puts an event's snapshot and its subject's record together for a place.
// Pass the zero Statement for a record that does not exist, or where the event
// has no subject.
func Merge(snapshot, record Statement, place Place) Effective {
	e := Effective{snapshot: snapshot, record: record}
	if snapshot.OptedOut|snapshot.Unreadable|record.OptedOut|record.Unreadable != 0 {
		e.relevant = relevantTo(place)
	}
	e.malformed = snapshot.malformedIn(e.relevant) != WellFormed || record.malformedIn(e.relevant) != WellFormed
	return e
}

// reading is the effective state of every purpose as one kind of destination
// reads it.
type reading struct {
	said State
	// explicit are the grants that stand in the deciding input's own fields.
	explicit PurposeSet
	// snapshot and record are the purposes that each input decided; both, where
	// they are equally old and agree.
	snapshot, record PurposeSet
}

// read merges purpose by purpose: the newer statement counts, what it leaves
// open is taken from the other, and equal times give the more restrictive.
func (e *Effective) read(vendor int32) reading {
	if e.malformed {
		// Malformed is treated as denied and never falls back on the other input.
		return reading{said: State{Denied: AllPurposes}}
	}
	s, r := e.snapshot.read(e.relevant, vendor), e.record.read(e.relevant, vendor)
	switch {
	case e.snapshot.At > e.record.At:
		r = without(r, s.Given())
	case e.snapshot.At < e.record.At:
		s = without(s, r.Given())
	}
	said := s.Restrict(r)
	s, r = agreeing(s, said), agreeing(r, said)
	return reading{
		said:     said,
		explicit: e.snapshot.Explicit&s.Granted | e.record.Explicit&r.Granted,
		snapshot: s.Given(),
		record:   r.Given(),
	}
}

func without(s State, p PurposeSet) State {
	return State{Granted: s.Granted &^ p, Denied: s.Denied &^ p}
}

func agreeing(s, said State) State {
	return State{Granted: s.Granted & said.Granted, Denied: s.Denied & said.Denied}
}

// recordGrants tells whether the record's own fields grant every one of the
// needed purposes, with nothing in the record against it. Needing nothing is
// not a grant.
func (e *Effective) recordGrants(needed PurposeSet, vendor int32) bool {
	if needed == 0 || e.record.malformedIn(e.relevant) != WellFormed {
		return false
	}
	granted := e.record.Explicit & e.record.read(e.relevant, vendor).Granted
	return granted.Has(needed)
}
