package reddit

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

// metadata appends what was bought, as far as the kind of event takes it.
func (b *builder) metadata() {
	data := b.Object("metadata")
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "conversion_id"), identity.Vouch(b.In.EventID))
	k := &b.mapping.kind
	if k.value {
		if b.Currency != "" && b.priced() {
			b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currency"), identity.Vouch(b.Currency))
		}
		b.Amount("value", b.Value, decimals)
	}
	if k.counted {
		b.itemCount()
	}
	b.products()
	b.Close(data)
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
	return false
}

// itemCount appends how many pieces the cart has: computed, else where every line
// says it, for a wrong number is worse than none.
func (b *builder) itemCount() {
	if f, ok := b.In.Field("item_count"); ok {
		n, number := payload.Float(f.Value)
		switch {
		case f.Value.Kind == event.Null:
		case !number || n < 0 || n != float64(int64(n)):
			b.Refuse(decision.ProviderFieldInvalid, "fields.item_count is no whole number")
		default:
			b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "item_count"), int64(n))
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
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "item_count"), n)
	}
}

// products appends the cart's lines. Prices leave only with a currency.
func (b *builder) products() {
	list := b.Array("products")
	for i := range b.Event.Commerce.Items {
		line, ok := b.Line(i)
		if !ok {
			continue
		}
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "id"), line.ID)
		if !b.In.Sensitive {
			if b.mapping.names {
				b.Text("name", event.Entry("commerce.items", i, "name"), line.Item.Name)
			}
			if b.mapping.categories {
				b.Text("category", event.Entry("commerce.items", i, "category"), line.Item.Category)
			}
		}
		if line.Item.Quantity.Set {
			b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "quantity"), line.Quantity)
		}
		if b.mapping.kind.value && b.Currency != "" {
			b.Amount("item_price", line.Price, decimals)
		}
		b.Dst = append(b.Dst, '}')
	}
	b.Close(list)
}
