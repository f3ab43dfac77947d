package linkedin

import (
	"regexp"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// The weights of the estimated match quality, ours: LinkedIn publishes none. The
// sum is capped at 10.
const (
	emailWeight, clickWeight, nameWeight    = 5.0, 4.0, 2.0
	deviceWeight, acxiomWeight, leadWeight  = 3.0, 3.0, 3.0
	addressWeight, externalWeight, ipWeight = 0.5, 1.0, 1.0
)

// emails are one hashed address: whether LinkedIn takes several in one event is
// not known, and a refusal would be of the whole request.
var emails = func() conversion.Person {
	p := conversion.Emails(emailForm, emailWeight)
	p.Most = 1
	return p
}()

var externalIDs = conversion.ExternalIDs(externalForm, externalWeight)

// user appends who it was. userIds has to stand there even where it is empty.
func (b *builder) user() {
	user := b.Object("user")
	b.Dst = append(jsonappend.Key(b.Dst, "userIds"), '[')
	b.email()
	b.clickID()
	b.advertisingID()
	b.acxiomID()
	b.address()
	b.Dst = append(b.Dst, ']')
	b.userInfo()
	b.lead()
	b.externalID()
	b.Close(user)
}

// pair begins an identifier, whose value is to follow; it gives where the list
// ended before.
func (b *builder) pair(idType string) (before int) {
	before = len(b.Dst)
	b.Dst = append(jsonappend.Comma(b.Dst), '{')
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "idType"), identity.Vouch(idType))
	return before
}

// end ends an identifier, or takes it back where it has no value.
func (b *builder) end(before int, has bool) {
	if !has {
		b.Dst = b.Dst[:before]
		return
	}
	b.Dst = append(b.Dst, '}')
}

func (b *builder) email() {
	before := b.pair("SHA256_EMAIL")
	b.end(before, b.Hash("idValue", &emails))
}

// clickID appends li_fat_id, a UUID. LinkedIn's own page shows one that is none;
// such a value matches nobody.
func (b *builder) clickID() {
	id, ok := b.ClickID(click.LiFatID)
	if !ok {
		return
	}
	if !uuid(id.Value) {
		b.Drop(decision.KindClickID, decision.DropInvalid, event.Path(click.LiFatID.Path()), event.NoteInvalid)
		return
	}
	before := b.pair("LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID")
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "idValue"), identity.Vouch(id.Value))
	b.end(before, true)
	b.FoundClick(clickWeight)
}

// advertisingID appends Android's. iOS devices have another one under the same
// member of events, and LinkedIn none for it.
func (b *builder) advertisingID() {
	d := &b.Event.Device
	if d.AdvertisingID.IsZero() || !b.May(decision.KindAdvertisingID, consent.AdStorage) {
		return
	}
	if !strings.EqualFold(identity.Trim(d.Platform), "android") {
		b.Dropped[decision.KindAdvertisingID] = decision.DropUnsupported
		return
	}
	before := b.pair("GOOGLE_AID")
	has := b.DeviceID("idValue", deviceWeight, false)
	b.end(before, has)
	if has {
		b.Relies |= consent.AdStorage
	}
}

// acxiomLogin is the name that login_ids have for Acxiom's id.
const acxiomLogin = "acxiom"

// acxiomID appends Acxiom's id as it is.
func (b *builder) acxiomID() {
	for i := range b.Event.Identity.LoginIDs {
		id := &b.Event.Identity.LoginIDs[i]
		if id.Name != acxiomLogin || id.Value.IsZero() || !b.May(decision.KindLoginID, 0) {
			continue
		}
		value, ok := acxiom(id.Value)
		if !ok || payload.Unsafe(b.Event, value) {
			b.Drop(decision.KindLoginID, decision.DropInvalid, event.Member("identity.login_ids", acxiomLogin), event.NoteInvalid)
			return
		}
		before := b.pair("ACXIOM_ID")
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "idValue"), identity.Vouch(value))
		b.end(before, true)
		b.Found(decision.KindLoginID, acxiomWeight)
		return
	}
}

// address appends the public IPv4 address where the destination says so and the
// regime is opt-out: it needs nobody's grant nowhere else.
func (b *builder) address() {
	l := &b.account.leave
	if b.Event.Device.IP.IsZero() || !l.ip && !l.hashedIP {
		return
	}
	if b.In.Regime != consent.OptOut {
		if b.May(decision.KindIP, 0) {
			b.Dropped[decision.KindIP] = decision.DropRegion
		}
		return
	}
	if l.ip {
		before := b.pair("PLAINTEXT_IP_ADDRESS")
		b.end(before, b.IP("idValue", ipWeight, true))
		return
	}
	addr, ok := b.Address()
	switch {
	case !ok:
	case !addr.Is4():
		b.Dropped[decision.KindIP] = decision.DropUnsupported
	default:
		b.Scratch = addr.AppendTo(b.Scratch[:0])
		h := identity.Hash(b.Scratch)
		before := b.pair("SHA256_IP_ADDRESS")
		b.Dst = jsonappend.Hex(jsonappend.Key(b.Dst, "idValue"), &h)
		b.end(before, true)
		b.Found(decision.KindIP, ipWeight)
	}
}

