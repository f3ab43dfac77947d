package webhook

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// decimals is how many places an amount keeps: computed values carry the
// noise of binary fractions.
const decimals = 4

// money settles value and currency: computed fields first, then the event's
// own, then the destination's default currency. A refund may be negative.
func (b *builder) money() {
	b.value = b.ev.Commerce.Value
	if f, ok := b.in.Field("value"); ok {
		v, number := payload.Float(f.Value)
		b.value = event.Opt[float64]{Value: v, Set: number}
		if !number && f.Value.Kind != event.Null {
			b.Refuse(decision.ProviderFieldInvalid, "fields.value is not a number")
		}
	}
	if b.value.Set && !jsonappend.Finite(b.value.Value) {
		b.Refuse(decision.ProviderFieldInvalid, "value is not a number")
		b.value = event.Opt[float64]{}
	}
	given := payload.Currency(b.ev)
	if f, ok := b.in.Field("currency"); ok {
		given = f.Value.Str
	}
	if identity.Trim(given) == "" {
		given = b.in.Route.Destination.Defaults.Currency
	}
	code, known := identity.Currency(given)
	switch {
	case known:
		b.currency = code
	case !b.priced():
	case identity.Trim(given) == "":
		b.Refuse(decision.ProviderCurrencyMissing, "currency")
	default:
		b.Refuse(decision.ProviderCurrencyInvalid, "currency is no ISO 4217 code")
	}
}

// priced reports whether an amount would leave, which means nothing without
// its currency.
func (b *builder) priced() bool {
	c := &b.ev.Commerce
	if b.value.Set || c.Tax.Set || c.Shipping.Set || c.Discount.Set || c.NetRevenue.Set || c.PredictedLTV.Set {
		return true
	}
	for i := range c.Items {
		if c.Items[i].Price.Set {
			return true
		}
	}
	return false
}

// commerce appends what was bought.
func (b *builder) commerce() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "commerce"), '{')
	open := len(b.Dst)
	c := &b.ev.Commerce
	b.ID("transaction_id", event.Path("commerce.transaction_id"), c.TransactionID)
	b.amount("value", b.value)
	if b.currency != "" && b.priced() {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currency"), identity.Vouch(b.currency))
	}
	b.amount("tax", c.Tax)
	b.amount("shipping", c.Shipping)
	b.amount("discount", c.Discount)
	b.amount("net_revenue", c.NetRevenue)
	b.amount("predicted_ltv", c.PredictedLTV)
	b.ID("store_id", event.Path("commerce.store_id"), c.StoreID)
	switch c.CustomerType {
	case "new", "returning", "reengaged":
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "customer_type"), identity.Vouch(c.CustomerType))
	}
	b.items()
	if !b.in.Sensitive {
		b.coupons()
		if b.mapping.search {
			b.Text("search_term", event.Path("commerce.search_term"), c.SearchTerm)
		}
	}
	b.close(start, open, '}')
}

// amount appends a number where it is one.
func (b *builder) amount(key string, v event.Opt[float64]) {
	b.Amount(key, v, decimals)
}

func (b *builder) coupons() {
	if !b.mapping.coupons {
		return
	}
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "coupons"), '[')
	open := len(b.Dst)
	for i, s := range b.ev.Commerce.Coupons {
		if clean, ok := b.Clean(event.Entry("commerce.coupons", i, ""), s); ok {
			b.Dst = jsonappend.String(jsonappend.Comma(b.Dst), clean)
		}
	}
	b.close(start, open, ']')
}

// items appends the cart's lines: id, quantity and price, and names only where
// the mapping includes them and nothing is sensitive. A line without a usable
// id is left out.
func (b *builder) items() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "items"), '[')
	open := len(b.Dst)
	for i := range b.ev.Commerce.Items {
		item := &b.ev.Commerce.Items[i]
		s := item.ID
		if i < len(b.in.ItemIDs) {
			s = b.in.ItemIDs[i]
		}
		s = identity.Trim(s)
		if why := itemFault(s); why != "" {
			b.LineLeftOut(i, why)
			continue
		}
		id := identity.Vouch(s)
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "id"), id)
		if item.Quantity.Set {
			b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "quantity"), item.Quantity.Value)
		}
		b.amount("price", item.Price)
		b.itemNames(i)
		b.Dst = append(b.Dst, '}')
	}
	b.close(start, open, ']')
}

// itemFault says why a line of the cart is left out, empty where it may leave. A
// receiver of the customer's own may want lines of discounts and returns.
func itemFault(id string) event.NoteCode {
	_, why := payload.ItemID(&event.Item{}, id)
	return why
}

func (b *builder) itemNames(i int) {
	if b.in.Sensitive {
		return
	}
	item := &b.ev.Commerce.Items[i]
	if b.mapping.names {
		b.Text("name", event.Entry("commerce.items", i, "name"), item.Name)
	}
	if b.mapping.brands {
		b.Text("brand", event.Entry("commerce.items", i, "brand"), item.Brand)
	}
	if b.mapping.categories {
		b.Text("category", event.Entry("commerce.items", i, "category"), item.Category)
	}
}

// original appends the earlier event that this one amends. Its name is the
// producer's, as the names of the template are.
func (b *builder) original() {
	o := &b.ev.Original
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "original"), '{')
	open := len(b.Dst)
	b.Text("event_name", event.Path("original.event_name"), o.Name)
	if o.Time > 0 {
		b.Dst = timestamp(jsonappend.Key(b.Dst, "event_time"), o.Time)
	}
	b.ID("event_id", event.Path("original.event_id"), o.ID)
	b.ID("transaction_id", event.Path("original.transaction_id"), o.TransactionID)
	b.close(start, open, '}')
}

// computed appends the mapping's own fields.
func (b *builder) computed() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "fields"), '{')
	open := len(b.Dst)
	for i := range b.in.Fields {
		if f := &b.in.Fields[i]; f.Name != "value" && f.Name != "currency" {
			b.scalar("fields", identity.Vouch(f.Name), f.Value)
		}
	}
	b.close(start, open, '}')
}

// properties appends the custom properties that the mapping names.
func (b *builder) properties() {
	start := len(b.Dst)
	b.Dst = append(jsonappend.Key(b.Dst, "properties"), '{')
	open := len(b.Dst)
	for _, name := range b.mapping.properties {
		for i := range b.ev.Properties {
			if p := &b.ev.Properties[i]; p.Key == name.Text() {
				b.scalar("properties", name, p.Value)
				break
			}
		}
	}
	b.close(start, open, '}')
}

// scalar appends a free value under a name from the mapping. Text of a
// sensitive destination stays: nobody can tell a plan from a diagnosis.
func (b *builder) scalar(from string, name identity.Clean, v event.Value) {
	if v.Kind != event.String || !b.in.Sensitive {
		b.Scalar(from, name, v)
	}
}
