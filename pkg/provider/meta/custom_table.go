package meta

import "strings"

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
