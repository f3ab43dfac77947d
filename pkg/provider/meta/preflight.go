package meta

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// preflightNames checks that Meta takes this event under this name.
func (b *builder) preflightNames() {
	name := b.mapping.name.Text()
	switch {
	case b.channel != "" && !messagingEvents[name]:
		b.Refuse(decision.ProviderUnsupportedEvent, "business messaging does not take this event name")
	case name == resource.NoEvent, b.ev.Name == refundedEvent && standardEvents[name]:
		b.Refuse(decision.ProviderUnsupportedEvent, "Meta has no event that takes a purchase back")
	case name == appendValue && b.ev.Original == (event.Original{}):
		b.Refuse(decision.ProviderFieldInvalid, "AppendValue needs the original event")
	}
}

// money settles value and currency: computed fields first, then the event's
// own, then the destination's default currency.
func (b *builder) money() {
	b.value = b.ev.Commerce.Value
	wrong := false // a value that is there and of no use is not a missing one
	if f, ok := b.in.Field("value"); ok {
		v, number := payload.Float(f.Value)
		b.value = event.Opt[float64]{Value: v, Set: number}
		if wrong = !number && f.Value.Kind != event.Null; wrong {
			b.Refuse(decision.ProviderFieldInvalid, "fields.value is not a number")
		}
	}
	if b.value.Set && (!jsonappend.Finite(b.value.Value) || b.value.Value < 0) {
		b.Refuse(decision.ProviderFieldInvalid, "value is negative or not a number")
		b.value, wrong = event.Opt[float64]{}, true
	}
	purchased := b.mapping.name.Text() == purchase
	if purchased && !b.value.Set && !wrong {
		b.Refuse(decision.ProviderValueMissing, "value")
	}
	if !b.value.Set && !purchased && !b.priced() {
		return
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
	case identity.Trim(given) == "" && (b.value.Set || purchased):
		b.Refuse(decision.ProviderCurrencyMissing, "currency")
	case b.value.Set || purchased:
		b.Refuse(decision.ProviderCurrencyInvalid, "currency is no ISO 4217 code")
	}
}

// priced reports whether amounts other than value would leave.
func (b *builder) priced() bool {
	c := &b.ev.Commerce
	if c.NetRevenue.Set || c.PredictedLTV.Set {
		return true
	}
	for i := range c.Items {
		if c.Items[i].Price.Set {
			return true
		}
	}
	return false
}

// bySource checks and appends what each action source needs.
func (b *builder) bySource() {
	switch b.action {
	case "website":
		if !b.keys.has(atUserAgent) {
			detail := "device.user_agent"
			if why := b.Dropped[decision.KindUserAgent]; why != "" {
				detail = payload.Removed(b.Dropped[:], "device.user_agent was left out")
			}
			b.Refuse(decision.ProviderUserAgentMissing, detail)
		}
	case "app":
		b.appData()
	case "business_messaging":
		b.messaging()
	}
}

// channels are what each messaging channel needs: one key of each group.
var channels = [...]struct {
	name string
	need [2]keySet
}{
	{"messenger", [2]keySet{keysOf(atPageID), keysOf(atPageScopedID)}},
	{"whatsapp", [2]keySet{keysOf(atPageID, atWhatsApp), keysOf(atCtwaClid)}},
	{"instagram", [2]keySet{keysOf(atIGAccount), keysOf(atIGSID)}},
}

// needed names the members of messaging one of which a channel needs.
func (s keySet) needed(channel string) string {
	text := channel + " needs "
	first := true
	for i := range rows {
		if !s.has(i) {
			continue
		}
		if !first {
			text += " or "
		}
		first = false
		text += rows[i].path
	}
	return text
}

func (b *builder) messaging() {
	for _, c := range channels {
		if c.name != b.channel {
			continue
		}
		for _, group := range c.need {
			if b.keys&group == 0 {
				b.Refuse(decision.ProviderFieldInvalid, group.needed(b.channel))
			}
		}
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "messaging_channel"), identity.Vouch(c.name))
		return
	}
	b.Refuse(decision.ProviderFieldInvalid, "messaging.channel is not messenger, whatsapp or instagram")
}
