package tiktok

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// The weights of the estimated match quality; the sum is capped at 10.
const (
	emailWeight, phoneWeight, externalWeight = 3.0, 3.0, 2.0
	nameWeight, placeWeight                  = 0.5, 0.25
	clickWeight, browserWeight               = 3.0, 2.0
	deviceWeight, vendorWeight, leadWeight   = 4.0, 1.0, 5.0
	addressWeight, agentWeight               = 0.5, 0.5
)

// The forms in which TikTok takes personal values. E-mail: trimmed, lower case,
// dots and +tag stay; phone: E.164 with its plus sign, then hashed (parameters
// page of Events API 2.0, whose two examples are in the test vectors). External id:
// trimmed, case kept (TikTok's server tag gtm-template-eapi 089e34e). Names: lower
// case without punctuation and white space, whose white space is [U]: Segment
// removes it, another sender keeps it. Postal code: lower case without spaces and
// dashes. City, state and country travel in clear.
var (
	emails      = conversion.Emails(normal.EmailField(resource.EmailPlain), emailWeight)
	phones      = conversion.Phones(normal.PhoneField(resource.PhoneE164), phoneWeight)
	externalIDs = conversion.ExternalIDs(normal.IDField(normal.AsIs), externalWeight)
	firstName   = conversion.FirstName(name, nameWeight)
	lastName    = conversion.LastName(name, nameWeight)
	spacedFirst = conversion.FirstName(spacedName, nameWeight)
	spacedLast  = conversion.LastName(spacedName, nameWeight)
	postalCode  = conversion.PostalCode(zipCode, placeWeight)
	cityName    = conversion.City(place, placeWeight)
	stateName   = conversion.Region(state, placeWeight)
	countryName = conversion.Country(normal.Country, placeWeight)
)

// unitedStates is the country whose states are two letters and whose postal codes
// are five digits.
const unitedStates = "US"

// name removes white space and punctuation and lower-cases; letters of every
// script and digits stay.
func name(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	return lowerOf(dst, s, func(r rune) bool { return !identity.IsSpace(r) && !unicode.IsPunct(r) && !asciiSymbol(r) })
}

// spacedName is name with the white space inside, for destinations that say so.
func spacedName(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	start := len(dst)
	dst, _ = lowerOf(dst, s, func(r rune) bool { return !unicode.IsPunct(r) && !asciiSymbol(r) })
	kept := bytes.TrimFunc(dst[start:], identity.IsSpace)
	dst = dst[:start+copy(dst[start:], kept)]
	return dst, len(dst) > start
}

func asciiSymbol(r rune) bool { return r < utf8.RuneSelf && unicode.IsSymbol(r) }

// place keeps letters and digits of every script, in lower case. What is left must
// not have the form of a digest, which TikTok would take for one.
func place(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	start := len(dst)
	dst, ok := lowerOf(dst, s, func(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.N) })
	if _, digest := identity.ParseHashed(string(dst[start:])); digest {
		return dst[:start], false
	}
	return dst, ok
}

// state gives the two letters of a US state, also where no country is known, and
// any other name as it is.
func state(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	if h.Country == "" || strings.EqualFold(h.Country, unitedStates) {
		if code, ok := geo.Region(unitedStates, s); ok {
			return identity.AppendLower(dst, code), true
		}
	}
	return place(dst, s, h)
}

// zipCode removes spaces and dashes and lower-cases; a US code is its first five
// digits, and one without five is none.
func zipCode(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	start := len(dst)
	dst, ok := lowerOf(dst, s, func(r rune) bool { return !identity.IsSpace(r) && !unicode.Is(unicode.Pd, r) })
	if !ok || !strings.EqualFold(h.Country, unitedStates) {
		return dst, ok && utf8.RuneCount(dst[start:]) > 1
	}
	code := dst[start:]
	if len(code) < usDigits {
		return dst[:start], false
	}
	for _, c := range code[:usDigits] {
		if c < '0' || c > '9' {
			return dst[:start], false
		}
	}
	return dst[:start+usDigits], true
}

const usDigits = 5

// lowerOf appends what stays of s in lower case; false where nothing stays.
func lowerOf(dst []byte, s string, stays func(rune) bool) ([]byte, bool) {
	start := len(dst)
	for _, r := range s {
		if stays(r) {
			dst = utf8.AppendRune(dst, r)
		}
	}
	// First what stays, then behind it the same in lower case, which takes its place.
	kept := dst[start:]
	dst = identity.AppendLower(dst, kept)
	dst = dst[:start+copy(dst[start:], dst[start+len(kept):])]
	dst = identity.ComposeTail(dst, start)
	return dst, len(dst) > start
}
