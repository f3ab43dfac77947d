// Package geo reads countries and their subdivisions as people and systems
// write them. Consent, phone numbers, addresses and policies all read a place
// here, so that one text never means two places.
//
// A text that is not certainly one place is none: a wrong country would have a
// visitor judged by another law.
//
// codes.go, countries.txt and subdivisions.txt are made by deploy/generate/geo
// from Unicode's CLDR (codes, English names, names of countries in each
// language) and the npm package iso-3166 (names of subdivisions in their
// country's language), under the licences beside them.
package geo

import (
	_ "embed"
	"strings"
	"unicode"

	"github.com/sluicehq/sluice/pkg/core/geo/fold"
)

// The folded names, one a line in the order of their bytes, a tab and the code
// behind each. A subdivision's name stands behind its country and a space.
var (
	//go:embed countries.txt
	countryNames string
	//go:embed subdivisions.txt
	regionNames string
)

// maxText is the longest text that is looked at, in bytes. The longest names
// have about a hundred.
const maxText = 200

// Country reads a country and gives its code of ISO 3166-1 alpha-2 in capitals;
// false where s names none, or not certainly one. It reads codes of two and of
// three letters, "UK" and "EL", names in English, in the country's own
// languages and in those of large markets, whatever their case, accents,
// punctuation and spaces, and several of them that agree, such as
// "Deutschland (DE)". Codes for unknown or for more than a country (XX, ZZ, EU,
// T1, A1) are none. XK (Kosovo) is in no standard and everywhere in use.
func Country(s string) (code string, ok bool) {
	if len(s) == 2 {
		if code, ok = findAlpha2(s); ok {
			return code, true
		}
	}
	if len(s) > maxText {
		return "", false
	}
	if code, ok = countryName(s); ok {
		return code, true
	}
	return agreed(s, countryName)
}

// Alpha2 reads a code of two letters, as a setting has to name a country.
func Alpha2(s string) (code string, ok bool) { return findAlpha2(s) }

func countryName(s string) (string, bool) {
	var buf [256]byte
	folded := fold.Append(buf[:0], s)
	if len(folded) <= 3 && !isCode(s, folded) {
		return "", false
	}
	switch len(folded) {
	case 2:
		if code, ok := findAlpha2(string(folded)); ok {
			return code, true
		}
	case 3:
		if code, ok := findAlpha3(string(folded)); ok {
			return code, true
		}
	}
	return findForms(countryNames, folded, 0, countryForms[:])
}

// isCode tells whether a text may be a code or an abbreviation, such as "us" or
// "U.S.": its letters stand together or with dots. "N/A" is no Namibia.
func isCode(s string, folded []byte) bool {
	dots := false
	for _, r := range strings.TrimSpace(s) {
		if r == '.' {
			dots = true
		} else if !unicode.In(r, unicode.L, unicode.M, unicode.Nd) {
			return false
		}
	}
	return !dots || string(folded) != "na"
}

// countryForms are words that official names put in front.
var countryForms = [...]string{"republicof", "kingdomof"}

// Region reads a subdivision of a country, which is a code as Country gives it,
// and gives its code of ISO 3166-2 without the country ("CA"); false where s is
// no subdivision of that country, or not certainly one. It reads codes, with
// their country in front or not, and names as Country does.
func Region(country, s string) (code string, ok bool) {
	if len(country) != 2 || s == "" || len(s) > maxText {
		return "", false
	}
	if code, ok = findRegion(country, s); ok {
		return code, true
	}
	if rest, prefixed := cutCountry(country, s); prefixed {
		if code, ok = findRegion(country, rest); ok {
			return code, true
		}
	}
	read := func(s string) (string, bool) { return regionName(country, s) }
	if code, ok = read(s); ok || len(s) <= 3 {
		return code, ok
	}
	return agreed(s, func(part string) (string, bool) {
		if code, ok := read(part); ok {
			return code, true
		}
		in, ok := countryName(part)
		return "", ok && in == country
	})
}

func regionName(country, s string) (string, bool) {
	var buf [256]byte
	key := append(append(buf[:0], country...), ' ')
	key = fold.Append(key, s)
	if len(key) <= 6 {
		if !isCode(s, key[3:]) {
			return "", false
		}
		if code, ok := findRegion(country, string(key[3:])); ok {
			return code, true
		}
	}
	return findForms(regionNames, key, 3, regionForms[:])
}

// regionForms are words that stand in front of a name or behind it and say no
// more than that it is a subdivision. "County" is none: Delaware County lies in
// Pennsylvania.
var regionForms = [...]string{"stateof", "commonwealthof", "provinceof", "cantonof", "state", "province", "prefecture", "region", "canton"}

// cutCountry removes a country's code and a separator from the front of a code
// such as US-CA.
func cutCountry(country, s string) (string, bool) {
	if len(s) < 4 || !strings.EqualFold(s[:2], country) || s[2] != '-' && s[2] != '_' {
		return s, false
	}
	return s[3:], true
}

// findForms looks up a folded name from start on, then what is left of it
// without an article or one of the words.
func findForms(table string, key []byte, start int, words []string) (string, bool) {
	if len(key) == start {
		return "", false
	}
	if code, ok := find(table, key); ok {
		return code, true
	}
	prefix := string(key[:start])
	rest := string(key[start:])
	for range 2 { // "Republic of the Congo"
		shorter := rest
		for _, word := range words {
			if cut, ok := strings.CutPrefix(shorter, word); ok {
				shorter = cut
				break
			}
			if cut, ok := strings.CutSuffix(shorter, word); ok {
				shorter = cut
				break
			}
		}
		shorter = strings.TrimPrefix(shorter, "the")
		if shorter == rest {
			shorter = strings.TrimSuffix(rest, "the")
		}
		if shorter == rest || shorter == "" {
			return "", false
		}
		if code, ok := find(table, []byte(prefix+shorter)); ok {
			return code, true
		}
		rest = shorter
	}
	return "", false
}

// maxParts bounds the work on a text of separators.
const maxParts = 4

// agreed reads the parts of a text such as "Germany / Deutschland" or "US -
// United States": every part has to be read, and all that give a code have to
// give the same one.
func agreed(s string, read func(string) (string, bool)) (string, bool) {
	var code string
	parts := 0
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return strings.ContainsRune("()[]/|,;:-–—_", r) }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		got, ok := read(part)
		if parts++; !ok || parts > maxParts || code != "" && got != "" && got != code {
			return "", false
		}
		if got != "" {
			code = got
		}
	}
	return code, code != ""
}

// find searches a table of lines for a name.
func find(table string, key []byte) (string, bool) {
	low, high := 0, len(table) // of lines that may be the one
	for low < high {
		middle := low + (high-low)/2
		begin := strings.LastIndexByte(table[low:middle], '\n') + 1 + low
		end := begin + strings.IndexByte(table[begin:], '\n')
		name, code, _ := strings.Cut(table[begin:end], "\t")
		switch {
		case name == string(key):
			return code, true
		case name < string(key):
			low = end + 1
		default:
			high = begin
		}
	}
	return "", false
}
