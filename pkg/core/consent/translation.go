package consent

// FOR COUNSEL. This file is the whole translation of IAB strings into purposes.
// It is data, a starting point and not legal advice: each entry names what it
// was taken from, and changing a reading means changing a row here.

// tcfPurposes says which TCF purposes, all of them together, give a purpose.
//
// Source: IAB Europe TCF Policies, appendix A: 1 store and access information
// on a device, 3 create profiles for personalised advertising, 4 use them,
// 7 measure advertising performance; and Google's mapping of TCF purposes to
// consent mode. A purpose whose bits are not all set is denied: a TC string is
// a complete statement and not silent about what it does not grant.
var tcfPurposes = [...]struct {
	purpose PurposeSet
	needs   []uint8
}{
	{AdStorage, []uint8{1}},
	{AdUserData, []uint8{1, 7}},
	{AdPersonalization, []uint8{3, 4}},
}

// googleVendor is Google Advertising Products in IAB Europe's Global Vendor
// List. Meta's consent is not taken from its vendor entry.
const googleVendor = 755

// optOutDenies is what an opt-out of sale, of sharing or of targeted
// advertising denies. Source: Cal. Civ. Code 1798.120 and 1798.140(e)(6), and
// the state laws that follow Virginia's (Va. Code 59.1-577(A)(5)): both the
// disclosure to the platform and its use for targeting are opted out of.
// Storage on the device is not what these laws ask about.
const optOutDenies = AdUserData | AdPersonalization

// section is one GPP section: where it counts, and whether it can be read.
type section struct {
	id      uint8
	name    string // the client-side API prefix
	country string
	region  string // empty: the whole country
	// bits is the size of the core segment in version 1, the only version that
	// is read; zero where no decoder exists, so that the section is malformed
	// wherever it counts.
	bits int
}

// The sections with rules of their own.
const (
	sectionTCFv1  = 1 // deprecated since 2020: read as a TC string that cannot be parsed
	sectionTCF    = 2 // read as TCF, everywhere
	sectionHeader = 3
	sectionIntact = 4 // signal integrity, says nothing about consent
	sectionUSP    = 6 // US privacy string, in clear
)

// sections lists the GPP sections that speak for a place.
//
// Source: IAB Tech Lab, Global Privacy Platform, Sections/Section Information
// and the state specifications beside it. go-gpp 0.2.0 decodes 7 to 12 in
// version 1 only, returns all others undecoded, and reads newer versions of
// these as if they were version 1: neither is an error to it, both are to us.
var sections = [...]section{
	{id: 5, name: "tcfca", country: "CA"},
	{id: sectionUSP, name: "uspv1", country: "US"},
	{id: 7, name: "usnat", country: "US", bits: 60},
	{id: 8, name: "usca", country: "US", region: "CA", bits: 46},
	{id: 9, name: "usva", country: "US", region: "VA", bits: 40},
	{id: 10, name: "usco", country: "US", region: "CO", bits: 38},
	{id: 11, name: "usut", country: "US", region: "UT", bits: 42},
	{id: 12, name: "usct", country: "US", region: "CT", bits: 44},
	{id: 13, name: "usfl", country: "US", region: "FL"},
	{id: 14, name: "usmt", country: "US", region: "MT"},
	{id: 15, name: "usor", country: "US", region: "OR"},
	{id: 16, name: "ustx", country: "US", region: "TX"},
	{id: 17, name: "usde", country: "US", region: "DE"},
	{id: 18, name: "usia", country: "US", region: "IA"},
	{id: 19, name: "usne", country: "US", region: "NE"},
	{id: 20, name: "usnh", country: "US", region: "NH"},
	{id: 21, name: "usnj", country: "US", region: "NJ"},
	{id: 22, name: "ustn", country: "US", region: "TN"},
	{id: 23, name: "usmn", country: "US", region: "MN"},
	{id: 24, name: "usmd", country: "US", region: "MD"},
	{id: 25, name: "usin", country: "US", region: "IN"},
	{id: 26, name: "usky", country: "US", region: "KY"},
	{id: 27, name: "usri", country: "US", region: "RI"},
}

// findSection returns the table's row for a section id.
func findSection(id uint16) (section, bool) {
	for i := range sections {
		if uint16(sections[i].id) == id {
			return sections[i], true
		}
	}
	return section{}, false
}
