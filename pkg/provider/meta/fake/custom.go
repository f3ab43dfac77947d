package fake

import (
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

var contentTypes = set("product", "product_group", "hotel", "flight", "destination", "vehicle", "home_listing",
	"vehicle_offer", "automotive_model", "media_title", "local_service_business", "hotel_room")

var deliveryCategories = set("in_store", "curbside", "home_delivery")

// customTypes are the kinds of the standard keys of custom_data; every other
// key is a custom property and free.
var customTypes = map[string][]jsontree.Kind{
	"value": {jsontree.Number}, "predicted_ltv": {jsontree.Number}, "net_revenue": {jsontree.Number},
	"currency": {jsontree.String}, "content_name": {jsontree.String}, "content_category": {jsontree.String},
	"content_ids": {jsontree.Array}, "contents": {jsontree.Array}, "content_type": {jsontree.String},
	"order_id": {jsontree.String}, "num_items": {jsontree.Number}, "search_string": {jsontree.String},
	"status": {jsontree.String, jsontree.Bool}, "delivery_category": {jsontree.String},
	"item_number": {jsontree.String}, "lead_event_source": {jsontree.String}, "event_source": {jsontree.String},
	"product_catalog_id": {jsontree.String}, "customer_segmentation": {jsontree.String},
}

func (c *check) customData() *Refusal {
	path := c.field("custom_data")
	data := c.event.Get("custom_data")
	if data.Kind != jsontree.Absent && data.Kind != jsontree.Object {
		return badParam(path, "must be an object")
	}
	for _, m := range data.Members {
		if r := customKey(m, fmt.Sprintf("%s['%s']", path, m.Name)); r != nil {
			return r
		}
	}
	if r := c.money(data); r != nil {
		return r
	}
	return contents(data.Get("contents"), path+"['contents']")
}

func customKey(m jsontree.Member, path string) *Refusal {
	kinds, standard := customTypes[m.Name]
	if !standard {
		return nil
	}
	match := false
	for _, k := range kinds {
		match = match || m.Value.Kind == k
	}
	if !match {
		return badParam(path, "must be a "+kinds[0].String())
	}
	switch m.Name {
	case "num_items":
		if v, ok := m.Value.Int(); !ok || v < 0 {
			return badParam(path, "must be an integer")
		}
	case "content_ids":
		for i, id := range m.Value.Items {
			if id.Kind != jsontree.String || id.Text == "" {
				return badParam(fmt.Sprintf("%s[%d]", path, i), "must be a non-empty string")
			}
		}
	case "content_type":
		if !in(contentTypes, m.Value.Text) {
			return badParam(path, "must be one of {product, product_group, ...}")
		}
	case "delivery_category":
		if !in(deliveryCategories, m.Value.Text) {
			return badParam(path, "must be one of {in_store, curbside, home_delivery}")
		}
	case "customer_segmentation":
		if !in(segmentations, m.Value.Text) {
			return badParam(path, "must be one of the known segments")
		}
	}
	return nil
}

// money are the rules of value and currency.
func (c *check) money(data jsontree.Node) *Refusal {
	value, code := data.Has("value"), data.Get("currency")
	if c.name == "Purchase" {
		if !value {
			return invalid(subNoValue, "Purchase events need a value.")
		}
		if code.Kind == jsontree.Absent || code.Text == "" {
			return invalid(subNoCurrency, "Purchase events need a currency.")
		}
	}
	if (value || code.Kind != jsontree.Absent) && !currency.Known(strings.ToUpper(code.Text)) {
		return invalid(subCurrency, "The currency must be an ISO 4217 code of three letters.")
	}
	return nil
}

var itemTypes = map[string]jsontree.Kind{
	"item_price": jsontree.Number, "title": jsontree.String, "description": jsontree.String,
	"brand": jsontree.String, "category": jsontree.String, "delivery_category": jsontree.String,
}

func contents(list jsontree.Node, path string) *Refusal {
	for i, item := range list.Items {
		p := fmt.Sprintf("%s[%d]", path, i)
		if item.Kind != jsontree.Object {
			return invalid(subContents, "Every entry of contents must be an object.")
		}
		if id := item.Get("id"); id.Kind != jsontree.String || id.Text == "" {
			return invalid(subContents, "Every entry of contents needs an id.")
		}
		q, ok := item.Get("quantity").Float()
		if !ok || q < 0 {
			return invalid(subContents, "Every entry of contents needs a quantity.")
		}
		for _, m := range item.Members {
			if kind, standard := itemTypes[m.Name]; standard && kind != m.Value.Kind {
				return badParam(fmt.Sprintf("%s['%s']", p, m.Name), "must be a "+kind.String())
			}
		}
		if d := item.Get("delivery_category"); d.Kind != jsontree.Absent && !in(deliveryCategories, d.Text) {
			return badParam(p+"['delivery_category']", "must be one of {in_store, curbside, home_delivery}")
		}
	}
	return nil
}
