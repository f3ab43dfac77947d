package iab_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/prebid/go-gdpr/api"
	"github.com/prebid/go-gdpr/consentconstants"
	tcf2 "github.com/prebid/go-gdpr/vendorconsent/tcf2"
	gpp "github.com/prebid/go-gpp"
	"github.com/prebid/go-gpp/sections/uspca"
	"github.com/prebid/go-gpp/sections/uspco"
	"github.com/prebid/go-gpp/sections/uspct"
	"github.com/prebid/go-gpp/sections/uspnat"
	"github.com/prebid/go-gpp/sections/usput"
	"github.com/prebid/go-gpp/sections/uspva"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sluicehq/sluice/pkg/core/consent/iab"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// mutate flips one bit of a letter of s.
func mutate(t *rapid.T, s string) string {
	if s == "" {
		return s
	}
	at := rapid.IntRange(0, len(s)-1).Draw(t, "at")
	i := strings.IndexByte(alphabet, s[at])
	if i < 0 {
		return s
	}
	return s[:at] + string(alphabet[i^1<<rapid.IntRange(0, 5).Draw(t, "bit")]) + s[at+1:]
}

// narrower is what go-gdpr refuses and the specification does not: a restriction
// of a vendor beyond 32767 (ids have sixteen bits), and a range of one vendor.
var narrower = regexp.MustCompile(`only vendors \[1, 32767\] are valid|but the max vendor ID is 32767|excludes vendors \[(\d+), (\d+)\]`)

// goGDPR reads s with go-gdpr; ok is false where s is among what only go-gdpr refuses.
func goGDPR(t *rapid.T, s string) (theirs api.VendorConsents, ok bool) {
	theirs, err := tcf2.ParseString(s)
	if err == nil {
		return theirs, true
	}
	known := narrower.FindStringSubmatch(err.Error())
	require.NotEmpty(t, known, "only a string that others read, too, is believed: %v", err)
	require.Equal(t, known[1], known[2], "a range that ends before it starts is not believed: %v", err)
	return nil, false
}

// What the reader believes, go-gdpr reads the same, also with a bit flipped. It
// believes less: go-gdpr looks at the core alone, and of two restrictions of one
// purpose and kind, which a flipped bit can make, only at the last.
func TestTCFAgreesWithGoGDPR(t *testing.T) {
	t.Parallel()
	strs := vectors(t, "tcf_vectors.json")
	believed := 0
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(strs).Draw(t, "string")
		flipped := rapid.Bool().Draw(t, "flip")
		if flipped {
			s = mutate(t, s)
		}
		got, fault := iab.ReadTCF(s, google)
		if fault != "" {
			return
		}
		theirs, ok := goGDPR(t, s)
		if !ok {
			return
		}
		believed++
		for id := 1; id <= 24; id++ {
			require.Equal(t, theirs.PurposeAllowed(consentconstants.Purpose(id)), got.Consent.Has(id), "purpose %d of %s", id, s)
		}
		require.Equal(t, theirs.VendorConsent(google), got.VendorConsent, s)
		require.Equal(t, theirs.LastUpdated().UnixMilli(), got.LastUpdated, s)
		require.Equal(t, theirs.CmpID(), got.CMP, s)
		limits := theirs.(interface {
			CheckPubRestriction(purpose, kind uint8, vendor uint16) bool
		})
		for id := 1; id <= 24; id++ {
			forbidden := limits.CheckPubRestriction(uint8(id), 0, google) || limits.CheckPubRestriction(uint8(id), 3, google)
			interest := limits.CheckPubRestriction(uint8(id), 2, google)
			if flipped {
				forbidden, interest = forbidden || got.Forbidden.Has(id), interest || got.InterestOnly.Has(id)
			}
			require.Equal(t, forbidden, got.Forbidden.Has(id), s)
			require.Equal(t, interest, got.InterestOnly.Has(id), s)
		}
	})
	require.Positive(t, believed)
}

// What go-gpp reads of sections 7 to 12 in version 1, the reader reads the same.
// Everything else go-gpp 0.2.0 gets wrong or leaves undecoded.
func TestGPPAgreesWithGoGPP(t *testing.T) {
	t.Parallel()
	strs := vectors(t, "gpp_vectors.json")
	compared := 0
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(strs).Draw(t, "string")
		if rapid.Bool().Draw(t, "flip") {
			// Behind the header: a flipped header can keep go-gpp busy for hours.
			header, rest, _ := strings.Cut(s, "~")
			s = header + "~" + mutate(t, rest)
		}
		got, fault := iab.ReadGPP(s, google, iab.AllSections)
		if fault != "" || got.Present&^got.Damaged&^got.Unsupported == 0 {
			return
		}
		theirs, errs := gpp.Parse(s)
		if len(errs) > 0 {
			return
		}
		for _, section := range theirs.Sections {
			out, gpc, ok := theirReading(section)
			bit := iab.SetOf(int(section.GetID()))
			if !ok || got.Damaged&bit != 0 || got.Unsupported&bit != 0 {
				continue
			}
			compared++
			require.Equal(t, out, got.OptedOut&bit != 0, "%s in %s", bit.Name(), s)
			if gpc {
				require.True(t, got.GPC, s)
			}
		}
	})
	require.Positive(t, compared)
}

// theirReading is what go-gpp says of a section; ok is false where it reads none, or
// one of another version than 1.
func theirReading(section gpp.Section) (optedOut, gpc, ok bool) {
	any1 := func(version byte, choices ...byte) (bool, bool) {
		for _, c := range choices {
			optedOut = optedOut || c == 1
		}
		return optedOut, version == 1
	}
	switch s := section.(type) {
	case uspnat.USPNAT:
		c := s.CoreSegment
		optedOut, ok = any1(c.Version, c.SaleOptOut, c.SharingOptOut, c.TargetedAdvertisingOptOut)
		gpc = s.GPCSegment.Gpc
	case uspca.USPCA:
		c := s.CoreSegment
		optedOut, ok = any1(c.Version, c.SaleOptOut, c.SharingOptOut)
		gpc = s.GPCSegment.Gpc
	case uspva.USPVA:
		c := s.CoreSegment
		optedOut, ok = any1(c.Version, c.SaleOptOut, c.TargetedAdvertisingOptOut)
	case uspco.USPCO:
		c := s.CoreSegment
		optedOut, ok = any1(c.Version, c.SaleOptOut, c.TargetedAdvertisingOptOut)
		gpc = s.GPCSegment.Gpc
	case usput.USPUT:
		c := s.CoreSegment
		optedOut, ok = any1(c.Version, c.SaleOptOut, c.TargetedAdvertisingOptOut)
	case uspct.USPCT:
		c := s.CoreSegment
		optedOut, ok = any1(c.Version, c.SaleOptOut, c.TargetedAdvertisingOptOut)
		gpc = s.GPCSegment.Gpc
	}
	return optedOut, gpc, ok
}
