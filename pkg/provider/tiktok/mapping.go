package tiktok

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

// The longest names that may leave, in characters. TikTok documents no limit.
const maxName = 100

// clickParameter is the parameter by which TikTok's links carry a click id.
const clickParameter = "ttclid"

// mapping is a compiled mapping.
type mapping struct {
	account *destination
	name    identity.Clean
	urls    identity.URLPolicy

	names, brands, categories, search bool
}

// includes are the details that a mapping may let out. TikTok has no member for
// coupons and titles of pages.
var includes = []string{"item_names", "item_brands", "item_categories", "search_term"}

// Map implements resource.Account. The key is the event name.
func (d *destination) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	p := problems{provider.Findings{Resource: "Mapping/" + m.Name}, d}
	event := m.ProviderEvent
	if m.FromTemplate != "" {
		event = d.templated(event)
	}
	c := &mapping{
		account: d, name: identity.Vouch(event),
		names: m.Include["item_names"], brands: m.Include["item_brands"], categories: m.Include["item_categories"],
		search: m.Include["search_term"],
	}
	p.eventName(m, event)
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if _, known := fieldTypes[name]; !known {
			p.Add("fields."+name, "must be one of "+strings.Join(slices.Sorted(maps.Keys(fieldTypes)), ", "), name, "use one that TikTok documents")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			p.Add("include", "must be of "+strings.Join(includes, ", "), name, "remove it")
		}
	}
	for _, key := range m.Properties {
		p.Add("properties", "must be empty: TikTok documents no properties of an advertiser's own", key, "remove it, or compute one of TikTok's keys with fields")
	}
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		p.Add("url", "must be full, path or origin", m.URL, "leave it out for full")
	}
	c.urls = identity.URLPolicy{Mode: mode, ClickIDs: []string{clickParameter}, Parameters: slices.Clone(m.URLParameters)}
	if slices.Contains(m.URLParameters, clickParameter) {
		p.Add("url_parameters", "must name no click id: consent decides about those", clickParameter, "remove it; it is kept where ad_storage allows")
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		p.Add("tiktok", "must be absent: a mapping has nothing to say there", "", "remove it")
	}
	return c, p.List
}

// Key implements resource.Target.
func (m *mapping) Key() string { return m.name.Text() }

// problems collects what is wrong with one mapping.
type problems struct {
	provider.Findings
	d *destination
}

func (p *problems) eventName(m *resource.Mapping, n string) {
	switch {
	case m.FromTemplate != "":
	case n == resource.NoEvent:
		p.Add("provider_event", "must be the name of an event", n, "remove the mapping: without one, nothing is sent")
	case !plainName(n):
		p.Add("provider_event", "must be a plain name of 1 to 100 characters", "", "use one of TikTok's standard events or a short name of your own")
	case p.d.known(n):
		if m.SourceEvent == refundedEvent {
			// Each such event decides provider.unsupported_event; gate 7 says so.
			p.Warn("provider_event", "has no effect: TikTok has no event that takes a purchase back", n, "remove the mapping, or send refunds as a custom event")
		}
	case p.d.source == offline:
		p.Add("provider_event", "must be a standard event: an offline source takes no others", n, "write "+p.nearest(n))
	default:
		p.nearly(n)
	}
}

// nearly tells of a custom name that is nearly a standard one: TikTok takes it
// without a word, and no campaign optimises for it.
func (p *problems) nearly(n string) {
	for _, known := range p.names() {
		if strings.EqualFold(known, n) {
			p.Add("provider_event", "must be written as TikTok does: its names are case-sensitive", n, "write "+known)
			return
		}
	}
	if near := document.Nearest(n, p.names()); near != "" {
		p.Warn("provider_event", "is no standard event of TikTok: it is sent as a custom one", n, "write "+near+", if that is meant")
	}
}

func (p *problems) names() []string {
	if p.d.source == app {
		return slices.Sorted(maps.Keys(appEvents))
	}
	return slices.Sorted(maps.Keys(standardEvents))
}

func (p *problems) nearest(n string) string {
	if near := document.Nearest(n, p.names()); near != "" {
		return near
	}
	return "one of " + strings.Join(p.names(), ", ")
}

// plainName accepts a name that people chose and that holds no personal data.
func plainName(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxName && s == identity.Trim(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F }) && identity.Look(s) == identity.NotSuspect
}
