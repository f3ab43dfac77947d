package google

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// money is value and currency as they will be sent.
type money struct {
	value    event.Opt[float64]
	currency string // upper case, empty where absent or invalid
	// wrong says what is wrong with the value, "" where nothing is.
	wrong string
	// given: there is a currency, valid or not.
	given bool
}

// price takes value and currency from the mapping's fields, else from the
// event, else from the destination's defaults.
func (b *build) price() {
	m := &b.money
	m.value = b.e.Commerce.Value
	currency := payload.Currency(b.e)
	for i := range b.in.Fields {
		switch f := &b.in.Fields[i]; f.Name {
		case "value":
			v, ok := number(f.Value)
			m.value = event.Opt[float64]{Value: v, Set: ok}
			if !ok && f.Value.Kind != event.Null {
				m.wrong = "fields.value is not a number"
			}
		case "currency":
			currency = f.Value.Str
		}
	}
	if m.value.Set && !jsonappend.Finite(m.value.Value) {
		m.wrong = "the value is not a finite number"
	}
	if currency == "" {
		currency = b.a.currency
	}
	m.given = currency != ""
	m.currency, _ = identity.Currency(currency)
}

func number(v event.Value) (float64, bool) {
	switch v.Kind {
	case event.Double:
		return v.Double, true
	case event.Long:
		return float64(v.Long), true
	}
	return 0, false
}

// preflight is gate 7; the first row that fails, in the order of the gate
// table, decides. Age stands here as well as in the recheckable gates, so that
// Build never makes bytes that Google would not take.
func (b *build) preflight(out *provider.Built) (decision.Reason, string) {
	source := b.e.EffectiveSource()
	switch {
	case b.in.Now > out.NotAfter:
		return decision.ProviderTooOld, ""
	case b.e.Time > b.in.Now+futureTolerance:
		return decision.ProviderInFuture, ""
	case b.t.adjust && !b.money.value.Set && b.money.wrong == "":
		return decision.ProviderValueMissing, "an adjustment needs the value that remains"
	case b.money.value.Set && !b.money.given:
		return decision.ProviderCurrencyMissing, ""
	case b.money.value.Set && b.money.currency == "":
		return decision.ProviderCurrencyInvalid, ""
	case source == "":
		return decision.ProviderSourceMissing, ""
	case !b.a.analytics() && b.t.action.id == "":
		return decision.ProviderActionMissing, ""
	case b.tx == "" && b.needsTransaction():
		return decision.ProviderTransactionIDMissing, ""
	case b.t.action.kind == kindOnline && source != event.SourceWeb && !b.a.analytics():
		return decision.ProviderUnsupportedEvent, "an online conversion action takes web events only"
	case b.t.action.kind == kindStore && (source != event.SourceInStore || b.t.adjust) && !b.a.analytics():
		return decision.ProviderUnsupportedEvent, "a store sales action takes sales in a store only, and no adjustments"
	case b.source == "":
		return decision.ProviderFieldInvalid, "source is none of web, app, in_store, phone, email, chat, system, other"
	case b.money.wrong != "":
		return decision.ProviderFieldInvalid, b.money.wrong
	}
	if wrong := badTransactionID(b.tx); wrong != "" {
		return decision.ProviderFieldInvalid, wrong
	}
	return decision.ReasonNone, ""
}

// needsTransaction: without one, Google cannot tell a copy of an online
// conversion or of a purchase from a second one, nor what is adjusted.
func (b *build) needsTransaction() bool {
	if b.a.analytics() {
		return b.t.event == purchase
	}
	return b.online || b.t.adjust
}
