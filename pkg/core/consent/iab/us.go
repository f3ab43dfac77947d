package iab

import "strings"

// usSection is one US section of the Global Privacy Platform.
type usSection struct {
	id      uint8
	name    string // the client-side API prefix
	country string // ISO 3166-1 alpha-2
	region  string // the state; empty: the whole country
	// header: by its specification the section begins with a part of its own
	// that names section, version and sub-sections. Libraries leave it out.
	header bool
	// sensitiveBits is the size of a sub-section with sensitive data, which has
	// no type in front; zero: there is none.
	sensitiveBits int
	layouts       []layout
}

// layout is where the fields that count stand in one version of a core segment.
// Every offset is in bits; all these fields are two bits wide.
type layout struct {
	version  uint8
	bits     int
	optOuts  []optOut
	children []child
	// serviceProvider and mode say how the Multi-State Privacy Agreement is
	// used; zero: the layout has no such field.
	serviceProvider, mode uint8
}

type optOut struct {
	at      uint8
	notices []uint8
}

type child struct {
	at   uint8
	teen bool // 13 or older
}

// The values of a two-bit field. 3 is undefined in all of them.
const (
	notApplicable = 0
	optedOut      = 1 // also: no consent, notice given, yes
	didNotOptOut  = 2 // also: consent, no notice, no
	undefined     = 3
)

// Minors says what US sections tell about the age of somebody.
type Minors uint8

// What sections can tell: whether a child (under 13) or a teen is known, and
// whether consent to process its data was given.
const (
	ChildWithoutConsent Minors = 1 << iota
	ChildWithConsent
	TeenWithoutConsent
	TeenWithConsent
)

// usReading is what one US section says.
type usReading struct {
	state           sectionState
	optedOut        bool // of sale, of sharing or of targeted advertising
	answered        bool // somebody was asked and did not opt out
	withoutNotice   bool // an opt-out was not offered
	serviceProvider bool // the sender works as a service provider
	gpc             bool
	minors          Minors
}

// sectionState says whether a section could be read.
type sectionState uint8

const (
	readable    sectionState = iota
	damaged                  // not as its specification says
	unsupported              // of a version that this reader does not know
	mislabelled              // not the section that the header announces
)

// readUS reads one US section. GPC is read from any sub-section, also where the
// core cannot be.
func readUS(row *usSection, value string) usReading {
	var r usReading
	if len(value) > maxSection || value == "" {
		r.state = damaged
		return r
	}
	core, rest, more := strings.Cut(value, ".")
	subsections := -1 // as many as follow
	if row.isHeader(core) {
		core, rest, more, subsections = r.sectionHeader(row, core, rest, more)
	}
	found := 0
	for part := ""; more; found++ {
		part, rest, more = strings.Cut(rest, ".")
		r.subsection(row, part)
	}
	if subsections >= 0 && found != subsections {
		r.fail(damaged)
	}
	r.core(row, core)
	return r
}

// fail keeps the first state that is not readable.
func (r *usReading) fail(state sectionState) {
	if r.state == readable {
		r.state = state
	}
}

// isHeader tells whether a part is the header of the section: it begins with
// the section's id. Without one the core's version stands there.
func (s *usSection) isHeader(part string) bool {
	return part != "" && sextets[part[0]] == s.id
}

// sectionHeader reads the section's header: id (6), version (6), ids of the
// sub-sections behind the core. It gives what follows it, cut once more, and how
// many sub-sections there have to be (-1: not said).
func (r *usReading) sectionHeader(row *usSection, header, rest string, more bool) (core, behind string, further bool, count int) {
	if !isText(header) || !more {
		r.fail(damaged)
		return "", rest, more, -1
	}
	core, behind, further = strings.Cut(rest, ".")
	b := bits{s: header}
	b.skip(6)
	if version := b.uint(6); !row.header || version != 1 {
		// Another version of the section: what its header holds is not known.
		r.fail(unsupported)
		return core, behind, further, -1
	}
	ok := b.idRanges(func(first, last int) bool {
		count += last - first + 1
		return count <= maxParts
	})
	if !ok || !b.zerosFollow() {
		r.fail(damaged)
	}
	return core, behind, further, count
}

// maxSection bounds the length of a US section in letters: the longest that
// exists has about twenty. maxParts bounds its sub-sections.
const (
	maxSection = 256
	maxParts   = 16
)

// gpcType is the type of the sub-section with Global Privacy Control. Type 0
// (core) is read too: libraries have written it.
const gpcType = 1

// subsection reads a part behind the core: Global Privacy Control, which is two
// bits of type and one of signal in every section and version, or sensitive
// data, which decides nothing here.
func (r *usReading) subsection(row *usSection, part string) {
	if !isText(part) {
		r.fail(damaged)
		return
	}
	b := bits{s: part}
	if row.sensitiveBits > 0 && b.left() >= row.sensitiveBits {
		b.skip(row.sensitiveBits)
		if !b.zerosFollow() {
			r.fail(damaged)
		}
		return
	}
	kind, signal := b.uint(2), b.bool()
	whole := b.zerosFollow()
	switch {
	case kind == gpcType:
		// A signal is believed before what stands behind it: it only takes away.
		r.gpc = r.gpc || signal
	case kind == 0 && r.state != unsupported:
		r.gpc = r.gpc || signal && whole
	default:
		r.fail(damaged)
	}
	if !whole {
		r.fail(damaged)
	}
}

