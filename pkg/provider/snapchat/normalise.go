package snapchat

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
	emailWeight, phoneWeight, externalWeight = 3.0, 3.0, 1.0
	nameWeight, placeWeight, genderWeight    = 0.5, 0.25, 0.25
	clickWeight, browserWeight               = 3.0, 2.0
	deviceWeight, addressWeight, agentWeight = 4.0, 1.0, 1.0
	usDigits                                 = 5
)

// The forms in which Snapchat takes personal values, all hashed. E-mail: trimmed,
// lower case; phone: digits with the country code, no plus sign and no zero in
// front (parameters page, whose examples are in the test vectors). External id:
// trimmed, lower case (official server tag 0038f61, three senders). Names and
// places: lower case without punctuation and white space; sources disagree about
// white space inside names and about the last part of British postal codes, which
// are kept whole.
var (
	emails      = conversion.Emails(normal.EmailField(resource.EmailPlain), emailWeight)
	phones      = conversion.Phones(normal.PhoneField(resource.PhoneDigits), phoneWeight)
	externalIDs = conversion.ExternalIDs(normal.IDField(normal.Lower), externalWeight)
	firstName   = conversion.FirstName(letters, nameWeight)
	lastName    = conversion.LastName(letters, nameWeight)
	spacedFirst = conversion.FirstName(spacedLetters, nameWeight)
	spacedLast  = conversion.LastName(spacedLetters, nameWeight)
	gender      = conversion.Gender(normal.Gender, genderWeight)
	cityName    = conversion.City(letters, placeWeight)
	stateName   = conversion.Region(state, placeWeight)
	postalCode  = conversion.PostalCode(zipCode, placeWeight)
	sectorCode  = conversion.PostalCode(sector, placeWeight)
	countryName = conversion.Country(normal.Country, placeWeight)
)

// unitedStates is the country whose states are two letters and whose postal codes
// are five digits.
const unitedStates = "US"

// letters removes white space and punctuation and lower-cases; letters of every
// script and digits stay.
func letters(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	return lowerOf(dst, s, func(r rune) bool { return !identity.IsSpace(r) && !unicode.IsPunct(r) && !asciiSymbol(r) })
}

// spacedLetters is letters with the white space inside, for destinations that say so.
func spacedLetters(dst []byte, s string, _ normal.Hints) ([]byte, bool) {
	start := len(dst)
	dst, _ = lowerOf(dst, s, func(r rune) bool { return !unicode.IsPunct(r) && !asciiSymbol(r) })
	kept := bytes.TrimFunc(dst[start:], identity.IsSpace)
	dst = dst[:start+copy(dst[start:], kept)]
	return dst, len(dst) > start
}

func asciiSymbol(r rune) bool { return r < utf8.RuneSelf && unicode.IsSymbol(r) }

// state gives the two letters of a US state, also where no country is known, and
// any other name as it is.
func state(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	if h.Country == "" || strings.EqualFold(h.Country, unitedStates) {
		if code, ok := geo.Region(unitedStates, s); ok {
			return identity.AppendLower(dst, code), true
		}
	}
	return letters(dst, s, h)
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

// sector is zipCode, but of a British code without the two letters of the unit, for
// destinations that say so.
func sector(dst []byte, s string, h normal.Hints) ([]byte, bool) {
	start := len(dst)
	dst, ok := zipCode(dst, s, h)
	if n := len(dst) - start; ok && strings.EqualFold(h.Country, unitedKingdom) && n > unitLetters+1 {
		dst = dst[:len(dst)-unitLetters]
	}
	return dst, ok
}

// unitedKingdom is the country whose postal codes end with two letters of a unit.
const (
	unitedKingdom = "GB"
	unitLetters   = 2
)

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
