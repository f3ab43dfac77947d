package pinterest

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

const (
	refundedEvent  = "transaction.refunded"
	clickParameter = "epik"
)

// mapping is a compiled mapping.
type mapping struct {
	account *account
	key     string
	name    identity.Clean
	urls    identity.URLPolicy

	names, brands, categories, search, title bool
}

// eventNames are the events that Pinterest knows: event_name of its API
// description, versions 5.23 and 5.28.
var eventNames = []string{
	"add_payment_info", "add_to_cart", "add_to_wishlist", "app_install", "app_open", "checkout", "contact", "custom", "customize_product",
	"find_location", "initiate_checkout", "lead", "page_visit", "schedule", "search", "signup", "start_trial", "submit_application",
	"subscribe", "view_category", "view_content", "watch_video",
}

// ownName is what a name of the advertiser's own may be, as Pinterest's guide
// says; at most 15 kinds of them count.
var ownName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// includes are the details that a mapping may let out. Coupons have no member.
var includes = []string{"item_names", "item_brands", "item_categories", "search_term", "page_title"}

// fieldKey is a member of custom_data that a mapping may compute.
type fieldKey struct {
	name   string
	number bool
}

var fieldKeys = [...]fieldKey{
	{"value", true}, {"currency", false}, {"order_id", false}, {"num_items", true}, {"content_name", false}, {"content_category", false},
	{"content_brand", false}, {"search_string", false}, {"predicted_ltv", true},
}

// Map implements resource.Account. The key is the event name.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := provider.Findings{Resource: "Mapping/" + m.Name}
	c := &mapping{
		account: a, key: m.ProviderEvent, name: identity.Vouch(m.ProviderEvent),
		names: m.Include["item_names"], brands: m.Include["item_brands"], categories: m.Include["item_categories"],
		search: m.Include["search_term"], title: m.Include["page_title"],
	}
	checkName(&found, m)
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if !slices.ContainsFunc(fieldKeys[:], func(k fieldKey) bool { return k.name == name }) {
			found.Add("fields."+name, "must be a member of custom_data that can be computed", name, "use one of value, currency, order_id, num_items, content_name, content_category, content_brand, search_string, predicted_ltv")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			found.Add("include", "must be of "+strings.Join(includes, ", "), name, "remove it: Pinterest has no member for it")
		}
	}
	if len(m.Properties) > 0 {
		found.Add("properties", "must be absent: Pinterest's objects are closed", strings.Join(m.Properties, ", "), "remove them, or compute one of custom_data's members with fields")
	}
	mode, ok := identity.ParseURLMode(m.URL)
	if !ok {
		found.Add("url", "must be full, path or origin", m.URL, "leave it out for full")
	}
	c.urls = identity.URLPolicy{Mode: mode, ClickIDs: []string{clickParameter}, Parameters: slices.Clone(m.URLParameters)}
	if slices.Contains(m.URLParameters, clickParameter) {
		found.Add("url_parameters", "must name no click id: consent decides about those", clickParameter, "remove it; it is kept where ad_storage allows")
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		found.Add("pinterest", "must be absent: a mapping has nothing to say there", "", "remove it")
	}
	return c, found.List
}

// Key implements resource.Target.
func (m *mapping) Key() string { return m.key }

func checkName(found *provider.Findings, m *resource.Mapping) {
	const path = "provider_event"
	n := m.ProviderEvent
	switch {
	case n == resource.NoEvent:
		if m.FromTemplate == "" {
			found.Add(path, "must be the name of an event", n, "remove the mapping: without one, nothing is sent")
		}
	case !ownName.MatchString(n):
		found.Add(path, "must be letters, digits, _ and -, at most 100 characters", "", "use one of Pinterest's events, such as checkout")
	case identity.LookID(n) != identity.NotSuspect:
		found.Add(path, "must hold no personal data", "", "choose another name")
	case slices.Contains(eventNames, n):
		if m.SourceEvent == refundedEvent {
			found.Warn(path, "has no effect: Pinterest has no event that takes a purchase back", n, "remove the mapping, or send refunds as an event of your own")
		}
	default:
		nearKnown(found, m)
	}
}

// nearKnown tells of a name that is nearly a known one: Pinterest takes it as one
// of the advertiser's own, and no campaign optimises for it. The tag's names are
// the same words in CamelCase.
func nearKnown(found *provider.Findings, m *resource.Mapping) {
	n := m.ProviderEvent
	plain := strings.NewReplacer("_", "", "-", "")
	for _, known := range eventNames {
		if strings.EqualFold(plain.Replace(known), plain.Replace(n)) {
			found.Add("provider_event", "must be written as the API does, not as the tag does", n, "write "+known)
			return
		}
	}
	if near := document.Nearest(n, eventNames); near != "" && m.FromTemplate == "" {
		found.Warn("provider_event", "is no event of Pinterest's: it is sent as one of your own, of which 15 count", n, "write "+near+", if that is meant")
	}
}

// commerce is the template of that name. Pinterest has no event that takes a
// purchase back, so a refund's row decides provider.unsupported_event; stages of
// a lead have no event of their own.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
}{
	{"transaction.purchase", "checkout", decision.LaneRealtime},
	{"cart.added", "add_to_cart", decision.LaneBatch},
	{"product.viewed", "view_content", decision.LaneBatch},
	{"checkout.started", "initiate_checkout", decision.LaneBatch},
	{"payment_info.added", "add_payment_info", decision.LaneRealtime},
	{"user.signed_up", "signup", decision.LaneRealtime},
	{"lead.submitted", "lead", decision.LaneRealtime},
	{"lead.qualified", "custom", decision.LaneRealtime},
	{"lead.converted", "custom", decision.LaneRealtime},
	{"subscription.started", "subscribe", decision.LaneRealtime},
	{refundedEvent, resource.NoEvent, decision.LaneBatch},
}

// TemplateEvent implements resource.Provider.
func (Provider) TemplateEvent(template, sourceEvent string) (resource.Mapping, bool) {
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
