package demo

import (
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

const (
	hourMS = 3600_000
	dayMS  = 24 * hourMS
)

// oddities are the unusual records, in turn: each shows what Sluice does with
// one thing that goes wrong, or that somebody decided.
var oddities = []func(*Traffic) Record{
	// What people decided.
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Consent.AdUserData = consent.Text("denied") }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Consent = consent.Input{} }),
	purchase(northwind, func(t *Traffic, e *event.Event) {
		e.Consent, e.SubjectID = consent.Input{}, identity.NewRaw(late(t.n))
	}),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Consent.GPC = consent.True }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Consent.DNT = consent.True }),
	purchase(aurora, func(_ *Traffic, e *event.Event) { e.Consent.GPC = consent.True }),
	purchase(auroraTX, func(_ *Traffic, e *event.Event) { e.Consent.GPC = consent.True }),
	purchase(aurora, func(_ *Traffic, e *event.Event) { e.Consent.AdStorage = consent.Text("denied") }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Consent.AgeGroup = consent.Text("teen") }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Consent.AdUserData = consent.Text("yes please") }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.SubjectID = identity.NewRaw(erasedSubject) }),
	purchase(northwind, func(_ *Traffic, e *event.Event) {
		e.SubjectID, e.Consent = identity.NewRaw(grantedSubject), consent.Input{}
	}),
	purchase(vita, func(_ *Traffic, e *event.Event) { e.Consent.AdPersonalization = consent.Field{} }),
	purchase(vita, func(_ *Traffic, e *event.Event) { e.Consent.CapturedAt = e.Time - 200*dayMS }),

	// What is missing or wrong.
	purchase(northwind, func(_ *Traffic, e *event.Event) {
		e.Identity, e.Click, e.Device = event.Identity{}, event.Click{}, event.Device{UserAgent: e.Device.UserAgent}
	}),
	purchase(northwind, func(_ *Traffic, e *event.Event) {
		e.Identity, e.Click, e.Device = event.Identity{}, event.Click{}, event.Device{}
	}),
	purchase(northwind, func(t *Traffic, e *event.Event) { e.ID = fmt.Sprintf("anna%d@example.com", t.n) }),
	purchase(aurora, func(_ *Traffic, e *event.Event) { e.Time -= 8 * dayMS }),
	purchase(aurora, func(_ *Traffic, e *event.Event) { e.Time -= 50 * hourMS }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Time += 3 * hourMS }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Commerce.Value = event.Opt[float64]{} }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Commerce.Currency = "EURO" }),
	purchase(aurora, func(_ *Traffic, e *event.Event) { e.Page = event.Page{} }),
	purchase(aurora, func(_ *Traffic, e *event.Event) { e.Device.UserAgent = identity.Raw{} }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Source, e.Page = "", event.Page{} }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.ID, e.Commerce.TransactionID = "", "" }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.ID = "" }),

	// What the mappings say.
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Traffic = "test" }),
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.Source = event.SourceApp }),
	conversionOf(northwind, "product.viewed", nil),
	conversionOf(aurora, "lead.submitted", nil),
	conversionOf(aurora, "lead.submitted", func(_ *Traffic, e *event.Event) { e.Commerce.PredictedLTV = event.Some(240.0) }),
	purchase(kiosko, nil),

	// The same thing twice.
	again(func(_ *Traffic, _ *event.Event) {}),
	again(func(t *Traffic, e *event.Event) { e.ID += "-retry" }),
	again(func(t *Traffic, e *event.Event) {
		e.Name, e.ID, e.Time = "transaction.refunded", e.ID+"-refund", e.Time+60_000
		e.Commerce.Value = event.Some(0.0)
	}),

	// What one provider takes and another does not: a phone number alone, a
	// browser that may not keep ids.
	purchase(hemma, func(_ *Traffic, e *event.Event) { phoneOnly(e, "070 123 45 67") }),
	conversionOf(ledgerly, "lead.submitted", func(_ *Traffic, e *event.Event) { phoneOnly(e, "06 12345678") }),
	purchase(hemma, func(_ *Traffic, e *event.Event) { e.Consent.AdStorage = consent.Text("denied") }),
	purchase(bytehaus, func(_ *Traffic, e *event.Event) { e.Consent.AdUserData = consent.Text("denied") }),
	purchase(glow, func(_ *Traffic, e *event.Event) { e.Page = event.Page{} }),

	// What is no event at all.
	func(*Traffic) Record { return Record{Raw: []byte("not an event")} },
	purchase(northwind, func(_ *Traffic, e *event.Event) { e.CustomerID = "" }),
}

// phoneOnly leaves one identifier.
func phoneOnly(e *event.Event, number string) {
	e.Identity = event.Identity{Phones: []identity.Raw{identity.NewRaw(number)}}
	e.Click, e.Device.IP = event.Click{}, identity.Raw{}
}

const (
	erasedSubject  = "no-erased"
	grantedSubject = "no-granted"
	lateSubjects   = 16
)

// late names one of the subjects whose consent arrives while their events are
// held.
func late(n int) string { return fmt.Sprintf("no-late-%d", n%lateSubjects) }

// purchase makes a complete purchase of the shop and changes it.
func purchase(s shop, change func(*Traffic, *event.Event)) func(*Traffic) Record {
	return conversionOf(s, "transaction.purchase", change)
}

func conversionOf(s shop, name string, change func(*Traffic, *event.Event)) func(*Traffic) Record {
	return func(t *Traffic) Record {
		e := t.base(s, name)
		t.identify(e, s)
		if s.grant {
			t.grantAll(e)
		}
		t.shopFor(e, s)
		if change != nil {
			change(t, e)
		}
		t.last = nil
		if name == "transaction.purchase" && change == nil {
			t.last = e
		}
		return Record{Event: e}
	}
}

// again repeats a fresh purchase: the purchase itself comes first, the changed
// copy in place of the next ordinary record.
func again(change func(*Traffic, *event.Event)) func(*Traffic) Record {
	return func(t *Traffic) Record {
		e := conversionOf(northwind, "transaction.purchase", nil)(t).Event
		second := *e
		change(t, &second)
		t.queue = append(t.queue, &second)
		return Record{Event: e}
	}
}

// Consents are the consent records that stand in the table before the first
// event, and those that arrive while events are held.
func Consents(now int64) (before, during map[string]consent.Record) {
	granted := consent.Text("granted")
	all := consent.Input{AdStorage: granted, AdUserData: granted, AdPersonalization: granted, AnalyticsStorage: granted}
	before = map[string]consent.Record{
		erasedSubject:  {Erased: true, UpdatedAt: now - dayMS, Source: "privacy-desk"},
		grantedSubject: {Input: all, UpdatedAt: now - 3*dayMS, Source: "preference-centre"},
	}
	during = map[string]consent.Record{}
	for i := range lateSubjects {
		during[late(i)] = consent.Record{Input: all, UpdatedAt: now, Source: "banner"}
	}
	return before, during
}
