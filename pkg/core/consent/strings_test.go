package consent_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gpp "github.com/prebid/go-gpp"
	"github.com/prebid/go-gpp/constants"
	"github.com/prebid/go-gpp/sections"
	"github.com/prebid/go-gpp/sections/uspca"
	"github.com/prebid/go-gpp/sections/uspco"
	"github.com/prebid/go-gpp/sections/uspct"
	"github.com/prebid/go-gpp/sections/uspnat"
	"github.com/prebid/go-gpp/sections/usput"
	"github.com/prebid/go-gpp/sections/uspva"
	"github.com/stretchr/testify/require"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// bitWriter writes the bits of an IAB string.
type bitWriter struct{ bits []byte }

func (w *bitWriter) uint(n, bits int) {
	for i := bits - 1; i >= 0; i-- {
		w.bits = append(w.bits, byte(n>>i&1))
	}
}

func (w *bitWriter) String() string {
	bits := slices.Clone(w.bits)
	for len(bits)%8 != 0 { // whole bytes, as CMPs write them
		bits = append(bits, 0)
	}
	var s strings.Builder
	for len(bits) > 0 {
		six := 0
		for i := range 6 {
			six <<= 1
			if i < len(bits) {
				six |= int(bits[i])
			}
		}
		s.WriteByte(alphabet[six])
		bits = bits[min(6, len(bits)):]
	}
	return s.String()
}

// tcString builds a TC string from items: p1 is consent to purpose 1, v755 vendor
// 755, r7 forbids purpose 7 to vendor 755 by publisher restriction. l7 and i755 are
// legitimate interests; c7 and f7 restrict purpose 7 to consent and to legitimate
// interest. version=3, cmp=1, policy=2 set these fields, age=400 the days since it
// was updated; global is global scope, nodv leaves the disclosed vendors out, dv=7
// discloses that vendor only.
func tcString(t testing.TB, items string) string {
	t.Helper()
	purposes, vendors := map[int]bool{}, map[int]bool{}
	interests, interested := map[int]bool{}, map[int]bool{}
	type restriction struct{ purpose, kind int }
	var restricted []restriction
	set := map[string]int{"version": 2, "cmp": 300, "policy": 5, "age": 1, "dv": 0}
	global, disclosing := false, true
	for item := range strings.FieldsFuncSeq(items, func(r rune) bool { return r == ',' }) {
		if key, v, ok := strings.Cut(item, "="); ok {
			require.Contains(t, set, key)
			set[key] = number(t, v)
			continue
		}
		switch item {
		case "global":
			global = true
			continue
		case "nodv":
			disclosing = false
			continue
		}
		switch n := number(t, item[1:]); item[0] {
		case 'p':
			purposes[n] = true
		case 'v':
			vendors[n] = true
		case 'l':
			interests[n] = true
		case 'i':
			interested[n] = true
		case 'r':
			restricted = append(restricted, restriction{n, 0})
		case 'c':
			restricted = append(restricted, restriction{n, 1})
		case 'f':
			restricted = append(restricted, restriction{n, 2})
		default:
			t.Fatalf("unknown TCF item %q", item)
		}
	}
	const maxVendor = 760
	var w bitWriter
	w.uint(set["version"], 6)
	updated := int(now.AddDate(0, 0, -set["age"]).Truncate(24*time.Hour).UnixMilli() / 100)
	w.uint(updated, 36)
	w.uint(updated, 36)
	w.uint(set["cmp"], 12)
	w.uint(0, 12+6+12) // CMP version, screen, language
	w.uint(100, 12)    // vendor list
	w.uint(set["policy"], 6)
	w.uint(bit(!global), 1)
	w.uint(0, 1+12)
	for _, allowed := range []map[int]bool{purposes, interests} {
		for p := 1; p <= 24; p++ {
			w.uint(bit(allowed[p]), 1)
		}
	}
	w.uint(0, 1+12) // purpose one treatment, publisher country
	for _, listed := range []map[int]bool{vendors, interested} {
		w.vendors(maxVendor, func(v int) bool { return listed[v] })
	}
	w.uint(len(restricted), 12)
	for _, r := range restricted {
		w.uint(r.purpose, 6)
		w.uint(r.kind, 2)
		w.uint(1, 12)
		w.uint(0, 1)
		w.uint(755, 16)
	}
	if !disclosing {
		return w.String()
	}
	var segment bitWriter
	segment.uint(1, 3)
	segment.vendors(maxVendor, func(v int) bool { return set["dv"] == 0 || v == set["dv"] })
	return w.String() + "." + segment.String()
}

