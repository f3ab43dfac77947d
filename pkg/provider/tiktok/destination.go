package tiktok

import (
	"regexp"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// The kinds of event sources.
const (
	web     = "web"
	app     = "app"
	offline = "offline"
	crm     = "crm"
)

// destination is a compiled account and section.
type destination struct {
	source, id string
	// head opens a request's body, up to the first event.
	head []byte
	// maxAge is how old an event may be, in milliseconds.
	maxAge       int64
	leadSource   string
	places       bool // city, state and country leave, in clear
	spaced       bool // names keep the white space inside
	appEventIDs  bool
	phoneCountry string
	browserless  bool // no browser reports the same events
}

// account is spec.account.
type account struct {
	EventSource   string `yaml:"event_source" required:"true" enum:"web,app,offline,crm" doc:"Kind of the event source: web (pixel), app, offline (event set) or crm (event set)."`
	EventSourceID string `yaml:"event_source_id" required:"true" rule:"source" doc:"Id of the event source: pixel code, app id or event set id."`
}

// section is the destination's own section, spec.tiktok.
type section struct {
	TestEventCode   string `yaml:"test_event_code" rule:"testcode" doc:"Code of the Test events tab. For tests only: TikTok does not say that such events do not count."`
	LeadEventSource string `yaml:"lead_event_source" rule:"name" doc:"Name of the CRM, for event source crm, where events have no commerce.lead_event_source."`
	Location        string `yaml:"location" enum:",hidden,clear" doc:"clear: city, state and country leave unhashed, as TikTok takes them (Segment and social-hub agree). hidden: they never leave."`
	AppEventID      string `yaml:"app_event_id" enum:",omitted,sent" doc:"Whether app events carry event_id. One reading of TikTok's documents says that they are refused with it (social-hub), another sends it (Segment)."`
	Names           string `yaml:"names" enum:",compact,spaced" doc:"White space inside first and last names before they are hashed: compact removes it (Segment), spaced keeps it (social-hub). TikTok does not say."`
	MaxAgeMS        int64  `yaml:"max_age" kind:"duration" doc:"How old an event may be, 1d to 62d. TikTok documents no limit; absent: 7d, for event source offline 28d."`
}

var testCode = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

var (
	accountSchema = document.Declare(account{}, options)
	sectionSchema = document.Declare(section{Location: "hidden", AppEventID: "omitted", Names: "compact"}, options)

	options = document.Options{Rules: map[string]document.Rule{
		"source": {
			Must: "must be an id of letters, digits, _ and -, at most 64", Fix: "copy the id from Events Manager and put it in quotes",
			Form: regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`),
		},
		"testcode": {Must: "must be letters and digits", Fix: "copy the code from the Test events tab", Form: testCode},
		"name":     {Must: "must be a plain name of at most 100 characters", Fix: "write the CRM's name, such as HubSpot", OK: plainName},
	}}
)

// Open implements resource.Provider. The account's fingerprint is the event
// source: its kind and id.
func (Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var a account
	found.Read(accountSchema, d.Account, "spec.account", &a)
	var s section
	found.Read(sectionSchema, d.Section, "spec.tiktok", &s)
	if s.TestEventCode != "" {
		found.Warn("spec.tiktok.test_event_code", "should be empty in production: test events may be counted as well", s.TestEventCode, "remove it once the test is over")
	}
	c := &destination{
		source: a.EventSource, id: a.EventSourceID, head: head(&a, &s), maxAge: maxAge, leadSource: s.LeadEventSource,
		places: s.Location == "clear", spaced: s.Names == "spaced", appEventIDs: s.AppEventID == "sent",
		phoneCountry: found.Defaults(d.Defaults), browserless: d.BrowserTag != nil && !*d.BrowserTag,
	}
	switch {
	case s.MaxAgeMS != 0:
		c.maxAge = s.MaxAgeMS
	case a.EventSource == offline:
		c.maxAge = maxAgeOffline
	}
	if c.maxAge < day || c.maxAge > longestAge {
		found.Add("spec.tiktok.max_age", "must be 1d to 62d", document.FormatMilliseconds(s.MaxAgeMS), "leave it out for the default")
	}
	if s.LeadEventSource != "" && a.EventSource != crm {
		found.Add("spec.tiktok.lead_event_source", "must be absent where event_source is not crm", s.LeadEventSource, "remove it")
	}
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return c, found.List
}

// Fingerprint implements resource.Account.
func (d *destination) Fingerprint() string { return Name + ":" + d.source + ":" + d.id }

// head is what stands before the events in a request.
func head(a *account, s *section) []byte {
	b := []byte{'{'}
	b = jsonappend.String(jsonappend.Key(b, "event_source"), identity.Vouch(a.EventSource))
	b = jsonappend.String(jsonappend.Key(b, "event_source_id"), identity.Vouch(a.EventSourceID))
	if s.TestEventCode != "" {
		b = jsonappend.String(jsonappend.Key(b, "test_event_code"), identity.Vouch(s.TestEventCode))
	}
	return append(jsonappend.Key(b, "data"), '[')
}

// Bounds implements resource.Bounded. An event that the pixel reported too is of
// use only as long as TikTok recognises the second copy.
func (d *destination) Bounds() resource.Bounds {
	b := resource.Bounds{MaxWaitMS: d.maxAge - ageMargin, Numbers: numberFields, Texts: textFields}
	if d.source == web && !d.browserless && dedupWindow < b.MaxWaitMS {
		b.MaxWaitMS, b.WaitFix = dedupWindow, "; browser_tag: false says that no browser reports the events too"
	}
	return b
}
