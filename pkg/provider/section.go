package provider

import (
	"encoding/json"
	"slices"

	"github.com/nyaruka/phonenumbers"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// Findings collects what is wrong with one resource.
type Findings struct {
	Resource string // kind/name
	List     []resource.Problem
}

// Add notes an error.
func (f *Findings) Add(path, rule, value, fix string) {
	f.Report(resource.Problem{Path: path, Rule: rule, Value: value, Fix: fix})
}

// Warn notes what does not stop apply.
func (f *Findings) Warn(path, rule, value, fix string) {
	f.Report(resource.Problem{Path: path, Rule: rule, Value: value, Fix: fix, Warning: true})
}

// Report notes a problem.
func (f *Findings) Report(p resource.Problem) {
	p.Resource = f.Resource
	f.List = append(f.List, p)
}

// Read reads a provider's own part of a resource, which is a map at path, into
// the struct that schema declares. Absent and null are an empty map.
func (f *Findings) Read(schema *document.Schema, raw json.RawMessage, path string, into any) {
	schema.Decode(document.FromJSON(raw), path, into, document.Decoding{Report: f.Report})
	schema.Check(into, path, func(p document.Problem) {
		// Two problems about one value help nobody.
		if !slices.ContainsFunc(f.List, func(q document.Problem) bool { return q.Path == p.Path }) {
			f.Report(p)
		}
	})
}

// Defaults checks spec.defaults, which every provider reads alike, and gives
// the country of telephone numbers without a calling code.
func (f *Findings) Defaults(d resource.Defaults) (phoneCountry string) {
	if d.Currency != "" {
		if _, ok := identity.Currency(d.Currency); !ok {
			f.Add("spec.defaults.currency", "must be an ISO 4217 code", d.Currency, "write three letters, such as EUR")
		}
	}
	if d.PhoneCountry == "" {
		return ""
	}
	code, ok := geo.Alpha2(d.PhoneCountry)
	if !ok || phonenumbers.GetCountryCodeForRegion(code) == 0 {
		f.Add("spec.defaults.phone_country", "must be an ISO 3166-1 alpha-2 code with a calling code", d.PhoneCountry, "write two letters, such as DE")
		return ""
	}
	return code
}
