package resource

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// DataFlow is what may leave to one destination, and under which settings: the
// part of a record of processing that resources know.
type DataFlow struct {
	Destination string `json:"destination_id"`
	Customer    string `json:"customer_id"`
	Owner       string `json:"owner,omitempty"`
	Provider    string `json:"provider"`
	Account     string `json:"account"` // as declared
	// State is live, shadow (nothing is sent), paused, inactive, or invalid.
	State         string `json:"state"`
	TermsAccepted string `json:"terms_accepted,omitempty"`
	// TermsDocuments are the documents that were accepted, with their versions.
	TermsDocuments []string `json:"terms_documents,omitempty"`
	// Identifiers are the kinds that may be read, Purposes those that must be
	// allowed for an event to leave.
	Identifiers []string `json:"identifiers"`
	Purposes    []string `json:"purposes"`
	Sensitive   string   `json:"sensitive,omitempty"`
	// Choice, Denied and Unknown are what happens to an event that fails the
	// consent gates.
	Choice  string `json:"on_choice"`
	Denied  string `json:"on_denied"`
	Unknown string `json:"on_unknown"`
	Policy  string `json:"policy"`
	// ClaimMS is how long the hashed id of a delivered event is kept.
	ClaimMS int64       `json:"claim_ms"`
	Events  []EventFlow `json:"events"`
}

// EventFlow is one source event that may leave.
type EventFlow struct {
	SourceEvent string   `json:"source_event"`
	Target      string   `json:"target"`
	Mapping     string   `json:"mapping"`
	Enabled     bool     `json:"enabled"`
	Condition   string   `json:"condition,omitempty"`
	URL         string   `json:"url"`
	Purposes    []string `json:"purposes,omitempty"` // beyond the destination's
	// Extra is what leaves beyond the provider's standard fields: computed
	// fields, details of items, custom properties, URL parameters.
	Extra []string `json:"extra,omitempty"`
}

// DataFlows lists every destination of a set.
func DataFlows(s *Set) []DataFlow {
	var all []DataFlow
	for _, at := range s.Destinations() {
		all = append(all, dataFlow(s, at))
	}
	return all
}

func dataFlow(s *Set, at *Endpoint) DataFlow {
	d := at.Destination
	f := DataFlow{
		Destination: d.ID, Customer: d.Customer, Owner: d.Owner, Provider: d.Provider, Account: string(d.Account), State: stateOf(at),
		Sensitive: string(d.Sensitive), Choice: d.Consent.Choice.String(), Denied: d.Consent.Denied.String(), Unknown: d.Consent.Unknown.String(),
		Policy: d.Consent.Policy, ClaimMS: d.Dedup.WindowMS, Identifiers: []string{}, Purposes: []string{}, Events: []EventFlow{},
	}
	if d.Terms.Accepted() {
		f.TermsAccepted = d.Terms.AcceptedBy + ", " + d.Terms.AcceptedAt
		for _, doc := range d.Terms.Documents {
			f.TermsDocuments = append(f.TermsDocuments, strings.TrimSpace(doc.Name+" "+doc.Version))
		}
	}
	var needs consent.PurposeSet
	if at.Provider != nil {
		needs = at.Provider.Needs().Purposes | d.Consent.Requires
		kinds := at.Provider.Supported()
		if d.HasIdentifiers {
			kinds &= d.Identifiers
		}
		for _, k := range kinds.List() {
			f.Identifiers = append(f.Identifiers, k.String())
		}
		f.Purposes = append(f.Purposes, needs.Names()...)
	}
	for _, route := range s.Routes() {
		if route.Mapping.DestinationID == d.ID {
			f.Events = append(f.Events, eventFlow(route, needs))
		}
	}
	return f
}

func stateOf(at *Endpoint) string {
	switch d := at.Destination; {
	case !d.Active:
		return "inactive"
	case at.Invalid != "":
		return "invalid"
	case d.Paused:
		return "paused"
	case d.Mode == ModeShadow:
		return "shadow"
	}
	return "live"
}

func eventFlow(r *Route, needs consent.PurposeSet) EventFlow {
	m := r.Mapping
	e := EventFlow{
		SourceEvent: m.SourceEvent, Target: m.ProviderEvent, Mapping: m.Name, Enabled: m.Enabled, Condition: m.When, URL: m.URL,
		Purposes: (r.Needs.Purposes &^ needs).Names(),
	}
	if e.URL == "" {
		e.URL = "full"
	}
	add := func(what string, names []string) {
		if len(names) > 0 {
			e.Extra = append(e.Extra, what+": "+strings.Join(names, ", "))
		}
	}
	add("computed", slices.Sorted(maps.Keys(m.Fields)))
	add("details", slices.Sorted(maps.Keys(m.Include)))
	add("properties", m.Properties)
	add("url parameters", m.URLParameters)
	if m.ItemID != "" {
		e.Extra = append(e.Extra, "computed item ids")
	}
	return e
}
