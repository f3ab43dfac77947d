package google

import (
	"slices"

	"github.com/sluicehq/sluice/pkg/consent"
	"github.com/sluicehq/sluice/pkg/decision"
	"github.com/sluicehq/sluice/pkg/identity"
)

// maxIdentifiers is Google's limit for one event.
const maxIdentifiers = 10

// users are the userData identifiers of one event, normalised and hashed.
type users struct {
	emails, phones   [maxIdentifiers]identity.Hashed
	nEmails, nPhones int
	address          address4
}

// address4 is an address as Google takes it: all four parts, or nothing.
type address4 struct {
	given, family  identity.Hashed
	region, postal string
	line           identity.Hashed // Google Analytics only
	complete       bool
}

func (u *users) none() bool { return u.nEmails == 0 && u.nPhones == 0 && !u.address.complete }

// identify collects userData. The address counts first towards the limit,
// because there is one at most; then e-mails, then phones, each sorted.
func (b *build) identify() {
	id := &b.e.Identity
	room := maxIdentifiers
	if b.address(); b.users.address.complete {
		room--
	}
	if len(id.Emails) > 0 && b.may(decision.KindEmail, consent.AdUserData) {
		b.users.nEmails = b.hashAll(decision.KindEmail, b.users.emails[:0:room], id.Emails)
		room -= b.users.nEmails
	}
	if len(id.Phones) > 0 && b.may(decision.KindPhone, consent.AdUserData) {
		b.users.nPhones = b.hashAll(decision.KindPhone, b.users.phones[:0:room], id.Phones)
	}
	b.unsupported()
}

// hashAll appends the distinct digests of raws to list, up to its capacity,
// sorts them and gives their number.
func (b *build) hashAll(kind decision.Kind, list []identity.Hashed, raws []identity.Raw) int {
	for _, raw := range raws {
		if raw.IsZero() {
			continue
		}
		var h identity.Hashed
		var ok bool
		if kind == decision.KindEmail {
			h, ok = b.hash(FieldEmail, raw)
		} else {
			h, ok = b.hash(FieldPhone, raw)
		}
		switch {
		case !ok:
			b.drop(kind, decision.DropInvalid)
		case slices.Contains(list, h):
		case len(list) == cap(list):
			b.drop(kind, decision.DropLimit)
		default:
			list = append(list, h)
		}
	}
	slices.SortFunc(list, identity.Hashed.Compare)
	if len(list) > 0 {
		b.present = b.present.With(kind)
	}
	return len(list)
}

// hash normalises one value in scratch memory and hashes it.
func (b *build) hash(field string, raw identity.Raw) (identity.Hashed, bool) {
	s := raw.Reveal()
	if h, is := parseHashed(s); is {
		return h, !h.IsZero()
	}
	if otherDigest(s) {
		return identity.Hashed{}, false
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
	if !ok {
		return identity.Hashed{}, false
	}
	return identity.Hash(b.buf), true
}

// phoneCountry is where a national number belongs to.
func (b *build) phoneCountry() string {
	if code, ok := identity.CountryCode(b.e.Identity.Country.Reveal()); ok {
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
		if b.users.address = b.readAddress(); b.users.address.complete {
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

func (b *build) readAddress() address4 {
	id := &b.e.Identity
	var ad address4
	var okGiven, okFamily, okRegion bool
	ad.given, okGiven = b.hash(FieldGivenName, id.FirstName)
	ad.family, okFamily = b.hash(FieldFamilyName, id.LastName)
	ad.region, okRegion = regionOf(id.Country)
	ad.postal = identity.Trim(id.PostalCode.Reveal())
	if b.a.analytics() && !id.Street.IsZero() {
		ad.line, _ = b.hash(FieldAddressLine, id.Street)
	}
	ad.complete = okGiven && okFamily && okRegion && postalFits(ad.postal, ad.region)
	return ad
}

// regionOf reads a country code that exists; a name of a country or a digest
// is none. Two codes that people use are not in the standard.
func regionOf(raw identity.Raw) (string, bool) {
	if code, ok := identity.CountryCode(raw.Reveal()); ok {
		return code, true
	}
	var buf [2]byte
	code, _ := appendRegion(buf[:0], raw.Reveal())
	switch string(code) {
	case "UK":
		return "GB", true
	case "XK":
		return "XK", true
	}
	return "", false
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
