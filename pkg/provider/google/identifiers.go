package google

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// maxIdentifiers is Google's limit for one event.
const maxIdentifiers = payload.MaxDigests

// users are the userData identifiers of one event, normalised and hashed.
type users struct {
	emails, phones payload.Digests
	address        address4
}

// address4 is an address as Google takes it: all four parts, or nothing.
type address4 struct {
	given, family  identity.Hashed
	region, postal string
	line           identity.Hashed // Google Analytics only
	complete       bool
}

func (u *users) none() bool { return u.emails.Len() == 0 && u.phones.Len() == 0 && !u.address.complete }

// identify collects userData. The address counts first towards the limit,
// because there is one at most; then e-mails, then phones, each sorted.
func (b *build) identify() {
	id := &b.e.Identity
	room := maxIdentifiers
	if b.address(); b.users.address.complete {
		room--
	}
	if len(id.Emails) > 0 && b.may(decision.KindEmail, consent.AdUserData) {
		b.hashAll(&b.users.emails, decision.KindEmail, FieldEmail, id.Emails, room)
		room -= b.users.emails.Len()
	}
	if len(id.Phones) > 0 && b.may(decision.KindPhone, consent.AdUserData) {
		b.hashAll(&b.users.phones, decision.KindPhone, FieldPhone, id.Phones, room)
	}
	b.unsupported()
}

// hashAll collects the distinct digests of raws, most of them at most.
func (b *build) hashAll(list *payload.Digests, kind decision.Kind, field string, raws []identity.Raw, most int) {
	path := "identity.emails"
	if field == FieldPhone {
		path = "identity.phones"
	}
	for i, raw := range raws {
		if raw.IsZero() {
			continue
		}
		switch why := b.hash(list.Next(), field, raw); {
		case why != "":
			b.drop(kind, decision.DropInvalid)
			b.notes.Add(event.Entry(path, i, ""), why)
		case !list.Take(most):
			b.drop(kind, decision.DropLimit)
			b.notes.Add(event.Path(path), event.NoteLimit)
		}
	}
	if list.Len() > 0 {
		b.present = b.present.With(kind)
	}
}

// hash normalises one value in scratch memory and sets into to its digest; what
// it gives says why there is none, empty where there is one.
func (b *build) hash(into *identity.Hashed, field string, raw identity.Raw) event.NoteCode {
	s := raw.Reveal()
	if identity.Placeholder(placeholderField(field), s) {
		return event.NotePlaceholder
	}
	if h, is := parseHashed(s); is {
		switch {
		case h.IsZero() || h.OfPlaceholder(placeholderField(field)):
			return event.NotePlaceholder
		case !b.fits(field):
			return event.NoteDigestForm
		}
		*into = h
		return ""
	}
	if identity.OtherDigest(s) {
		return event.NoteOtherDigest
	}
	var ok bool
	switch field {
	case FieldEmail:
		b.buf, ok = appendEmail(b.buf[:0], s)
	case FieldPhone:
		var fault identity.PhoneFault
		b.buf, fault = identity.AppendE164(append(b.buf[:0], '+'), s, b.ownCountry(), b.a.phoneCountry)
		if fault != identity.PhoneOK {
			return payload.PhoneNote(fault)
		}
		ok = true
	case FieldGivenName:
		b.buf, ok = appendGivenName(b.buf[:0], s)
	case FieldFamilyName:
		b.buf, ok = appendFamilyName(b.buf[:0], s)
	case FieldAddressLine:
		b.buf, ok = appendPlain(b.buf[:0], s)
	}
	if !ok {
		return event.NoteInvalid
	}
	into.Set(b.buf)
	if into.OfPlaceholder(placeholderField(field)) { // what is left of it stands for nothing
		*into = identity.Hashed{}
		return event.NotePlaceholder
	}
	return ""
}

// fits reports whether digests that came hashed were made from Google's form.
func (b *build) fits(field string) bool {
	from := b.in.Route.Destination.Prehashed
	switch field {
	case FieldPhone:
		return payload.PhoneHashFits(from.Phone, resource.PhoneE164)
	case FieldEmail:
		return payload.EmailHashFits(from.Email, resource.EmailGmailTag)
	default:
		return true
	}
}

func placeholderField(field string) identity.Field {
	switch field {
	case FieldGivenName:
		return identity.GivenName
	case FieldFamilyName:
		return identity.FamilyName
	case FieldAddressLine, FieldCity, FieldAdministrativeArea:
		return identity.Place
	default:
		return identity.AnyField
	}
}

// ownCountry is where the subject says that it lives.
func (b *build) ownCountry() string { return payload.Country(b.e.Identity.Country) }

