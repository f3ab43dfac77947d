package iab

import "strings"

// Sections is a set of sections: bit n is section n. Every id that this package
// does not know shares bit 0.
type Sections uint32

// The sections with rules of their own.
const (
	sectionTCF1   = 1 // ended in 2020: not supported
	sectionTCF    = 2
	sectionHeader = 3 // says nothing about consent, as does the next
	sectionIntact = 4
	sectionCanada = 5
	sectionUSP    = 6
)

// Sections that callers name.
const (
	// UnknownSections stands for every id without a row in the table.
	UnknownSections Sections = 1
	TCFSection      Sections = 1 << sectionTCF
	CanadaSection   Sections = 1 << sectionCanada
	AllSections     Sections = ^Sections(0)
)

// GPP is what a GPP string says, wherever its visitor is.
type GPP struct {
	// Present are the sections in the string that count for the caller.
	Present Sections
	// OptedOut are those that opt out of sale, sharing or targeted advertising;
	// Answered those in which somebody was asked and did not opt out.
	OptedOut, Answered Sections
	// Damaged are not as their specification says. Unsupported are of a version,
	// or have an id, that this package does not read.
	Damaged, Unsupported Sections
	// WithoutNotice did not offer an opt-out; ServiceProvider come from a service
	// provider under the Multi-State Privacy Agreement.
	WithoutNotice, ServiceProvider Sections
	// UnknownID is the first id among UnknownSections; zero: none.
	UnknownID uint16

	// GPC and Minors come from every US section that says so, also from one that
	// does not count for the caller: a browser's signal and an age have no place.
	GPC    bool
	Minors Minors

	// TCF and Canada are sections 2 and 5, where Present has them and they could
	// be read. TCFFault and CanadaFault say why they could not.
	TCF, Canada           TCF
	TCFFault, CanadaFault string
}

// Limits of a header: many times what exists.
const (
	maxHeader    = 64 // letters
	maxSections  = 64
	maxSectionID = 4095
)

// What is wrong with a GPP string as a whole.
const (
	badHeader   = "its header is not that of a GPP string of version 1"
	badCount    = "its header names another number of sections than follow"
	badSections = "its header names the sections in a wrong order"
)

// ReadGPP reads a GPP string. vendor is the vendor that its TC strings are read
// for; counts are the sections in force as the caller knows them (gpp_sid),
// AllSections where nothing is known. fault says what is wrong with the string as
// a whole, of which nothing then counts but GPC; a section that cannot be read is
// noted in the result, because it may not count where the visitor is.
func ReadGPP(s string, vendor int, counts Sections) (g GPP, fault string) {
	header, rest, more := strings.Cut(s, "~")
	var ids [maxSections]uint16
	n, ok := readHeader(header, &ids)
	switch {
	case !ok:
		return GPP{}, badHeader
	case n == 0 && !more:
		return GPP{}, "" // no section, as encoders write it: it says nothing
	case !more || n != 1+strings.Count(rest, "~"):
		return GPP{}, badCount
	}
	for _, id := range ids[:n] {
		var value string
		value, rest, _ = strings.Cut(rest, "~")
		if !g.section(id, value, vendor, counts) {
			fault = badSections
		}
	}
	return g, fault
}

// readHeader reads the ids of the sections in the order in which they follow:
// type 3 (6), version 1 (6), Range(Fibonacci).
func readHeader(s string, ids *[maxSections]uint16) (n int, ok bool) {
	if len(s) > maxHeader || !isText(s) {
		return 0, false
	}
	b := bits{s: s}
	if b.uint(6) != 3 || b.uint(6) != 1 {
		return 0, false
	}
	ok = b.idRanges(func(first, last int) bool {
		if last > maxSectionID || n+last-first >= maxSections {
			return false
		}
		for id := first; id <= last; id++ {
			ids[n] = uint16(id)
			n++
		}
		return true
	})
	return n, ok && b.zerosFollow()
}