// leadProperty is the property that may hold the URN of a lead form's response,
// besides identity.lead_id.
const leadProperty = "linkedin_lead"

var leadForm = regexp.MustCompile(`^urn:li:leadGenFormResponse:[A-Za-z0-9_-]{1,100}$`)

// lead appends the response of a lead form. Other lead ids are other platforms'.
func (b *builder) lead() {
	at, s := event.Path("identity.lead_id"), identity.Trim(b.Event.Identity.LeadID.Reveal())
	if !leadForm.MatchString(s) {
		at = event.Member("properties", leadProperty)
		for i := range b.Event.Properties {
			if p := &b.Event.Properties[i]; p.Key == leadProperty && p.Value.Kind == event.String {
				s = identity.Trim(p.Value.Str)
			}
		}
	}
	if !strings.HasPrefix(s, "urn:li:") || !b.May(decision.KindLeadID, 0) {
		return
	}
	if !leadForm.MatchString(s) || payload.Unsafe(b.Event, s) {
		b.Drop(decision.KindLeadID, decision.DropInvalid, at, event.NoteInvalid)
		return
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "lead"), identity.Vouch(s))
	b.Found(decision.KindLeadID, leadWeight)
}

// externalID appends one external id in clear, where the destination says so.
func (b *builder) externalID() {
	if !b.account.leave.externalID {
		return
	}
	if text, ok := b.Plain(&externalIDs); ok {
		list := b.Array("externalIds")
		b.Dst = jsonappend.Bytes(b.Dst, identity.VouchBytes(text))
		b.Close(list)
	}
}

// contextual are the kinds that LinkedIn does not recognise somebody by alone.
var contextual = decision.Kinds(decision.KindIP, decision.KindExternalID, decision.KindLeadID, decision.KindAddress)

// sufficient is gate 6. What LinkedIn has no member for is said, for it is what
// other platforms are content with.
func (b *builder) sufficient() {
	id := &b.Event.Identity
	if b.Present == 0 && b.Dropped == [decision.KindCount]decision.DropReason{} && (len(id.Phones) > 0 || len(id.ExternalIDs) > 0 || !b.Event.Device.IP.IsZero()) {
		b.Insufficient(decision.IdentifiersInsufficient, "LinkedIn takes no phone number and no user agent; external id and IP address only where linkedin.clear or linkedin.hashed names them")
		return
	}
	b.Sufficient(contextual)
}

// identifierTable is the documentation's list.
func identifierTable() provider.Table {
	return provider.Table{
		Name: "identifiers", Title: "Identifiers", Head: []string{"member", "destination", "from", "sent", "match quality"},
		Rows: [][]string{
			{"`SHA256_EMAIL`", "email", "`identity.emails`", "hashed, the first", "5"},
			{"`LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID`", "click_id", "`click.li_fat_id`, the page's URL", "in clear", "4"},
			{"`GOOGLE_AID`", "advertising_id", "`device.advertising_id` of Android", "in clear", "3"},
			{"`ACXIOM_ID`", "login_id", "`identity.login_ids.acxiom`", "in clear", "3"},
			{"`PLAINTEXT_IP_ADDRESS`, `SHA256_IP_ADDRESS`", "ip", "`device.ip`", "where `clear` or `hashed` names `ip`, under opt-out", "1"},
			{"`userInfo.firstName`, `lastName`", "name", "`identity.first_name`, `last_name`", "in clear where `clear` names `name`; both or none", "2"},
			{"`userInfo.hashedFirstName`, `hashedLastName`", "name", "the same", "hashed where `hashed` names `name`; both or none", "2"},
			{"`userInfo.title`, `companyName`", "name", "`fields.title`, `fields.company_name`", "in clear where `clear` names `title`, `company`; beside the names", "0"},
			{"`userInfo.countryCode`", "address", "`identity.country`", "in clear where `clear` names `country`; beside the names", "0.5"},
			{"`lead`", "lead_id", "`identity.lead_id`, `properties.linkedin_lead`", "in clear: `urn:li:leadGenFormResponse:…`", "3"},
			{"`externalIds`", "external_id", "`identity.external_ids`", "in clear where `clear` names `external_id`; the first", "1"},
		},
	}
}
