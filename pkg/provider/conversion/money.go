package conversion

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// Need says what an event must have.
type Need uint8

// The needs.
const (
	Optional Need = iota
	Required
)

// Money settles value and currency: computed fields first, then the event's own,
// then the destination's default currency. An amount without a currency means
// nothing, so one that would leave without is refused; so is what is no number or
// no ISO 4217 code.
func (b *Builder) Money(value Need) {
	b.Value = b.Event.Commerce.Value
	wrong := false // a value that is there and of no use is not a missing one
	if f, ok := b.In.Field("value"); ok {
		v, number := payload.Float(f.Value)
		b.Value = event.Opt[float64]{Value: v, Set: number}
		if !number && f.Value.Kind != event.Null {
			wrong = true
			b.Refuse(decision.ProviderFieldInvalid, "fields.value is not a number")
		}
	}
	if b.Value.Set && !jsonappend.Finite(b.Value.Value) {
		wrong = true
		b.Refuse(decision.ProviderFieldInvalid, "value is not a number")
		b.Value = event.Opt[float64]{}
	}
	if value == Required && !b.Value.Set && !wrong {
		b.Refuse(decision.ProviderValueMissing, "value")
	}
	b.currency()
}

func (b *Builder) currency() {
	given := payload.Currency(b.Event)
	if f, ok := b.In.Field("currency"); ok {
		given = f.Value.Str
	}
	if identity.Trim(given) == "" {
		given = b.In.Route.Destination.Defaults.Currency
	}
	code, known := identity.Currency(given)
	switch {
	case known:
		b.Currency = code
	case !b.Priced():
	case identity.Trim(given) == "":
		b.Refuse(decision.ProviderCurrencyMissing, "currency")
	default:
		b.Refuse(decision.ProviderCurrencyInvalid, "currency is no ISO 4217 code")
	}
}

// Priced reports whether an amount would leave.
func (b *Builder) Priced() bool {
	if b.Value.Set || b.noItems {
		return b.Value.Set
	}
	for i := range b.Event.Commerce.Items {
		if b.Event.Commerce.Items[i].Price.Set {
			return true
		}
	}
	return false
}

// Negative refuses an amount below zero, which the provider refuses as well.
func (b *Builder) Negative() {
	if b.Value.Set && b.Value.Value < 0 {
		b.Refuse(decision.ProviderFieldInvalid, "value is negative")
	}
}

// Line is one line of a cart that may leave.
type Line struct {
	Index    int
	ID       identity.Clean
	Quantity int64 // 1 where the event says nothing
	Price    event.Opt[float64]
	Item     *event.Item
}

// Line gives line i of the cart; false where it may not leave, which NoteLines
// says once for all of them.
func (b *Builder) Line(i int) (Line, bool) {
	id, why := b.itemID(i)
	if why != "" {
		return Line{}, false
	}
	item := &b.Event.Commerce.Items[i]
	line := Line{Index: i, ID: id, Quantity: 1, Price: item.Price, Item: item}
	if item.Quantity.Set {
		line.Quantity = item.Quantity.Value
	}
	return line, true
}

// NoteLines notes the lines of the cart that are left out.
func (b *Builder) NoteLines() {
	for i := range b.Event.Commerce.Items {
		if _, why := b.itemID(i); why != "" {
			b.LineLeftOut(i, why)
		}
	}
}

func (b *Builder) itemID(i int) (identity.Clean, event.NoteCode) {
	item := &b.Event.Commerce.Items[i]
	s := item.ID
	if i < len(b.In.ItemIDs) {
		s = b.In.ItemIDs[i]
	}
	return payload.ItemID(item, identity.Trim(s))
}
