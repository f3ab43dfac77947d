package consent

import "github.com/sluicehq/sluice/pkg/core/consent/iab"

// Effective is what snapshot and record say together, in one place, under one
// rule and at one time. It keeps both statements, so that the audit can name the
// one that decided.
type Effective struct {
	snapshot, record           Statement
	snapshotScope, recordScope scope
	rule                       Rule
	now                        int64
	// snapshotFault and recordFault are what is malformed in each, here and now.
	snapshotFault, recordFault fault
}

// fault is what is malformed in a statement, and what is wrong with it; where that
// is a section of a GPP string, which.
type fault struct {
	part    Part
	text    string
	section Sections
}

// denies is what counts as denied because of the fault: what could have been said
// in what cannot be read.
func (f fault) denies() PurposeSet {
	switch {
	case f.part == WellFormed:
		return 0
	case f.section != 0 && f.section&(iab.TCFSection|iab.CanadaSection) == 0:
		return optOutDenies // a US section speaks of nothing else
	}
	return AllPurposes
}

// String is put together only for a decision that rests on it.
func (f fault) String() string {
	if name := f.section.Name(); name != "" {
		return "section " + name + ": " + f.text
	}
	return f.text
}

// Merge puts an event's snapshot and its subject's record together for a place,
// under the place's rule. now is the time of the decision in epoch milliseconds.
// Pass the zero Statement for a record that does not exist, or where the event has
// no subject.
func Merge(snapshot, record Statement, place Place, rule Rule, now int64) Effective {
	e := Effective{snapshot: snapshot, record: record, rule: rule, now: now}
	e.snapshotScope = scopeOf(&e.snapshot, place, &e.rule)
	e.recordScope = scopeOf(&e.record, place, &e.rule)
	e.snapshotFault = e.snapshot.fault(e.snapshotScope, &e.rule, now)
	e.recordFault = e.record.fault(e.recordScope, &e.rule, now)
	return e
}

func (e *Effective) malformed() bool {
	return e.snapshotFault.part != WellFormed || e.recordFault.part != WellFormed
}

// unsupported returns the sections of each input that count here and are of a
// version or id that is not read.
func (e *Effective) unsupported() (inSnapshot, inRecord Sections) {
	return e.snapshot.Unsupported & e.snapshotScope.unsupported, e.record.Unsupported & e.recordScope.unsupported
}

// snapshotAt is when the snapshot was made, beside the record: one that does not
// say so, and may be a copy of an older choice, is never newer.
func (e *Effective) snapshotAt() int64 {
	if e.snapshot.Undated && e.record.Source != Nobody {
		return min(e.snapshot.At, e.record.At)
	}
	return e.snapshot.At
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
	if e.malformed() {
		// Malformed is treated as denied and never falls back on the other input.
		return reading{said: State{Denied: e.snapshotFault.denies() | e.recordFault.denies()}}
	}
	s := e.snapshot.read(e.snapshotScope, &e.rule, vendor)
	r := e.record.read(e.recordScope, &e.rule, vendor)
	at := e.snapshotAt()
	switch {
	case at > e.record.At:
		r = without(r, s.Given())
	case at < e.record.At:
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
	if needed == 0 || e.recordFault.part != WellFormed {
		return false
	}
	granted := e.record.Explicit & e.record.read(e.recordScope, &e.rule, vendor).Granted
	return granted.Has(needed)
}
