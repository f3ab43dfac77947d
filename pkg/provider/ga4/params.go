package ga4

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// decimals is how many places an amount has at most.
const decimals = 6

// count notes that a parameter was written behind before.
func (b *builder) count(before int) {
	if len(b.Dst) > before {
		b.parameters++
	}
}

// text appends text of at most so many characters; a longer one is left out, for half
// a value is another value.
func (b *builder) text(key string, at event.At, s string, most int) {
	before := len(b.Dst)
	switch {
	case identity.Placeholder(identity.AnyField, s):
		if identity.Trim(s) != "" {
			b.Notes.Add(at, event.NotePlaceholder)
		}
		return
	case identity.Garbled([]byte(s)):
		b.Notes.Add(at, event.NoteInvalid)
		return
	case utf8.RuneCountInString(s) > most:
		b.Notes.Add(at, event.NoteLimit)
		return
	}
	b.Text(key, at, s)
	b.fit(before, key, at, most)
	b.count(before)
}

// fit takes back what a URL has grown to by escapes.
func (b *builder) fit(before int, key string, at event.At, most int) {
	around := len(`,"":""`) + len(key)
	if len(b.Dst)-before-around > most && strings.Contains(string(b.Dst[before:]), "://") {
		b.Dst = b.Dst[:before]
		b.Notes.Add(at, event.NoteLimit)
	}
}

// url appends an address.
func (b *builder) url(key string, at event.At, raw string, most int) bool {
	if raw == "" {
		return false
	}
	before := len(b.Dst)
	if !b.URL(key, at, raw) {
		b.Notes.Add(at, event.NoteInvalid)
		return false
	}
	b.fit(before, key, at, most)
	b.count(before)
	return len(b.Dst) > before
}

// money appends the order and its amounts. An amount of no currency is none.
func (b *builder) money(tx string) {
	before := len(b.Dst)
	if tx != "" {
		b.ID("transaction_id", event.Path("commerce.transaction_id"), tx)
	} else if b.Event.Commerce.TransactionID != "" {
		// An empty one makes one purchase of all that have it.
		b.Notes.Add(event.Path("commerce.transaction_id"), event.NotePlaceholder)
	}
	b.count(before)
	b.Money(conversion.Optional)
	before = len(b.Dst)
	b.Amount("value", b.Value, decimals)
	b.count(before)
	if b.Currency == "" {
		return
	}
	c := &b.Event.Commerce
	tax, shipping := b.amount("tax", c.Tax), b.amount("shipping", c.Shipping)
	if b.Priced() || tax.Set || shipping.Set {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currency"), identity.Vouch(b.Currency))
		b.parameters++
	}
	before = len(b.Dst)
	b.Amount("tax", tax, decimals)
	b.count(before)
	before = len(b.Dst)
	b.Amount("shipping", shipping, decimals)
	b.count(before)
}

// amount is a computed number, else the event's own.
func (b *builder) amount(name string, own event.Opt[float64]) event.Opt[float64] {
	if f, ok := b.In.Field(name); ok {
		v, number := payload.Float(f.Value)
		own = event.Opt[float64]{Value: v, Set: number}
	}
	own.Set = own.Set && jsonappend.Finite(own.Value)
	return own
}

// page appends where it happened.
func (b *builder) page() {
	p := &b.Event.Page
	if b.url("page_location", event.Path("page.url"), p.URL, maxLocation) {
		b.clicked(p.URL)
	}
	b.URLs.ClickIDs = nil // those of the page before say nothing of this one
	b.url("page_referrer", event.Path("page.referrer"), p.Referrer, maxReferrer)
	if b.In.Sensitive {
		return
	}
	if b.t.include["page_title"] {
		b.text("page_title", event.Path("page.title"), p.Title, maxTitle)
	}
	if b.t.include["search_term"] {
		b.text("search_term", event.Path("commerce.search_term"), b.Event.Commerce.SearchTerm, maxValue)
	}
	if coupons := b.Event.Commerce.Coupons; b.t.include["coupons"] && len(coupons) > 0 {
		b.text("coupon", event.Entry("commerce.coupons", 0, ""), coupons[0], maxValue)
	}
}

// clicked notes that the page's address has a click id in it.
func (b *builder) clicked(raw string) {
	for _, name := range clickParameters {
		if _, has := identity.QueryValue(raw, name); !has || b.URLs.Mode != identity.URLFull {
			continue
		}
		switch {
		case b.In.Restricted:
			b.Dropped[decision.KindClickID] = decision.DropRestricted
		case b.May(decision.KindClickID, consent.AdStorage):
			b.FoundClick(clickWeight)
		}
	}
}

// ownFields are computed fields with a place of their own.
var ownFields = []string{"value", "currency", "tax", "shipping"}

// custom appends what the mapping computes and names, as far as there is room. A
// destination that is sensitive learns none of the properties.
func (b *builder) custom() {
	if k := customerType(b.Event.Commerce.CustomerType); k != "" && b.t.purchase {
		if _, computed := b.In.Field("customer_type"); !computed {
			b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "customer_type"), identity.Vouch(k))
			b.parameters++
		}
	}
	if b.t.account.DebugMode {
		b.Dst = append(jsonappend.Key(b.Dst, "debug_mode"), '1')
		b.parameters++
	}
	for i := range b.In.Fields {
		if f := &b.In.Fields[i]; !slices.Contains(ownFields, f.Name) {
			b.parameter("fields", f.Name, f.Value)
		}
	}
	if b.In.Sensitive {
		return
	}
	for i := range b.Event.Properties {
		p := &b.Event.Properties[i]
		if _, computed := b.In.Field(p.Key); computed || !slices.Contains(b.t.properties, p.Key) || b.written(p.Key, i) {
			continue
		}
		b.parameter("properties", p.Key, p.Value)
	}
}

// written reports a property whose name an earlier one, or a member of the event,
// has.
func (b *builder) written(key string, i int) bool {
	for j := range i {
		if b.Event.Properties[j].Key == key {
			return true
		}
	}
	return slices.Contains(ownFields, key) || key == "customer_type" && b.t.purchase && customerType(b.Event.Commerce.CustomerType) != ""
}

// parameter appends a value under a name of the mapping's.
func (b *builder) parameter(from, name string, v event.Value) {
	if b.parameters >= maxParameters {
		b.Notes.Add(event.Member(from, name), event.NoteLimit)
		return
	}
	b.scalar(from, name, v, maxValue)
}

// scalar appends a number, or text; a truth is text, for Google has only the two.
func (b *builder) scalar(from, name string, v event.Value, most int) {
	before, at := len(b.Dst), event.Member(from, name)
	switch v.Kind {
	case event.String:
		b.text(name, at, v.Str, most)
		return
	case event.Boolean:
		word := identity.Literal("false")
		if v.Bool {
			word = identity.Literal("true")
		}
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, name), word)
	default:
		b.Scalar(from, identity.Vouch(name), v)
	}
	b.count(before)
}

// customerType is Google's word for a customer's kind; empty where it has none.
func customerType(s string) string {
	for _, word := range [...]string{"new", "returning"} {
		if strings.EqualFold(identity.Trim(s), word) {
			return word
		}
	}
	return ""
}
