package providertest

import (
	"math/rand/v2"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// oddTexts are what members of events hold in practice besides what they should:
// what bug reports of other products quote, what cookies hold, and what breaks
// readers.
var oddTexts = []string{
	"", " ", "\u0085", "\u00a0", "\ufeff", "\u200b", "\ufffd", "Danke \ufffd", "undefined", "null", "none", "NaN", "(not set)", "{{event_id}}", "{gclid}", "%GCLID%",
	"0", "-", "1", "test", "true", "[object Object]", "00000000-0000-0000-0000-000000000000", "n/a", "unknown", "\\", "\"", "'", "<b>", "a\nb", "a\x00b", "%", "%zz", "💛", "é", "e\u0301",
	"İSTANBUL", "李", "Zoë", "O’Neil", "José María", "mira@mail.example", "MIRA@Mail.Example ", "a@b", "crm@4711", "mira@intranet", "a.b+c@gmail.com", "mira\ufeff@mail.example",
	"+49 151 23456789", "0151 23456789", "(212) 555-0187", "0049 151 23456789", "+0151", "4.91512E+12", "0000000000", "441134960987", "4111 1111 1111 1111", "4111111111111111",
	"000000123", "2026-11-0042", "T-1", "19-08234-51234", "10115", "10115 Berlin", "SW1A 1AA", "94035-1234", "DE", "de", "Germany", "Czechia", "UK", "US", "XX", "c",
	"c999009a4ff19788a53a4ad14989e902", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"0cc175b9c0f1b6a831c399e269772661.AQQCAQAB", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08.AQ",
	"IwAR0AbC", "fb.1.1795251600000.IwAR0AbC", "fb.1.1697698245670.undefined", "fb.1.1697698245670.1116446470", "fb.1.x", "fb.1.123.abc", "GCL.1763650000.Cj0KCQiAinvented_wcB", "Cj0KCQiAinvented_wcB",
	"2.1.kCj0KCQiAinvented_wcB$i1763650000", "GA1.1.1234567890.1763650000", "1234567890.1763650000", "GS2.1.s1763650000$o5$g1", "GS1.1.1763650000.5", "E.C.P.x",
	"https://shop.example/thanks?utm_source=a&gclid=Cj0KCQiAinvented_wcB&fbclid=IwAR0AbC", "https://shop.example/?a=1&amp;fbclid=IwAR0AbC", "http://[1.2.3]/x", "http://[::1]/x", "https://", "javascript:alert(1)",
	"https://shop.example/\xff", "HTTPS://user:pw@shop.example:8443/x#y", "https://shop.example:99999/", "https://münchen.example/straße", "https://a%b.example/", "http://a_b.example/", "https://x y/", "ftp://shop.example/", "//shop.example/x", "https://shop.example?x", "https://..example/", "https://a..b/",
	"81.2.69.142", "10.0.0.1", "2001:db8::1", "fe80::1%eth0", "Mozilla/5.0 (X11) Firefox/145.0", "EUR", "eur", "Euro", "web", "ios", "android", "17.1", "messenger", "whatsapp", "instagram",
	"1234567890123456", "l:1234567890123456", "12345", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "8bb3c8a09f3f11ee8c900242ac120002", "_uetf894f652ea334e739002f7167ab8f8e3", "1795251600000.3f2504e0-4f89-11d3-9a0c-0305e82c3301", "dj0yJnU9inventedepik", "2-4w9invented", "1990-01-02", "31.12.1990", "f", "female", "new", "returning", "home_delivery", "eyJnYWRfc291cmNlIjoiMSJ9",
	strings.Repeat("x", 300), strings.Repeat("9", 40), strings.Repeat("ä", 700),
}

var (
	oddSources = []string{"web", "web", "web", "app", "in_store", "phone", "email", "chat", "system", "other", "", "website", "Web"}
	oddNumbers = []float64{0, 1, 49.9, -5, 0.1 + 0.2, 1e9, 1e15, 1e-9, 4111111111111111}
)

// OddEvent makes an event of odd members, the same for the same source of random
// numbers. It is well formed for the codec: what it holds reaches providers.
func OddEvent(r *rand.Rand, now int64) *event.Event {
	o := odd{r}
	e := &event.Event{
		CustomerID: "acme", Name: "transaction.purchase", Time: now - r.Int64N(6*24*3600_000), ID: o.text(), Source: oddSources[r.IntN(len(oddSources))],
		Origin: event.Coordinates{Topic: "analytics.events", Partition: 1, Offset: r.Int64N(1 << 40), AppendTime: now},
		Page:   event.Page{URL: o.or("https://shop.example/thanks"), Referrer: o.text(), Title: o.text()},
	}
	e.Device = event.Device{
		IP: o.rawOr("81.2.69.142"), UserAgent: o.rawOr("Mozilla/5.0 (X11) Firefox/145.0"), Language: o.text(), AdvertisingID: o.raw(), VendorID: o.raw(), InstallID: o.raw(),
		Platform: o.or("ios"), OSVersion: o.or("17.1"), Model: o.text(), Timezone: o.text(), Carrier: o.text(), AppID: o.text(), AppVersion: o.text(), AppBuild: o.text(),
		ScreenWidth: o.whole(), ScreenHeight: o.whole(), ScreenDensity: o.number(), CPUCores: o.whole(), StorageGB: o.number(), StorageFreeGB: o.number(),
		TrackingAuthorized: event.Opt[bool]{Value: r.IntN(2) == 0, Set: r.IntN(4) > 0}, AppTrackingEnabled: event.Opt[bool]{Value: r.IntN(2) == 0, Set: r.IntN(2) == 0},
	}
	e.Identity = event.Identity{
		Emails: append(o.raws(), o.rawOr("mira@mail.example")), Phones: o.raws(), FirstName: o.raw(), LastName: o.raw(), DateOfBirth: o.raw(), Gender: o.raw(), Street: o.raw(), City: o.raw(),
		Region: o.raw(), PostalCode: o.raw(), Country: o.raw(), ExternalIDs: o.raws(), LeadID: o.raw(), SubscriptionID: o.raw(),
		LoginIDs: []event.NamedRaw{{Name: "facebook", Value: o.raw()}},
	}
	e.Click = event.Click{
		Fbc: o.raw(), Fbp: o.raw(), Fbclid: o.raw(), Gclid: o.raw(), Gbraid: o.raw(), Wbraid: o.raw(), Dclid: o.raw(), SessionAttributes: o.raw(),
		Other:  []event.NamedRaw{{Name: "ttclid", Value: o.raw()}, {Name: "_ttp", Value: o.raw()}},
		Ttclid: o.raw(), Ttp: o.raw(), Sccid: o.raw(), Scid: o.raw(), Epik: o.raw(), RdtCid: o.raw(), RdtUUID: o.raw(), LiFatID: o.raw(),
		Msclkid: o.raw(), Uetvid: o.raw(), Twclid: o.raw(),
	}
	if r.IntN(3) == 0 {
		e.Click.CapturedAt = e.Time + r.Int64N(48*3600_000) - 24*3600_000
	}
	e.Analytics = event.Analytics{ClientID: o.rawOr("1234567890.1763650000"), SessionID: o.raw(), AppInstanceID: o.raw(), UserID: o.raw()}
	if r.IntN(6) == 0 {
		e.Messaging = event.Messaging{
			Channel: o.or("messenger"), PageID: o.raw(), PageScopedUserID: o.raw(), CtwaClid: o.raw(), IGAccountID: o.raw(), IGSID: o.raw(), WhatsAppBusinessAccountID: o.raw(),
		}
	}
	e.Commerce = event.Commerce{
		TransactionID: o.or("T-1001"), Value: o.number(), Currency: o.or("EUR"), Tax: o.number(), Shipping: o.number(), Discount: o.number(), NetRevenue: o.number(), PredictedLTV: o.number(),
		Coupons: []string{o.text()}, SearchTerm: o.text(), LeadEventSource: o.text(), CustomerType: o.text(), CustomerValueBucket: o.text(), DeliveryCategory: o.text(), StoreID: o.text(),
	}
	for range r.IntN(4) {
		e.Commerce.Items = append(e.Commerce.Items, event.Item{
			ID: o.or("sku-1"), GroupID: o.text(), ItemNumber: o.text(), Name: o.text(), Brand: o.text(), Category: o.text(), Variant: o.text(), Quantity: o.whole(), Price: o.number(),
		})
	}
	if r.IntN(3) == 0 {
		e.Original = event.Original{Name: o.text(), Time: now - r.Int64N(1e9), ID: o.text(), TransactionID: o.text()}
	}
	e.Properties = []event.Property{
		{Key: "plan", Value: event.Value{Kind: event.String, Str: o.text()}},
		{Key: "seats", Value: event.Value{Kind: event.Double, Double: oddNumbers[r.IntN(len(oddNumbers))]}},
	}
	return e
}

// odd draws members.
type odd struct{ r *rand.Rand }

// text is one of the odd texts, two of them together, or nothing.
func (o odd) text() string {
	switch one := oddTexts[o.r.IntN(len(oddTexts))]; o.r.IntN(8) {
	case 0, 1, 2:
		return ""
	case 3:
		return one + oddTexts[o.r.IntN(len(oddTexts))]
	default:
		return one
	}
}

// or is usually what the member should hold.
func (o odd) or(usual string) string {
	if o.r.IntN(4) > 0 {
		return usual
	}
	return o.text()
}

func (o odd) raw() identity.Raw { return identity.NewRaw(o.text()) }

func (o odd) rawOr(usual string) identity.Raw { return identity.NewRaw(o.or(usual)) }

func (o odd) raws() []identity.Raw {
	var list []identity.Raw
	for range o.r.IntN(4) {
		list = append(list, o.raw())
	}
	return list
}

func (o odd) number() event.Opt[float64] {
	if o.r.IntN(4) == 0 {
		return event.Opt[float64]{}
	}
	return event.Some(oddNumbers[o.r.IntN(len(oddNumbers))])
}

func (o odd) whole() event.Opt[int64] {
	if o.r.IntN(4) == 0 {
		return event.Opt[int64]{}
	}
	return event.Some(o.r.Int64N(6) - 1)
}
