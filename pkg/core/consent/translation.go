package consent

// FOR COUNSEL. This file is the whole translation of IAB strings into purposes;
// where each field of a string stands is in package iab, and which section counts
// where in sections.go. It is data, a starting point and not legal advice: each
// entry names what it was taken from, and changing a reading means changing a row
// here or a setting of the policy.

// tcfPurposes says which TCF purposes, all of them together, give a purpose.
//
// Source: IAB Europe TCF Policies, appendix A: 1 store and access information
// on a device, 3 create profiles for personalised advertising, 4 use them,
// 7 measure advertising performance; and Google's mapping of TCF purposes to
// consent mode. A purpose whose bits are not all set is denied: a TC string is
// a complete statement and not silent about what it does not grant.
var tcfPurposes = [...]struct {
	purpose PurposeSet
	needs   []int
}{
	{AdStorage, []int{1}},
	{AdUserData, []int{1, measurement}},
	{AdPersonalization, []int{3, 4}},
}

// measurement is the purpose that a vendor may rest on a legitimate interest as
// well, where the policy says so. Google declares it that way.
const measurement = 7

// googleVendor is Google Advertising Products in IAB Europe's Global Vendor
// List. Meta's consent is not taken from its vendor entry.
const googleVendor = 755

// optOutDenies is what an opt-out of sale, of sharing or of targeted
// advertising denies. Source: Cal. Civ. Code 1798.120 and 1798.140(e)(6), and
// the state laws that follow Virginia's (Va. Code 59.1-577(A)(5)): both the
// disclosure to the platform and its use for targeting are opted out of.
// Storage on the device is not what these laws ask about.
const optOutDenies = AdUserData | AdPersonalization
