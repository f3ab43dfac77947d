package snapchat

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// The longest names that may leave, in characters. Snapchat documents no limit.
const maxName = 100

// clickParameters are the parameters by which Snapchat's links carry a click id.
var clickParameters = []string{"ScCid", "sccid", "sc_click_id"}

// mapping is a compiled mapping.
type mapping struct {
	account    *destination
	name       identity.Clean
	urls       identity.URLPolicy
	properties []identity.Clean

	names, brands, categories, search bool
}

// includes are the details that a mapping may let out. Snapchat has no member for
// coupons and titles of pages.
var includes = []string{"item_names", "item_brands", "item_categories", "search_term"}

// Map implements resource.Account. The key is the event name.
func (d *destination) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	p := problems{provider.Findings{Resource: "Mapping/" + m.Name}}
	c := &mapping{
		account: d, name: identity.Vouch(m.ProviderEvent),
		names: m.Include["item_names"], brands: m.Include["item_brands"], categories: m.Include["item_categories"], search: m.Include["search_term"],
	}
	p.eventName(m)
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if _, known := fieldTypes[name]; !known {
			p.Add("fields."+name, "must be one of "+strings.Join(slices.Sorted(maps.Keys(fieldTypes)), ", "), name, "use one that Snapchat has, or name a property under properties")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			p.Add("include", "must be of "+strings.Join(includes, ", "), name, "remove it")
		}
	}
	for _, key := range m.Properties {
		if !plainName(key) {
			p.Add("properties", "must be plain names of at most 100 characters", "", "rename the property")
			continue
		}
		c.properties = append(c.properties, identity.Vouch(key))
	}
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		p.Add("url", "must be full, path or origin", m.URL, "leave it out for full")
	}
	c.urls = identity.URLPolicy{Mode: mode, ClickIDs: clickParameters, Parameters: slices.Clone(m.URLParameters)}
	for _, name := range m.URLParameters {
		if slices.Contains(clickParameters, name) {
			p.Add("url_parameters", "must name no click id: consent decides about those", name, "remove it; it is kept where ad_storage allows")
		}
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		p.Add("snapchat", "must be absent: a mapping has nothing to say there", "", "remove it")
	}
	return c, p.List
}

// Key implements resource.Target.
func (m *mapping) Key() string { return m.name.Text() }

// problems collects what is wrong with one mapping.
type problems struct{ provider.Findings }

func (p *problems) eventName(m *resource.Mapping) {
	n := m.ProviderEvent
	switch {
	case m.FromTemplate != "":
	case n == resource.NoEvent:
		p.Add("provider_event", "must be the name of an event", n, "remove the mapping: without one, nothing is sent")
	case !plainName(n):
		p.Add("provider_event", "must be a plain name of 1 to 100 characters", "", "use one of Snapchat's events, such as CUSTOM_EVENT_1")
	case standardEvents[n]:
		if m.SourceEvent == refundedEvent && n == purchase {
			// Each such event decides provider.unsupported_event; gate 7 says so.
			p.Warn("provider_event", "has no effect: Snapchat has no event that takes a purchase back", n, "remove the mapping, or send refunds as a custom event")
		}
	case standardEvents[strings.ToUpper(n)]:
		p.Add("provider_event", "must be in capitals, as Snapchat writes its events", n, "write "+strings.ToUpper(n))
	default:
		if near := document.Nearest(n, slices.Sorted(maps.Keys(standardEvents))); near != "" {
			p.Warn("provider_event", "is no event of Snapchat: it is sent as a custom one", n, "write "+near+", if that is meant")
		}
	}
}

// plainName accepts a name that people chose and that holds no personal data.
func plainName(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxName && s == identity.Trim(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F }) && identity.Look(s) == identity.NotSuspect
}