// core reads the core segment.
func (r *usReading) core(row *usSection, core string) {
	if r.state == unsupported {
		return
	}
	if !isText(core) {
		r.fail(damaged)
		return
	}
	b := bits{s: core}
	l, state := row.layoutOf(&b)
	if l == nil {
		r.fail(state)
		return
	}
	behind := bits{s: core, at: min(l.bits, 6*len(core))}
	if b.left() < l.bits || !behind.zerosFollow() {
		r.fail(damaged)
		return
	}
	r.fields(l, &b)
}

// layoutOf finds the layout of a core; nil where there is none, and why.
func (s *usSection) layoutOf(b *bits) (*layout, sectionState) {
	version := sextets[b.s[0]]
	if s.header {
		// The first six bits are the version of the MSPA, not of the layout.
		if version > maxMSPAVersion {
			return nil, unsupported
		}
		return &s.layouts[0], readable
	}
	if s.id == usnat && version == 1 {
		return s.usnat1(b), readable
	}
	for i := range s.layouts {
		if s.layouts[i].version == version {
			return &s.layouts[i], readable
		}
	}
	if s.otherFits(b, version) {
		return nil, mislabelled
	}
	return nil, unsupported
}

// maxMSPAVersion is the highest version of the agreement in a core. 0 to 5 have
// been seen; a higher number may as well be another form of the section.
const maxMSPAVersion = 5

const usnat = 7

// usnat1 tells the two layouts of version 1 of the national section apart.
// iabgpp-es 3.1.3 to 3.1.5 and iabgpp-java write version 1 in the layout of
// version 2, and all libraries read it so; the right one ends after 60 bits.
// Opt-outs stand at the same place in both, children do not.
func (s *usSection) usnat1(b *bits) *layout {
	first, second := &s.layouts[0], &s.layouts[1]
	behind := bits{s: b.s, at: min(first.bits, 6*len(b.s))}
	if b.left() >= second.bits && !behind.zerosFollow() {
		return second
	}
	return first
}

// otherFits tells whether a core of a version that its section does not have is
// exactly what another section would be, and does not have the length of any
// layout of its own: the header then names the sections in a wrong order, and
// nothing in the string can be relied on.
func (s *usSection) otherFits(b *bits, version uint8) bool {
	for i := range s.layouts {
		if letters(s.layouts[i].bits) >= len(b.s) {
			return false
		}
	}
	for i := range usSections {
		other := &usSections[i]
		if other.id == s.id || other.header {
			continue
		}
		for j := range other.layouts {
			if l := &other.layouts[j]; l.version == version && letters(l.bits) == len(b.s) {
				return true
			}
		}
	}
	return false
}

func letters(bits int) int { return (bits + 5) / 6 }

// fields reads what decides. An undefined value in a field that decides makes
// the section unreadable; elsewhere it changes nothing.
func (r *usReading) fields(l *layout, b *bits) {
	for _, o := range l.optOuts {
		choice := twoBits(b, o.at)
		switch choice {
		case optedOut:
			r.optedOut = true
		case didNotOptOut:
			r.answered = true
		case undefined:
			r.fail(damaged)
		}
		for _, at := range o.notices {
			notice := twoBits(b, at)
			if notice == didNotOptOut || notice == notApplicable && choice == didNotOptOut {
				r.withoutNotice = true
			}
		}
	}
	for _, c := range l.children {
		switch twoBits(b, c.at) {
		case 1:
			r.minors |= known(c.teen, ChildWithoutConsent, TeenWithoutConsent)
		case 2:
			r.minors |= known(c.teen, ChildWithConsent, TeenWithConsent)
		case undefined:
			r.fail(damaged)
		}
	}
	r.serviceProvider = l.serviceProvider != 0 && twoBits(b, l.serviceProvider) == 1 ||
		l.mode != 0 && twoBits(b, l.mode) == 2
}

func twoBits(b *bits, at uint8) uint64 {
	field := bits{s: b.s, at: int(at)}
	return field.uint(2)
}

func known(teen bool, child, other Minors) Minors {
	if teen {
		return other
	}
	return child
}

// readUSPrivacy reads a US privacy string such as 1YNN: the version, then
// notice, opt-out of sale and covered transaction, each Y, N or -, in capitals.
// Source: IAB Tech Lab, US Privacy String, version 1.
func readUSPrivacy(s string) usReading {
	if len(s) != 4 || s[0] != '1' {
		return usReading{state: damaged}
	}
	for _, c := range []byte(s[1:]) {
		if c != 'Y' && c != 'N' && c != '-' {
			return usReading{state: damaged}
		}
	}
	return usReading{optedOut: s[2] == 'Y', answered: s[2] == 'N', withoutNotice: s[1] == 'N' || s[1] == '-' && s[2] == 'N'}
}
