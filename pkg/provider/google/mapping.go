package google

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// target is what Map makes of a mapping.
type target struct {
	account *account
	key     string
	action  action // Ads
	// event is the event's name at Google Analytics.
	event  string
	adjust bool
	// group is what a request's events share: the conversion action or data
	// stream.
	group string
	url   identity.URLPolicy
}

// adjustFix shows a whole mapping, because a refund needs all of it.
const adjustFix = "map the event explicitly with google: {adjust: true} and fields: {value: the remaining value}"

var eventNameForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)

// reservedEvents are collected by Google Analytics itself; reservedPrefixes
// belong to it.
var (
	reservedEvents   = [...]string{"session_start", "first_visit", "first_open", "user_engagement"}
	reservedPrefixes = [...]string{"_", "firebase_", "ga_", "google_", "gtag."}
)

// offlineEvents are stages of a sale that no browser reports, whatever the
// source says.
var offlineEvents = [...]string{"qualify_lead", "close_convert_lead"}

// Map finds the conversion action: the mapping's own, else the
// destination's by provider event. A template's row that lacks something comes
// back with a warning and is left out; an explicit mapping is refused.
func (a *account) Map(m *resource.Mapping) (resource.Target, []resource.Problem) {
	found := &provider.Findings{}
	var s mappingSection
	found.Read(mappingSchema, m.Section, "spec.google", &s)
	t := &target{account: a, adjust: s.Adjust, url: rulesFor(m)}
	var own action
	if s.ConversionAction != nil {
		own, _ = readAction(found, s.ConversionAction, "spec.google.conversion_action")
	}
	checkFields(m, found)
	if a.analytics() {
		t.analytics(a, m, own, found)
		t.key = t.event
	} else {
		t.ads(a, m, own, s.ConversionAction != nil, found)
		t.key = t.action.id
	}
	if m.FromTemplate != "" {
		for i := range found.List {
			found.List[i].Warning = true
		}
	}
	return t, found.List
}

// Key implements resource.Target.
func (t *target) Key() string { return t.key }

func (t *target) ads(a *account, m *resource.Mapping, own action, said bool, found *provider.Findings) {
	byEvent, listed := a.actions[m.ProviderEvent]
	t.action = own
	if own.id == "" {
		t.action = byEvent
	}
	if t.action.kind == kindAuto && listed && byEvent.id == t.action.id {
		t.action.kind = byEvent.kind
	}
	if t.action.kind == kindAuto && slices.Contains(offlineEvents[:], m.ProviderEvent) {
		t.action.kind = kindOffline
	}
	t.group = t.action.id
	_, hasValue := m.Fields["value"]
	switch {
	case t.adjust && !hasValue:
		found.Add("spec.fields.value", "is required for an adjustment: the value that remains", "", adjustFix)
	case t.action.id == "" && !said:
		found.Add("spec.google.conversion_action", "is required: neither the mapping nor the destination names a conversion action for "+m.ProviderEvent, "",
			"set google.conversion_action here, or account.conversion_actions."+m.ProviderEvent+" in the destination")
	}
}

func (t *target) analytics(a *account, m *resource.Mapping, own action, found *provider.Findings) {
	t.event, t.group = m.ProviderEvent, a.stream
	reserved := slices.Contains(reservedEvents[:], t.event) ||
		slices.ContainsFunc(reservedPrefixes[:], func(p string) bool { return strings.HasPrefix(t.event, p) })
	if reserved || !eventNameForm.MatchString(t.event) {
		found.Add("spec.provider_event", "must be an event name of Google Analytics: letters, digits and _, at most 40, not reserved",
			t.event, "use a recommended event such as purchase")
	}
	if own.id != "" {
		found.Add("spec.google.conversion_action", "has no use at a Google Analytics property", own.id, "remove it")
	}
	if t.adjust && m.FromTemplate == "" {
		found.Add("spec.google.adjust", "has no use at a Google Analytics property, where the first event of a transaction stays", "", "send the event refund instead")
	}
	t.adjust = false
}

// refusedFields are names that people try, and what to do instead.
var refusedFields = map[string]string{
	"transaction_id": "send commerce.transaction_id", "order_id": "send commerce.transaction_id", "transactionId": "send commerce.transaction_id",
	"event_id": "send event_id", "event_name": "set provider_event", "event_time": "send event_time", "event_source": "send source",
	"conversion_value": "use value", "conversionValue": "use value", "currency_code": "use currency", "customerType": "use customer_type",
	"email": "send identity.emails", "phone": "send identity.phones", "gclid": "send click.gclid", "gbraid": "send click.gbraid",
	"wbraid": "send click.wbraid", "user_id": "send analytics.user_id", "client_id": "send analytics.client_id", "ip": "send device.ip",
	"consent": "send consent", "items": "send commerce.items", "user_data": "send identity",
}

var fieldForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)

// checkFields refuses computed fields that Google has no place for. What is no
// field of an event becomes a custom variable (Ads) or an event parameter
// (Analytics) of that name.
func checkFields(m *resource.Mapping, found *provider.Findings) {
	names := make([]string, 0, len(m.Fields))
	for name := range m.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		path := "spec.fields." + name
		if fix, refused := refusedFields[name]; refused {
			found.Add(path, "cannot be computed", "", fix)
			continue
		}
		if !fieldForm.MatchString(name) {
			found.Add(path, "must be letters, digits and _, at most 40, beginning with a letter", name,
				"name it like the custom variable in Google Ads, or the parameter in Google Analytics")
		}
	}
}

// Bounds implements resource.Bounded.
func (a *account) Bounds() resource.Bounds {
	b := resource.Bounds{MaxWaitMS: maxIdentifierAge, Numbers: []string{"value", "discount"}, Texts: []string{"currency", "customer_type", "customer_value_bucket"}}
	if a.analytics() {
		b.MaxWaitMS = maxAnalyticsAge
	}
	return b
}

// TemplateEvent is the commerce table: recommended events of Google Analytics,
// which are also the keys of account.conversion_actions.
func (p *Provider) TemplateEvent(template, sourceEvent string) (resource.Mapping, bool) {
	if template != "commerce" {
		return resource.Mapping{}, false
	}
	for i := range commerce {
		if row := &commerce[i]; row.source == sourceEvent {
			return resource.Mapping{
				SourceEvent: sourceEvent, ProviderEvent: row.event, Lane: row.lane, Section: row.section, FromTemplate: template,
			}, true
		}
	}
	return resource.Mapping{}, false
}

// commerce is the standard event table. A refund is an adjustment of its
// transaction at Google Ads; only an explicit mapping can say what value
// remains, so the row shows up as a note there. Google Analytics has an event
// for it.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
	section       json.RawMessage
}{
	{source: "transaction.purchase", event: "purchase", lane: decision.LaneRealtime},
	{source: "cart.added", event: "add_to_cart"},
	{source: "product.viewed", event: "view_item"},
	{source: "checkout.started", event: "begin_checkout"},
	{source: "payment_info.added", event: "add_payment_info", lane: decision.LaneRealtime},
	{source: "user.signed_up", event: "sign_up", lane: decision.LaneRealtime},
	{source: "lead.submitted", event: "generate_lead", lane: decision.LaneRealtime},
	{source: "lead.qualified", event: "qualify_lead", lane: decision.LaneRealtime},
	{source: "lead.converted", event: "close_convert_lead", lane: decision.LaneRealtime},
	{source: "subscription.started", event: "subscribe", lane: decision.LaneRealtime},
	{source: "transaction.refunded", event: "refund", section: json.RawMessage(`{"adjust":true}`)},
}
