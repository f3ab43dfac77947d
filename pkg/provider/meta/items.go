package meta

import (
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
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
	if i < maxNoted && b.safeItems&(1<<i) != 0 {
		return identity.Vouch(s), false, true // noteItems has checked it
	}
	if s == "" || item.Quantity.Set && item.Quantity.Value < 0 {
		return identity.Clean{}, false, false
	}
	id, ok = identity.CleanID(s)
	return id, !ok, ok
}

// maxNoted is how many items' ids are checked once, not by each key that asks.
const maxNoted = 64

// noteItems checks the items' ids, which four keys ask about.
func (b *builder) noteItems() {
	for i := range min(len(b.ev.Commerce.Items), maxNoted) {
		if _, _, ok := b.itemID(i); ok {
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
	b.Dst = append(jsonappend.Key(b.Dst, "content_ids"), '[')
	for i := range b.ev.Commerce.Items {
		if id, _, ok := b.itemID(i); ok {
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
		id, unsafe, ok := b.itemID(i)
		if unsafe {
			b.Unsafe++
		}
		if !ok {
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
		b.itemNames(&items[i])
		b.Dst = append(b.Dst, '}')
	}
	if kept {
		b.Dst = append(b.Dst, ']')
	}
}

func (b *builder) itemNames(item *event.Item) {
	if b.in.Sensitive {
		return
	}
	if b.mapping.names {
		b.Text("title", item.Name)
	}
	if b.mapping.brands {
		b.Text("brand", item.Brand)
	}
	if b.mapping.categories {
		b.Text("category", item.Category)
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
		b.Text("event_name", o.Name)
	}
	if o.Time > 0 {
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "event_time"), o.Time/second)
	}
	b.ID("order_id", o.TransactionID)
	b.ID("event_id", o.ID)
	if len(b.Dst) == open {
		b.Dst = b.Dst[:start]
		return
	}
	b.Dst = append(b.Dst, '}')
}
