package consent

// Sections is a set of GPP section ids: bit n is section n. Ids that the
// translation table does not know share bit 0.
type Sections uint32

const (
	// unknownSections stands for every id that the table does not list. It
	// counts everywhere: nobody can tell where such a section does not matter.
	unknownSections Sections = 1
	allSections     Sections = ^Sections(0)
)

// bit returns the set that holds the section alone.
func (s section) bit() Sections { return 1 << s.id }

// relevantTo returns the sections that count in a place. Where the country or,
// within it, the region is not known, any section may be the one that counts,
// so all of them do.
func relevantTo(p Place) Sections {
	relevant := unknownSections | relevantIn(p.Location)
	if p.Identity.Country != "" {
		relevant |= relevantIn(p.Identity)
	}
	return relevant
}

func relevantIn(j Jurisdiction) Sections {
	if j.Country == "" {
		return allSections
	}
	var relevant Sections
	for i := range sections {
		s := &sections[i]
		if s.country != j.Country {
			continue
		}
		if s.region == "" || j.Region == "" || s.region == j.Region {
			relevant |= s.bit()
		}
	}
	return relevant
}
