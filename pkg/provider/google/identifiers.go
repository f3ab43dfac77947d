package google

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
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
	for _, raw := range raws {
		switch {
		case raw.IsZero():
		case !b.hash(list.Next(), field, raw):
			b.drop(kind, decision.DropInvalid)
		case !list.Take(most):
			b.drop(kind, decision.DropLimit)
		}
	}
	if list.Len() > 0 {
		b.present = b.present.With(kind)
	}
}

// hash normalises one value in scratch memory and sets into to its digest;
// false where there is none.
func (b *build) hash(into *identity.Hashed, field string, raw identity.Raw) bool {
	s := raw.Reveal()
	if h, is := parseHashed(s); is {
		*into = h
		return !h.IsZero()
	}
	if otherDigest(s) {
		return false
	}
	var ok bool
	switch field {
	case FieldEmail:
		b.buf, ok = appendEmail(b.buf[:0], s)
	case FieldPhone:
		b.buf, ok = appendPhone(b.buf[:0], s, b.phoneCountry())
	case FieldGivenName:
		b.buf, ok = appendGivenName(b.buf[:0], s)
	case FieldFamilyName:
		b.buf, ok = appendFamilyName(b.buf[:0], s)
	case FieldAddressLine:
		b.buf, ok = appendPlain(b.buf[:0], s)
	}
	if ok {
		into.Set(b.buf)
	}
	return ok
}

// phoneCountry is where a national number belongs to.
func (b *build) phoneCountry() string {
	if code, ok := geo.Country(b.e.Identity.Country.Reveal()); ok {
		return code
	}
	return b.a.phoneCountry
}

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
	okGiven := b.hash(&ad.given, FieldGivenName, id.FirstName)
	okFamily := b.hash(&ad.family, FieldFamilyName, id.LastName)
	var okRegion bool
	ad.region, okRegion = geo.Country(id.Country.Reveal())
	ad.postal = identity.Trim(id.PostalCode.Reveal())
	if b.a.analytics() && !id.Street.IsZero() {
		b.hash(&ad.line, FieldAddressLine, id.Street)
	}
	ad.complete = okGiven && okFamily && okRegion && postalFits(ad.postal, ad.region)
}

// maxPostal is longer than any postal code there is.
const maxPostal = 16

// postalFits reports whether s can be a postal code of region: it leaves in
// clear, so it may hold nothing else, and a wrong one has the whole request
// refused.
func postalFits(s, region string) bool {
	if s == "" || len(s) > maxPostal {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == ' ' || c == '-') {
			return false
		}
	}
	if region != "US" {
		return true
	}
	return len(s) == 5 && isDigits(s) || len(s) == 10 && s[5] == '-' && isDigits(s[:5]) && isDigits(s[6:])
}

// otherDigest recognises digests of other kinds (MD5, SHA-1, SHA-384,
// SHA-512). Hashed once more, or read as a phone number, they match nobody.
func otherDigest(s string) bool {
	if len(s) < 32 {
		return false
	}
	s = identity.Trim(s)
	if n := len(s); n != 32 && n != 40 && n != 96 && n != 128 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

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
