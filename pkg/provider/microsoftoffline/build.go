package microsoftoffline

import (
	"time"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// Hashed addresses and numbers have the forms of the UET Conversions API: an
// address loses its dots and what follows a plus sign at every domain, a number
// keeps its plus sign.
var (
	emails = conversion.Emails(normal.EmailField(resource.EmailAllTag), 3)
	phones = conversion.Phones(normal.PhoneField(resource.PhoneE164), 2)
)

// builder is the state of one Build. It lives on the stack.
type builder struct {
	conversion.Builder
	t *target
	// clicked is when the click was, epoch milliseconds, the event's time where
	// nobody says; zero where the bytes have no click.
	clicked int64
}

// Build implements provider.Target. There is no reduced form for places in which
// a sale of data can be refused.
func (t *target) Build(dst []byte, in *provider.Input) provider.Built {
	built := conversion.Base(dst, in, maxAge-ageMargin, futureTolerance)
	built.Group, built.Restrictable = t.group, !in.Restricted
	if in.Restricted {
		return built
	}
	b := builder{t: t}
	b.Begin(dst, in, conversion.Options{PhoneCountry: t.account.phoneCountry, NoItems: true})
	b.Dst = append(b.Dst, '{')
	if t.adjust {
		b.adjustment(&built)
	} else {
		b.conversion(&built)
	}
	b.Dst = append(b.Dst, '}')
	b.End(&built)
	return built
}

// conversion appends an OfflineConversion.
func (b *builder) conversion(built *provider.Built) {
	e := b.Event
	b.person()
	b.Enough(0)
	b.name()
	b.time("ConversionTime", e.Time)
	b.Money(conversion.Optional)
	b.Negative()
	b.amount("ConversionValue", "ConversionCurrencyCode")
	if tx := built.TransactionID; tx != "" {
		built.ClaimID, built.ProviderID, built.DuplicateReason, built.DedupRisk = tx, tx, decision.DuplicateTransaction, false
	}
	// Click id, name and time tell a repeat apart; nobody says what does where
	// there is no click.
	built.ResendUnsafe = b.clicked == 0
	b.limits(built)
}

// limits says until when and from when the conversion may be sent.
func (b *builder) limits(built *provider.Built) {
	e := b.Event
	if e.Time > b.In.Now {
		built.NotBefore = e.Time
	}
	if b.clicked == 0 {
		return
	}
	if b.clicked < e.Time {
		built.NotAfter, built.AgedSince = b.clicked+maxAge-ageMargin, b.clicked
	}
	if b.t.account.minClickAge > 0 {
		// A click that Microsoft does not know yet is not found later either.
		built.NotBefore = max(built.NotBefore, b.clicked+b.t.account.minClickAge)
	}
}

// person appends the click id, or hashes in its place.
func (b *builder) person() {
	if b.click() {
		for _, p := range [...]struct {
			kind  decision.Kind
			there bool
		}{
			{decision.KindEmail, len(b.Event.Identity.Emails) > 0},
			{decision.KindPhone, len(b.Event.Identity.Phones) > 0},
		} {
			if p.there && b.May(p.kind, 0) {
				b.Dropped[p.kind] = decision.DropUnsupported // beside a click
			}
		}
		return
	}
	b.Hash("HashedEmailAddress", &emails)
	b.Hash("HashedPhoneNumber", &phones)
}

// click appends the click id in the form of Microsoft's sample, 32 hexadecimal
// digits. A click after the event did not lead to it (5616).
func (b *builder) click() bool {
	id, ok := b.ClickID(click.Msclkid)
	if !ok {
		return false
	}
	hex, ok := conversion.Hex32(id.Value)
	if !ok {
		b.Drop(decision.KindClickID, decision.DropInvalid, event.Path("click.msclkid"), event.NoteInvalid)
		return false
	}
	conversionTime := b.Event.Time
	if b.t.adjust {
		conversionTime = b.Event.Original.Time
	}
	at := b.Event.Click.CapturedAt
	switch {
	case at > 0 && at > conversionTime+click.Skew && !b.t.adjust:
		b.Drop(decision.KindClickID, decision.DropInvalid, event.Path("click.captured_at"), event.NoteAfterEvent)
		return false
	case at <= 0:
		at = conversionTime
	}
	b.clicked = max(min(at, conversionTime), 1)
	b.Scratch = append(b.Scratch[:0], hex[:]...)
	b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, "MicrosoftClickId"), identity.VouchBytes(b.Scratch))
	b.FoundClick(5)
	return true
}

func (b *builder) name() {
	if b.t.goal.Text() == "" {
		b.Refuse(decision.ProviderActionMissing, "the destination's account.events names no goal for the mapping's provider_event")
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "ConversionName"), b.t.goal)
}

// time appends an instant as ISO 8601 in UTC, to the second: a conversion is found
// again by it, and those who report a refund know no milliseconds.
func (b *builder) time(key string, ms int64) {
	b.Scratch = time.UnixMilli(ms).UTC().AppendFormat(b.Scratch[:0], "2006-01-02T15:04:05Z")
	b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, key), identity.VouchBytes(b.Scratch))
}

// amount appends value and currency, the latter only beside the former (5626).
func (b *builder) amount(value, currency string) {
	if !b.Value.Set {
		return
	}
	b.Amount(value, b.Value, 6)
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, currency), identity.Vouch(b.Currency))
}
