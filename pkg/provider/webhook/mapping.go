package webhook

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// The longest names that may leave, in characters.
const maxName, maxKey = 100, 64

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

// Bounds implements resource.Bounded.
func (d *destination) Bounds() resource.Bounds {
	return resource.Bounds{MaxWaitMS: maxAge, Numbers: []string{"value"}, Texts: []string{"currency"}}
}

// Map implements resource.Account. The key is the event name.
func (d *destination) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := problems{provider.Findings{Resource: "Mapping/" + m.Name}}
	c := &mapping{
		account: d, key: m.ProviderEvent,
		name:  identity.Vouch(m.ProviderEvent),
		names: m.Include["item_names"], brands: m.Include["item_brands"], categories: m.Include["item_categories"],
		coupons: m.Include["coupons"], search: m.Include["search_term"], title: m.Include["page_title"],
	}
	found.eventName(m.ProviderEvent)
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if !plainKey(name) {
			found.Add("fields."+name, "must be a name of lower-case letters, digits and _, at most 64", "", "rename the field")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			found.Add("include", "must be of "+strings.Join(includes, ", "), name, "remove it")
		}
	}
	for _, key := range m.Properties {
		if !plainText(key, maxName) {
			found.Add("properties", "must be plain names of at most 100 characters", "", "rename the property")
			continue
		}
		c.properties = append(c.properties, identity.Vouch(key))
	}
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		found.Add("url", "must be full, path or origin", m.URL, "leave it out for full")
	}
	// Click ids have a place of their own in the payload and never stay in URLs.
	c.urls = identity.URLPolicy{Mode: mode, Parameters: slices.Clone(m.URLParameters)}
	for _, name := range m.URLParameters {
		if clickParameter(name) {
			found.Add("url_parameters", "must name no click id: consent decides about those", name, "remove it; it leaves under click where ad_storage allows")
		}
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		found.Add("webhook", "must be absent: a mapping has nothing to say there", "", "remove it")
	}
	return c, found.List
}

// Key implements resource.Target.
func (m *mapping) Key() string { return m.key }

func (p *problems) eventName(n string) {
	switch {
	case n == resource.NoEvent:
		p.Add("provider_event", "must be the name of an event", n, "remove the mapping: without one, nothing is sent")
	case !plainText(n, maxName):
		p.Add("provider_event", "must be a plain name of 1 to 100 characters", "", "use the event's own name, or the one that the receiver expects")
	}
}

// plainText accepts a name that people chose and that holds no personal data.
func plainText(s string, most int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && s == identity.Trim(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F }) && identity.Look(s) == identity.NotSuspect
}

// plainKey accepts a member's name.
func plainKey(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return s != "" && len(s) <= maxKey
}

// commerce are the events of the standard template. The receiver is the
// customer's own and knows their names, so they are kept.
var commerce = [...]struct {
	source string
	lane   decision.Lane
}{
	{"transaction.purchase", decision.LaneRealtime},
	{"cart.added", decision.LaneBatch},
	{"product.viewed", decision.LaneBatch},
	{"checkout.started", decision.LaneBatch},
	{"payment_info.added", decision.LaneRealtime},
	{"user.signed_up", decision.LaneRealtime},
	{"lead.submitted", decision.LaneRealtime},
	{"lead.qualified", decision.LaneRealtime},
	{"lead.converted", decision.LaneRealtime},
	{"subscription.started", decision.LaneRealtime},
	{"transaction.refunded", decision.LaneRealtime},
}

// TemplateEvent implements resource.Provider.
func (p *Provider) TemplateEvent(template, sourceEvent string) (resource.Mapping, bool) {
	if template != "commerce" {
		return resource.Mapping{}, false
	}
	for _, row := range commerce {
		if row.source == sourceEvent {
			return resource.Mapping{SourceEvent: sourceEvent, ProviderEvent: row.source, Enabled: true, Lane: row.lane, FromTemplate: template}, true
		}
	}
	return resource.Mapping{}, false
}
