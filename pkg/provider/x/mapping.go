package x

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// target is a compiled mapping: the X event that its events count for.
type target struct {
	account *account
	key     string
	event   identity.Clean
	urls    identity.URLPolicy
	// order: the order's id tells repeats apart, as the pixel's of a purchase does.
	order         bool
	names, search bool
	// none: X has nothing for the event (resource.NoEvent).
	none bool
}

// fields are the computed fields, includes the details that X has a member for.
var (
	fields   = []string{"value", "currency", "description"}
	includes = []string{"item_names", "search_term"}
)

// clickParameter is what X puts into links.
const clickParameter = "twclid"

// purchases are the names under which somebody buys something: the order's id is
// theirs.
const purchased, purchase = "transaction.purchase", "purchase"

// Map implements resource.Account. A template's row without an X event is left out
// with a note; a mapping of somebody's own is refused.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := &problems{provider.Findings{Resource: "Mapping/" + m.Name}}
	t := &target{
		account: a, names: m.Include["item_names"], search: m.Include["search_term"],
		order: m.ProviderEvent == purchase || m.SourceEvent == purchased,
	}
	if m.ProviderEvent == resource.NoEvent && m.FromTemplate != "" {
		t.none, t.key = true, resource.NoEvent
	} else {
		id := a.events.ID(&found.Findings, m, "X event", "make an event of the type "+typeOf(m.ProviderEvent)+" in the Events Manager")
		t.event, t.key = identity.Vouch(id), a.short(id)
	}
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		found.Add("url", "must be full, path or origin", m.URL, "leave it out for full")
	}
	t.urls = identity.URLPolicy{Mode: mode, ClickIDs: []string{clickParameter}, Parameters: slices.Clone(m.URLParameters)}
	found.mapping(m)
	return t, found.List
}

// mapping refuses what X has no member for.
func (p *problems) mapping(m *resource.Mapping) {
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if !slices.Contains(fields, name) {
			p.Add("fields."+name, "must be of "+strings.Join(fields, ", "), name, "remove it: X has no other member")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			p.Add("include", "must be of "+strings.Join(includes, ", "), name, "remove it: X has no member for it")
		}
	}
	if len(m.Properties) > 0 {
		p.Add("properties", "must be empty: X takes no custom properties", m.Properties[0], "remove it")
	}
	for _, name := range m.URLParameters {
		if _, is := click.KindOf(name); is {
			p.Add("url_parameters", "must name no click id: consent decides about those", name, "remove it; it leaves where ad_storage allows")
		}
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		p.Add(Name, "must be absent: a mapping has no settings of X's", "", "remove it")
	}
}

// Key implements resource.Target: the X event, in its short form.
func (t *target) Key() string { return t.key }

// types are the types of X events by provider event. A type belongs to the event in
// the Events Manager and is not sent.
var types = map[string]string{
	"purchase": "Purchase", "add_to_cart": "Add to cart", "view_item": "Content view", "begin_checkout": "Checkout initiated",
	"add_payment_info": "Added payment info", "sign_up": "Sign up", "lead": "Lead", "qualify_lead": "Custom", "close_convert_lead": "Custom",
	"subscribe": "Subscribe", "start_trial": "Start trial", "search": "Search", "page_view": "Page view", "add_to_wishlist": "Add to wishlist", "download": "Download",
}

func typeOf(event string) string {
	if t, known := types[event]; known {
		return t
	}
	return "Custom"
}

// commerce is X's column of the standard event table. There is no event that takes
// a purchase back.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
}{
	{purchased, purchase, decision.LaneRealtime},
	{"cart.added", "add_to_cart", decision.LaneBatch},
	{"product.viewed", "view_item", decision.LaneBatch},
	{"checkout.started", "begin_checkout", decision.LaneBatch},
	{"payment_info.added", "add_payment_info", decision.LaneRealtime},
	{"user.signed_up", "sign_up", decision.LaneRealtime},
	{"lead.submitted", "lead", decision.LaneRealtime},
	{"lead.qualified", "qualify_lead", decision.LaneRealtime},
	{"lead.converted", "close_convert_lead", decision.LaneRealtime},
	{"subscription.started", "subscribe", decision.LaneRealtime},
	{"transaction.refunded", resource.NoEvent, decision.LaneBatch},
}

// TemplateEvent implements resource.Provider.
func (p *Provider) TemplateEvent(template, sourceEvent string) (resource.Mapping, bool) {
	if template != "commerce" {
		return resource.Mapping{}, false
	}
	for _, row := range commerce {
		if row.source == sourceEvent {
			return resource.Mapping{SourceEvent: sourceEvent, ProviderEvent: row.event, Enabled: true, Lane: row.lane, FromTemplate: template}, true
		}
	}
	return resource.Mapping{}, false
}

var _ provider.Documented = (*Provider)(nil)

// Tables implements provider.Documented.
func (p *Provider) Tables() []provider.Table {
	t := provider.Table{Name: "events", Title: "Types of events", Head: []string{"provider event", "type in the Events Manager"}}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t.Rows = append(t.Rows, []string{"`" + name + "`", types[name]})
	}
	return []provider.Table{t, identifierTable()}
}
