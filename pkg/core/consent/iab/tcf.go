package iab

import "strings"

// TCF is what a TC string says, as it binds one vendor.
type TCF struct {
	// Created and LastUpdated are epoch milliseconds.
	Created, LastUpdated int64
	// CMP is the id of the consent management platform that wrote the string.
	CMP uint16
	// Consent and Interest are the purposes consented to, and those for which a
	// legitimate interest was shown and not objected to.
	Consent, Interest Purposes
	// VendorConsent and VendorInterest are the same for the vendor.
	VendorConsent, VendorInterest bool
	// Forbidden, ConsentOnly and InterestOnly are the publisher's restrictions of
	// the vendor: not at all, and under one legal basis only. Undefined ones
	// count as forbidden.
	Forbidden, ConsentOnly, InterestOnly Purposes
	// Disclosed tells whether the vendor was shown to the visitor. It is true
	// where the string has no such list: see Undisclosed.
	Disclosed bool
	// Undisclosed tells that the string lacks the list of disclosed vendors
	// although it had to have one when it was made.
	Undisclosed bool
}

// Purposes is a set of TCF purposes.
type Purposes uint32

// Has tells whether purpose id, 1 to 24, is in the set.
func (p Purposes) Has(id int) bool { return p>>(24-id)&1 == 1 }

// HasAll tells whether every purpose of ids is in the set.
func (p Purposes) HasAll(ids ...int) bool {
	for _, id := range ids {
		if !p.Has(id) {
			return false
		}
	}
	return true
}

// What is wrong with a TC string, in words that go into a decision. Each names a
// rule of the specification.
const (
	notText      = "it is not base64url text"
	notVersion2  = "it is not a TC string of version 2"
	endsEarly    = "it ends inside a field"
	bitsBehind   = "bits that are not zero follow the last field"
	globalScope  = "IsServiceSpecific is 0, and global scope ended in 2021"
	oldPolicy    = "its TCF policy version is older than 4 although it was made after 30 September 2023"
	noCMP        = "its CMP id is 0 or 1, which no consent management platform has"
	noLetter     = "its language or country has a letter that does not exist"
	badRange     = "a list of vendors is out of order or names a vendor that does not exist"
	segmentTwice = "a segment occurs twice"
	noSegment    = "a segment has a type that does not exist"
)

// NoDisclosedVendors is what is wrong with a string that is Undisclosed, where the
// caller does not let it pass.
const NoDisclosedVendors = "it lacks the disclosed vendors, which TCF 2.3 requires since 1 March 2026"

// Dates from which rules hold, in epoch milliseconds: 2023-10-01 and 2026-03-01,
// midnight UTC.
const (
	policy4Since   = 1696118400_000
	disclosedSince = 1772323200_000
)

// ReadTCF reads a TC string as it binds a vendor. fault says what is wrong with
// it; empty: nothing.
func ReadTCF(s string, vendor int) (t TCF, fault string) {
	core, rest, more := strings.Cut(s, ".")
	if !isText(core) {
		return TCF{}, notText
	}
	if fault := t.readCore(core, vendor); fault != "" {
		return TCF{}, fault
	}
	t.Disclosed = true
	hasDisclosed := false
	var seen [8]bool
	for segment := ""; more; {
		segment, rest, more = strings.Cut(rest, ".")
		if !isText(segment) {
			return TCF{}, notText
		}
		kind := sextets[segment[0]] >> 3
		if seen[kind] {
			return TCF{}, segmentTwice
		}
		seen[kind] = true
		disclosed, fault := readSegment(segment, vendor)
		if fault != "" {
			return TCF{}, fault
		}
		if kind == segmentDisclosed {
			hasDisclosed, t.Disclosed = true, disclosed
		}
	}
	t.Undisclosed = !hasDisclosed && max(t.Created, t.LastUpdated) >= disclosedSince
	return t, ""
}

