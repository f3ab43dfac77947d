package pinterest

import (
	"cmp"
	"regexp"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// account is a compiled account and section.
type account struct {
	id  string
	now func() int64
	// lowerIDs lower-cases external ids before they are hashed, letterCodes keeps
	// postal codes with letters, browserID makes an external id of the tag's.
	lowerIDs, letterCodes, browserID bool
	partner                          string
	maxAge                           int64
	phoneCountry                     string
	browserless                      bool // no browser reports the same events
}

// accountKeys is spec.account.
type accountKeys struct {
	AdAccountID string `yaml:"ad_account_id" required:"true" rule:"adaccount" doc:"The ad account that receives the events; not the id of a tag."`
}

// section is the destination's own section, spec.pinterest. What the sources
// disagree about is a setting, and its default the reading that is safe.
type section struct {
	ExternalID  string `yaml:"external_id" enum:",kept,lower" doc:"Case of external ids before they are hashed; use what the tag sends. Pinterest documents none: Rudder and social-hub keep it (the default), Segment and Stape lower it."`
	PostalCodes string `yaml:"postal_codes" enum:",digits,letters" doc:"What becomes of postal codes with letters: left out, because Pinterest's API description says digits only, or kept as Segment does."`
	BrowserID   string `yaml:"browser_id" enum:",off,external_id" doc:"external_id: where an event has no external id, the tag's _pin_unauth takes its place, as Pinterest's extension for Magento does. It needs ad_storage."`
	PartnerName string `yaml:"partner_name" rule:"partner" doc:"Name of a partner as agreed with Pinterest, such as ss-acme. Advertisers who send for themselves leave it out."`
	MaxAgeMS    int64  `yaml:"max_age" kind:"duration" doc:"How old an event may be. Pinterest documents no limit; absent: 7 days less an hour, as Meta's."`
}

const maxMaxAge = 90 * day

var (
	accountSchema = document.Declare(accountKeys{}, options)
	sectionSchema = document.Declare(section{ExternalID: "kept", PostalCodes: "digits", BrowserID: "off"}, options)

	options = document.Options{Rules: map[string]document.Rule{
		"adaccount": {
			Must: "must be an ad account id of 1 to 18 digits", Fix: "copy it from Ads Manager (Business > Ad accounts), and put it in quotes",
			Form: regexp.MustCompile(`^[0-9]{1,18}$`),
		},
		"partner": {
			Must: "must have the form ss-name in lower case", Fix: "write the name that Pinterest agreed to, or leave it out",
			Form: regexp.MustCompile(`^ss-[a-z0-9_-]{1,60}$`),
		},
	}}
)

// Open implements resource.Provider. The account's fingerprint is the ad
// account.
func (p Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var a accountKeys
	found.Read(accountSchema, d.Account, "spec.account", &a)
	var s section
	found.Read(sectionSchema, d.Section, "spec.pinterest", &s)
	if s.MaxAgeMS < 0 || s.MaxAgeMS > maxMaxAge || s.MaxAgeMS > 0 && s.MaxAgeMS < hour {
		found.Add("spec.pinterest.max_age", "must be between an hour and 90 days", "", "leave it out for 7 days less an hour")
	}
	c := &account{
		id: a.AdAccountID, now: p.now,
		lowerIDs: s.ExternalID == "lower", letterCodes: s.PostalCodes == "letters", browserID: s.BrowserID == "external_id",
		partner: s.PartnerName, maxAge: cmp.Or(s.MaxAgeMS, maxAge-ageMargin),
		phoneCountry: found.Defaults(d.Defaults), browserless: d.BrowserTag != nil && !*d.BrowserTag,
	}
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return c, found.List
}

// Fingerprint implements resource.Account.
func (a *account) Fingerprint() string { return Name + ":" + a.id }

// Bounds implements resource.Bounded. An event that a browser reported too is of
// use only as long as Pinterest recognises the second copy.
func (a *account) Bounds() resource.Bounds {
	b := resource.Bounds{MaxWaitMS: min(dedupWindow, a.maxAge), WaitFix: "; browser_tag: false says that no browser reports the events too"}
	if a.browserless {
		b = resource.Bounds{MaxWaitMS: a.maxAge}
	}
	for i := range fieldKeys {
		if fieldKeys[i].number {
			b.Numbers = append(b.Numbers, fieldKeys[i].name)
		} else {
			b.Texts = append(b.Texts, fieldKeys[i].name)
		}
	}
	return b
}
