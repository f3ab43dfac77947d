package consent

import (
	"strings"

	"github.com/prebid/go-gpp/sections/uspca"
	"github.com/prebid/go-gpp/sections/uspco"
	"github.com/prebid/go-gpp/sections/uspct"
	"github.com/prebid/go-gpp/sections/uspnat"
	"github.com/prebid/go-gpp/sections/usput"
	"github.com/prebid/go-gpp/sections/uspva"
)

// gppReading is what a GPP string says, wherever its subject is.
type gppReading struct {
	tcf                  tcfReading
	optedOut, unreadable Sections
	gpc                  bool
}

// maxSection bounds the length of a US section in characters. The longest that
// exists has about twenty; the library counts bits in 16 bits and wraps.
const maxSection = 256

// readGPP reads a GPP string. ok is false where the string as a whole, or a TC
// string in it, cannot be read. A single section that cannot be read is noted
// in unreadable, because it may not count where the subject is.
func readGPP(s string) (gppReading, bool) {
	header, rest, more := strings.Cut(s, "~")
	ids, ok := readGPPHeader(header)
	if !ok || !more || len(ids) != 1+strings.Count(rest, "~") {
		return gppReading{}, false
	}
	var g gppReading
	for _, id := range ids {
		var value string
		value, rest, _ = strings.Cut(rest, "~")
		if !g.readSection(id, value) {
			return gppReading{}, false
		}
	}
	return g, true
}

func (g *gppReading) readSection(id uint16, value string) bool {
	switch id {
	case sectionHeader, sectionIntact:
		return true
	case sectionTCFv1:
		return false
	case sectionTCF:
		t, ok := readTCF(value)
		g.tcf = t
		return ok
	}
	row, known := findSection(id)
	if !known {
		g.unreadable |= unknownSections
		return true
	}
	var us usReading
	switch {
	case row.id == sectionUSP:
		us = readUSPrivacy(value)
	case row.bits > 0:
		us = readUSSection(row, value)
	}
	switch {
	case !us.ok:
		g.unreadable |= row.bit()
	case us.optedOut:
		g.optedOut |= row.bit()
	}
	// A browser's signal has no jurisdiction: it counts from any section that
	// could be read, also from one of another state.
	g.gpc = g.gpc || us.gpc
	return true
}

// usReading is what one US section says; the zero value is "cannot be read".
type usReading struct {
	ok, optedOut, gpc bool
}

// readUSPrivacy reads a US privacy string such as 1YNN: the version, then
// notice, opt-out of sale and covered transaction, each Y, N or -.
// Source: IAB Tech Lab, US Privacy String, version 1.
func readUSPrivacy(s string) usReading {
	if len(s) != 4 || s[0] != '1' {
		return usReading{}
	}
	for _, c := range []byte(s[1:]) {
		if c != 'Y' && c != 'N' && c != '-' {
			return usReading{}
		}
	}
	return usReading{ok: true, optedOut: s[2] == 'Y'}
}

// readUSSection reads a section that the library decodes. The library's answer
// is believed only where the section is of version 1 and has its exact length:
// newer layouts give it wrong fields, not errors.
func readUSSection(row section, value string) usReading {
	if len(value) > maxSection {
		return usReading{}
	}
	core, gpc, hasGPC := strings.Cut(value, ".")
	if !fits(core, row.bits) || (hasGPC && !fits(gpc, gpcBits)) {
		return usReading{}
	}
	f, ok := decodeUSSection(row.id, value)
	if !ok || f.version != 1 {
		return usReading{}
	}
	reading := usReading{ok: true, gpc: f.gpc}
	for _, choice := range f.optOuts {
		switch choice {
		case optedOut:
			reading.optedOut = true
		case notApplicable, didNotOptOut:
		default: // not defined in version 1
			return usReading{}
		}
	}
	return reading
}

// The values of an opt-out field in the US sections.
const (
	notApplicable = 0
	optedOut      = 1
	didNotOptOut  = 2
)

// usFields are the fields of a US section that count here. An opt-out that a
// section does not have is notApplicable.
type usFields struct {
	version byte
	optOuts [3]byte // sale, sharing, targeted advertising
	gpc     bool
}

func decodeUSSection(id uint8, value string) (usFields, bool) {
	switch id {
	case 7:
		s, err := uspnat.NewUSPNAT(value)
		c := s.CoreSegment
		return usFields{c.Version, [3]byte{c.SaleOptOut, c.SharingOptOut, c.TargetedAdvertisingOptOut}, s.GPCSegment.Gpc}, err == nil
	case 8:
		s, err := uspca.NewUSPCA(value)
		c := s.CoreSegment
		return usFields{c.Version, [3]byte{c.SaleOptOut, c.SharingOptOut, notApplicable}, s.GPCSegment.Gpc}, err == nil
	case 9:
		s, err := uspva.NewUSPVA(value)
		c := s.CoreSegment
		return usFields{c.Version, [3]byte{c.SaleOptOut, notApplicable, c.TargetedAdvertisingOptOut}, false}, err == nil
	case 10:
		s, err := uspco.NewUSPCO(value)
		c := s.CoreSegment
		return usFields{c.Version, [3]byte{c.SaleOptOut, notApplicable, c.TargetedAdvertisingOptOut}, s.GPCSegment.Gpc}, err == nil
	case 11:
		s, err := usput.NewUSPUT(value)
		c := s.CoreSegment
		return usFields{c.Version, [3]byte{c.SaleOptOut, notApplicable, c.TargetedAdvertisingOptOut}, false}, err == nil
	case 12:
		s, err := uspct.NewUSPCT(value)
		c := s.CoreSegment
		return usFields{c.Version, [3]byte{c.SaleOptOut, notApplicable, c.TargetedAdvertisingOptOut}, s.GPCSegment.Gpc}, err == nil
	default:
		return usFields{}, false
	}
}
