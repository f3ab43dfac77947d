package reddit

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

const (
	refundedEvent  = "transaction.refunded"
	clickParameter = "rdt_cid"
	// custom is the tracking type of every name that Reddit does not know, maxName
	// the longest such name, in characters.
	custom  = "CUSTOM"
	maxName = 64
)

// kind is a tracking type, and what of a cart it takes: Reddit's rules of version
// 2 have a value and a currency for six, a number of items for four.
type kind struct {
	name           string
	value, counted bool
}

var kinds = [...]kind{
	{"PAGE_VISIT", false, false}, {"VIEW_CONTENT", false, false}, {"SEARCH", false, false}, {"ADD_TO_CART", true, true}, {"ADD_TO_WISHLIST", true, true},
	{"PURCHASE", true, true}, {"LEAD", true, false}, {"SIGN_UP", true, false}, {custom, true, true},
}

func findKind(name string) (kind, bool) {
	for _, k := range kinds {
		if k.name == name {
			return k, true
		}
	}
	return kinds[len(kinds)-1], false
}

// mapping is a compiled mapping.
type mapping struct {
	account *account
	key     string
	kind    kind
	// own is the name of a custom event.
	own  identity.Clean
	urls identity.URLPolicy

	names, categories bool
}

// includes are the details that a mapping may let out: Reddit has no member for
// others.
var includes = []string{"item_names", "item_categories"}

var fields = []string{"value", "currency", "item_count"}

// Map implements resource.Account. The key is the event name: a tracking type,
// or the name of a custom event.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := provider.Findings{Resource: "Mapping/" + m.Name}
	c := &mapping{account: a, key: m.ProviderEvent, names: m.Include["item_names"], categories: m.Include["item_categories"]}
	known := false
	if c.kind, known = findKind(m.ProviderEvent); !known {
		c.own = identity.Vouch(m.ProviderEvent)
	}
	checkName(&found, m, known)
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if !slices.Contains(fields, name) {
			found.Add("fields."+name, "must be a member of metadata that can be computed", name, "use one of "+strings.Join(fields, ", "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] && !slices.Contains(includes, name) {
			found.Add("include", "must be of "+strings.Join(includes, ", "), name, "remove it: Reddit has no member for it")
		}
	}
	if len(m.Properties) > 0 {
		found.Add("properties", "must be absent: Reddit has no member for them", strings.Join(m.Properties, ", "), "remove them")
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
		found.Add("reddit", "must be absent: a mapping has nothing to say there", "", "remove it")
	}
	return c, found.List
}

// Key implements resource.Target.
func (m *mapping) Key() string { return m.key }

// plainName accepts the name of a custom event.
func plainName(n string) bool {
	return n != "" && utf8.ValidString(n) && utf8.RuneCountInString(n) <= maxName && n == identity.Trim(n) &&
		!strings.ContainsFunc(n, func(r rune) bool { return r < ' ' || r == 0x7F })
}

func checkName(found *provider.Findings, m *resource.Mapping, known bool) {
	const path = "provider_event"
	n := m.ProviderEvent
	switch {
	case n == resource.NoEvent:
		if m.FromTemplate == "" {
			found.Add(path, "must be the name of an event", n, "remove the mapping: without one, nothing is sent")
		}
	case n == custom:
		found.Add(path, "must be the name of the custom event itself", n, "write its name, such as Subscribe; it is sent as CUSTOM with that name")
	case known:
		if m.SourceEvent == refundedEvent {
			found.Warn(path, "has no effect: Reddit has no event that takes a purchase back", n, "remove the mapping, or send refunds as a custom event")
		}
	case !plainName(n):
		found.Add(path, "must be a name of 1 to 64 characters without space around it", "", "use one of Reddit's tracking types, such as PURCHASE, or a short name of your own")
	case identity.Look(n) != identity.NotSuspect:
		found.Add(path, "must hold no personal data", "", "choose another name")
	default:
		nearKnown(found, m)
	}
}

// nearKnown tells of a name that is nearly a tracking type: Reddit takes it as a
// custom event, and no campaign optimises for it. The pixel's names are the same
// words in CamelCase.
func nearKnown(found *provider.Findings, m *resource.Mapping) {
	n := m.ProviderEvent
	plain := strings.NewReplacer("_", "", "-", "", " ", "")
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		if strings.EqualFold(plain.Replace(k.name), plain.Replace(n)) {
			found.Add("provider_event", "must be written as the API does, not as the pixel does", n, "write "+k.name)
			return
		}
		names = append(names, k.name)
	}
	if near := document.Nearest(n, names); near != "" && m.FromTemplate == "" {
		found.Warn("provider_event", "is no tracking type of Reddit's: it is sent as a custom event", n, "write "+near+", if that is meant")
	}
}

// commerce is the template of that name. Reddit has no event that takes a purchase
// back, so a refund's row decides provider.unsupported_event. Checkouts are custom
// events: as leads, which some senders make of them, they would spoil campaigns
// for leads.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
}{
	{"transaction.purchase", "PURCHASE", decision.LaneRealtime},
	{"cart.added", "ADD_TO_CART", decision.LaneBatch},
	{"product.viewed", "VIEW_CONTENT", decision.LaneBatch},
	{"checkout.started", "InitiateCheckout", decision.LaneBatch},
	{"payment_info.added", "AddPaymentInfo", decision.LaneRealtime},
	{"user.signed_up", "SIGN_UP", decision.LaneRealtime},
	{"lead.submitted", "LEAD", decision.LaneRealtime},
	{"lead.qualified", "LeadQualified", decision.LaneRealtime},
	{"lead.converted", "LeadConverted", decision.LaneRealtime},
	{"subscription.started", "Subscribe", decision.LaneRealtime},
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
