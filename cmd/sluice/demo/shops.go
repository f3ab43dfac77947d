package demo

import (
	"fmt"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// shop is one customer's kind of traffic.
type shop struct {
	customer, country, region, currency, host, phone string

	product, brand string
	grant          bool     // banners ask for consent
	share          int      // of the traffic, in shares of the whole
	funnel         []string // conversions, one drawn as often as it stands here
	// clicks leave the ids of ads that were clicked and of the tags in the
	// browser, each at every other event.
	clicks []func(*Traffic, *event.Event)
}

// retail is what happens in a shop with a cart.
var retail = []string{"cart.added", "cart.added", "checkout.started", "user.signed_up", "transaction.purchase", "transaction.purchase", "transaction.purchase"}

var (
	northwind = shop{
		customer: "northwind", country: "DE", currency: "EUR", host: "https://www.northwind.example", phone: "0151 2345", grant: true,
		product: "Northern lights lamp", brand: "Nordlys", share: 14, funnel: retail, clicks: clicks(metaClick, googleClick),
	}
	aurora = shop{
		customer: "aurora", country: "US", region: "CA", currency: "USD", host: "https://shop.aurora.example", phone: "(415) 555-",
		product: "Trail jacket", brand: "Aurora", share: 7, funnel: retail, clicks: clicks(metaClick, googleClick),
	}
	auroraTX = shop{
		customer: "aurora", country: "US", region: "TX", currency: "USD", host: "https://shop.aurora.example", phone: "(512) 555-",
		product: "Trail jacket", brand: "Aurora", share: 3, funnel: retail, clicks: clicks(metaClick, googleClick),
	}
	kiosko = shop{
		customer: "kiosko", country: "ES", currency: "EUR", host: "https://kiosko.example", phone: "612 34", grant: true,
		product: "Revista de viajes", brand: "Kiosko", share: 2, funnel: retail, clicks: clicks(metaClick, googleClick),
	}
	vita = shop{
		customer: "vita", country: "FR", currency: "EUR", host: "https://vita.example", phone: "06 12 34 ", grant: true,
		product: "Tisane du soir", brand: "Vita", share: 3, funnel: retail, clicks: clicks(metaClick),
	}
	hemma = shop{
		customer: "hemma", country: "SE", currency: "SEK", host: "https://www.hemma.example", phone: "070 123 ", grant: true,
		product: "Oak side table", brand: "Hemma", share: 4, funnel: retail, clicks: clicks(pinterestClick, microsoftClick),
	}
	glow = shop{
		customer: "glow", country: "GB", currency: "GBP", host: "https://www.glow.example", phone: "07400 12", grant: true,
		product: "Lip tint", brand: "Glow", share: 4, funnel: retail, clicks: clicks(tiktokClick, snapchatClick),
	}
	ledgerly = shop{
		customer: "ledgerly", country: "NL", currency: "EUR", host: "https://www.ledgerly.example", phone: "06 1234", grant: true,
		product: "Bookkeeping, ten seats", brand: "Ledgerly", share: 3, clicks: clicks(linkedinClick, microsoftClick),
		funnel: []string{"lead.submitted", "lead.submitted", "lead.submitted", "lead.qualified", "user.signed_up", "user.signed_up", "transaction.purchase"},
	}
	bytehaus = shop{
		customer: "bytehaus", country: "PL", currency: "PLN", host: "https://www.bytehaus.example", phone: "512 34", grant: true,
		product: "Mechanical keyboard", brand: "Bytehaus", share: 4, funnel: retail, clicks: clicks(redditClick, xClick, analyticsVisit),
	}
)

var shops = []*shop{&northwind, &aurora, &auroraTX, &kiosko, &vita, &hemma, &glow, &ledgerly, &bytehaus}

// shop draws the one that the next event comes from.
func (t *Traffic) shop() shop {
	all := 0
	for _, s := range shops {
		all += s.share
	}
	n := t.rng.IntN(all)
	for _, s := range shops {
		if n -= s.share; n < 0 {
			return *s
		}
	}
	// n is below the sum of the shares, so one of them took it: else this loop is
	// broken, and events without a customer would not say so.
	panic("the shares of the shops do not add up")
}

func clicks(leave ...func(*Traffic, *event.Event)) []func(*Traffic, *event.Event) { return leave }

// clicked is when the ad was clicked, seven hours before the event.
func clicked(e *event.Event) int64 { return e.Time - 7*hourMS }

func (t *Traffic) hex(format string) identity.Raw {
	return identity.NewRaw(fmt.Sprintf(format, t.rng.Uint64(), t.rng.Uint64()))
}

func (t *Traffic) uuid() identity.Raw {
	return identity.NewRaw(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x",
		t.rng.Uint32(), t.rng.Uint32()>>16, t.rng.Uint32()>>20, t.rng.Uint32()>>20, t.rng.Uint64()>>16))
}

func metaClick(t *Traffic, e *event.Event) {
	e.Click.Fbc = identity.NewRaw(fmt.Sprintf("fb.1.%d.IwAR0%015x", clicked(e), t.rng.Uint64()>>8))
	e.Click.Fbp = identity.NewRaw(fmt.Sprintf("fb.1.%d.%d", clicked(e), 1+t.rng.Uint32()/4))
}

func googleClick(t *Traffic, e *event.Event) {
	e.Click.Gclid = identity.NewRaw(fmt.Sprintf("Cj0KCQiA%015x_wcB", t.rng.Uint64()>>8))
	e.Click.CapturedAt = clicked(e)
}

func tiktokClick(t *Traffic, e *event.Event) {
	e.Click.Ttclid, e.Click.Ttp = t.hex("E.C.P.%016x%016x"), t.hex("%016x%016x")
	e.Click.CapturedAt = clicked(e)
}

func snapchatClick(t *Traffic, e *event.Event) {
	e.Click.Sccid, e.Click.Scid = t.uuid(), t.uuid()
	e.Click.CapturedAt = clicked(e)
}

func pinterestClick(t *Traffic, e *event.Event) {
	e.Click.Epik = t.hex("dj0yJnU9%016x%016x")
	e.Click.CapturedAt = clicked(e)
}

// analyticsVisit is what Google Analytics' tag leaves.
func analyticsVisit(t *Traffic, e *event.Event) {
	e.Analytics.ClientID = identity.NewRaw(fmt.Sprintf("%d.%d", 1_000_000_000+t.rng.IntN(900_000_000), e.Time/1000-3600))
}

func redditClick(t *Traffic, e *event.Event) {
	e.Click.RdtCid = t.hex("%016x%016x")
	e.Click.RdtUUID = identity.NewRaw(fmt.Sprintf("%d.%s", clicked(e), t.uuid().Reveal()))
	e.Click.CapturedAt = clicked(e)
}

func linkedinClick(t *Traffic, e *event.Event) {
	e.Click.LiFatID, e.Click.CapturedAt = t.uuid(), clicked(e)
}

func microsoftClick(t *Traffic, e *event.Event) {
	e.Click.Msclkid, e.Click.Uetvid = t.hex("%016x%016x"), t.hex("%016x%016x")
	e.Click.CapturedAt = clicked(e)
}

func xClick(t *Traffic, e *event.Event) {
	e.Click.Twclid, e.Click.CapturedAt = t.hex("2-%016x%016x"), clicked(e)
}
