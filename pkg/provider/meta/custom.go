package meta

import (
	"slices"
	"strings"

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

// valueType is the type that Meta expects of a key of custom_data.
type valueType uint8

const (
	typeNumber  valueType = iota
	typeInteger           // a whole number, not negative
	typeText
	typeID   // text that is judged as an id
	typeEnum // text of a fixed list; see enums
	typeFlag // text or boolean
	typeList // built from items only, never computed
)

// customKey is one standard key of custom_data.
type customKey struct {
	name string
	typ  valueType
	// named keys carry names of items or contents, or search terms: they never
	// leave where the data is sensitive.
	named bool
}

// customKeys is the table of custom_data in output order; positions are named
// below.
var customKeys = [...]customKey{
	{name: "value", typ: typeNumber},
	{name: "currency", typ: typeEnum},
	{name: "content_type", typ: typeEnum},
	{name: "content_ids", typ: typeList},
	{name: "contents", typ: typeList},
	{name: "num_items", typ: typeInteger},
	{name: "order_id", typ: typeID},
	{name: "item_number", typ: typeID},
	{name: "content_name", typ: typeText, named: true},
	{name: "content_category", typ: typeText, named: true},
	{name: "search_string", typ: typeText, named: true},
	{name: "status", typ: typeFlag},
	{name: "delivery_category", typ: typeEnum},
	{name: "predicted_ltv", typ: typeNumber},
	{name: "net_revenue", typ: typeNumber},
	{name: "event_source", typ: typeText},
	{name: "lead_event_source", typ: typeText},
	{name: "customer_segmentation", typ: typeEnum},
	{name: "product_catalog_id", typ: typeID},
}

const (
	atValue, atCurrency, atContentType, atContentIDs, atContents, atNumItems = 0, 1, 2, 3, 4, 5
	atOrderID, atItemNumber, atContentName, atContentCategory, atSearch      = 6, 7, 8, 9, 10
	atDelivery, atLTV, atNetRevenue, atEventSource, atLeadSource, atSegment  = 12, 13, 14, 15, 16, 17
)

// vertical reports whether Meta documents the key for catalogues of travel, cars
// and homes, or for apps.
func vertical(name string) bool {
	return verticalKeys[name] || strings.HasPrefix(name, "preferred_") || strings.HasPrefix(name, "suggested_")
}

// verticalKeys are the further keys that Meta documents for catalogues of
// travel, cars and homes, and for apps. They are passed on as computed.
var verticalKeys = map[string]bool{
	"availability": true, "body_style": true, "checkin_date": true, "checkout_date": true, "city": true,
	"condition_of_vehicle": true, "country": true, "departing_arrival_date": true, "departing_departure_date": true,
	"destination_airport": true, "destination_ids": true, "dma_code": true, "drivetrain": true, "exterior_color": true, "fuel_type": true,
	"hotel_score": true, "interior_color": true, "lease_end_date": true, "lease_start_date": true, "listing_type": true,
	"make": true, "model": true, "neighborhood": true, "num_adults": true, "num_children": true, "num_infants": true,
	"origin_airport": true, "postal_code": true, "price": true, "property_type": true, "region": true,
	"returning_arrival_date": true, "returning_departure_date": true, "state_of_vehicle": true, "transmission": true,
	"travel_class": true, "travel_end": true, "travel_start": true, "trim": true, "user_bucket": true, "vin": true,
	"year": true, "ad_type": true, "fb_content": true, "fb_content_id": true, "fb_description": true, "fb_level": true,
	"fb_max_rating_value": true, "fb_payment_info_available": true, "fb_registration_method": true, "fb_success": true,
}

// enums are the values that keys of a fixed list take, as Meta writes them.
var enums = map[string][]string{
	"content_type":      {"product", "product_group", "hotel", "flight", "destination", "vehicle", "home_listing"},
	"delivery_category": {"in_store", "curbside", "home_delivery"},
	"customer_segmentation": {
		"new_customer_to_business", "new_customer_to_business_line", "new_customer_to_product_area",
		"new_customer_to_medium", "existing_customer_to_business", "existing_customer_to_business_line",
		"existing_customer_to_product_area", "existing_customer_to_medium", "customer_in_loyalty_program",
	},
}

// segments translate commerce.customer_type.
var segments = map[string]string{
	"new": "new_customer_to_business", "returning": "existing_customer_to_business", "reengaged": "existing_customer_to_business",
}

// findCustomKey gives the position of a standard key, -1 where it is none.
func findCustomKey(name string) int {
	for i := range customKeys {
		if customKeys[i].name == name {
			return i
		}
	}
	return -1
}
