package meta

import (
	"slices"

	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// decimals is how many places an amount keeps: computed values carry the noise
// of binary fractions.
const decimals = 4

// customData appends custom_data where there is anything to say: standard keys
// in the order of the table, each computed by the mapping or taken from the
// event, then what else the mapping computes, then the custom properties that it
// names.
func (b *builder) customData() {
	b.noteItems()
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "custom_data"), '{')
	open := len(b.Dst)
	for i := range customKeys {
		key := &customKeys[i]
		if b.in.Sensitive && key.named {
			continue
		}
		if f, ok := b.in.Field(key.name); ok && i != atValue && i != atCurrency {
			b.computed(key, f)
			continue
		}
		b.native(i)
	}
	for i := range b.in.Fields {
		if f := &b.in.Fields[i]; findCustomKey(f.Name) < 0 {
			b.Scalar("fields", identity.Vouch(f.Name), f.Value)
		}
	}
	b.coupons()
	for i := range b.mapping.properties {
		b.property(b.mapping.properties[i])
	}
	if len(b.Dst) == open {
		b.Dst = b.Dst[:start]
		return
	}
	b.Dst = append(b.Dst, '}')
}

// native appends a standard key from the event's own fields.
func (b *builder) native(i int) {
	c := &b.ev.Commerce
	switch i {
	case atValue:
		b.amount("value", b.value)
	case atCurrency:
		b.enum("currency", b.currency)
	case atContentType:
		if b.hasItems() {
			b.enum("content_type", "product")
		}
	case atContentIDs:
		b.contentIDs()
	case atContents:
		b.contents()
	case atNumItems:
		b.numItems()
	case atOrderID:
		b.ID("order_id", event.Path("commerce.transaction_id"), c.TransactionID)
	case atItemNumber:
		if len(c.Items) == 1 {
			b.ID("item_number", event.Entry("commerce.items", 0, "item_number"), c.Items[0].ItemNumber)
		}
	case atContentName:
		b.contentName()
	case atContentCategory:
		if b.mapping.categories && len(c.Items) == 1 {
			b.Text("content_category", event.Entry("commerce.items", 0, "category"), c.Items[0].Category)
		}
	case atSearch:
		if b.mapping.search {
			b.Text("search_string", event.Path("commerce.search_term"), c.SearchTerm)
		}
	case atDelivery:
		if c.DeliveryCategory != "" && slices.Contains(enums["delivery_category"], c.DeliveryCategory) {
			b.enum("delivery_category", c.DeliveryCategory)
		}
	case atLTV:
		b.amount("predicted_ltv", c.PredictedLTV)
	case atNetRevenue:
		b.amount("net_revenue", c.NetRevenue)
	case atEventSource:
		b.eventSource()
	case atLeadSource:
		b.Text("lead_event_source", event.Path("commerce.lead_event_source"), c.LeadEventSource)
	case atSegment:
		if !b.dest.segmentOnEvent {
			b.segmentation()
		}
	}
}

// eventSource says that a stage of a sale comes from a CRM. Meta's payload for
// such stages wants it together with lead_event_source; a lead's id is there only
// where the lead came from an ad with a form.
func (b *builder) eventSource() {
	named := b.ev.Commerce.LeadEventSource != ""
	if b.action != "system_generated" || !named && !b.keys.has(atLeadID) {
		return
	}
	b.enum("event_source", "crm")
	if !named {
		b.Notes.Add(event.Path("commerce.lead_event_source"), event.NoteAssumed)
	}
}

// segmentation appends what kind of customer it was.
func (b *builder) segmentation() {
	if kind := b.ev.Commerce.CustomerType; kind != "" {
		b.enum("customer_segmentation", segments[kind])
	}
}

func (b *builder) contentName() {
	switch items := b.ev.Commerce.Items; {
	case b.mapping.names && len(items) == 1 && items[0].Name != "":
		b.Text("content_name", event.Entry("commerce.items", 0, "name"), items[0].Name)
	case b.mapping.title:
		b.Text("content_name", event.Path("page.title"), b.ev.Page.Title)
	}
}

func (b *builder) coupons() {
	list := b.ev.Commerce.Coupons
	if !b.mapping.coupons || b.in.Sensitive || len(list) == 0 {
		return
	}
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "coupons"), '[')
	open := len(b.Dst)
	for i, s := range list {
		if clean, ok := b.Clean(event.Entry("commerce.coupons", i, ""), s); ok {
			b.Dst = jsonappend.String(jsonappend.Comma(b.Dst), clean)
		}
	}
	if len(b.Dst) == open {
		b.Dst = b.Dst[:start]
		return
	}
	b.Dst = append(b.Dst, ']')
}

// computed appends a standard key that the mapping computes. A null leaves the
// key out; a value of another type makes the event invalid, because a wrong
// number is worse than none.
func (b *builder) computed(key *customKey, f *resource.Field) {
	v := f.Value
	if v.Kind == event.Null {
		return
	}
	switch key.typ {
	case typeNumber, typeInteger:
		n, ok := payload.Float(v)
		if !ok || !jsonappend.Finite(n) || key.typ == typeInteger && (n < 0 || n != float64(int64(n))) {
			b.Refuse(decision.ProviderFieldInvalid, "a computed field is not the number that Meta expects")
			return
		}
		b.amount(key.name, event.Some(n))
	case typeFlag:
		b.Scalar("fields", identity.Vouch(key.name), v)
	case typeID:
		if v.Kind == event.Long {
			b.Dst = jsonappend.Key(b.Dst, key.name)
			b.Dst = append(jsonappend.Int(append(b.Dst, '"'), v.Long), '"')
			return
		}
		b.ID(key.name, event.Member("fields", key.name), v.Str)
	case typeEnum:
		if !slices.Contains(enums[key.name], v.Str) {
			b.Refuse(decision.ProviderFieldInvalid, "a computed field is not one of Meta's values")
			return
		}
		b.enum(key.name, v.Str)
	case typeText, typeList:
		if v.Kind != event.String {
			b.Refuse(decision.ProviderFieldInvalid, "a computed field is not a string")
			return
		}
		b.Text(key.name, event.Member("fields", key.name), v.Str)
	}
}

// property appends one custom property of the event.
func (b *builder) property(name identity.Clean) {
	for i := range b.ev.Properties {
		if p := &b.ev.Properties[i]; p.Key == name.Text() {
			b.Scalar("properties", name, p.Value)
			return
		}
	}
}

// amount appends a number where it is one.
func (b *builder) amount(key string, v event.Opt[float64]) {
	b.Amount(key, v, decimals)
}

// enum appends a value that has been compared with a fixed list.
func (b *builder) enum(key, s string) {
	if s != "" {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, key), identity.Vouch(s))
	}
}
