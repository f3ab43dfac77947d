package linkedin

import (
	"bytes"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// target is a compiled mapping: the rule that its events count for.
type target struct {
	account *account
	rule    string
	urn     identity.Clean
	// none: LinkedIn has nothing for the event (resource.NoEvent).
	none bool
}

// fields are the computed fields that LinkedIn has a member for.
var fields = []string{"value", "currency", "title", "company_name"}

// Map implements resource.Account. A template's row without a rule is left out
// with a note; a mapping of somebody's own is refused.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := &problems{provider.Findings{Resource: "Mapping/" + m.Name}}
	t := &target{account: a}
	if m.ProviderEvent == resource.NoEvent && m.FromTemplate != "" {
		t.none, t.rule = true, resource.NoEvent
	} else {
		t.rule = a.events.ID(&found.Findings, m, "conversion rule", "make a rule of the type "+typeOf(m.ProviderEvent)+" in Campaign Manager")
	}
	t.urn = identity.Vouch(rulePrefix + t.rule)
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		switch {
		case !slices.Contains(fields, name):
			found.Add("fields."+name, "must be value, currency, title or company_name: LinkedIn has no other member", name, "remove it")
		case name == "title" && !a.leave.title, name == "company_name" && !a.leave.company:
			found.Add("fields."+name, "leaves in clear, which the destination does not allow", name, "add title or company to linkedin.clear of the destination, or remove the field")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Include)) {
		if m.Include[name] {
			found.Add("include", "must be empty: LinkedIn takes no items, no page and no search term", name, "remove it")
		}
	}
	if len(m.Properties) > 0 {
		found.Add("properties", "must be empty: LinkedIn takes no custom properties", m.Properties[0], "remove it; "+leadProperty+" needs no mention")
	}
	if s := bytes.TrimSpace(m.Section); len(s) > 0 && string(s) != "null" && string(s) != "{}" {
		found.Add("linkedin", "must be empty: a mapping has no settings of LinkedIn's", "", "remove it")
	}
	return t, found.List
}

// Key implements resource.Target: the rule.
func (t *target) Key() string { return t.rule }

// types are the types of rules by provider event. A type belongs to the rule and
// is not sent; other names stand for rules of any type.
var types = map[string]string{
	"purchase": "PURCHASE", "add_to_cart": "ADD_TO_CART", "view_item": "VIEW_CONTENT", "begin_checkout": "START_CHECKOUT",
	"add_payment_info": "ADD_BILLING_INFO", "sign_up": "SIGN_UP", "start_trial": "START_TRIAL", "lead": "LEAD", "qualify_lead": "QUALIFIED_LEAD",
	"close_convert_lead": "SALES_QUALIFIED_LEAD", "subscribe": "SUBSCRIBE", "search": "SEARCH", "page_view": "KEY_PAGE_VIEW",
	"contact": "CONTACT", "schedule": "SCHEDULE",
}

func typeOf(event string) string {
	if t, known := types[event]; known {
		return t
	}
	return "OTHER"
}

// commerce is LinkedIn's column of the standard event table. There is no
// conversion that takes another back.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
}{
	{"transaction.purchase", "purchase", decision.LaneRealtime},
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
	t := provider.Table{Name: "rules", Title: "Types of rules", Head: []string{"provider event", "type of the rule"}}
	for _, event := range slices.Sorted(maps.Keys(types)) {
		t.Rows = append(t.Rows, []string{"`" + event + "`", types[event]})
	}
	return []provider.Table{t, identifierTable()}
}
