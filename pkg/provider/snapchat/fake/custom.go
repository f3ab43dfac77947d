package fake

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/currency"
	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

// customTypes are the kinds of the keys of custom_data; other keys stand in
// custom_fields.
var customTypes = map[string]jsontree.Kind{
	"value": jsontree.Number, "currency": jsontree.String, "order_id": jsontree.String, "num_items": jsontree.Number,
	"content_ids": jsontree.Array, "contents": jsontree.Array, "content_category": jsontree.String, "content_name": jsontree.String,
	"content_type": jsontree.String, "brands": jsontree.String, "search_string": jsontree.String, "sign_up_method": jsontree.String,
	"status": jsontree.String, "predicted_ltv": jsontree.Number, "event_tag": jsontree.String, "custom_fields": jsontree.Object,
}

var contentKeys = set("id", "quantity", "item_price", "delivery_category", "brand")

func (c *check) custom() *Refusal {
	data := c.event.Get("custom_data")
	if data.Kind != jsontree.Absent && (data.Kind != jsontree.Object || len(data.Members) == 0) {
		return bad(codeShape, "custom_data", "must be an object")
	}
	for _, m := range data.Members {
		if r := customKey(m); r != nil {
			return r
		}
	}
	if code := data.Get("currency"); code.Kind != jsontree.Absent && !currency.Known(code.Text) {
		return bad(codeMoney, "custom_data.currency", "must be an ISO 4217 code")
	}
	if data.Has("value") && !data.Has("currency") || c.name == "PURCHASE" && !data.Has("value") {
		return bad(codeMoney, "custom_data", "needs value and currency")
	}
	for i, id := range data.Get("content_ids").Items {
		if id.Kind != jsontree.String || blank(id.Text) {
			return bad(codeShape, "custom_data.content_ids."+strconv.Itoa(i), "must be a string")
		}
	}
	return contents(data)
}

func customKey(m jsontree.Member) *Refusal {
	path := "custom_data." + short(m.Name)
	want, known := customTypes[m.Name]
	switch {
	case !known:
		return bad(codeShape, path, "is not known")
	case m.Value.Kind != want:
		return bad(codeShape, path, "must be a "+want.String())
	case want == jsontree.String && blank(m.Value.Text), want == jsontree.Array && len(m.Value.Items) == 0, want == jsontree.Object && len(m.Value.Members) == 0:
		return bad(codeShape, path, "must not be empty")
	case want == jsontree.Number && strings.ContainsAny(m.Value.Text, "-eE"):
		return bad(codeMoney, path, "must be a plain number, not negative")
	}
	if m.Name == "num_items" {
		if _, ok := m.Value.Int(); !ok {
			return bad(codeShape, path, "must be an integer")
		}
	}
	if m.Name == "custom_fields" {
		for _, f := range m.Value.Members {
			if k := f.Value.Kind; k != jsontree.String && k != jsontree.Number && k != jsontree.Bool {
				return bad(codeShape, path+"."+short(f.Name), "must be one value")
			}
		}
	}
	return nil
}

// contents are lines of strings, as documents and SDK have them, or with numbers,
// as the official server tag sends them.
func contents(data jsontree.Node) *Refusal {
	for i, item := range data.Get("contents").Items {
		path := "custom_data.contents." + strconv.Itoa(i)
		if item.Kind != jsontree.Object {
			return bad(codeShape, path, "must be an object")
		}
		if id := item.Get("id"); id.Kind != jsontree.String || blank(id.Text) {
			return bad(codeMissing, path+".id", "must be a string")
		}
		for _, m := range item.Members {
			number := m.Name == "quantity" || m.Name == "item_price"
			switch {
			case !in(contentKeys, m.Name):
				return bad(codeShape, path+"."+short(m.Name), "is not known")
			case m.Value.Kind != jsontree.String && (!number || m.Value.Kind != jsontree.Number):
				return bad(codeShape, path+"."+m.Name, "must be a string")
			case number && !plainNumber(m.Value.Text), blank(m.Value.Text):
				return bad(codeShape, path+"."+m.Name, "must be a plain number")
			}
		}
	}
	return nil
}

// plainNumber accepts digits with at most one dot between them.
func plainNumber(s string) bool {
	whole, fraction, dotted := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return digits(whole) && (!dotted || digits(fraction))
}
