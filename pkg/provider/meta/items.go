package meta

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// itemID gives the id of item i as the mapping computes it, else its own. An
// item without one is left out: Meta refuses the whole request because of it.
// So is one whose id looks like personal data, and a line that sells nothing.
func (b *builder) itemID(i int) (id identity.Clean, why event.NoteCode) {
	item := &b.ev.Commerce.Items[i]
	s := item.ID
	if i < len(b.in.ItemIDs) {
		s = b.in.ItemIDs[i]
	}
	s = identity.Trim(s)
	if i < maxNoted && b.safeItems&(1<<i) != 0 {
		return identity.Vouch(s), "" // noteItems has checked it
	}
	return payload.ItemID(item, s)
}

// maxNoted is how many items' ids are checked once, not by each key that asks.
const maxNoted = 64

// noteItems checks the items' ids, which four keys ask about.
func (b *builder) noteItems() {
	for i := range min(len(b.ev.Commerce.Items), maxNoted) {
		if _, why := b.itemID(i); why == "" {
			b.safeItems |= 1 << i
		}
	}
}

func quantity(item *event.Item) int64 {
	if item.Quantity.Set {
		return item.Quantity.Value
	}
	return 1
}

func (b *builder) hasItems() bool {
	for i := range b.ev.Commerce.Items {
		if _, why := b.itemID(i); why == "" {
			return true
		}
	}
	return false
}

func (b *builder) contentIDs() {
	if !b.hasItems() {
		return
	}
	b.Dst = append(jsonappend.Key(b.Dst, "content_ids"), '[')
	for i := range b.ev.Commerce.Items {
		if id, why := b.itemID(i); why == "" {
			b.Dst = jsonappend.String(jsonappend.Comma(b.Dst), id)
		}
	}
	b.Dst = append(b.Dst, ']')
}

// contents appends the cart's lines: id, quantity and price, and names only
// where the mapping includes them and nothing is sensitive.
func (b *builder) contents() {
	items := b.ev.Commerce.Items
	kept := false
	for i := range items {
		id, why := b.itemID(i)
		if why != "" {
			b.LineLeftOut(i, why)
			continue
		}
		if !kept {
			b.Dst = append(jsonappend.Key(b.Dst, "contents"), '[')
			kept = true
		}
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "id"), id)
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "quantity"), quantity(&items[i]))
		b.amount("item_price", items[i].Price)
		b.itemNames(i)
		b.Dst = append(b.Dst, '}')
	}
	if kept {
		b.Dst = append(b.Dst, ']')
	}
}

func (b *builder) itemNames(i int) {
	if b.in.Sensitive {
		return
	}
	item := &b.ev.Commerce.Items[i]
	if b.mapping.names {
		b.Text("title", event.Entry("commerce.items", i, "name"), item.Name)
	}
	if b.mapping.brands {
		b.Text("brand", event.Entry("commerce.items", i, "brand"), item.Brand)
	}
	if b.mapping.categories {
		b.Text("category", event.Entry("commerce.items", i, "category"), item.Category)
	}
}

func (b *builder) numItems() {
	n := int64(0)
	for i := range b.ev.Commerce.Items {
		if _, why := b.itemID(i); why == "" {
			n += quantity(&b.ev.Commerce.Items[i])
		}
	}
	if n > 0 {
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "num_items"), n)
	}
}

// original appends the earlier event that this one amends.
func (b *builder) original() {
	o := &b.ev.Original
	if *o == (event.Original{}) {
		return
	}
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "original_event_data"), '{')
	open := len(b.Dst)
	if o.Name == b.ev.Name && o.Name != "" {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "event_name"), b.mapping.name)
	} else if target, _, ok := commerceEvent(o.Name); ok {
		b.enum("event_name", target)
	} else {
		b.Text("event_name", event.Path("original.event_name"), o.Name)
	}
	if o.Time > 0 {
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "event_time"), min(o.Time, b.in.Now)/second)
	}
	b.ID("order_id", event.Path("original.transaction_id"), o.TransactionID)
	b.ID("event_id", event.Path("original.event_id"), o.ID)
	if len(b.Dst) == open {
		b.Dst = b.Dst[:start]
		if b.mapping.name.Text() == appendValue {
			b.Refuse(decision.ProviderFieldInvalid, "nothing usable is left of original, which AppendValue needs")
		}
		return
	}
	b.Dst = append(b.Dst, '}')
}
