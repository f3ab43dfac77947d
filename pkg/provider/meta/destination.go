package meta

import (
	"cmp"
	"regexp"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// destination is a compiled account and section.
type destination struct {
	dataset string
	version string
	// tail closes a request's body: "]" and the members after data.
	tail []byte
	// externalRaw sends external ids in clear; segmentOnEvent puts
	// customer_segmentation beside custom_data instead of into it.
	externalRaw    bool
	segmentOnEvent bool
	phoneCountry   string
	browserless    bool // no browser reports the same events
}

// account is spec.account.
type account struct {
	DatasetID string `yaml:"dataset_id" required:"true" rule:"dataset" doc:"The dataset (pixel) that receives the events."`
}

// section is the destination's own section, spec.meta.
type section struct {
	APIVersion           string `yaml:"api_version" rule:"version" doc:"Version of the Graph API in the requests' path."`
	TestEventCode        string `yaml:"test_event_code" rule:"testcode" doc:"Code of the Test events tab. For tests only: such events are counted as well."`
	PartnerAgent         string `yaml:"partner_agent" rule:"agent" doc:"Name of a partner platform, such as name_1_0."`
	ExternalID           string `yaml:"external_id" enum:",hashed,raw" doc:"How external ids are sent; use what the browser tag sends."`
	CustomerSegmentation string `yaml:"customer_segmentation" enum:",custom_data,event" doc:"Where customer_segmentation stands: in custom_data or beside it."`
}

var testCode = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

var (
	accountSchema = document.Declare(account{}, options)
	sectionSchema = document.Declare(section{APIVersion: defaultVersion, ExternalID: "hashed", CustomerSegmentation: "custom_data"}, options)

	options = document.Options{Rules: map[string]document.Rule{
		"dataset": {
			Must: "must be a dataset id of 1 to 20 digits", Fix: "copy the dataset id (pixel id) from Events Manager and put it in quotes",
			Form: regexp.MustCompile(`^[0-9]{1,20}$`),
		},
		"version":  {Must: "must be a version such as v25.0", Fix: "write v, the number, a dot and a zero", OK: validVersion},
		"testcode": {Must: "must be letters and digits", Fix: "copy the code from the Test events tab", Form: testCode},
		"agent":    {Must: "must be fewer than 23 characters, at least two of them letters", Fix: "write it as name_1_0", OK: validAgent},
	}}
)

// Open implements resource.Provider. The account's fingerprint is
// the dataset.
func (p Provider) Open(d *resource.Destination) (resource.Account, []resource.Problem) {
	c, found := openDestination(d)
	if p.now != nil && !resource.HasErrors(found.List) {
		found.ending(c.version, time.UnixMilli(p.now()))
	}
	if resource.HasErrors(found.List) {
		return nil, found.List
	}
	return c, found.List
}

// problems collects what is wrong with one resource.
type problems struct{ provider.Findings }

// Fingerprint implements resource.Account.
func (d *destination) Fingerprint() string { return "meta:" + d.dataset }

// ending warns of an API version that has ended or is about to.
func (p *problems) ending(version string, now time.Time) {
	if _, known := VersionUntil(version); !known {
		return // said already
	}
	if warning := VersionWarning(version, now); warning != "" {
		p.Warn("spec.meta.api_version", "a version that lives", warning, "use "+defaultVersion+" or a later one, in shadow mode first")
	}
}

func openDestination(d *resource.Destination) (*destination, *problems) {
	p := &problems{provider.Findings{Resource: "Destination/" + d.ID}}
	var a account
	p.Read(accountSchema, d.Account, "spec.account", &a)
	s := section{APIVersion: defaultVersion}
	p.Read(sectionSchema, d.Section, "spec.meta", &s)
	s.APIVersion = cmp.Or(s.APIVersion, defaultVersion)
	if _, known := VersionUntil(s.APIVersion); !known && validVersion(s.APIVersion) {
		p.Warn("spec.meta.api_version", "should be a version that this build knows", s.APIVersion, "use "+defaultVersion+" unless Meta documents another")
	}
	if s.TestEventCode != "" {
		p.Warn("spec.meta.test_event_code", "should be empty in production: test events are counted as well", s.TestEventCode, "remove it once the test is over")
	}
	return &destination{
		dataset: a.DatasetID, version: s.APIVersion, tail: tail(&s),
		externalRaw: s.ExternalID == "raw", segmentOnEvent: s.CustomerSegmentation == "event",
		phoneCountry: p.Defaults(d.Defaults), browserless: d.BrowserTag != nil && !*d.BrowserTag,
	}, p
}

// tail is what follows the events in a request.
func tail(s *section) []byte {
	b := []byte{']'}
	if s.TestEventCode != "" {
		b = jsonappend.String(jsonappend.Key(b, "test_event_code"), identity.Vouch(s.TestEventCode))
	}
	if s.PartnerAgent != "" {
		b = jsonappend.String(jsonappend.Key(b, "partner_agent"), identity.Vouch(s.PartnerAgent))
	}
	return append(b, '}')
}

func validAgent(s string) bool {
	n := 0
	for i := range len(s) {
		c := s[i]
		if lower(c | 0x20) {
			n++
		} else if !digit(c) && strings.IndexByte("_-.", c) < 0 {
			return false
		}
	}
	return n >= 2 && len(s) < 23
}
