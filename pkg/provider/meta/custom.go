package meta

import (
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/resource"
)

// decimals is how many places an amount keeps: computed values carry the noise
// of binary fractions.
const decimals = 4

// customData appends custom_data where there is anything to say: standard keys
// in the order of the table, each computed by the mapping or taken from the
// event, then what else the mapping computes, then the custom properties that it
// names.
func (b *builder) customData() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "custom_data"), '{')
	open := len(b.dst)
	for i := range customKeys {
		key := &customKeys[i]
		if b.in.Sensitive && key.named {
			continue
		}
		if f, ok := b.field(key.name); ok && i != atValue && i != atCurrency {
			b.computed(key, f)
			continue
		}
		b.native(i)
	}
	for i := range b.in.Fields {
		if f := &b.in.Fields[i]; findCustomKey(f.Name) < 0 {
			b.scalar(identity.Vouch(f.Name), f.Value)
		}
	}
	b.coupons()
	for i := range b.mapping.properties {
		b.property(b.mapping.properties[i])
	}
	if len(b.dst) == open {
		b.dst = b.dst[:start]
		return
	}
	b.dst = append(b.dst, '}')
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
		b.id("order_id", c.TransactionID)
	case atItemNumber:
		if len(c.Items) == 1 {
			b.id("item_number", c.Items[0].ItemNumber)
		}
	case atContentName:
		b.contentName()
	case atContentCategory:
		if b.mapping.categories && len(c.Items) == 1 {
			b.text("content_category", c.Items[0].Category)
		}
	case atSearch:
		if b.mapping.search {
			b.text("search_string", c.SearchTerm)
		}
	case atDelivery:
		if slices.Contains(enums["delivery_category"], c.DeliveryCategory) {
			b.enum("delivery_category", c.DeliveryCategory)
		}
	case atLTV:
		b.amount("predicted_ltv", c.PredictedLTV)
	case atNetRevenue:
		b.amount("net_revenue", c.NetRevenue)
	case atEventSource:
		if b.action == "system_generated" && b.keys.has(atLeadID) {
			b.enum("event_source", "crm")
		}
	case atLeadSource:
		b.text("lead_event_source", c.LeadEventSource)
	case atSegment:
		if !b.dest.segmentOnEvent {
			b.segmentation()
		}
	}
}

// segmentation appends what kind of customer it was.
func (b *builder) segmentation() {
	if s, ok := segments[b.ev.Commerce.CustomerType]; ok {
		b.enum("customer_segmentation", s)
	}
}

func (b *builder) contentName() {
	switch items := b.ev.Commerce.Items; {
	case b.mapping.names && len(items) == 1 && items[0].Name != "":
		b.text("content_name", items[0].Name)
	case b.mapping.title:
		b.text("content_name", b.ev.Page.Title)
	}
}

func (b *builder) coupons() {
	list := b.ev.Commerce.Coupons
	if !b.mapping.coupons || b.in.Sensitive || len(list) == 0 {
		return
	}
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "coupons"), '[')
	open := len(b.dst)
	for _, s := range list {
		if clean, ok := b.clean(s); ok {
			b.dst = jsonappend.String(jsonappend.Comma(b.dst), clean)
		}
	}
	if len(b.dst) == open {
		b.dst = b.dst[:start]
		return
	}
	b.dst = append(b.dst, ']')
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
		n, ok := floatOf(v)
		if !ok || !jsonappend.Finite(n) || key.typ == typeInteger && (n < 0 || n != float64(int64(n))) {
			b.refuse(decision.ProviderFieldInvalid, "a computed field is not the number that Meta expects")
			return
		}
		b.amount(key.name, event.Some(n))
	case typeFlag:
		b.scalar(identity.Vouch(key.name), v)
	case typeID:
		if v.Kind == event.Long {
			b.dst = jsonappend.Key(b.dst, key.name)
			b.dst = append(jsonappend.Int(append(b.dst, '"'), v.Long), '"')
			return
		}
		b.id(key.name, v.Str)
	case typeEnum:
		if !slices.Contains(enums[key.name], v.Str) {
			b.refuse(decision.ProviderFieldInvalid, "a computed field is not one of Meta's values")
			return
		}
		b.enum(key.name, v.Str)
	case typeText, typeList:
		if v.Kind != event.String {
			b.refuse(decision.ProviderFieldInvalid, "a computed field is not a string")
			return
		}
		b.text(key.name, v.Str)
	}
}

