package ga4

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

// target is a compiled mapping.
type target struct {
	account *account
	name    identity.Clean
	// purchase: a web stream counts its transaction id once.
	purchase   bool
	urls       identity.URLPolicy
	include    map[string]bool
	properties []string // leave as parameters
	user       []string // leave as user properties
}

// purchase is the one event that Google tells repeats of.
const purchase = "purchase"

// includes are the details that a mapping may let out.
var includes = []string{"item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title"}

// clickParameters count through the page's address only.
var clickParameters = []string{"gclid", "gbraid", "wbraid", "dclid"}

// taken are parameters that Sluice writes itself, and what to do instead of computing
// one.
var taken = map[string]string{
	"transaction_id": "send commerce.transaction_id", "items": "send commerce.items", "session_id": "send analytics.session_id",
	"engagement_time_msec": "leave it out: it is always 1", "client_id": "send analytics.client_id", "user_id": "send analytics.user_id",
	"app_instance_id": "send analytics.app_instance_id", "page_location": "send page.url", "page_referrer": "send page.referrer",
	"page_title": "include page_title", "search_term": "include search_term", "coupon": "include coupons",
	"debug_mode": "set ga4.debug_mode of the destination", "timestamp_micros": "send event_time", "consent": "send consent",
}

// Map implements resource.Account.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := provider.Findings{Resource: "Mapping/" + m.Name}
	var s mappingKeys
	found.Read(mappingSchema, m.Section, "spec.ga4", &s)
	if !eventName(m.ProviderEvent, a.app) {
		found.Add("spec.provider_event", "must be an event name of Google Analytics: letters, digits and _, at most 40, not reserved", m.ProviderEvent,
			"use a recommended event such as purchase, or a name of your own")
	}
	t := &target{
		account: a, name: identity.Vouch(m.ProviderEvent), purchase: m.ProviderEvent == purchase,
		include: m.Include, user: s.UserProperties, properties: slices.Clone(m.Properties),
	}
	checkNames(&found, m, s.UserProperties)
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		found.Add("url", "must be full, path or origin", m.URL, "leave it out for full")
	}
	for _, p := range m.URLParameters {
		if _, is := click.KindOf(p); is {
			found.Add("url_parameters", "must name no click id: consent decides about those", p, "remove it; it leaves where ad_storage allows")
		}
	}
	t.urls = identity.URLPolicy{Mode: mode, ClickIDs: clickParameters, Parameters: slices.Clone(m.URLParameters)}
	return t, found.List
}

// checkNames refuses what would not arrive: Google drops it without a word.
func checkNames(found *provider.Findings, m *resource.Mapping, user []string) {
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if fix, is := taken[name]; is {
			found.Add("fields."+name, "cannot be computed", "", fix)
		} else if !plainName(name, maxParameterName) {
			found.Add("fields."+name, "must be letters, digits and _, at most 40, beginning with a letter, with none of Google's prefixes", name, "choose another name")
		}
	}
	for _, name := range m.Properties {
		if _, is := taken[name]; is || !plainName(name, maxParameterName) || name == "value" || name == "currency" {
			found.Add("properties", "must be names of parameters: letters, digits and _, at most 40, none that Sluice writes itself", name, "compute it under another name with fields")
		}
	}
	for _, name := range user {
		switch {
		case !propertyName(name):
			found.Add("spec.ga4.user_properties", "must be names of user properties: letters, digits and _, at most 24, not reserved", name, "choose another name")
		case slices.Contains(m.Properties, name):
			found.Add("spec.ga4.user_properties", "cannot stand in properties as well", name, "remove it from one of them")
		}
	}
	if len(user) > maxProperties {
		found.Add("spec.ga4.user_properties", "must be at most 25", "", "remove some")
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			found.Add("include", "must be of "+strings.Join(includes, ", "), name, "remove it")
		}
	}
}

// Key implements resource.Target: the event's name.
func (t *target) Key() string { return t.name.Text() }

// commerce is the column of the standard event table. Page views are left out: the
// tag counts them.
var commerce = conversion.Table{
	"transaction.purchase": {Event: purchase, Lane: decision.LaneRealtime},
	"cart.added":           {Event: "add_to_cart", Lane: decision.LaneBatch},
	"product.viewed":       {Event: "view_item", Lane: decision.LaneBatch},
	"checkout.started":     {Event: "begin_checkout", Lane: decision.LaneBatch},
	"payment_info.added":   {Event: "add_payment_info", Lane: decision.LaneRealtime},
	"user.signed_up":       {Event: "sign_up", Lane: decision.LaneRealtime},
	"lead.submitted":       {Event: "generate_lead", Lane: decision.LaneRealtime},
	"lead.qualified":       {Event: "qualify_lead", Lane: decision.LaneRealtime},
	"lead.converted":       {Event: "close_convert_lead", Lane: decision.LaneRealtime},
	"subscription.started": {Event: "subscribe", Lane: decision.LaneRealtime},
	"transaction.refunded": {Event: "refund", Lane: decision.LaneRealtime},
}

// TemplateEvent implements resource.Provider.
func (Provider) TemplateEvent(template, source string) (resource.Mapping, bool) {
	return commerce.Template(template, source)
}
