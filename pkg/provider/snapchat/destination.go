package snapchat

import (
	"cmp"
	"regexp"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// destination is a compiled account and section.
type destination struct {
	asset string
	app   bool
	// restricted is the word of data_processing_options, empty where restricted
	// events are skipped.
	restricted   string
	deviceKey    string
	spaced       bool // names keep the white space inside
	sectors      bool // British postal codes leave without their unit
	numbers      bool // quantity and price of lines are numbers
	phoneCountry string
	browserless  bool // no browser reports the same events
}

// account is spec.account.
type account struct {
	PixelID   string `yaml:"pixel_id" rule:"asset" doc:"The pixel that receives web and offline events."`
	SnapAppID string `yaml:"snap_app_id" rule:"asset" doc:"The Snap app id that receives app events."`
}

// section is the destination's own section, spec.snapchat.
type section struct {
	DataProcessingOptions string `yaml:"data_processing_options" enum:",off,LMU,LDU" doc:"How a restricted event is marked. Snapchat's parameters page says LMU, its SDK's example LDU: off skips such events until you have asked Snapchat."`
	AdvertisingID         string `yaml:"advertising_id" enum:",madid,mobile_ad_id" doc:"Key of the advertising id: madid in Snapchat's documents and three senders, mobile_ad_id in its SDK."`
	Names                 string `yaml:"names" enum:",compact,spaced" doc:"White space inside first and last names before they are hashed: compact removes it (Segment, social-hub), spaced keeps it (the official server tag, WooCommerce)."`
	BritishPostcodes      string `yaml:"british_postcodes" enum:",whole,sector" doc:"British postal codes before they are hashed: whole (Segment), or sector, without the last two letters (WooCommerce)."`
	Contents              string `yaml:"contents" enum:",strings,numbers" doc:"How quantity and item_price of a line are written: strings in documents and SDK, numbers in the official server tag."`
}

var (
	accountSchema = document.Declare(account{}, options)
	sectionSchema = document.Declare(section{DataProcessingOptions: off, AdvertisingID: madid, Contents: "strings", Names: "compact", BritishPostcodes: "whole"}, options)

	options = document.Options{Rules: map[string]document.Rule{
		"asset": {
			Must: "must be an id of letters, digits, _ and -, at most 64", Fix: "copy the id from Events Manager and put it in quotes",
			Form: regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`),
		},
	}}
)

const (
	off   = "off"
	ldu   = "LDU"
	madid = "madid"
)

// Open implements resource.Provider. The account's fingerprint is the pixel or app.
func (Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var a account
	found.Read(accountSchema, d.Account, "spec.account", &a)
	var s section
	found.Read(sectionSchema, d.Section, "spec.snapchat", &s)
	if !resource.HasErrors(found.List) && (a.PixelID == "") == (a.SnapAppID == "") {
		found.Add("spec.account", "must have pixel_id or snap_app_id, and not both", "", "make a destination for each: web and offline events go to the pixel, app events to the app")
	}
	c := &destination{
		asset: cmp.Or(a.PixelID, a.SnapAppID), app: a.SnapAppID != "", deviceKey: cmp.Or(s.AdvertisingID, madid), numbers: s.Contents == "numbers",
		spaced: s.Names == "spaced", sectors: s.BritishPostcodes == "sector",
		phoneCountry: found.Defaults(d.Defaults), browserless: d.BrowserTag != nil && !*d.BrowserTag,
	}
	if s.DataProcessingOptions != off {
		c.restricted = s.DataProcessingOptions
	}
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return c, found.List
}

// Fingerprint implements resource.Account.
func (d *destination) Fingerprint() string { return Name + ":" + d.asset }

// Bounds implements resource.Bounded. A web event that the pixel reported too is of
// use only as long as Snapchat recognises the second copy; offline events are of
// use for longer than the shortest of these, and the gates say so for each event.
func (d *destination) Bounds() resource.Bounds {
	b := resource.Bounds{MaxWaitMS: maxAgeOffline - ageMargin, Numbers: numberFields, Texts: textFields}
	switch {
	case d.app:
		b.MaxWaitMS = maxAge - ageMargin
	case !d.browserless:
		b.MaxWaitMS, b.WaitFix = dedupWindow, "; browser_tag: false says that no browser reports the events too"
	}
	return b
}
