package iab

import "strings"

// readCanada reads the section of IAB Canada's framework (tcfcav1, version 1).
// It is the TC string with other names and lists: Consent is express consent,
// Interest implied consent. There is no list of disclosed vendors that it has to
// have, no scope and no country of the publisher.
//
// Source: Sections/Canada/GPPExtension: IAB Canada TCF.md; ranges of vendors as
// iabgpp-es writes them since 3.2.0.
func readCanada(s string, vendor int) (t TCF, fault string) {
	core, rest, more := strings.Cut(s, ".")
	if !isText(core) {
		return TCF{}, notText
	}
	if sextets[core[0]] != 1 {
		return TCF{}, notVersion1
	}
	if fault := t.canadianCore(core, vendor); fault != "" {
		return TCF{}, fault
	}
	t.Disclosed = true
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
			t.Disclosed = disclosed
		}
	}
	return t, ""
}

const notVersion1 = "it is not of version 1"

func (t *TCF) canadianCore(core string, vendor int) (fault string) {
	b := bits{s: core}
	b.skip(6)
	t.Created, t.LastUpdated = b.time(), b.time()
	t.CMP = uint16(b.uint(12))
	b.skip(12 + 6) // CmpVersion, ConsentScreen
	language := b.word()
	b.skip(12 + 6 + 1 + 12) // VendorListVersion, TcfPolicyVersion, UseNonStandardStacks, SpecialFeatureExpressConsent
	t.Consent, t.Interest = Purposes(b.uint(24)), Purposes(b.uint(24))
	var ok bool
	if t.VendorConsent, ok = b.optimizedRange(vendor); !ok {
		return b.listFault()
	}
	if t.VendorInterest, ok = b.optimizedRange(vendor); !ok {
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
	case !language:
		return noLetter
	case t.CMP <= 1:
		return noCMP
	}
	return ""
}

// optimizedRange reads a vendor list of the Global Privacy Platform: the largest
// id, then a bit for each vendor or a Range(Fibonacci).
func (b *bits) optimizedRange(vendor int) (in, ok bool) {
	largest := int(b.uint(16))
	if !b.bool() {
		if vendor <= largest && b.left() >= vendor {
			at := bits{s: b.s, at: b.at + vendor - 1}
			in = at.bool()
		}
		b.skip(largest)
		return in && !b.short, !b.short
	}
	ok = b.idRanges(func(first, last int) bool {
		in = in || first <= vendor && vendor <= last
		return last <= largest
	})
	return in && ok, ok
}
