package reddit

import (
	"regexp"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// account is a compiled account and section.
type account struct {
	pixel string
	now   func() int64
	// head opens a request's body: the test id, where there is one, and events.
	head []byte
	// probe is the same for a probe, empty where the destination has none.
	probe        []byte
	email, phone *conversion.Person
	phoneCountry string
	browserless  bool // no browser reports the same events
}

// accountKeys is spec.account.
type accountKeys struct {
	PixelID string `yaml:"pixel_id" required:"true" rule:"pixel" doc:"The pixel that receives the events, as Events Manager shows it."`
}

// section is the destination's own section, spec.reddit. What the sources
// disagree about is a setting, and its default the reading that most share.
type section struct {
	Email       string `yaml:"email" enum:",canonical,plain" doc:"Form of e-mail addresses before they are hashed: without dots and +tag of the local part, as Segment's integration, which Reddit took part in, and social-hub do, or only lower case."`
	Phone       string `yaml:"phone" enum:",plus,digits" doc:"Form of phone numbers before they are hashed: with the plus sign, as Segment and social-hub do, or without."`
	TestID      string `yaml:"test_id" rule:"testid" doc:"Test id of Events Manager, Event Testing. For tests only: every event of the destination is then a test."`
	ProbeTestID string `yaml:"probe_test_id" rule:"testid" doc:"Test id that a blocked destination and doctor ask with: an event of nobody's shows in Event Testing. Absent: the next real event is the probe."`
}

var testID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

var (
	accountSchema = document.Declare(accountKeys{}, options)
	sectionSchema = document.Declare(section{Email: "canonical", Phone: "plus"}, options)

	options = document.Options{Rules: map[string]document.Rule{
		"pixel": {
			Must: "must be a pixel id such as a2_abc123", Fix: "copy it from Reddit Ads, Events Manager, with its t2_, a2_ or p2_",
			Form: regexp.MustCompile(`^(t2|a2|p2)_[A-Za-z0-9]{1,40}$`),
		},
		"testid": {Must: "must be letters, digits, _ and -", Fix: "copy the id from Events Manager, Event Testing", Form: testID},
	}}
)

// Open implements resource.Provider. The account's fingerprint is the pixel.
func (p Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := provider.Findings{Resource: "Destination/" + d.ID}
	var a accountKeys
	found.Read(accountSchema, d.Account, "spec.account", &a)
	var s section
	found.Read(sectionSchema, d.Section, "spec.reddit", &s)
	if s.TestID != "" {
		found.Warn("spec.reddit.test_id", "should be empty in production: every event is a test", s.TestID, "remove it once the test is over")
	}
	c := &account{
		pixel: a.PixelID, now: p.now, head: head(s.TestID), email: &emails, phone: &phones,
		phoneCountry: found.Defaults(d.Defaults), browserless: d.BrowserTag != nil && !*d.BrowserTag,
	}
	if s.ProbeTestID != "" {
		c.probe = head(s.ProbeTestID)
	}
	if s.Email == "plain" {
		c.email = &plainEmails
	}
	if s.Phone == "digits" {
		c.phone = &digitPhones
	}
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return c, found.List
}

// head is what stands before the events in a request.
func head(test string) []byte {
	b := []byte(`{"data":{`)
	if test != "" {
		b = append(jsonappend.String(jsonappend.Key(b, "test_id"), identity.Vouch(test)), ',')
	}
	return append(b, `"events":[`...)
}

// Fingerprint implements resource.Account.
func (a *account) Fingerprint() string { return Name + ":" + a.pixel }

// Bounds implements resource.Bounded. An event that a browser reported too is of
// use only as long as Reddit recognises the second copy.
func (a *account) Bounds() resource.Bounds {
	b := resource.Bounds{MaxWaitMS: dedupWindow, WaitFix: "; browser_tag: false says that no browser reports the events too"}
	if a.browserless {
		b = resource.Bounds{MaxWaitMS: maxAge}
	}
	b.Numbers, b.Texts = []string{"value", "item_count"}, []string{"currency"}
	return b
}
