package x

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

// account is a compiled account and section.
type account struct {
	pixel        string
	events       conversion.Events
	maxAge       int64
	phoneCountry string
	browserTag   *bool
}

// accountKeys is spec.account.
type accountKeys struct {
	PixelID string            `yaml:"pixel_id" required:"true" rule:"pixel" doc:"The pixel that receives the conversions."`
	Events  map[string]string `yaml:"events" doc:"Events of the Events Manager by provider event: the id of each, such as tw-o8z6j-ol288 or ol288."`
}

// section is spec.x.
type section struct {
	MaxAge int64 `yaml:"max_age" kind:"duration" doc:"How old an event may be. X documents no limit; the default is what is usual elsewhere, less an hour."`
}

var eventForm = regexp.MustCompile(`^(tw-[0-9a-z]{3,12}-)?[0-9a-z]{3,12}$`)

var (
	accountSchema = document.Declare(accountKeys{}, options)
	sectionSchema = document.Declare(section{MaxAge: maxAge}, options)

	options = document.Options{Rules: map[string]document.Rule{
		"pixel": {
			Must: "must be a pixel id, lower-case letters and digits such as o8z6j", Fix: "copy it from the Events Manager",
			Form: regexp.MustCompile(`^[0-9a-z]{3,12}$`),
		},
	}}
	eventRule = document.Rule{
		Must: "must be the id of an event, such as tw-o8z6j-ol288 or ol288", Fix: "copy it from the Events Manager: the event, Edit, its id", Form: eventForm,
	}
)

// The ages that an operator may set, in milliseconds.
const leastAge, mostAge = hour, 90 * day

// problems collects what is wrong with one resource.
type problems struct{ provider.Findings }

// Open implements resource.Provider. The account's fingerprint is the pixel.
func (p *Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	found := &problems{provider.Findings{Resource: "Destination/" + d.ID}}
	var k accountKeys
	found.Read(accountSchema, d.Account, "spec.account", &k)
	s := section{MaxAge: maxAge}
	found.Read(sectionSchema, d.Section, "spec.x", &s)
	a := &account{pixel: k.PixelID, events: k.Events, maxAge: s.MaxAge, browserTag: d.BrowserTag}
	a.events.Check(&found.Findings, eventRule)
	for _, name := range slices.Sorted(maps.Keys(a.events)) {
		if id := a.events[name]; eventForm.MatchString(id) && strings.HasPrefix(id, "tw-") && !strings.HasPrefix(id, "tw-"+a.pixel+"-") {
			found.Add(document.ChildPath("spec.account.events", name), "must be an event of the pixel "+a.pixel, id, "copy the id from the pixel's own events, or correct pixel_id")
		}
	}
	if s.MaxAge < leastAge || s.MaxAge > mostAge {
		found.Add("spec.x.max_age", "must be from 1h to 2160h", document.FormatMilliseconds(s.MaxAge), "leave it out for 167h")
	}
	a.phoneCountry = found.Defaults(d.Defaults)
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return a, found.List
}

// Fingerprint implements resource.Account.
func (a *account) Fingerprint() string { return Name + ":" + a.pixel }

// Bounds implements resource.Bounded. An event that the pixel reported too is of
// use only as long as X recognises the second copy.
func (a *account) Bounds() resource.Bounds {
	b := resource.Bounds{
		MaxWaitMS: min(a.maxAge, dedupWindow), WaitFix: "; browser_tag: false says that no pixel reports the events too",
		Numbers: []string{"value"}, Texts: []string{"currency", "description"},
	}
	if a.browserTag != nil && !*a.browserTag {
		b.MaxWaitMS, b.WaitFix = a.maxAge, ""
	}
	return b
}

// short is the short form of an X event's id.
func (a *account) short(id string) string { return strings.TrimPrefix(id, "tw-"+a.pixel+"-") }
