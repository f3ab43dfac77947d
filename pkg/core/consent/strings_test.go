package consent_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

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

// tcString builds a TC string from items: p1 is purpose 1, v755 vendor 755,
// r7 forbids purpose 7 to vendor 755 by publisher restriction, version=3 sets
// the version.
func tcString(t testing.TB, items string) string {
	t.Helper()
	purposes, vendors, restricted := map[int]bool{}, map[int]bool{}, []int{}
	version := 2
	for item := range strings.FieldsFuncSeq(items, func(r rune) bool { return r == ',' }) {
		if v, ok := strings.CutPrefix(item, "version="); ok {
			version = number(t, v)
			continue
		}
		switch n := number(t, item[1:]); item[0] {
		case 'p':
			purposes[n] = true
		case 'v':
			vendors[n] = true
		case 'r':
			restricted = append(restricted, n)
		default:
			t.Fatalf("unknown TCF item %q", item)
		}
	}
	const maxVendor = 760
	var w bitWriter
	w.uint(version, 6)
	w.uint(0, 36+36+12+12+6+12) // times, CMP, screen, language
	w.uint(100, 12)             // vendor list
	w.uint(4, 6)
	w.uint(0, 1+1+12)
	for p := 1; p <= 24; p++ {
		w.uint(bit(purposes[p]), 1)
	}
	w.uint(0, 24+1+12) // legitimate interest, purpose one treatment, publisher country
	w.uint(maxVendor, 16)
	w.uint(0, 1)
	for v := 1; v <= maxVendor; v++ {
		w.uint(bit(vendors[v]), 1)
	}
	w.uint(0, 16+1) // no vendor on legitimate interest
	w.uint(len(restricted), 12)
	for _, p := range restricted {
		w.uint(p, 6)
		w.uint(0, 2) // not allowed
		w.uint(1, 12)
		w.uint(0, 1)
		w.uint(755, 16)
	}
	return w.String()
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
