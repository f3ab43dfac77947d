package linkedin

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
)

// builder is the state of one Build. It lives on the stack: nothing may store a
// pointer to it.
type builder struct {
	conversion.Builder
	account *account
}

// Build implements provider.Target. There is no reduced form: an event whose
// person opted out is not sent.
func (t *target) Build(dst []byte, in *provider.Input) provider.Built {
	built := conversion.Base(dst, in, maxAge-ageMargin, futureTolerance)
	built.Restrictable = !in.Restricted
	// LinkedIn says how it recognises the tag's copy of an event, and nothing of
	// a second one from a server.
	built.DedupRisk = true
	if in.EventIDSource == event.IDDerived && built.TransactionID != "" {
		// The event id is the only key, and a derived one is nobody else's.
		built.ProviderID, built.ClaimID, built.DuplicateReason = built.TransactionID, built.TransactionID, decision.DuplicateTransaction
	}
	if in.Restricted {
		return built
	}
	b := builder{account: t.account}
	b.Begin(dst, in, conversion.Options{NoItems: true})
	if t.none {
		b.Refuse(decision.ProviderUnsupportedEvent, "LinkedIn has no conversion that takes another back")
	}
	b.Dst = append(b.Dst, '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "conversion"), t.urn)
	// LinkedIn refuses what lies in its future; a clock that is a little ahead is
	// taken for ours.
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "conversionHappenedAt"), min(in.Event.Time, in.Now))
	b.value()
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "eventId"), identity.Vouch(built.ProviderID))
	b.user()
	b.Dst = append(b.Dst, '}')
	b.sufficient()
	b.End(&built)
	return built
}

// Amounts: how many places are written, since computed values carry the noise of
// binary fractions, and the most that is taken for one. LinkedIn takes anything.
const (
	decimals  = 6
	maxAmount = 1e12
)

// value appends the value, which has to be text, with its currency.
func (b *builder) value() {
	b.Money(conversion.Optional)
	if b.Value.Set && (b.Value.Value < 0 || b.Value.Value > maxAmount) {
		b.Notes.Add(event.Path("commerce.value"), event.NoteInvalid)
		b.Value = event.Opt[float64]{}
	}
	if !b.Value.Set || b.Currency == "" {
		return
	}
	value := b.Object("conversionValue")
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currencyCode"), identity.Vouch(b.Currency))
	b.Scratch = jsonappend.Decimal(b.Scratch[:0], b.Value.Value, decimals)
	b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, "amount"), identity.VouchBytes(b.Scratch))
	b.Close(value)
}
