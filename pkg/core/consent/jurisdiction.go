package consent

import "strings"

// Jurisdiction is a country and, where known, a subdivision of it. Both are
// upper case or empty; build one with [NewJurisdiction].
type Jurisdiction struct {
	Country string // ISO 3166-1 alpha-2
	Region  string // ISO 3166-2 without the country, such as CA
}

// NewJurisdiction normalises a country and a region. What has not the form of a
// code is dropped rather than guessed: an empty country resolves to the policy's
// default row, an empty region to the country's. A region may repeat its
// country ("US-CA").
func NewJurisdiction(country, region string) Jurisdiction {
	country = strings.ToUpper(strings.TrimSpace(country))
	if len(country) != 2 || !isCode(country, false) {
		return Jurisdiction{}
	}
	region = strings.ToUpper(strings.TrimSpace(region))
	if len(region) > 3 && region[:2] == country && region[2] == '-' {
		region = region[3:]
	}
	if len(region) == 0 || len(region) > 3 || !isCode(region, true) {
		region = ""
	}
	return Jurisdiction{Country: country, Region: region}
}

// ParseJurisdiction reads a policy key such as DE or US-CA, in exactly that form.
func ParseJurisdiction(key string) (Jurisdiction, bool) {
	country, region, _ := strings.Cut(key, "-")
	j := NewJurisdiction(country, region)
	return j, j.Country != "" && j.String() == key
}

func isCode(s string, digits bool) bool {
	for i := range len(s) {
		letter := s[i] >= 'A' && s[i] <= 'Z'
		if !letter && !(digits && s[i] >= '0' && s[i] <= '9') {
			return false
		}
	}
	return true
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
	return j.Country == o.Country && (o.Region == "" || j.Region == o.Region)
}

// Place is everything an event says about where its subject is.
type Place struct {
	// Location is location.country and location.region.
	Location Jurisdiction
	// Identity is identity.country where it is a country code or a country's
	// English name. It counts only where it implies a stricter rule; a hashed
	// value implies none.
	Identity Jurisdiction
}