func (t *TCF) readCore(core string, vendor int) (fault string) {
	b := bits{s: core}
	if b.uint(6) != 2 {
		return notVersion2
	}
	t.Created, t.LastUpdated = b.time(), b.time()
	t.CMP = uint16(b.uint(12))
	b.skip(12 + 6) // CmpVersion, ConsentScreen
	language := b.word()
	b.skip(12) // VendorListVersion
	policy := b.uint(6)
	serviceSpecific := b.bool()
	b.skip(1 + 12) // UseNonStandardTexts, SpecialFeatureOptIns
	t.Consent, t.Interest = Purposes(b.uint(24)), Purposes(b.uint(24))
	// PurposeOneTreatment says that purpose 1 was not shown; its bit is then 0,
	// which is no consent.
	b.skip(1)
	publisher := b.word()
	var ok bool
	if t.VendorConsent, ok = b.vendors(vendor); !ok {
		return b.listFault()
	}
	if t.VendorInterest, ok = b.vendors(vendor); !ok {
		return b.listFault()
	}
	if !t.restrictions(&b, vendor) {
		return b.listFault()
	}
	switch {
	case b.short:
		return endsEarly
	case !b.zerosFollow():
		return bitsBehind
	case !language || !publisher:
		return noLetter
	case t.CMP <= 1:
		return noCMP
	case !serviceSpecific:
		return globalScope
	case policy < 4 && max(t.Created, t.LastUpdated) >= policy4Since:
		return oldPolicy
	}
	return ""
}

// listFault is the fault of a list that could not be read.
func (b *bits) listFault() string {
	if b.short {
		return endsEarly
	}
	return badRange
}

// time reads a time in tenths of a second, and gives epoch milliseconds.
func (b *bits) time() int64 { return int64(b.uint(36)) * 100 }

// word reads two letters, A to Z, and tells whether they are.
func (b *bits) word() bool {
	first, second := b.uint(6), b.uint(6)
	return first < 26 && second < 26
}

// vendors reads a vendor list: the largest id, then a bit for each vendor or
// ranges of ids. It tells whether vendor is in it.
func (b *bits) vendors(vendor int) (in, ok bool) {
	largest := int(b.uint(16))
	if !b.bool() {
		if vendor <= largest && b.left() >= vendor {
			at := bits{s: b.s, at: b.at + vendor - 1}
			in = at.bool()
		}
		b.skip(largest)
		return in && !b.short, !b.short
	}
	return b.ranges(vendor, largest)
}

// ranges reads entries of one vendor or of a group from start to end.
func (b *bits) ranges(vendor, largest int) (in, ok bool) {
	for range b.uint(12) {
		isGroup := b.bool()
		first := int(b.uint(16))
		last := first
		if isGroup {
			last = int(b.uint(16))
		}
		if b.short || first == 0 || last < first || last > largest {
			return false, false
		}
		in = in || first <= vendor && vendor <= last
	}
	return in, !b.short
}

// restrictions reads what the publisher restricts the vendor to.
func (t *TCF) restrictions(b *bits, vendor int) bool {
	for range b.uint(12) {
		id, kind := int(b.uint(6)), b.uint(2)
		in, ok := b.ranges(vendor, 1<<16)
		if !ok {
			return false
		}
		if !in || id < 1 || id > 24 {
			continue
		}
		purpose := Purposes(1) << (24 - id)
		switch kind {
		case 1:
			t.ConsentOnly |= purpose
		case 2:
			t.InterestOnly |= purpose
		default: // 0: not allowed; 3 is undefined, so nothing is certain
			t.Forbidden |= purpose
		}
	}
	return !b.short
}

// The types of segments behind the core.
const (
	segmentDisclosed = 1 // vendors that were shown
	segmentAllowed   = 2 // removed in 2021; still found, and says nothing
	segmentPublisher = 3 // purposes of the publisher's own
)

// readSegment reads a segment behind the core, and tells whether a list of
// vendors names the vendor.
func readSegment(s string, vendor int) (in bool, fault string) {
	b := bits{s: s}
	switch b.uint(3) {
	case segmentDisclosed, segmentAllowed:
		var ok bool
		if in, ok = b.vendors(vendor); !ok {
			return false, b.listFault()
		}
	case segmentPublisher:
		// What the publisher may do itself grants and denies nothing to others.
		b.skip(24 + 24)
		custom := int(b.uint(6))
		b.skip(2 * custom)
	default:
		return false, noSegment
	}
	switch {
	case b.short:
		return false, endsEarly
	case !b.zerosFollow():
		return false, bitsBehind
	}
	return in, ""
}
