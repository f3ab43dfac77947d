package tiktok

import (
	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// user appends the identifiers that the kind of the event source takes, in a fixed
// order, and judges whether they do.
func (b *builder) user() {
	user := b.Object("user")
	b.Hashes("email", &emails)
	b.Hashes("phone", &phones)
	switch b.dest.source {
	case web:
		b.Hashes("external_id", &externalIDs)
		b.names()
		b.places()
		b.click()
		b.device()
	case app:
		b.device()
		b.tracking()
	case crm:
		b.Hashes("external_id", &externalIDs)
	}
	b.unsupported()
	b.Close(user)
}

func (b *builder) names() {
	first, last := &firstName, &lastName
	if b.dest.spaced {
		first, last = &spacedFirst, &spacedLast
	}
	b.Hash("first_name", first)
	b.Hash("last_name", last)
}

// places appends the postal code, hashed, and where the destination says so the
// rest of the address, which TikTok takes in clear.
func (b *builder) places() {
	b.Hash("zip_code", &postalCode)
	if b.dest.places {
		b.Clear("city", &cityName)
		b.Clear("state", &stateName)
		b.Clear("country", &countryName)
		return
	}
	id := &b.Event.Identity
	if (!id.City.IsZero() || !id.Region.IsZero() || !id.Country.IsZero()) && b.May(decision.KindAddress, 0) {
		b.Dropped[decision.KindAddress] = decision.DropUnsupported
	}
}

// click appends ttclid, as the page's URL has it, and the pixel's browser id.
func (b *builder) click() {
	b.Click("ttclid", click.Ttclid, clickWeight)
	id, ok := b.BrowserID(click.Ttp)
	switch {
	case !ok:
	case !browserForm(id):
		b.Drop(decision.KindBrowserID, decision.DropInvalid, event.Path("click.ttp"), event.NoteInvalid)
	default:
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "ttp"), identity.Vouch(id))
		b.FoundBrowser(browserWeight)
	}
}

// maxBrowserID is longer than any value of the cookie: 27 characters are usual.
const maxBrowserID = 100

func browserForm(s string) bool {
	for i := range len(s) {
		if c := s[i]; !letter(c) && c != '-' && c != '.' {
			return false
		}
	}
	return s != "" && len(s) <= maxBrowserID
}

// device appends what the browser or phone says of itself.
func (b *builder) device() {
	b.IP("ip", addressWeight, false)
	b.UserAgent("user_agent", agentWeight)
	if tag := b.Event.Device.Language; languageTag(tag) {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "locale"), identity.Vouch(tag))
	}
}

// languageTag accepts the form of BCP 47: two or three letters, then parts of two
// to eight letters or digits. A word of eight says nothing about a person.
func languageTag(s string) bool {
	part, parts := 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '-' {
			c := s[i]
			if c == '_' || !letter(c) || parts == 0 && c <= '9' {
				return false
			}
			part++
			continue
		}
		if part < 2 || part > 8 || parts == 0 && part > 3 {
			return false
		}
		part, parts = 0, parts+1
	}
	return len(s) <= maxLanguage
}

const maxLanguage = 35 // the longest tag that RFC 5646, section 4.4.1, asks for

// The platforms' words in events.
const (
	ios     = "ios"
	android = "android"
)

// tracking appends the device's ids and what its owner said about tracking. iOS
// writes its id in upper case, Android in lower case, and so does TikTok.
func (b *builder) tracking() {
	d := &b.Event.Device
	switch d.Platform {
	case ios:
		b.adID = b.DeviceID("idfa", deviceWeight, true)
		b.vendorID()
	case android:
		b.adID = b.DeviceID("gaid", deviceWeight, false)
	default:
		if !d.AdvertisingID.IsZero() && b.May(decision.KindAdvertisingID, 0) {
			b.Drop(decision.KindAdvertisingID, decision.DropIncomplete, event.Path("device.platform"), event.NoteInvalid)
		}
	}
	if t := d.TrackingAuthorized; d.Platform == ios && t.Set {
		status := identity.Literal("DENIED")
		if t.Value {
			status = identity.Literal("AUTHORIZED")
		}
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "att_status"), status)
	}
}

