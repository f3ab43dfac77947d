package webhook

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/event"
	"github.com/sluicehq/sluice/pkg/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/resource"
)

// decimals is how many places an amount keeps: computed values carry the
// noise of binary fractions.
const decimals = 4

// money settles value and currency: computed fields first, then the event's
// own, then the destination's default currency. A refund may be negative.
func (b *builder) money() {
	b.value = b.ev.Commerce.Value
	if f, ok := b.field("value"); ok {
		v, number := floatOf(f.Value)
		b.value = event.Opt[float64]{Value: v, Set: number}
		if !number && f.Value.Kind != event.Null {
			b.refuse(decision.ProviderFieldInvalid, "fields.value is not a number")
		}
	}
	if b.value.Set && !jsonappend.Finite(b.value.Value) {
		b.refuse(decision.ProviderFieldInvalid, "value is not a number")
		b.value = event.Opt[float64]{}
	}
	given := b.ev.Commerce.Currency
	if f, ok := b.field("currency"); ok {
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
		b.refuse(decision.ProviderCurrencyMissing, "currency")
	default:
		b.refuse(decision.ProviderCurrencyInvalid, "currency is no ISO 4217 code")
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

// field finds a computed field.
func (b *builder) field(name string) (*resource.Field, bool) {
	for i := range b.in.Fields {
		if b.in.Fields[i].Name == name {
			return &b.in.Fields[i], true
		}
	}
	return nil, false
}

// floatOf reads a number, also one written as text.
func floatOf(v event.Value) (float64, bool) {
	switch v.Kind {
	case event.Double:
		return v.Double, true
	case event.Long:
		return float64(v.Long), true
	case event.String:
		f, err := strconv.ParseFloat(identity.Trim(v.Str), 64)
		return f, err == nil
	default:
		return 0, false
	}
}

// commerce appends what was bought.
func (b *builder) commerce() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "commerce"), '{')
	open := len(b.dst)
	c := &b.ev.Commerce
	b.id("transaction_id", c.TransactionID)
	b.amount("value", b.value)
	if b.currency != "" && b.priced() {
		b.dst = jsonappend.String(jsonappend.Key(b.dst, "currency"), identity.Vouch(b.currency))
	}
	b.amount("tax", c.Tax)
	b.amount("shipping", c.Shipping)
	b.amount("discount", c.Discount)
	b.amount("net_revenue", c.NetRevenue)
	b.amount("predicted_ltv", c.PredictedLTV)
	b.id("store_id", c.StoreID)
	switch c.CustomerType {
	case "new", "returning", "reengaged":
		b.dst = jsonappend.String(jsonappend.Key(b.dst, "customer_type"), identity.Vouch(c.CustomerType))
	}
	b.items()
	if !b.in.Sensitive {
		b.coupons()
		if b.mapping.search {
			b.text("search_term", c.SearchTerm)
		}
	}
	b.close(start, open, '}')
}

// amount appends a number where it is one.
func (b *builder) amount(key string, v event.Opt[float64]) {
	if v.Set && jsonappend.Finite(v.Value) {
		b.dst = jsonappend.Decimal(jsonappend.Key(b.dst, key), v.Value, decimals)
	}
}

func (b *builder) coupons() {
	if !b.mapping.coupons {
		return
	}
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "coupons"), '[')
	open := len(b.dst)
	for _, s := range b.ev.Commerce.Coupons {
		if clean, ok := identity.CleanText(s); !ok {
			b.unsafe++
		} else if s != "" {
			b.dst = jsonappend.String(jsonappend.Comma(b.dst), clean)
		}
	}
	b.close(start, open, ']')
}

// items appends the cart's lines: id, quantity and price, and names only where
// the mapping includes them and nothing is sensitive. A line without a usable
// id is left out.
func (b *builder) items() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "items"), '[')
	open := len(b.dst)
	for i := range b.ev.Commerce.Items {
		item := &b.ev.Commerce.Items[i]
		s := item.ID
		if i < len(b.in.ItemIDs) {
			s = b.in.ItemIDs[i]
		}
		if s == "" {
			continue
		}
		id, ok := identity.CleanID(s)
		if !ok {
			b.unsafe++
			continue
		}
		b.dst = append(jsonappend.Comma(b.dst), '{')
		b.dst = jsonappend.String(jsonappend.Key(b.dst, "id"), id)
		if item.Quantity.Set {
			b.dst = jsonappend.Int(jsonappend.Key(b.dst, "quantity"), item.Quantity.Value)
		}
		b.amount("price", item.Price)
		b.itemNames(item)
		b.dst = append(b.dst, '}')
	}
	b.close(start, open, ']')
}

func (b *builder) itemNames(item *event.Item) {
	if b.in.Sensitive {
		return
	}
	if b.mapping.names {
		b.text("name", item.Name)
	}
	if b.mapping.brands {
		b.text("brand", item.Brand)
	}
	if b.mapping.categories {
		b.text("category", item.Category)
	}
}

// original appends the earlier event that this one amends. Its name is the
// producer's, as the names of the template are.
func (b *builder) original() {
	o := &b.ev.Original
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "original"), '{')
	open := len(b.dst)
	b.text("event_name", o.Name)
	if o.Time > 0 {
		b.dst = timestamp(jsonappend.Key(b.dst, "event_time"), o.Time)
	}
	b.id("event_id", o.ID)
	b.id("transaction_id", o.TransactionID)
	b.close(start, open, '}')
}

// computed appends the mapping's own fields.
func (b *builder) computed() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "fields"), '{')
	open := len(b.dst)
	for i := range b.in.Fields {
		if f := &b.in.Fields[i]; f.Name != "value" && f.Name != "currency" {
			b.scalar(identity.Vouch(f.Name), f.Value)
		}
	}
	b.close(start, open, '}')
}

// properties appends the custom properties that the mapping names.
func (b *builder) properties() {
	start := len(b.dst)
	b.dst = append(jsonappend.Key(b.dst, "properties"), '{')
	open := len(b.dst)
	for _, name := range b.mapping.properties {
		for i := range b.ev.Properties {
			if p := &b.ev.Properties[i]; p.Key == name.Text() {
				b.scalar(name, p.Value)
				break
			}
		}
	}
	b.close(start, open, '}')
}

// scalar appends a free value under a name from the mapping. Text of a
// sensitive destination stays: nobody can tell a plan from a diagnosis.
func (b *builder) scalar(name identity.Clean, v event.Value) {
	switch v.Kind {
	case event.Null:
	case event.Boolean:
		b.dst = jsonappend.Bool(jsonappend.Name(b.dst, name), v.Bool)
	case event.Long:
		if identity.LookNumber(v.Long) != identity.NotSuspect {
			b.unsafe++
			return
		}
		b.dst = jsonappend.Int(jsonappend.Name(b.dst, name), v.Long)
	case event.Double:
		if !jsonappend.Finite(v.Double) {
			return
		}
		if abs := max(v.Double, -v.Double); abs < 1e18 && identity.LookNumber(int64(abs)) != identity.NotSuspect {
			b.unsafe++
			return
		}
		b.dst = jsonappend.Float(jsonappend.Name(b.dst, name), v.Double)
	case event.String:
		if v.Str == "" || b.in.Sensitive {
			return
		}
		at := len(b.dst)
		b.dst = jsonappend.Name(b.dst, name)
		if !b.freeText(v.Str) {
			b.dst = b.dst[:at]
		}
	}
}
