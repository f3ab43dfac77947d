package meta

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

// maxEventName is Meta's limit for the name of a custom event, in characters.
const maxEventName = 50

// mapping is a compiled mapping.
type mapping struct {
	account    *destination
	key        string
	name       identity.Clean
	urls       identity.URLPolicy
	properties []identity.Clean

	names, brands, categories, coupons, search, title bool
}

// includes are the details that a mapping may let out.
var includes = []string{"item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title"}

// Map implements resource.Account. The key is the event name.
func (d *destination) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	p := problems{provider.Findings{Resource: "Mapping/" + m.Name}}
	c := &mapping{
		account: d, key: m.ProviderEvent,
		name:  identity.Vouch(m.ProviderEvent),
		names: m.Include["item_names"], brands: m.Include["item_brands"], categories: m.Include["item_categories"],
		coupons: m.Include["coupons"], search: m.Include["search_term"], title: m.Include["page_title"],
	}
	p.eventName(m)
	p.fields(m)
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			p.Add("include", "one of "+strings.Join(includes, ", "), name, "remove it")
		}
	}
	for _, key := range m.Properties {
		switch {
		case findCustomKey(key) >= 0 || key == "coupons":
			p.Add("properties", "a name that Meta does not use itself", key, "compute it with fields, or rename the property at the producer")
		case key == "" || len(key) > 100 || identity.Look(key) != identity.NotSuspect:
			p.Add("properties", "a plain name of at most 100 characters", "", "rename the property")
		default:
			c.properties = append(c.properties, identity.Vouch(key))
		}
	}
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		p.Add("url", "full, path or origin", m.URL, "leave it out for full")
	}
	c.urls = identity.URLPolicy{Mode: mode, ClickIDs: []string{clickParameter}, Parameters: slices.Clone(m.URLParameters)}
	if slices.Contains(m.URLParameters, clickParameter) {
		p.Add("url_parameters", "no click id: consent decides about those", clickParameter, "remove it; it is kept where ad_storage allows")
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		p.Add("meta", "a mapping has no section of Meta's", "", "remove it")
	}
	return c, p.List
}

// Key implements resource.Target.
func (m *mapping) Key() string { return m.key }

func (p *problems) eventName(m *resource.Mapping) {
	n := m.ProviderEvent
	switch {
	case n == "" || utf8.RuneCountInString(n) > maxEventName || !utf8.ValidString(n) || strings.ContainsFunc(n, func(r rune) bool { return r < ' ' }):
		p.Add("provider_event", "a name of 1 to 50 characters", n, "use one of Meta's standard events or a short name of your own")
	case identity.Look(n) != identity.NotSuspect:
		p.Add("provider_event", "no personal data", "", "choose another name")
	case n != identity.Trim(n):
		p.Add("provider_event", "no surrounding space", n, "remove the space")
	case standardEvents[n] || messagingEvents[n]:
	default:
		for known := range standardEvents {
			if strings.EqualFold(known, n) {
				p.Add("provider_event", "Meta's names are case-sensitive", n, "write "+known)
				return
			}
		}
		p.nearStandard(m)
	}
	switch {
	case n == resource.NoEvent && m.FromTemplate == "":
		p.Add("provider_event", "the name of an event", n, "remove the mapping: without one, nothing is sent")
	case m.SourceEvent == refundedEvent && standardEvents[n]:
		// Each such event decides provider.unsupported_event; gate 7 says so.
		p.Warn("provider_event", "has no effect: Meta has no event that takes a purchase back", n, "remove the mapping, or send refunds as a custom event")
	}
}

// nearStandard tells of a custom name that is nearly a standard one: Meta takes
// it without a word, and no campaign optimises for it. A template's rows are not
// its business: a note would leave them out.
func (p *problems) nearStandard(m *resource.Mapping) {
	if m.FromTemplate != "" {
		return
	}
	if near := document.Nearest(m.ProviderEvent, slices.Sorted(maps.Keys(standardEvents))); near != "" {
		p.Warn("provider_event", "is no standard event of Meta: it is sent as a custom one", m.ProviderEvent, "write "+near+", if that is meant")
	}
}

// Bounds implements resource.Bounded. An event that a browser reported too is
// of use only as long as Meta recognises the second copy.
func (d *destination) Bounds() resource.Bounds {
	b := resource.Bounds{MaxWaitMS: dedupWindow, WaitFix: "; browser_tag: false says that no browser reports the events too"}
	if d.browserless {
		b = resource.Bounds{MaxWaitMS: maxAge - ageMargin}
	}
	for i := range customKeys {
		switch key := &customKeys[i]; key.typ {
		case typeNumber, typeInteger:
			b.Numbers = append(b.Numbers, key.name)
		case typeText, typeEnum:
			b.Texts = append(b.Texts, key.name)
		case typeID, typeFlag, typeList:
		}
	}
	return b
}

func (p *problems) fields(m *resource.Mapping) {
	names := make([]string, 0, len(m.Fields))
	for n := range m.Fields {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		i := findCustomKey(n)
		switch {
		case i >= 0 && customKeys[i].typ == typeList:
			p.Add("fields."+n, "a key that can be computed", n, "it is built from the items; use item_id to change their ids")
		case i < 0 && !vertical(n):
			p.Add("fields."+n, "a key of Meta's custom_data", n, "use one that Meta documents, or name a custom property under properties")
		}
	}
}
