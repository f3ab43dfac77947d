package normal

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// City keeps letters a to z and digits only and must begin with a letter, as
// Meta's client library does: São Paulo is sopaulo there too, and a city in
// another script is dropped.
func City(dst []byte, s string, _ Hints) ([]byte, bool) {
	start := len(dst)
	for i := range len(s) {
		c := s[i]
		if !alnum(c) {
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst, len(dst) > start && lower(dst[start])
}

// State gives the two letters of a state of the US or a province of Canada, and
// any other name as it is. It never cuts and never guesses from a part: Meta
// documents the full name for other countries. Where no country is known, the
// plain names of both are read as Meta's library reads them.
func State(dst []byte, s string, h Hints) ([]byte, bool) {
	for _, country := range [...]string{unitedStates, canada} {
		if !strings.EqualFold(h.Country, country) {
			continue
		}
		if code, ok := geo.Region(country, s); ok {
			return identity.AppendLower(dst, code), true
		}
	}
	start := len(dst)
	dst = identity.AppendLetters(dst, s)
	if code, ok := states[string(dst[start:])]; ok && h.Country == "" {
		return append(dst[:start], code...), true
	}
	return dst, len(dst) > start
}

// Country gives the ISO 3166-1 alpha-2 code, of the letters alone where the
// whole is none, as Meta's library reads it ("US!", "us123"). What is no country
// is dropped, never cut: half a name is another country.
func Country(dst []byte, s string, _ Hints) ([]byte, bool) {
	code, ok := CountryCode(dst, s)
	return identity.AppendLower(dst, code), ok
}

// CountryCode is the upper-case code that Country gives in lower case; scratch is
// reused memory.
func CountryCode(scratch []byte, s string) (string, bool) {
	if code, ok := geo.Country(s); ok {
		return code, true
	}
	if !identity.IsASCII(s) {
		return "", false
	}
	letters := identity.AppendLetters(scratch, s)
	return geo.Country(string(letters[len(scratch):]))
}

// canada is the other country whose subdivisions Meta takes as two letters.
const canada = "CA"

// unitedStates is the country whose postal codes are cut.
const unitedStates = "US"

// Postcode lower-cases, cuts at the first hyphen and removes white space; a US
// code is its first five digits.
func Postcode(dst []byte, s string, h Hints) ([]byte, bool) {
	start := len(dst)
	dst = identity.AppendLower(dst, s)
	if i := bytes.IndexByte(dst[start:], '-'); i >= 0 {
		dst = dst[:start+i]
	}
	kept := dst[:start]
	for i := start; i < len(dst); {
		r, n := utf8.DecodeRune(dst[i:])
		if !identity.IsSpace(r) {
			kept = append(kept, dst[i:i+n]...)
		}
		i += n
	}
	if strings.EqualFold(h.Country, unitedStates) && len(kept)-start > 5 && allDigits(string(kept[start:start+5])) {
		kept = kept[:start+5]
	}
	return kept, utf8.RuneCount(kept[start:]) >= 2
}

// states are the names, letters a to z only, of the US states with the District
// of Columbia, and of Canada's provinces and territories.
var states = map[string]string{
	"alabama": "al", "alaska": "ak", "arizona": "az", "arkansas": "ar", "california": "ca", "colorado": "co",
	"connecticut": "ct", "delaware": "de", "florida": "fl", "georgia": "ga", "hawaii": "hi", "idaho": "id",
	"illinois": "il", "indiana": "in", "iowa": "ia", "kansas": "ks", "kentucky": "ky", "louisiana": "la", "maine": "me",
	"maryland": "md", "massachusetts": "ma", "michigan": "mi", "minnesota": "mn", "mississippi": "ms", "missouri": "mo",
	"montana": "mt", "nebraska": "ne", "nevada": "nv", "newhampshire": "nh", "newjersey": "nj", "newmexico": "nm",
	"newyork": "ny", "northcarolina": "nc", "northdakota": "nd", "ohio": "oh", "oklahoma": "ok", "oregon": "or",
	"pennsylvania": "pa", "rhodeisland": "ri", "southcarolina": "sc", "southdakota": "sd", "tennessee": "tn",
	"texas": "tx", "utah": "ut", "vermont": "vt", "virginia": "va", "washington": "wa", "westvirginia": "wv",
	"wisconsin": "wi", "wyoming": "wy", "districtofcolumbia": "dc", "washingtondc": "dc",

	"alberta": "ab", "britishcolumbia": "bc", "manitoba": "mb", "newbrunswick": "nb", "newfoundlandandlabrador": "nl",
	"northwestterritories": "nt", "novascotia": "ns", "nunavut": "nu", "ontario": "on", "princeedwardisland": "pe",
	"quebec": "qc", "saskatchewan": "sk", "yukon": "yt",
}
