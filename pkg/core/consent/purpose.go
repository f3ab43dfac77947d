package consent

import (
	"fmt"
	"iter"
	"strings"
)

// Purpose is the state of one purpose: what somebody said about it.
type Purpose uint8

// The states of a purpose. The zero value never passes an opt_in rule.
const (
	NotGiven Purpose = iota
	Granted
	Denied
)

// String returns granted, denied or not_given.
func (p Purpose) String() string {
	switch p {
	case Granted:
		return "granted"
	case Denied:
		return "denied"
	default:
		return "not_given"
	}
}

// PurposeSet is a set of purposes; a single purpose is a set of one.
type PurposeSet uint8

// The purposes, in the order in which they are always listed. The names are
// those of consent mode: they are the fields of the event's consent object.
const (
	AdStorage PurposeSet = 1 << iota
	AdUserData
	AdPersonalization
	AnalyticsStorage

	// Advertising is what sensitive data needs granted explicitly.
	Advertising = AdStorage | AdUserData | AdPersonalization
	// AllPurposes is every purpose there is.
	AllPurposes = Advertising | AnalyticsStorage
)

var purposeNames = [...]string{"ad_storage", "ad_user_data", "ad_personalization", "analytics_storage"}

// Has tells whether s contains all of p.
func (s PurposeSet) Has(p PurposeSet) bool { return s&p == p }

// All yields the purposes of s one by one, in listing order.
func (s PurposeSet) All() iter.Seq[PurposeSet] {
	return func(yield func(PurposeSet) bool) {
		for p := AdStorage; p <= AnalyticsStorage; p <<= 1 {
			if s&p != 0 && !yield(p) {
				return
			}
		}
	}
}

// First returns the first purpose of s in listing order, or the empty set.
func (s PurposeSet) First() PurposeSet { return s & -s }

// Names returns the names of the purposes in listing order, never nil.
func (s PurposeSet) Names() []string {
	names := make([]string, 0, len(purposeNames))
	for i, name := range purposeNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String returns the names joined by commas; the empty set gives "".
func (s PurposeSet) String() string {
	for i, name := range purposeNames {
		if s == 1<<i {
			return name
		}
	}
	return strings.Join(s.Names(), ",")
}

// ParsePurposes reads a list of purpose names, as in a destination's
// consent.requires. An unknown name is an error that lists the known ones.
func ParsePurposes(names []string) (PurposeSet, error) {
	var set PurposeSet
	for _, name := range names {
		p, ok := parsePurpose(name)
		if !ok {
			return 0, fmt.Errorf("reading purpose %q: not one of %s", name, strings.Join(purposeNames[:], ", "))
		}
		set |= p
	}
	return set, nil
}

func parsePurpose(name string) (PurposeSet, bool) {
	for i, known := range purposeNames {
		if name == known {
			return 1 << i, true
		}
	}
	return 0, false
}

// State says for every purpose whether it was granted or denied. A purpose in
// neither set was not given. The two sets never overlap: see [State.Deny].
type State struct {
	Granted PurposeSet
	Denied  PurposeSet
}

// Get returns the state of one purpose.
func (s State) Get(p PurposeSet) Purpose {
	switch {
	case s.Denied&p != 0:
		return Denied
	case p != 0 && s.Granted.Has(p):
		return Granted
	default:
		return NotGiven
	}
}

// Given returns the purposes that somebody spoke about.
func (s State) Given() PurposeSet { return s.Granted | s.Denied }

// Deny returns s with p denied, whatever was said about it before.
func (s State) Deny(p PurposeSet) State {
	return State{Granted: s.Granted &^ p, Denied: s.Denied | p}
}

// Restrict returns the more restrictive of two answers: a denial in either
// holds, a grant fills what the other left open.
func (s State) Restrict(o State) State {
	return State{Granted: s.Granted | o.Granted}.Deny(s.Denied | o.Denied)
}
