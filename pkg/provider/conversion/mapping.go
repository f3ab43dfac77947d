package conversion

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// MappingRules are what a provider has a place for in mappings.
type MappingRules struct {
	// Name is the provider's, by which a mapping's section is called; Title is
	// what people call it, for messages.
	Name, Title string
	// MaxName bounds provider_event, in characters.
	MaxName int
	// Fields are the computed fields besides value and currency.
	Fields []string
	// Include are the details that have a member.
	Include []string
	// ClickIDs are the provider's own click parameters, which stay in URLs where
	// consent allows; empty where the provider has a member of its own for them.
	ClickIDs []string
}

// Mapping is what every mapping says.
type Mapping struct {
	Name    identity.Clean // provider_event
	URLs    identity.URLPolicy
	Include map[string]bool
}

// ReadMapping holds a mapping against the rules. Custom properties and a section
// of the provider's own are refused: none of the providers that use it has a
// place for them.
func ReadMapping(found *provider.Findings, m *resource.Mapping, r MappingRules) Mapping {
	name := m.ProviderEvent
	switch {
	case name == "" || utf8.RuneCountInString(name) > r.MaxName || !utf8.ValidString(name) || name != identity.Trim(name) ||
		strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7F }):
		found.Add("provider_event", "must be a plain name of 1 to "+strconv.Itoa(r.MaxName)+" characters", name, "write the event's name at "+r.Title)
	case identity.Look(name) != identity.NotSuspect:
		found.Add("provider_event", "must be no personal data", "", "choose another name")
	case name == resource.NoEvent && m.FromTemplate == "":
		found.Add("provider_event", "must be the name of an event", name, "remove the mapping: without one, nothing is sent")
	}
	fields := append([]string{"value", "currency"}, r.Fields...)
	for _, f := range slices.Sorted(maps.Keys(m.Fields)) {
		if !slices.Contains(fields, f) {
			found.Add("fields."+f, "must be of "+strings.Join(fields, ", "), f, "remove it: "+r.Title+" has no member for it")
		}
	}
	for _, i := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[i] && !slices.Contains(r.Include, i) {
			found.Add("include", "must be of "+strings.Join(r.Include, ", "), i, "remove it: "+r.Title+" has no member for it")
		}
	}
	if len(m.Properties) > 0 {
		found.Add("properties", "must be empty: "+r.Title+" takes no custom properties", m.Properties[0], "remove it")
	}
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		found.Add("url", "must be full, path or origin", m.URL, "leave it out for full")
	}
	for _, p := range m.URLParameters {
		if _, is := click.KindOf(p); is {
			found.Add("url_parameters", "must name no click id: consent decides about those", p, "remove it; it leaves where ad_storage allows")
		}
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		found.Add(r.Name, "must be absent: a mapping has nothing to say there", "", "remove it")
	}
	return Mapping{
		Name: identity.Vouch(name), Include: m.Include,
		URLs: identity.URLPolicy{Mode: mode, ClickIDs: r.ClickIDs, Parameters: slices.Clone(m.URLParameters)},
	}
}

// Table is a provider's column of the standard event table (template: commerce),
// by source event.
type Table map[string]Row

// Row is the provider's event for a source event; resource.NoEvent where it has
// nothing for it, so that the decision says so instead of staying silent.
type Row struct {
	Event string
	Lane  decision.Lane
}

// Template gives a template's mapping of a source event: what providers implement
// resource.Provider's TemplateEvent with.
func (t Table) Template(template, source string) (resource.Mapping, bool) {
	row, ok := t[source]
	if template != "commerce" || !ok {
		return resource.Mapping{}, false
	}
	return resource.Mapping{SourceEvent: source, ProviderEvent: row.Event, Enabled: true, Lane: row.Lane, FromTemplate: template}, true
}
