package meta

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/identity"
)

// city keeps letters a to z and digits only and must begin with a letter, as
// Meta's client library does: São Paulo is sopaulo there too, and a city in
// another script is dropped.
func city(dst []byte, s string, _ Hints) ([]byte, bool) {
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

// state gives the two letters of a state of the US or a province of Canada
// whose name is known, and any other name as it is. It never cuts and never
// guesses from a part: Meta documents the full name for other countries.
func state(dst []byte, s string, _ Hints) ([]byte, bool) {
	start := len(dst)
	dst = identity.AppendLetters(dst, s)
	if code, ok := states[string(dst[start:])]; ok {
		return append(dst[:start], code...), true
	}
	return dst, len(dst) > start
}

// country gives the ISO 3166-1 alpha-2 code of a code or of an English name.
// What is neither is dropped, never cut: half a name is another country.
func country(dst []byte, s string, _ Hints) ([]byte, bool) { return identity.AppendCountry(dst, s) }

// unitedStates is the country whose postal codes are cut.
const unitedStates = "US"

// postcode lower-cases, cuts at the first hyphen and removes white space; a US
// code is its first five digits.
func postcode(dst []byte, s string, h Hints) ([]byte, bool) {
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
