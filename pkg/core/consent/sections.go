package consent

import "github.com/sluicehq/sluice/pkg/core/consent/iab"

// Sections is a set of GPP section ids: bit n is section n. Ids that the table of
// sections does not know share bit 0.
type Sections = iab.Sections

// Minors is what GPP sections say about the subject's age.
type Minors = iab.Minors

const (
	unknownSections = iab.UnknownSections
	allSections     = iab.AllSections
	// everywhere are the sections that have no place: the TC strings of Europe,
	// and ids that nobody knows the place of.
	everywhere = unknownSections | iab.TCFSection | 1<<1
)

func sectionSet(id int) Sections { return iab.SetOf(id) }

// scope is which sections of a statement count, and how.
type scope struct {
	// relevant sections say something here.
	relevant Sections
	// others opt out where no relevant section answers.
	others Sections
	// unsupported sections stand against sending.
	unsupported Sections
	// canadian: the subject is in Canada, so that what section 5 grants counts;
	// elsewhere only what it denies does.
	canadian bool
}

// scopeOf tells which sections of s count in a place. Where the country or, within
// it, the region is not known, any section may be the one that counts, so all of
// them do. Sections that gpp_sid names count wherever the subject is.
func scopeOf(s *Statement, place Place, r *Rule) scope {
	if s.OptedOut|s.Answered|s.Unreadable|s.Unsupported|s.WithoutNotice|s.ServiceProvider == 0 && s.CanadaAt == 0 {
		return scope{}
	}
	c := scope{canadian: place.Location.Country == canada}
	if s.SectionsNamed {
		return scope{relevant: allSections, unsupported: allSections, canadian: true}
	}
	c.relevant = everywhere | relevantIn(place.Location)
	inStates := place.Location.Country == unitedStates
	if place.Identity.Country != "" {
		c.relevant |= relevantIn(place.Identity)
		inStates = inStates || place.Identity.Country == unitedStates
	}
	if inStates && !r.OwnStateOnly {
		c.others = relevantIn(Jurisdiction{Country: unitedStates}) &^ c.relevant
	}
	c.unsupported = c.relevant
	if r.Regime == OptIn && place.Location.Country != "" && !inStates {
		// Nobody can tell where an unknown section counts. Where nothing may be done
		// without a grant, and the place has rules of its own, it takes nothing away
		// from a grant that stands beside it.
		c.unsupported &^= unknownSections
	}
	return c
}

const canada = "CA"

func relevantIn(j Jurisdiction) Sections {
	if j.Country == "" {
		return allSections
	}
	return iab.In(j.Country, j.Region)
}

// optOut tells whether a section denies in this scope.
func (s *Statement) optOut(c scope, r *Rule) bool {
	switch {
	case s.OptedOut&c.relevant != 0:
		return true
	case s.OptedOut&c.others != 0 && s.Answered&c.relevant == 0:
		// Another state's: nothing in the string speaks for this one.
		return true
	case !r.IgnoreMissingNotice && s.WithoutNotice&c.relevant != 0:
		return true
	}
	return !r.IgnoreServiceProvider && s.ServiceProvider&c.relevant != 0
}
