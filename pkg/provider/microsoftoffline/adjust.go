package microsoftoffline

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// claimSeparator joins transaction id and event id to an adjustment's claim. Ids
// with control characters are refused.
const claimSeparator = "\x00"

// adjustment appends an OfflineConversionAdjustment, or an
// OnlineConversionAdjustment, which names its conversion by the transaction id.
func (b *builder) adjustment(built *provider.Built) {
	e := b.Event
	built.NotBefore = 0
	if e.Time > b.In.Now {
		built.NotBefore = e.Time
	}
	tx := b.adjusted(built)
	if b.t.online {
		b.ID("TransactionId", event.Path("original.transaction_id"), tx)
		b.name()
	} else {
		b.person()
		b.Enough(0)
		b.name()
		b.original(built)
	}
	b.remains()
	b.time("AdjustmentTime", e.Time)
	b.amount("AdjustmentValue", "AdjustmentCurrencyCode")
}

// original appends the time of the conversion, by which Microsoft finds it.
func (b *builder) original(built *provider.Built) {
	at := b.Event.Original.Time
	switch {
	case at <= 0:
		b.Refuse(decision.ProviderFieldInvalid, "original.event_time is missing: Microsoft finds the conversion by its time")
	case at > b.Event.Time:
		b.Refuse(decision.ProviderFieldInvalid, "original.event_time is later than the event")
	default:
		built.NotAfter, built.AgedSince = at+maxAge-ageMargin, at
	}
	b.time("ConversionTime", at)
}

// adjusted names the transaction and what is claimed. The adjustment's own event
// id never names the transaction: that would be another one.
func (b *builder) adjusted(built *provider.Built) string {
	e := b.Event
	path, tx := "original.transaction_id", e.Original.TransactionID
	if identity.Trim(tx) == "" {
		path, tx = "commerce.transaction_id", e.Commerce.TransactionID
	}
	if identity.Trim(tx) == "" && !b.t.online {
		path, tx = "original.event_id", e.Original.ID
	}
	switch {
	case identity.Trim(tx) == "":
		b.Refuse(decision.ProviderTransactionIDMissing, "an adjustment names its transaction: original.transaction_id")
	case payload.Unsafe(e, tx):
		b.Insufficient(decision.IdentifiersUnsafeID, path)
	case identity.Placeholder(identity.AnyField, tx):
		b.Refuse(decision.ProviderFieldInvalid, path+" is a placeholder")
	case !plain(tx):
		b.Refuse(decision.ProviderFieldInvalid, path+" is longer than 100 bytes or has control characters")
	}
	id := b.In.EventID
	if b.In.EventIDSource != event.IDExplicit {
		id = e.RecordID()
	}
	built.Adjust, built.PlainClaimID = true, tx
	built.TransactionID, built.ProviderID = tx, tx
	built.ClaimID, built.DuplicateReason = tx+claimSeparator+id, decision.DuplicateEventID
	return tx
}

func plain(id string) bool {
	for i := range len(id) {
		if id[i] < ' ' || id[i] == 0x7F {
			return false
		}
	}
	return len(id) <= 100
}

// remains appends AdjustmentType: Restate where a value remains, Retract where
// none does. The event's own value is what was refunded, and never what remains.
func (b *builder) remains() {
	_, computed := b.In.Field("value")
	if computed || b.t.restate {
		b.Money(conversion.Optional)
		b.Negative()
		if !computed || !b.Value.Set {
			b.Refuse(decision.ProviderValueMissing, "fields.value gives nothing: the value that remains is not known")
		}
		if b.Value.Value != 0 {
			b.Dst = append(jsonappend.Key(b.Dst, "AdjustmentType"), `"Restate"`...)
			return
		}
	}
	b.Value, b.Currency = event.Opt[float64]{}, ""
	b.Dst = append(jsonappend.Key(b.Dst, "AdjustmentType"), `"Retract"`...)
}
