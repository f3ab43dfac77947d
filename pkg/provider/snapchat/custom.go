package snapchat

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// decimals is how many places an amount keeps: computed values carry the noise of
// binary fractions.
const decimals = 4

// valueType is what a computed field must be.
type valueType uint8

const (
	typeNumber  valueType = iota // not negative
	typeInteger                  // whole, not negative
	typeID                       // text that is judged as an id
	typeText
)

// fieldTypes are the keys of custom_data that a mapping may compute. value and
// currency replace the event's.
var fieldTypes = map[string]valueType{
	"value": typeNumber, "currency": typeText, "order_id": typeID, "num_items": typeInteger, "content_category": typeText, "content_name": typeText,
	"content_type": typeText, "brands": typeText, "search_string": typeText, "sign_up_method": typeText, "status": typeText,
	"predicted_ltv": typeNumber, "event_tag": typeText,
}

// numberFields and textFields are what the plan checks of expressions.
var (
	numberFields = []string{"num_items", "predicted_ltv", "value"}
	textFields   = []string{"brands", "content_category", "content_name", "content_type", "currency", "event_tag", "search_string", "sign_up_method", "status"}
)

// custom appends what was bought, where there is anything to say.
func (b *builder) custom() {
	o := b.Object("custom_data")
	b.Amount("value", b.Value, decimals)
	if b.Currency != "" && b.priced() {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currency"), identity.Vouch(b.Currency))
	}
	c := &b.Event.Commerce
	if !b.computed("order_id") {
		b.ID("order_id", event.Path("commerce.transaction_id"), c.TransactionID)
	}
	b.items()
	if !b.In.Sensitive {
		if !b.computed("search_string") && b.mapping.search {
			b.Text("search_string", event.Path("commerce.search_term"), c.SearchTerm)
		}
		b.single()
		for _, name := range [...]string{"content_type", "brands", "sign_up_method", "status", "event_tag"} {
			b.computed(name)
		}
	}
	b.computed("predicted_ltv")
	fields := b.Object("custom_fields")
	for _, name := range b.mapping.properties {
		b.property(name)
	}
	b.Close(fields)
	b.Close(o)
}

// single appends name and category of a cart's only article.
func (b *builder) single() {
	items := b.Event.Commerce.Items
	one := len(items) == 1
	if !b.computed("content_category") && one && b.mapping.categories {
		b.Text("content_category", event.Entry("commerce.items", 0, "category"), items[0].Category)
	}
	if !b.computed("content_name") && one && b.mapping.names {
		b.Text("content_name", event.Entry("commerce.items", 0, "name"), items[0].Name)
	}
}

// priced reports whether an amount of money leaves.
func (b *builder) priced() bool {
	if _, ltv := b.In.Field("predicted_ltv"); b.Value.Set || ltv {
		return true
	}
	for i := range b.Event.Commerce.Items {
		if b.Event.Commerce.Items[i].Price.Set {
			return true
		}
	}
	return false
}

// items appends how many articles the cart has, their ids, and its lines. Of a cart
// where a line does not say, nobody knows how many they are.
func (b *builder) items() {
	b.NoteLines()
	articles, counted, some := int64(0), true, false
	for i := range b.Event.Commerce.Items {
		if l, ok := b.Line(i); ok {
			articles += l.Quantity
			counted, some = counted && l.Item.Quantity.Set, true
		}
	}
	if !b.computed("num_items") && some && counted {
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "num_items"), articles)
	}
	ids := b.Array("content_ids")
	for i := range b.Event.Commerce.Items {
		if l, ok := b.Line(i); ok {
			b.Dst = jsonappend.String(jsonappend.Comma(b.Dst), l.ID)
		}
	}
	b.Close(ids)
	lines := b.Array("contents")
	for i := range b.Event.Commerce.Items {
		if l, ok := b.Line(i); ok {
			b.line(&l)
		}
	}
	b.Close(lines)
}

// line appends one line of the cart, whose numbers are strings unless the
// destination says otherwise.
func (b *builder) line(l *conversion.Line) {
	b.Dst = append(jsonappend.Comma(b.Dst), '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "id"), l.ID)
	if l.Item.Quantity.Set {
		b.quote(jsonappend.Key(b.Dst, "quantity"))
		b.Dst = jsonappend.Int(b.Dst, l.Quantity)
		b.quote(b.Dst)
	}
	if b.Currency != "" && l.Price.Set && jsonappend.Finite(l.Price.Value) {
		b.quote(jsonappend.Key(b.Dst, "item_price"))
		b.Dst = jsonappend.Decimal(b.Dst, l.Price.Value, decimals)
		b.quote(b.Dst)
	}
	if b.mapping.brands && !b.In.Sensitive {
		b.Text("brand", event.Entry("commerce.items", l.Index, "brand"), l.Item.Brand)
	}
	b.Dst = append(b.Dst, '}')
}

// quote appends the quotation mark around a number that is written as a string.
func (b *builder) quote(dst []byte) {
	if b.Dst = dst; !b.dest.numbers {
		b.Dst = append(dst, '"')
	}
}

// computed appends a field that the mapping computes, and false where it does not.
// A null leaves the key out; a value of another type makes the event invalid,
// because a wrong number is worse than none.
func (b *builder) computed(name string) bool {
	f, ok := b.In.Field(name)
	if !ok {
		return false
	}
	if f.Value.Kind == event.Null {
		return true
	}
	switch of := fieldTypes[name]; of {
	case typeNumber, typeInteger:
		n, number := payload.Float(f.Value)
		if !number || !jsonappend.Finite(n) || n < 0 || of == typeInteger && n != float64(int64(n)) {
			b.Refuse(decision.ProviderFieldInvalid, "a computed field is not the number that Snapchat takes")
			return true
		}
		b.Amount(name, event.Some(n), decimals)
	case typeID:
		b.computedID(f)
	case typeText:
		if f.Value.Kind != event.String {
			b.Refuse(decision.ProviderFieldInvalid, "a computed field is not a string")
			return true
		}
		b.Text(name, event.Member("fields", name), f.Value.Str)
	}
	return true
}

// computedID appends an id, which may be computed as a number and leaves as text.
func (b *builder) computedID(f *resource.Field) {
	if f.Value.Kind != event.Long {
		b.ID(f.Name, event.Member("fields", f.Name), f.Value.Str)
		return
	}
	if payload.SuspectNumber(f.Value) {
		b.Refused(event.Member("fields", f.Name))
		return
	}
	b.Dst = append(jsonappend.Key(b.Dst, f.Name), '"')
	b.Dst = append(jsonappend.Int(b.Dst, f.Value.Long), '"')
}

// property appends one custom property of the event that the mapping names, and no
// text where the data is sensitive.
func (b *builder) property(name identity.Clean) {
	for i := range b.Event.Properties {
		if p := &b.Event.Properties[i]; p.Key == name.Text() {
			if p.Value.Kind != event.String || !b.In.Sensitive {
				b.Scalar("properties", name, p.Value)
			}
			return
		}
	}
}
