package tiktok

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

// currencies are the codes that TikTok lists. Others of ISO 4217, such as BGN,
// would refuse the whole request.
var currencies = func() map[string]bool {
	m := map[string]bool{}
	for _, code := range []string{
		"AED", "ARS", "AUD", "BDT", "BHD", "BIF", "BOB", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CRC", "CZK", "DKK", "DZD", "EGP", "EUR", "GBP",
		"GTQ", "HKD", "HNL", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KHR", "KRW", "KWD", "KZT", "MAD", "MOP", "MXN", "MYR", "NGN", "NIO",
		"NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VES",
		"VND", "ZAR",
	} {
		m[code] = true
	}
	return m
}()

// valueType is what a computed field must be.
type valueType uint8

const (
	typeNumber  valueType = iota // not negative
	typeInteger                  // whole, not negative
	typeID                       // text that is judged as an id
	typeText
	typeContent // product or product_group
)

// fieldTypes are the keys of properties that a mapping may compute. value and
// currency replace the event's. predicted_ltv, delivery_category and customer_type
// are known from two other senders only, and leave nowhere unless computed.
var fieldTypes = map[string]valueType{
	"value": typeNumber, "currency": typeText, "content_type": typeContent, "num_items": typeInteger, "order_id": typeID, "shop_id": typeID,
	"search_string": typeText, "description": typeText, "predicted_ltv": typeNumber, "delivery_category": typeText, "customer_type": typeText,
}

// numberFields and textFields are what the plan checks of expressions.
var (
	numberFields = []string{"num_items", "predicted_ltv", "value"}
	textFields   = []string{"content_type", "currency", "customer_type", "delivery_category", "description", "search_string"}
)

// money settles value and currency. TikTok takes a purchase without a value, but
// no amount without one of its currencies.
func (b *builder) money() {
	b.Money(conversion.Optional)
	b.Negative()
	if b.Currency == "" || currencies[b.Currency] {
		return
	}
	if b.Value.Set {
		b.Refuse(decision.ProviderCurrencyInvalid, "currency is none of those that TikTok takes")
	} else {
		b.Notes.Add(event.Path("commerce.currency"), event.NoteInvalid)
	}
	b.Currency = ""
}

// propertiesObject appends what was bought, where there is anything to say.
func (b *builder) propertiesObject() {
	o := b.Object("properties")
	if b.Currency != "" && b.priced() {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currency"), identity.Vouch(b.Currency))
	}
	b.Amount("value", b.Value, decimals)
	c := &b.Event.Commerce
	if !b.computed("order_id") {
		b.ID("order_id", event.Path("commerce.transaction_id"), c.TransactionID)
	}
	if !b.computed("shop_id") {
		b.ID("shop_id", event.Path("commerce.store_id"), c.StoreID)
	}
	b.contents()
	if !b.In.Sensitive {
		if !b.computed("search_string") && b.mapping.search {
			b.Text("search_string", event.Path("commerce.search_term"), c.SearchTerm)
		}
		b.computed("description")
		b.computed("delivery_category")
		b.computed("customer_type")
	}
	b.computed("predicted_ltv")
	b.Close(o)
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

// contents appends the cart's lines, their kind and how many articles they are: of
// a cart where a line does not say, nobody knows.
func (b *builder) contents() {
	list := b.Array("contents")
	articles, counted := int64(0), true
	b.NoteLines()
	for i := range b.Event.Commerce.Items {
		l, ok := b.Line(i)
		if !ok {
			continue
		}
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "content_id"), l.ID)
		if l.Item.Quantity.Set {
			b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "quantity"), l.Quantity)
		}
		if b.Currency != "" {
			b.Amount("price", l.Price, decimals)
		}
		b.lineNames(&l)
		b.Dst = append(b.Dst, '}')
		articles += l.Quantity
		counted = counted && l.Item.Quantity.Set
	}
	some := b.Close(list)
	if !b.computed("content_type") && some {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "content_type"), identity.Literal("product"))
	}
	if !b.computed("num_items") && some && counted {
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "num_items"), articles)
	}
}

// lineNames appends what the mapping includes, and nothing where the data is
// sensitive.
func (b *builder) lineNames(l *conversion.Line) {
	if b.In.Sensitive {
		return
	}
	if b.mapping.names {
		b.Text("content_name", event.Entry("commerce.items", l.Index, "name"), l.Item.Name)
	}
	if b.mapping.categories {
		b.Text("content_category", event.Entry("commerce.items", l.Index, "category"), l.Item.Category)
	}
	if b.mapping.brands {
		b.Text("brand", event.Entry("commerce.items", l.Index, "brand"), l.Item.Brand)
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
			b.Refuse(decision.ProviderFieldInvalid, "a computed field is not the number that TikTok takes")
			return true
		}
		b.Amount(name, event.Some(n), decimals)
	case typeID:
		b.computedID(f)
	case typeContent:
		if f.Value.Str != "product" && f.Value.Str != "product_group" {
			b.Refuse(decision.ProviderFieldInvalid, "fields.content_type is neither product nor product_group")
			return true
		}
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, name), identity.Vouch(f.Value.Str))
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
