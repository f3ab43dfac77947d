package pinterest

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// decimals is how many places an amount keeps: computed values carry the noise
// of binary fractions.
const decimals = 4

// customData appends custom_data where there is anything to say. A field that the
// mapping computes stands instead of the event's own.
func (b *builder) customData() {
	custom := b.Object("custom_data")
	if b.Currency != "" && b.priced() {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currency"), identity.Vouch(b.Currency))
	}
	b.decimal("value", b.Value)
	if !b.computedText("order_id", true) {
		b.ID("order_id", event.Path("commerce.transaction_id"), b.Event.Commerce.TransactionID)
	}
	b.numItems()
	b.contents()
	if !b.In.Sensitive {
		b.texts()
	}
	b.lifetimeValue()
	if b.In.Restricted {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "opt_out_type"), identity.Literal("LDP"))
	}
	b.Close(custom)
	b.NoteLines()
}

// priced reports whether an amount leaves: a currency alone means nothing.
func (b *builder) priced() bool {
	if b.Value.Set {
		return true
	}
	for i := range b.Event.Commerce.Items {
		if line, ok := b.Line(i); ok && line.Price.Set {
			return true
		}
	}
	return b.lifetime().Set
}

// decimal appends an amount as Pinterest wants it: a string without exponent.
func (b *builder) decimal(key string, v event.Opt[float64]) {
	if !v.Set || !jsonappend.Finite(v.Value) || v.Value < 0 {
		return
	}
	b.Dst = append(jsonappend.Key(b.Dst, key), '"')
	b.Dst = append(jsonappend.Decimal(b.Dst, v.Value, decimals), '"')
}

// contents appends the cart: its ids, and its lines.
func (b *builder) contents() {
	items := b.Event.Commerce.Items
	ids := b.Array("content_ids")
	for i := range items {
		if line, ok := b.Line(i); ok {
			b.Dst = jsonappend.String(jsonappend.Comma(b.Dst), line.ID)
		}
	}
	b.Close(ids)
	list := b.Array("contents")
	for i := range items {
		line, ok := b.Line(i)
		if !ok {
			continue
		}
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "id"), line.ID)
		if line.Item.Quantity.Set {
			b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "quantity"), line.Quantity)
		}
		b.decimal("item_price", line.Price)
		b.lineNames(i, line.Item)
		b.Dst = append(b.Dst, '}')
	}
	b.Close(list)
}

func (b *builder) lineNames(i int, item *event.Item) {
	if b.In.Sensitive {
		return
	}
	if b.mapping.names {
		b.Text("item_name", event.Entry("commerce.items", i, "name"), item.Name)
	}
	if b.mapping.categories {
		b.Text("item_category", event.Entry("commerce.items", i, "category"), item.Category)
	}
	if b.mapping.brands {
		b.Text("item_brand", event.Entry("commerce.items", i, "brand"), item.Brand)
	}
}

// numItems appends how many pieces the cart has, where every line says it: a
// wrong number is worse than none.
func (b *builder) numItems() {
	if f, ok := b.In.Field("num_items"); ok {
		n, number := payload.Float(f.Value)
		switch {
		case f.Value.Kind == event.Null:
		case !number || n < 0 || n != float64(int64(n)):
			b.Refuse(decision.ProviderFieldInvalid, "fields.num_items is no whole number")
		default:
			b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "num_items"), int64(n))
		}
		return
	}
	n := int64(0)
	for i := range b.Event.Commerce.Items {
		line, ok := b.Line(i)
		if !ok {
			continue
		}
		if !line.Item.Quantity.Set {
			return
		}
		n += line.Quantity
	}
	if n > 0 {
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "num_items"), n)
	}
}

// texts appends names, which never leave where the data is sensitive.
func (b *builder) texts() {
	items := b.Event.Commerce.Items
	single := len(items) == 1
	if !b.computedText("content_name", false) {
		switch {
		case b.mapping.names && single && items[0].Name != "":
			b.Text("content_name", event.Entry("commerce.items", 0, "name"), items[0].Name)
		case b.mapping.title:
			b.Text("content_name", event.Path("page.title"), b.Event.Page.Title)
		}
	}
	if !b.computedText("content_category", false) && b.mapping.categories && single {
		b.Text("content_category", event.Entry("commerce.items", 0, "category"), items[0].Category)
	}
	if !b.computedText("content_brand", false) && b.mapping.brands && single {
		b.Text("content_brand", event.Entry("commerce.items", 0, "brand"), items[0].Brand)
	}
	if !b.computedText("search_string", false) && b.mapping.search {
		b.Text("search_string", event.Path("commerce.search_term"), b.Event.Commerce.SearchTerm)
	}
}

// computedText appends a text that the mapping computes; false where it computes
// none. A null leaves the member out.
func (b *builder) computedText(name string, id bool) bool {
	f, ok := b.In.Field(name)
	if !ok {
		return false
	}
	at := event.Member("fields", name)
	switch {
	case f.Value.Kind == event.Null:
	case f.Value.Kind == event.Long && id && !payload.SuspectNumber(f.Value):
		b.Dst = append(jsonappend.Int(append(jsonappend.Key(b.Dst, name), '"'), f.Value.Long), '"')
	case f.Value.Kind != event.String:
		b.Refuse(decision.ProviderFieldInvalid, "a computed field is not a string")
	case id:
		b.ID(name, at, f.Value.Str)
	default:
		b.Text(name, at, f.Value.Str)
	}
	return true
}

// lifetime is the predicted lifetime value: computed, else the event's own.
func (b *builder) lifetime() event.Opt[float64] {
	if f, ok := b.In.Field("predicted_ltv"); ok {
		v, number := payload.Float(f.Value)
		return event.Opt[float64]{Value: v, Set: number && jsonappend.Finite(v) && v >= 0}
	}
	v := b.Event.Commerce.PredictedLTV
	v.Set = v.Set && jsonappend.Finite(v.Value) && v.Value >= 0
	return v
}

func (b *builder) lifetimeValue() {
	v := b.lifetime()
	if f, ok := b.In.Field("predicted_ltv"); ok && !v.Set && f.Value.Kind != event.Null {
		b.Refuse(decision.ProviderFieldInvalid, "fields.predicted_ltv is no amount")
		return
	}
	b.decimal("predicted_ltv", v)
}
