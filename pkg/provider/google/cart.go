package google

import (
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// maxParameters bounds lists for which Google documents no limit.
const maxParameters = 100

// appendCart appends cartData, which Google wants with items or not at all.
// Quantities are strings, because they are 64-bit integers.
func (b *build) appendCart(dst []byte) []byte {
	c := &b.e.Commerce
	if len(c.Items) == 0 || !b.a.analytics() && b.signals.ignoresCart() {
		return dst
	}
	start := len(dst)
	dst = append(jsonappend.Key(dst, "cartData"), '{')
	if m := &b.a.merchant; !b.a.analytics() {
		dst = appendSetting(dst, "merchantId", m.id)
		dst = appendSetting(dst, "merchantFeedLabel", m.feedLabel)
		dst = appendSetting(dst, "merchantFeedLanguageCode", m.language)
	}
	if d := b.discount(); d.Set && jsonappend.Finite(d.Value) {
		dst = jsonappend.Decimal(jsonappend.Key(dst, "transactionDiscount"), d.Value, 6)
	}
	dst = b.appendCoupons(dst)
	dst = append(jsonappend.Key(dst, "items"), '[')
	items := len(dst)
	for i := range c.Items {
		dst = b.appendItem(dst, i)
	}
	if len(dst) == items {
		return dst[:start]
	}
	return append(dst, ']', '}')
}

func appendSetting(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return jsonappend.String(jsonappend.Key(dst, key), identity.Vouch(value))
}

func (b *build) discount() event.Opt[float64] {
	for i := range b.in.Fields {
		if f := &b.in.Fields[i]; f.Name == "discount" {
			v, ok := number(f.Value)
			return event.Opt[float64]{Value: v, Set: ok}
		}
	}
	return b.e.Commerce.Discount
}

// appendCoupons appends the coupons that the mapping includes; Google
// Analytics takes one.
func (b *build) appendCoupons(dst []byte) []byte {
	if !b.in.Route.Mapping.Include["coupons"] {
		return dst
	}
	n := 0
	for i, coupon := range b.e.Commerce.Coupons {
		c, ok := b.clean(event.Entry("commerce.coupons", i, ""), coupon)
		if !ok || b.a.analytics() && n == 1 {
			continue
		}
		if n++; n == 1 {
			dst = append(jsonappend.Key(dst, "couponCodes"), '[')
		}
		dst = jsonappend.String(jsonappend.Comma(dst), c)
	}
	if n > 0 {
		dst = append(dst, ']')
	}
	return dst
}

// appendItem appends one item: id, quantity, price. An item whose id looks
// like personal data, or that has none, stays here.
func (b *build) appendItem(dst []byte, i int) []byte {
	item := &b.e.Commerce.Items[i]
	text := item.ID
	if i < len(b.in.ItemIDs) {
		text = b.in.ItemIDs[i]
	}
	id, why := payload.ItemID(item, identity.Trim(text))
	switch why {
	case "":
	case event.NoteUnsafe:
		b.refused(event.Entry("commerce.items", i, "id"))
		return dst
	default:
		b.notes.Add(event.Entry("commerce.items", i, ""), why)
		return dst
	}
	key := "merchantProductId"
	if b.a.analytics() {
		key = "itemId"
	}
	dst = append(jsonappend.Comma(dst), '{')
	dst = jsonappend.String(jsonappend.Key(dst, key), id)
	if item.Quantity.Set {
		dst = append(jsonappend.Key(dst, "quantity"), '"')
		dst = append(jsonappend.Int(dst, item.Quantity.Value), '"')
	}
	if item.Price.Set && jsonappend.Finite(item.Price.Value) {
		dst = jsonappend.Decimal(jsonappend.Key(dst, "unitPrice"), item.Price.Value, 6)
	}
	if b.a.analytics() && !b.in.Sensitive {
		dst = b.appendItemNames(dst, i)
	}
	return append(dst, '}')
}

// appendItemNames appends what the mapping includes of an item's description.
func (b *build) appendItemNames(dst []byte, i int) []byte {
	item := &b.e.Commerce.Items[i]
	start := len(dst)
	dst = append(jsonappend.Key(dst, "additionalItemParameters"), '[')
	list := len(dst)
	include := b.in.Route.Mapping.Include
	for _, p := range [...]struct{ include, name, member, value string }{
		{"item_names", "item_name", "name", item.Name},
		{"item_brands", "item_brand", "brand", item.Brand},
		{"item_categories", "item_category", "category", item.Category},
		{"item_names", "item_variant", "variant", item.Variant},
	} {
		if p.value != "" && include[p.include] {
			dst = b.appendParameter(dst, event.Entry("commerce.items", i, p.member), "parameterName", identity.Vouch(p.name), p.value)
		}
	}
	if len(dst) == list {
		return dst[:start]
	}
	return append(dst, ']')
}

// appendParameter appends {nameKey: name, "value": value}, nothing where the
// value looks like personal data.
func (b *build) appendParameter(dst []byte, at event.At, nameKey string, name identity.Clean, value string) []byte {
	c, ok := b.clean(at, value)
	if !ok {
		return dst
	}
	dst = append(jsonappend.Comma(dst), '{')
	dst = jsonappend.String(jsonappend.Key(dst, nameKey), name)
	return append(jsonappend.String(jsonappend.Key(dst, "value"), c), '}')
}
