package consent

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/geo"
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
