package ga4

import (
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// maxCart bounds the cart, in bytes, so that the request stays below Google's limit.
const maxCart = 100 << 10

// cart appends the lines of the cart.
func (b *builder) cart() {
	b.NoteLines()
	before, n := len(b.Dst), 0
	list := b.Array("items")
	for i := range b.Event.Commerce.Items {
		line, ok := b.Line(i)
		if !ok {
			continue
		}
		if utf8.RuneCountInString(line.ID.Text()) > maxValue {
			b.Notes.Add(event.Entry("commerce.items", i, "id"), event.NoteLimit)
			continue
		}
		if n == maxItems || len(b.Dst)-before > maxCart {
			b.Notes.Add(event.Path("commerce.items"), event.NoteLimit)
			break
		}
		n++
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "item_id"), line.ID)
		b.described(i)
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "quantity"), line.Quantity)
		b.Amount("price", line.Price, decimals)
		b.Dst = append(b.Dst, '}')
	}
	if b.Close(list) {
		b.parameters++
	}
}

// described appends what the mapping includes of a line's words.
func (b *builder) described(i int) {
	if b.In.Sensitive {
		return
	}
	item, parameters := &b.Event.Commerce.Items[i], b.parameters
	for _, p := range [...]struct{ include, key, member, value string }{
		{"item_names", "item_name", "name", item.Name},
		{"item_names", "item_variant", "variant", item.Variant},
		{"item_brands", "item_brand", "brand", item.Brand},
		{"item_categories", "item_category", "category", item.Category},
	} {
		if b.t.include[p.include] && p.value != "" {
			b.text(p.key, event.Entry("commerce.items", i, p.member), p.value, maxValue)
		}
	}
	b.parameters = parameters // those of a line do not count
}