// property appends one custom property of the event.
func (b *builder) property(name identity.Clean) {
	for i := range b.ev.Properties {
		if p := &b.ev.Properties[i]; p.Key == name.Text() {
			b.scalar(name, p.Value)
			return
		}
	}
}

// scalar appends a free value under a name from the mapping.
func (b *builder) scalar(name identity.Clean, v event.Value) {
	switch v.Kind {
	case event.Null:
	case event.Boolean:
		b.dst = jsonappend.Bool(jsonappend.Name(b.dst, name), v.Bool)
	case event.Long:
		if identity.LookNumber(v.Long) != identity.NotSuspect {
			b.unsafe++
			return
		}
		b.dst = jsonappend.Int(jsonappend.Name(b.dst, name), v.Long)
	case event.Double:
		if !jsonappend.Finite(v.Double) {
			return
		}
		if abs := max(v.Double, -v.Double); abs < 1e18 && identity.LookNumber(int64(abs)) != identity.NotSuspect {
			b.unsafe++
			return
		}
		b.dst = jsonappend.Float(jsonappend.Name(b.dst, name), v.Double)
	case event.String:
		if v.Str == "" {
			return
		}
		at := len(b.dst)
		b.dst = jsonappend.Name(b.dst, name)
		if !b.freeText(v.Str) {
			b.dst = b.dst[:at]
		}
	}
}

// amount appends a number where it is one.
func (b *builder) amount(key string, v event.Opt[float64]) {
	if v.Set && jsonappend.Finite(v.Value) {
		b.dst = jsonappend.Decimal(jsonappend.Key(b.dst, key), v.Value, decimals)
	}
}

// enum appends a value that has been compared with a fixed list.
func (b *builder) enum(key, s string) {
	if s != "" {
		b.dst = jsonappend.String(jsonappend.Key(b.dst, key), identity.Vouch(s))
	}
}

// id appends an id unless it looks like personal data.
func (b *builder) id(key, s string) {
	if s == "" {
		return
	}
	clean, ok := identity.CleanID(s)
	if !ok {
		b.unsafe++
		return
	}
	b.dst = jsonappend.String(jsonappend.Key(b.dst, key), clean)
}

// text appends free text unless it looks like personal data or a secret.
func (b *builder) text(key, s string) {
	if s == "" {
		return
	}
	at := len(b.dst)
	b.dst = jsonappend.Key(b.dst, key)
	if !b.freeText(s) {
		b.dst = b.dst[:at]
	}
}

// freeText appends the value alone. A URL passes the same scrubbing as the
// page's.
func (b *builder) freeText(s string) bool {
	if strings.Contains(s, "://") {
		out, unsafe, ok := identity.AppendURL(b.scratch[:0], s, b.urls)
		b.scratch = out
		b.unsafe += int32(unsafe)
		if !ok {
			b.unsafe++
			return false
		}
		b.dst = jsonappend.Bytes(b.dst, identity.VouchBytes(out))
		return true
	}
	clean, ok := b.clean(s)
	if ok {
		b.dst = jsonappend.String(b.dst, clean)
	}
	return ok
}

// clean checks free text and counts what is refused.
func (b *builder) clean(s string) (identity.Clean, bool) {
	clean, ok := identity.CleanText(s)
	if !ok {
		b.unsafe++
	}
	return clean, ok && s != ""
}