// section reads one section; false: it is not the one that the header announces.
func (g *GPP) section(id uint16, value string, vendor int, counts Sections) bool {
	switch id {
	case sectionHeader, sectionIntact:
		return true
	case sectionTCF1:
		g.Unsupported |= 1 << sectionTCF1 & counts
		return true
	case sectionTCF:
		if counts&TCFSection != 0 {
			g.Present |= TCFSection
			g.TCF, g.TCFFault = ReadTCF(value, vendor)
			g.damagedBy(TCFSection, g.TCFFault)
		}
		return true
	case sectionCanada:
		if counts&CanadaSection != 0 {
			g.Present |= CanadaSection
			g.canada(value, vendor)
		}
		return true
	case sectionUSP:
		g.us(1<<sectionUSP, readUSPrivacy(value), counts)
		return true
	}
	row := findUS(id)
	if row == nil {
		if counts&UnknownSections != 0 {
			g.Present |= UnknownSections
			g.Unsupported |= UnknownSections
			if g.UnknownID == 0 {
				g.UnknownID = id
			}
		}
		return true
	}
	reading := readUS(row, value)
	g.us(1<<row.id, reading, counts)
	return reading.state != mislabelled
}

func (g *GPP) damagedBy(section Sections, fault string) {
	if fault != "" {
		g.Damaged |= section
	}
}

func (g *GPP) canada(value string, vendor int) {
	g.Canada, g.CanadaFault = readCanada(value, vendor)
	if g.CanadaFault == notVersion1 {
		g.Unsupported |= CanadaSection
		return
	}
	g.damagedBy(CanadaSection, g.CanadaFault)
}

func (g *GPP) us(section Sections, r usReading, counts Sections) {
	g.GPC = g.GPC || r.gpc
	g.Minors |= r.minors
	section &= counts
	g.Present |= section
	set := func(into *Sections, yes bool) {
		if yes {
			*into |= section
		}
	}
	set(&g.Damaged, r.state == damaged || r.state == mislabelled)
	set(&g.Unsupported, r.state == unsupported)
	set(&g.OptedOut, r.optedOut)
	set(&g.Answered, r.answered && !r.optedOut)
	set(&g.WithoutNotice, r.withoutNotice)
	set(&g.ServiceProvider, r.serviceProvider)
}

// findUS returns the row of a US section; nil where there is none. The rows are
// in the order of their ids, without gaps.
func findUS(id uint16) *usSection {
	i := int(id) - int(usSections[0].id)
	if i < 0 || i >= len(usSections) {
		return nil
	}
	return &usSections[i]
}

// SetOf returns the set that holds a section id alone: the unknown sections for
// an id that this package does not know.
func SetOf(id int) Sections {
	last := int(usSections[len(usSections)-1].id)
	if id < 1 || id > last {
		return UnknownSections
	}
	return 1 << id
}

// In returns the sections that speak for a country and, where it is known, a
// region of it: those of the region and those of the whole country.
func In(country, region string) Sections {
	var in Sections
	if country == "CA" {
		in |= CanadaSection
	}
	if country == "US" {
		in |= 1 << sectionUSP
	}
	for i := range usSections {
		s := &usSections[i]
		if s.country == country && (s.region == "" || region == "" || s.region == region) {
			in |= 1 << s.id
		}
	}
	return in
}

// Name returns the client-side prefix of the lowest section in the set, such as
// usnat; "" where the set is empty or holds none that this package knows.
func (s Sections) Name() string {
	for i := range usSections {
		if s&(1<<usSections[i].id) != 0 {
			return usSections[i].name
		}
	}
	switch {
	case s&TCFSection != 0:
		return "tcfeuv2"
	case s&(1<<sectionTCF1) != 0:
		return "tcfeuv1"
	case s&CanadaSection != 0:
		return "tcfcav1"
	case s&(1<<sectionUSP) != 0:
		return "uspv1"
	}
	return ""
}