// vendorID appends the id that a vendor's apps share on a device, where the
// advertising id may leave too. It finds nobody by itself.
func (b *builder) vendorID() {
	raw := b.Event.Device.VendorID
	if raw.IsZero() || !b.MayTrack() {
		return
	}
	id := identity.Trim(raw.Reveal())
	if !uuid(id) {
		b.Drop(decision.KindAdvertisingID, decision.DropInvalid, event.Path("device.vendor_id"), event.NoteInvalid)
		return
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "idfv"), identity.Vouch(id))
	b.Found(decision.KindAdvertisingID, vendorWeight)
}

// uuid accepts the form of RFC 9562, but not the one of zeros.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	zero := true
	for i := range len(s) {
		c := s[i] | 0x20
		switch hyphen := i == 8 || i == 13 || i == 18 || i == 23; {
		case hyphen && s[i] != '-', !hyphen && (c < '0' || c > '9') && (c < 'a' || c > 'f'), !hyphen && s[i] < '0':
			return false
		case !hyphen && c != '0':
			zero = false
		}
	}
	return !zero
}

// lead appends the lead that a CRM event is about, which TikTok made itself.
func (b *builder) lead() {
	lead := b.Object("lead")
	b.leadID()
	source := b.Event.Commerce.LeadEventSource
	if source == "" {
		source = b.dest.leadSource
	}
	b.Text("lead_event_source", event.Path("commerce.lead_event_source"), source)
	b.Close(lead)
}

func (b *builder) leadID() {
	raw := b.Event.Identity.LeadID
	at := event.Path("identity.lead_id")
	if raw.IsZero() || !b.May(decision.KindLeadID, 0) {
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "a CRM event needs identity.lead_id"))
		return
	}
	s := identity.Trim(raw.Reveal())
	switch {
	case identity.Placeholder(identity.AnyField, s):
		b.Drop(decision.KindLeadID, decision.DropInvalid, at, event.NotePlaceholder)
	case !ownNumber(s) && payload.Unsafe(b.Event, s), len(s) > maxLeadID:
		b.Refused(at)
		b.Dropped[decision.KindLeadID] = decision.DropInvalid
	default:
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "lead_id"), identity.Vouch(s))
		b.Found(decision.KindLeadID, leadWeight)
		return
	}
	b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "identity.lead_id is no id of a lead"))
}

const maxLeadID = 64

// ownNumber reports a number as long as TikTok's own ids are: it has the form of a
// card number now and then.
func ownNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) >= 16 && len(s) <= 20
}

// unsupported notes what the event has and its kind of event source does not take.
func (b *builder) unsupported() {
	e := b.Event
	note := func(kind decision.Kind, there bool) {
		if there && b.Dropped[kind] == "" && b.May(kind, 0) {
			b.Dropped[kind] = decision.DropUnsupported
		}
	}
	if b.dest.source != web {
		note(decision.KindName, !e.Identity.FirstName.IsZero() || !e.Identity.LastName.IsZero())
		note(decision.KindAddress, !e.Identity.City.IsZero() || !e.Identity.Region.IsZero() || !e.Identity.PostalCode.IsZero() || !e.Identity.Country.IsZero())
	}
	if b.dest.source == app || b.dest.source == offline {
		note(decision.KindExternalID, len(e.Identity.ExternalIDs) > 0)
	}
	if b.dest.source == offline || b.dest.source == crm {
		note(decision.KindIP, !e.Device.IP.IsZero())
		note(decision.KindUserAgent, !e.Device.UserAgent.IsZero())
	}
	if b.dest.source != app {
		note(decision.KindAdvertisingID, !e.Device.AdvertisingID.IsZero())
	}
	if b.dest.source != crm {
		note(decision.KindLeadID, !e.Identity.LeadID.IsZero())
	}
}

// weak are the kinds that find nobody by themselves: a vendor's id of the device is
// one of them.
func (b *builder) weak() decision.KindSet {
	if b.adID {
		return contextual
	}
	return contextual.With(decision.KindAdvertisingID)
}

var contextual = decision.Kinds(decision.KindName, decision.KindAddress, decision.KindIP, decision.KindUserAgent)
