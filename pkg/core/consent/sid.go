package consent

import (
	"strconv"
	"strings"
)

// SectionIDs is gpp_sid: the GPP sections that are in force as the caller sees it.
// The zero SectionIDs is absent, and every section counts.
//
// Source: OpenRTB, regs.gpp_sid; IAB Tech Lab, GPP CMP API, applicableSections.
type SectionIDs struct {
	// IDs are the first N of the array.
	IDs [maxSectionIDs]int16
	N   uint8
	// Malformed: something was added that cannot be the id of a section, or stands
	// beside -1. Nothing else is then kept.
	Malformed bool
}

const (
	maxSectionIDs = 32
	maxSectionID  = 4095
	// noSection says that no section applies, notKnown that it is not known yet.
	noSection, notKnown = -1, 0
	// malformedID stands for what was malformed where ids are written on.
	malformedID = -2
)

// Add adds an id. -1 says that no section applies, and stands alone; 0 says that
// it is not known which do.
func (s *SectionIDs) Add(id int64) {
	beside := s.N > 0 && (id == noSection || s.IDs[0] == noSection)
	if s.Malformed || beside || id < noSection || id > maxSectionID || int(s.N) == maxSectionIDs {
		*s = SectionIDs{Malformed: true}
		return
	}
	s.IDs[s.N] = int16(id)
	s.N++
}

// AddText adds the ids of a text such as 7 or 7_8, the form of IABGPP_GppSID and of
// URLs.
func (s *SectionIDs) AddText(text string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '_' || r == ',' }) {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			id = malformedID
		}
		s.Add(id)
	}
	if s.N == 0 {
		s.Malformed = true // an empty text, or separators alone
	}
}

// Len is the number of ids, as they are written on.
func (s *SectionIDs) Len() int {
	if s.Malformed {
		return 1
	}
	return int(s.N)
}

// At gives one of the ids, as they are written on.
func (s *SectionIDs) At(i int) int64 {
	if s.Malformed {
		return malformedID
	}
	return int64(s.IDs[i])
}

// counts gives the sections that count; named is false where that is not known.
func (s *SectionIDs) counts() (set Sections, named bool) {
	for _, id := range s.IDs[:s.N] {
		switch id {
		case noSection:
			return 0, true
		case notKnown:
			return allSections, false
		}
		set |= sectionSet(int(id))
		named = true
	}
	if !named {
		return allSections, false
	}
	return set, true
}
