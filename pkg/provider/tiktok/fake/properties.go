package fake

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// currencies are the codes that TikTok lists; it is not the whole of ISO 4217.
var currencies = set("AED", "ARS", "AUD", "BDT", "BHD", "BIF", "BOB", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK", "DKK", "DZD",
	"EGP", "EUR", "GBP", "GTQ", "HKD", "HNL", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KHR", "KRW", "KWD", "KZT", "MAD", "MOP",
	"MXN", "MYR", "NGN", "NIO", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RUB", "SAR", "SEK", "SGD",
	"THB", "TRY", "TWD", "UAH", "USD", "VES", "VND", "ZAR")

var (
	// propertyTypes are the kinds of the keys of properties.
	propertyTypes = map[string]jsontree.Kind{
		"value": jsontree.Number, "currency": jsontree.String, "contents": jsontree.Array, "content_ids": jsontree.Array,
		"content_type": jsontree.String, "num_items": jsontree.Number, "order_id": jsontree.String, "shop_id": jsontree.String,
		"search_string": jsontree.String, "query": jsontree.String, "description": jsontree.String, "predicted_ltv": jsontree.Number,
		"delivery_category": jsontree.String, "customer_type": jsontree.String,
	}
	contentTypes = map[string]jsontree.Kind{
		"content_id": jsontree.String, "quantity": jsontree.Number, "price": jsontree.Number, "content_name": jsontree.String,
		"content_category": jsontree.String, "brand": jsontree.String,
	}
)

func (c *check) properties() *Refusal {
	n := c.event.Get("properties")
	if n.Kind == jsontree.Absent {
		return nil
	}
	path := c.at("properties")
	if n.Kind != jsontree.Object || len(n.Members) == 0 {
		return wrong(path, "Not a valid object.")
	}
	for _, m := range n.Members {
		if r := typed(propertyTypes, m, path); r != nil {
			return r
		}
	}
	if r := listed(n, path); r != nil {
		return r
	}
	if items := n.Get("num_items"); items.Kind != jsontree.Absent {
		if v, ok := items.Int(); !ok || v < 0 {
			return wrong(path+".num_items", "Not a valid integer.")
		}
	}
	return contents(n, path)
}

// listed checks what has to be of a list, and that amounts have their currency.
func listed(n jsontree.Node, path string) *Refusal {
	code := n.Get("currency")
	if code.Kind != jsontree.Absent && !in(currencies, code.Text) {
		return wrong(path+".currency", "Must be one of the supported currencies.")
	}
	if code.Kind == jsontree.Absent && n.Has("value") {
		return wrong(path+".currency", "Missing data for required field.")
	}
	if kind := n.Get("content_type"); kind.Kind != jsontree.Absent && kind.Text != "product" && kind.Text != "product_group" {
		return wrong(path+".content_type", "Must be one of: product, product_group.")
	}
	return nil
}

// typed checks a member against the table of its object.
func typed(types map[string]jsontree.Kind, m jsontree.Member, path string) *Refusal {
	want, known := types[m.Name]
	at := path + "." + m.Name
	switch {
	case !known:
		return unknownField(path, m.Name)
	case m.Value.Kind != want:
		return wrong(at, "Not a valid "+want.String())
	case want == jsontree.String && blank(m.Value.Text):
		return wrong(at, "Not a valid string")
	case want == jsontree.Number && strings.ContainsAny(m.Value.Text, "-eE"):
		return wrong(at, "Only digits and a dot.")
	case want == jsontree.Array && len(m.Value.Items) == 0:
		return wrong(at, "Must not be empty.")
	}
	return nil
}

func contents(n jsontree.Node, path string) *Refusal {
	if n.Has("contents") && n.Has("content_ids") {
		return wrong(path+".content_ids", "Stands instead of contents.")
	}
	for i, id := range n.Get("content_ids").Items {
		if id.Kind != jsontree.String || id.Text == "" {
			return wrong(path+".content_ids."+strconv.Itoa(i), "Not a valid string")
		}
	}
	for i, item := range n.Get("contents").Items {
		at := path + ".contents." + strconv.Itoa(i)
		if item.Kind != jsontree.Object {
			return wrong(at, "Not a valid object.")
		}
		if !item.Has("content_id") {
			return wrong(at+".content_id", "Missing data for required field.")
		}
		for _, m := range item.Members {
			if r := typed(contentTypes, m, at); r != nil {
				return r
			}
		}
		if item.Has("price") && !n.Has("currency") {
			return wrong(path+".currency", "Missing data for required field.")
		}
	}
	return nil
}