// vendors writes a vendor list as a bit field.
func (w *bitWriter) vendors(largest int, in func(int) bool) {
	w.uint(largest, 16)
	w.uint(0, 1)
	for v := 1; v <= largest; v++ {
		w.uint(bit(in(v)), 1)
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// rawSection is a section that the library does not know, in text.
type rawSection struct {
	id    constants.SectionID
	value string
}

func (r rawSection) GetID() constants.SectionID { return r.id }
func (r rawSection) GetValue() string           { return r.value }
func (r rawSection) Encode(bool) []byte         { return []byte(r.value) }

// gppString builds a GPP string from sections such as "8:sale+7:gpc": an id and
// items out of sale, sharing, targeted, gpc, v2; =text gives the section's
// text, and for section 2 the items of tcString.
func gppString(t testing.TB, spec string) string {
	t.Helper()
	var list []gpp.Section
	for part := range strings.SplitSeq(spec, "+") {
		id, items, _ := strings.Cut(part, ":")
		list = append(list, gppSection(t, constants.SectionID(number(t, id)), items))
	}
	// The library writes ranges only from its second entry on, and wrongly
	// where they follow a gap; one entry a section is valid, too.
	slices.SortFunc(list, func(a, b gpp.Section) int { return int(a.GetID() - b.GetID()) })
	var w bitWriter
	w.uint(3, 6)
	w.uint(1, 6)
	w.uint(len(list), 12)
	last := 0
	var body strings.Builder
	for _, s := range list {
		w.uint(0, 1)
		w.fibonacci(int(s.GetID()) - last)
		last = int(s.GetID())
		body.WriteByte('~')
		body.Write(s.Encode(true))
	}
	return w.String() + body.String()
}

func (w *bitWriter) fibonacci(n int) {
	weights := []int{1, 2}
	for weights[len(weights)-1] <= n {
		weights = append(weights, weights[len(weights)-1]+weights[len(weights)-2])
	}
	bits, started := []byte{1}, false
	for i := len(weights) - 1; i >= 0; i-- {
		take := weights[i] <= n
		if take {
			n -= weights[i]
			started = true
		}
		if started {
			bits = append(bits, byte(bit(take)))
		}
	}
	slices.Reverse(bits)
	w.bits = append(w.bits, bits...)
}

func gppSection(t testing.TB, id constants.SectionID, items string) gpp.Section {
	t.Helper()
	if text, ok := strings.CutPrefix(items, "="); ok {
		return rawSection{id, text}
	}
	if id == 2 {
		return rawSection{id, tcString(t, items)}
	}
	has := func(item string) bool { return slices.Contains(strings.Split(items, ","), item) }
	choice := func(item string) byte {
		if has(item) {
			return 1
		}
		return 2
	}
	version := byte(1)
	if has("v2") {
		version = 2
	}
	gpc := sections.CommonUSGPCSegment{SubsectionType: 1, Gpc: has("gpc")}
	common := func(sensitive, child int) sections.CommonUSCoreSegment {
		return sections.CommonUSCoreSegment{
			Version: version, SaleOptOut: choice("sale"), TargetedAdvertisingOptOut: choice("targeted"),
			SensitiveDataProcessing: make([]byte, sensitive), KnownChildSensitiveDataConsents: make([]byte, child),
		}
	}
	switch id {
	case 7:
		return uspnat.USPNAT{SectionID: id, GPCSegment: gpc, CoreSegment: uspnat.USPNATCoreSegment{
			Version: version, SaleOptOut: choice("sale"), SharingOptOut: choice("sharing"), TargetedAdvertisingOptOut: choice("targeted"),
			SensitiveDataProcessing: make([]byte, 12), KnownChildSensitiveDataConsents: make([]byte, 2),
		}}
	case 8:
		return uspca.USPCA{SectionID: id, GPCSegment: gpc, CoreSegment: uspca.USPCACoreSegment{
			Version: version, SaleOptOut: choice("sale"), SharingOptOut: choice("sharing"),
			SensitiveDataProcessing: make([]byte, 9), KnownChildSensitiveDataConsents: make([]byte, 2),
		}}
	case 9:
		return uspva.USPVA{SectionID: id, CoreSegment: common(8, 1)}
	case 10:
		return uspco.USPCO{SectionID: id, CoreSegment: common(7, 1), GPCSegment: gpc}
	case 11:
		return usput.USPUT{SectionID: id, CoreSegment: usput.USPUTCoreSegment{
			Version: version, SaleOptOut: choice("sale"), TargetedAdvertisingOptOut: choice("targeted"),
			SensitiveDataProcessing: make([]byte, 8),
		}}
	case 12:
		return uspct.USPCT{SectionID: id, CoreSegment: common(8, 3), GPCSegment: gpc}
	default:
		return rawSection{id, fmt.Sprintf("B%s", items)}
	}
}