// address collects the one address of an event.
func (b *build) address() {
	id := &b.e.Identity
	named := !id.FirstName.IsZero() || !id.LastName.IsZero()
	placed := !id.PostalCode.IsZero() || !id.Street.IsZero() || !id.City.IsZero()
	if !named && !placed {
		return
	}
	mayName := named && b.may(decision.KindName, consent.AdUserData)
	mayPlace := placed && b.may(decision.KindAddress, consent.AdUserData)
	if !mayName && !mayPlace {
		return
	}
	reason := decision.DropIncomplete
	if mayName && mayPlace && !id.FirstName.IsZero() && !id.LastName.IsZero() && !id.PostalCode.IsZero() && !id.Country.IsZero() {
		if b.readAddress(); b.users.address.complete {
			b.present = b.present.With(decision.KindName).With(decision.KindAddress)
			return
		}
		reason = decision.DropInvalid
	}
	if mayName {
		b.drop(decision.KindName, reason)
	}
	if mayPlace {
		b.drop(decision.KindAddress, reason)
	}
}

func (b *build) readAddress() {
	id := &b.e.Identity
	ad := &b.users.address
	okGiven := b.part("identity.first_name", b.hash(&ad.given, FieldGivenName, id.FirstName))
	okFamily := b.part("identity.last_name", b.hash(&ad.family, FieldFamilyName, id.LastName))
	var okRegion bool
	if ad.region, okRegion = geo.Country(id.Country.Reveal()); !okRegion {
		b.part("identity.country", event.NoteInvalid)
	}
	ad.postal = identity.Trim(id.PostalCode.Reveal())
	okPostal := postalFits(ad.postal, ad.region)
	if !okPostal {
		b.part("identity.postal_code", event.NoteInvalid)
	}
	if b.a.analytics() && !id.Street.IsZero() {
		b.part("identity.street", b.hash(&ad.line, FieldAddressLine, id.Street))
	}
	ad.complete = okGiven && okFamily && okRegion && okPostal
}

// part notes why a part of the address is of no use; true where it is.
func (b *build) part(path string, why event.NoteCode) bool {
	if why != "" {
		b.notes.Add(event.Path(path), why)
	}
	return why == ""
}

// maxPostal is longer than any postal code there is.
const maxPostal = 16

// postalFits reports whether s can be a postal code of region: it leaves in
// clear, so it may hold nothing else, such as the name of the town behind it, and
// a wrong one has the whole request refused.
func postalFits(s, region string) bool {
	if s == "" || len(s) > maxPostal {
		return false
	}
	digits, letters, run := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits, run = digits+1, 0
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters++
			run++
		case c == ' ', c == '-':
			run = 0
		default:
			return false
		}
		const most = 4 // letters together, as in FIQQ 1ZZ
		if run > most {
			return false
		}
	}
	switch {
	case digits == 0:
		return false
	case region == "US":
		return len(s) == 5 && isDigits(s) || len(s) == 10 && s[5] == '-' && isDigits(s[:5]) && isDigits(s[6:])
	case strings.Contains(numericPostal, region):
		// The country's own sign may stand in front: D-10115, LV-1010.
		return letters == 0 || letters <= 2 && s[0] > '9' && s[len(s)-1] <= '9' && strings.IndexByte(s, '-') == letters
	default:
		return true
	}
}

// numericPostal are countries whose postal codes are digits (Universal Postal
// Union, postal addressing systems).
const numericPostal = "AT AU BE BG BR CH CN CY CZ DE DK EE ES FI FR GR HR HU IN IS IT JP KR LI LT LU LV MC MX NO NZ PL PT RO RS RU SE SI SK SM TR UA VA ZA"

// unsupported notes what the event has and Google has no use for.
func (b *build) unsupported() {
	id, dev, click := &b.e.Identity, &b.e.Device, &b.e.Click
	for _, k := range [...]struct {
		kind decision.Kind
		has  bool
	}{
		{decision.KindDateOfBirth, !id.DateOfBirth.IsZero()},
		{decision.KindGender, !id.Gender.IsZero()},
		{decision.KindExternalID, len(id.ExternalIDs) > 0},
		{decision.KindBrowserID, !click.Fbp.IsZero()},
		{decision.KindAdvertisingID, !dev.AdvertisingID.IsZero()},
		{decision.KindLeadID, !id.LeadID.IsZero()},
		{decision.KindSubscriptionID, !id.SubscriptionID.IsZero()},
		{decision.KindLoginID, len(id.LoginIDs) > 0},
	} {
		if k.has {
			b.drop(k.kind, decision.DropUnsupported)
		}
	}
}
