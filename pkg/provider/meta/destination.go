package meta

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
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
}

// section is the destination's own section, spec.meta.
type section struct {
	APIVersion           string `json:"api_version"`
	TestEventCode        string `json:"test_event_code"`
	PartnerAgent         string `json:"partner_agent"`
	ExternalID           string `json:"external_id"`
	CustomerSegmentation string `json:"customer_segmentation"`
}

// problems collects what is wrong with one resource.
type problems struct {
	resource string
	list     []resource.Problem
}

func (p *problems) add(path, rule, value, fix string) {
	p.list = append(p.list, resource.Problem{Resource: p.resource, Path: path, Rule: rule, Value: value, Fix: fix})
}

func (p *problems) warn(path, rule, value, fix string) {
	p.add(path, rule, value, fix)
	p.list[len(p.list)-1].Warning = true
}

// CompileDestination implements resource.Provider. The account's fingerprint is
// the dataset.
func (p Provider) CompileDestination(d *resource.Destination) (any, string, []resource.Problem) {
	c, found := compileDestination(d)
	if p.deps != nil && p.deps.Now != nil && !resource.HasErrors(found.list) {
		found.ending(c.version, time.UnixMilli(p.deps.Now()))
	}
	return c, "meta:" + c.dataset, found.list
}

// ending warns of an API version that has ended or is about to.
func (p *problems) ending(version string, now time.Time) {
	if _, known := VersionUntil(version); !known {
		return // said already
	}
	if warning := VersionWarning(version, now); warning != "" {
		p.warn("spec.meta.api_version", "a version that lives", warning, "use "+defaultVersion+" or a later one, in shadow mode first")
	}
}

func compileDestination(d *resource.Destination) (*destination, *problems) {
	p := &problems{resource: "Destination/" + d.ID}
	c := &destination{}
	var account struct {
		DatasetID string `json:"dataset_id"`
	}
	p.decode(d.Account, &account, "spec.account", "dataset_id as a quoted string")
	c.dataset = account.DatasetID
	if !allDigits(c.dataset) || len(c.dataset) > 20 {
		p.add("spec.account.dataset_id", "a dataset id is 1 to 20 digits, quoted", c.dataset,
			"copy the dataset id (pixel id) from Events Manager and put it in quotes")
	}
	var s section
	p.decode(d.Section, &s, "spec.meta", "api_version, test_event_code, partner_agent, external_id, customer_segmentation")
	p.section(c, &s)
	c.phoneCountry = p.phoneCountry(d.Defaults.PhoneCountry)
	if s := d.Defaults.Currency; s != "" {
		if _, ok := identity.Currency(s); !ok {
			p.add("spec.defaults.currency", "an ISO 4217 code", s, "write three letters, such as EUR")
		}
	}
	return c, p
}

// decode reads a JSON object strictly; an absent one is empty.
func (p *problems) decode(raw json.RawMessage, into any, path, keys string) {
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		p.add(path, "known keys with values of their type: "+keys, strings.TrimPrefix(err.Error(), "json: "), "mend or remove the key")
	}
}

func (p *problems) section(c *destination, s *section) {
	c.version = s.APIVersion
	switch {
	case s.APIVersion == "":
		c.version = defaultVersion
	case !validVersion(s.APIVersion):
		p.add("spec.meta.api_version", "a version such as v25.0", s.APIVersion, "write v, the number, a dot and a zero")
	default:
		if _, known := VersionUntil(s.APIVersion); !known {
			p.warn("spec.meta.api_version", "a version that this build knows", s.APIVersion, "use "+defaultVersion+" unless Meta documents another")
		}
	}
	switch s.ExternalID {
	case "", "hashed":
	case "raw":
		c.externalRaw = true
	default:
		p.add("spec.meta.external_id", "hashed or raw", s.ExternalID, "use what the browser tag sends")
	}
	switch s.CustomerSegmentation {
	case "", "custom_data":
	case "event":
		c.segmentOnEvent = true
	default:
		p.add("spec.meta.customer_segmentation", "custom_data or event", s.CustomerSegmentation, "leave it out for custom_data")
	}
	if s.PartnerAgent != "" && !validAgent(s.PartnerAgent) {
		p.add("spec.meta.partner_agent", "fewer than 23 characters, at least two of them letters", s.PartnerAgent, "write it as name_1_0")
	}
	if s.TestEventCode != "" {
		if !validTestCode(s.TestEventCode) {
			p.add("spec.meta.test_event_code", "letters and digits", s.TestEventCode, "copy the code from the Test events tab")
		}
		p.warn("spec.meta.test_event_code", "empty in production: test events are counted as well", s.TestEventCode, "remove it once the test is over")
	}
	c.tail = tail(s)
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

func validTestCode(s string) bool {
	for i := range len(s) {
		if !alnum(s[i]) {
			return false
		}
	}
	return len(s) <= 64
}

func (p *problems) phoneCountry(s string) string {
	if s == "" {
		return ""
	}
	code, ok := identity.CountryCode(s)
	if !ok || phonenumbers.GetCountryCodeForRegion(code) == 0 {
		p.add("spec.defaults.phone_country", "an ISO 3166-1 alpha-2 code with a calling code", s, "write two letters, such as DE")
		return ""
	}
	return code
}

// of gives the compiled destination of a target.
func of(compiled any) (*destination, error) {
	d, ok := compiled.(*destination)
	if !ok {
		return nil, fmt.Errorf("reading a destination: %T is not Meta's", compiled)
	}
	return d, nil
}
