package meta

import (
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// itemID gives the id of item i as the mapping computes it, else its own. An
// item without one is left out: Meta refuses the whole request because of it.
// So is one whose id looks like personal data, which unsafe tells, and one with
// a negative quantity.
func (b *builder) itemID(i int) (id identity.Clean, unsafe, ok bool) {
	item := &b.ev.Commerce.Items[i]
	s := item.ID
	if i < len(b.in.ItemIDs) {
		s = b.in.ItemIDs[i]
	}
	if s == "" || item.Quantity.Set && item.Quantity.Value < 0 {
		return identity.Clean{}, false, false
	}
	id, ok = identity.CleanID(s)
	return id, !ok, ok
}

func quantity(item *event.Item) int64 {
	if item.Quantity.Set {
		return item.Quantity.Value
	}
	return 1
}

func (b *builder) hasItems() bool {
	for i := range b.ev.Commerce.Items {
		if _, _, ok := b.itemID(i); ok {
			return true
		}
	}
	return false
}

func (b *builder) contentIDs() {
	if !b.hasItems() {
		return
	}
	b.dst = append(jsonappend.Key(b.dst, "content_ids"), '[')
	for i := range b.ev.Commerce.Items {
		if id, _, ok := b.itemID(i); ok {
			b.dst = jsonappend.String(jsonappend.Comma(b.dst), id)
		}
	}
	b.dst = append(b.dst, ']')
}

// contents appends the cart's lines: id, quantity and price, and names only
// where the mapping includes them and nothing is sensitive.
func (b *builder) contents() {
	items := b.ev.Commerce.Items
	kept := false
	for i := range items {
		id, unsafe, ok := b.itemID(i)
		if unsafe {
			b.unsafe++
		}
		if !ok {
			continue
		}
		if !kept {
			b.dst = append(jsonappend.Key(b.dst, "contents"), '[')
			kept = true
		}
		b.dst = append(jsonappend.Comma(b.dst), '{')
		b.dst = jsonappend.String(jsonappend.Key(b.dst, "id"), id)
		b.dst = jsonappend.Int(jsonappend.Key(b.dst, "quantity"), quantity(&items[i]))
		b.amount("item_price", items[i].Price)
		b.itemNames(&items[i])
		b.dst = append(b.dst, '}')
	}
	if kept {
		b.dst = append(b.dst, ']')
	}
}

func (b *builder) itemNames(item *event.Item) {
	if b.in.Sensitive {
		return
	}
	if b.mapping.names {
		b.text("title", item.Name)
	}
	if b.mapping.brands {
		b.text("brand", item.Brand)
	}
	if b.mapping.categories {
		b.text("category", item.Category)
	}
}

func (b *builder) numItems() {
	n := int64(0)
	for i := range b.ev.Commerce.Items {
		if _, _, ok := b.itemID(i); ok {
			n += quantity(&b.ev.Commerce.Items[i])
		}
	}
	if n > 0 {
		b.dst = jsonappend.Int(jsonappend.Key(b.dst, "num_items"), n)
	}
}

// original appends the earlier event that this one amends.
func (b *builder) original() {
	o := &b.ev.Original
	if *o == (event.Original{}) {
		return
	}
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "original_event_data"), '{')
	open := len(b.dst)
	if o.Name == b.ev.Name && o.Name != "" {
		b.dst = jsonappend.String(jsonappend.Key(b.dst, "event_name"), b.mapping.name)
	} else if target, _, ok := commerceEvent(o.Name); ok {
		b.enum("event_name", target)
	} else {
		b.text("event_name", o.Name)
	}
	if o.Time > 0 {
		b.dst = jsonappend.Int(jsonappend.Key(b.dst, "event_time"), o.Time/second)
	}
	b.id("order_id", o.TransactionID)
	b.id("event_id", o.ID)
	if len(b.dst) == open {
		b.dst = b.dst[:start]
		return
	}
	b.dst = append(b.dst, '}')
}
