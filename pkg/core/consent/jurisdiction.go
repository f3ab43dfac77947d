package consent

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// Jurisdiction is a country and, where known, a subdivision of it. Both are
// upper case or empty; build one with [NewJurisdiction].
type Jurisdiction struct {
	Country string // ISO 3166-1 alpha-2
	Region  string // ISO 3166-2 without the country, such as CA
}

// NewJurisdiction reads a country and a region as people write them, codes or
// names ([geo.Country], [geo.Region]). What is no country is dropped rather
// than guessed and resolves to the policy's default row; what is no subdivision
// of that country leaves the region unknown, so that every row of the country
// may be the one that counts.
func NewJurisdiction(country, region string) Jurisdiction {
	code, ok := geo.Country(country)
	if !ok {
		return Jurisdiction{}
	}
	subdivision, _ := geo.Region(code, region)
	return Jurisdiction{Country: code, Region: subdivision}
}

// unreadCountry is CLDR's code for a region that is not known. It stands for a
// country that somebody declared and nobody can read: the default row applies,
// as to every country that no row names.
const unreadCountry = "ZZ"

// DeclaredJurisdiction reads the country and the region that an identity
// declares. A digest and what stands for no value declare none; a text that is
// no country's name declares one that is not known, because it may be the one
// whose law is stricter.
func DeclaredJurisdiction(country, region string) Jurisdiction {
	j := NewJurisdiction(country, region)
	if j.Country == "" && !declaresNothing(country) {
		j.Country = unreadCountry
	}
	return j
}

func declaresNothing(country string) bool {
	s := strings.ToLower(strings.TrimSpace(country))
	if len(s) >= 32 && strings.Trim(s[:32], "0123456789abcdef") == "" {
		return true // a digest; some carry a suffix
	}
	return slices.Contains(unknownWords, s) || identity.Placeholder(identity.AnyField, country)
}

// unknownWords are what content delivery networks write for a country that is
// not known, an anonymous proxy or Tor. They look like codes, so that no list of
// placeholders has them.
var unknownWords = []string{"xx", "zz", "t1", "a1", "a2", "o1"}

// ParseJurisdiction reads a policy key such as DE or US-CA, in exactly that
// form. A country or a subdivision that does not exist is none: its row would
// never apply.
func ParseJurisdiction(key string) (Jurisdiction, bool) {
	country, region, _ := strings.Cut(key, "-")
	j := NewJurisdiction(country, region)
	return j, j.Country != "" && j.String() == key
}

// String returns "US-CA", "DE", or "" where nothing is known.
func (j Jurisdiction) String() string {
	if j.Region == "" {
		return j.Country
	}
	return j.Country + "-" + j.Region
}

// Describe returns String, or words for a country that somebody declared and
// nobody can read.
func (j Jurisdiction) Describe() string {
	if j.Country == unreadCountry {
		return "a country that cannot be read"
	}
	return j.String()
}

// Within tells whether j is o or lies in it.
func (j Jurisdiction) Within(o Jurisdiction) bool {
	return j.Country == o.Country && (o.Region == "" || geo.Within(j.Country, j.Region, o.Region))
}

// maybeIn tells whether somebody who is known to be in j may be in o: j lies in
// o, or is the larger of the two, as a country is whose region nobody knows.
func (j Jurisdiction) maybeIn(o Jurisdiction) bool { return j.Within(o) || o.Within(j) }

// Place is everything an event says about where its subject is.
type Place struct {
	// Location is location.country and location.region.
	Location Jurisdiction
	// Identity is identity.country and identity.region. It counts only where it
	// is another country than the location and implies a stricter rule; a hashed
	// value implies none.
	Identity Jurisdiction
}
