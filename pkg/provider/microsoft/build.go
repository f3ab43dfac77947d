package microsoft

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// The identifiers and their forms: an address loses its dots and what follows a
// plus sign at every domain, a phone number keeps its plus sign. Microsoft forbids
// a customer's real id, so that ours is hashed.
var (
	emails      = conversion.Emails(normal.EmailField(resource.EmailAllTag), 3)
	phones      = conversion.Phones(normal.PhoneField(resource.PhoneE164), 2)
	externalIDs = conversion.ExternalIDs(normal.IDField(normal.AsIs), 1.5)
)

// contextual are what tells no person: Microsoft wants one of the others.
var contextual = decision.Kinds(decision.KindIP, decision.KindUserAgent)

// builder is the state of one Build. It lives on the stack.
type builder struct {
	conversion.Builder
	m *mapping
}

// Build implements provider.Target. There is no reduced form for places in which
// a sale of data can be refused.
func (m *mapping) Build(dst []byte, in *provider.Input) provider.Built {
	built := conversion.Base(dst, in, maxAge-ageMargin, futureTolerance)
	built.Restrictable = !in.Restricted
	if in.Restricted {
		return built
	}
	b := builder{m: m}
	b.Begin(dst, in, conversion.Options{PhoneCountry: m.account.phoneCountry, URLs: m.URLs})
	b.Relies |= consent.AdStorage
	b.TagCopy(&built, m.account.browserTag, dedupWindow)
	b.event()
	b.End(&built)
	return built
}

// event appends the event.
func (b *builder) event() {
	e := b.Event
	if b.m.unsupported() {
		b.Refuse(decision.ProviderUnsupportedEvent, "Microsoft has no event that takes a purchase back: refunds are offline conversions (provider microsoft-offline)")
	}
	load := b.m.Name.Text() == pageLoad
	b.Dst = append(b.Dst, `{"eventType":`...)
	if load {
		b.Dst = append(b.Dst, `"pageLoad"`...)
	} else {
		b.Dst = append(b.Dst, `"custom"`...)
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "eventName"), b.m.Name)
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "eventId"), identity.Vouch(b.In.EventID))
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "eventTime"), min(e.Time, b.In.Now)/second)
	b.Page("eventSourceUrl", "referrerUrl", load)
	if load && !b.In.Sensitive && b.m.Include["page_title"] {
		b.Text("pageTitle", event.Path("page.title"), e.Page.Title)
	}
	if b.In.Said.Granted.Has(consent.AdStorage) {
		b.Dst = append(jsonappend.Key(b.Dst, "adStorageConsent"), `"G"`...)
	}
	b.user()
	if !load {
		b.custom()
	}
	b.Dst = append(b.Dst, '}')
}

// user appends userData.
func (b *builder) user() {
	user := b.Object("userData")
	b.anonymousID()
	b.Hash("externalId", &externalIDs)
	b.Hash("em", &emails)
	b.Hash("ph", &phones)
	b.IP("clientIpAddress", 1, false)
	b.UserAgent("clientUserAgent", 0.5)
	b.clickID()
	b.deviceID()
	b.Close(user)
	b.Enough(contextual)
}

// anonymousID is the tag's visitor id in the dashed form of a UUID.
func (b *builder) anonymousID() {
	id, ok := b.BrowserID(click.Uetvid)
	if !ok {
		return
	}
	if b.guid("anonymousId", id) {
		b.FoundBrowser(2)
		return
	}
	b.Drop(decision.KindBrowserID, decision.DropInvalid, event.Path("click.uetvid"), event.NoteInvalid)
}

// clickID is the click id in the dashed form of a UUID.
func (b *builder) clickID() {
	id, ok := b.ClickID(click.Msclkid)
	if !ok {
		return
	}
	if b.guid("msclkid", id.Value) {
		b.FoundClick(3)
		return
	}
	b.Drop(decision.KindClickID, decision.DropInvalid, event.Path("click.msclkid"), event.NoteInvalid)
}

// guid appends 32 hexadecimal digits, with hyphens or without, in the dashed form
// and in lower case; false where s is something else or all zeros.
func (b *builder) guid(key, s string) bool {
	hex, ok := conversion.Hex32(s)
	if !ok {
		return false
	}
	out := b.Scratch[:0]
	for i, c := range hex {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			out = append(out, '-')
		}
		out = append(out, c)
	}
	b.Scratch = out
	b.Dst = jsonappend.Bytes(jsonappend.Key(b.Dst, key), identity.VouchBytes(out))
	return true
}

// deviceID is the app's advertising id under the name of its platform.
func (b *builder) deviceID() {
	d := &b.Event.Device
	switch {
	case d.AdvertisingID.IsZero():
	case strings.EqualFold(d.Platform, "ios"):
		b.DeviceID("idfa", 3, true)
	case strings.EqualFold(d.Platform, "android"):
		b.DeviceID("gaid", 3, false)
	default:
		b.Drop(decision.KindAdvertisingID, decision.DropIncomplete, event.Path("device.platform"), event.NoteInvalid)
	}
}

// custom appends customData: money, order and cart.
func (b *builder) custom() {
	c := &b.Event.Commerce
	data := b.Object("customData")
	b.Money(conversion.Optional)
	b.Amount("value", b.Value, 6)
	if b.Currency != "" && b.Priced() {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "currency"), identity.Vouch(b.Currency))
	}
	b.ID("transactionId", event.Path("commerce.transaction_id"), c.TransactionID)
	if !b.In.Sensitive && b.m.Include["search_term"] {
		b.Text("searchTerm", event.Path("commerce.search_term"), c.SearchTerm)
	}
	b.pageType()
	b.items()
	b.Close(data)
}

func (b *builder) pageType() {
	kind := b.m.pageType
	if f, ok := b.In.Field("page_type"); ok {
		if kind = f.Value.Str; kind != "" && !allPageTypes[kind] {
			b.Refuse(decision.ProviderFieldInvalid, "fields.page_type is none of Microsoft's")
			return
		}
	}
	if kind != "" {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "pageType"), identity.Vouch(kind))
	}
}

// items appends the cart's lines, and their ids once more by themselves.
func (b *builder) items() {
	lines := b.Array("items")
	for i := range b.Event.Commerce.Items {
		line, ok := b.Line(i)
		if !ok {
			continue
		}
		b.Dst = append(jsonappend.Comma(b.Dst), '{')
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "id"), line.ID)
		if !b.In.Sensitive && b.m.Include["item_names"] {
			b.Text("name", event.Entry("commerce.items", i, "name"), line.Item.Name)
		}
		b.Amount("price", line.Price, 6)
		b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "quantity"), line.Quantity)
		b.Dst = append(b.Dst, '}')
	}
	if b.Close(lines) {
		ids := b.Array("itemIds")
		for i := range b.Event.Commerce.Items {
			if line, ok := b.Line(i); ok {
				b.Dst = jsonappend.String(jsonappend.Comma(b.Dst), line.ID)
			}
		}
		b.Close(ids)
	}
	b.NoteLines()
}
