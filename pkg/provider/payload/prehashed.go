package payload

import (
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/geo"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// emailRanks order the forms by how much they drop from an address.
var emailRanks = map[resource.EmailForm]int{
	"": 0, resource.EmailPlain: 0, resource.EmailNoSpace: 0, // white space is no part of a valid address
	resource.EmailGmailDots: 1, resource.EmailGmailTag: 2, resource.EmailAllTag: 3,
}

// PhoneHashFits tells what becomes of the digest of a phone number that came
// hashed: the two forms never have the same digest, so one of an unknown or
// another form matches nobody.
func PhoneHashFits(from, provider resource.PhoneForm) bool { return from == provider }

// EmailHashFits is the same for e-mail addresses. A form that drops no more than
// the provider's gives the provider's digest for every address that has nothing
// to drop. One that drops more can be the digest of somebody else's address.
func EmailHashFits(from, provider resource.EmailForm) bool {
	return emailRanks[from] <= emailRanks[provider]
}

// Country is the ISO 3166-1 alpha-2 code of the country that an identity names,
// empty where it names none.
func Country(raw identity.Raw) string {
	if raw.IsZero() {
		return ""
	}
	code, _ := geo.Country(identity.Trim(raw.Reveal()))
	return code
}

// PhoneNote is what is noted about a phone number that cannot be hashed.
func PhoneNote(f identity.PhoneFault) event.NoteCode {
	if f == identity.PhoneNoCountry {
		return event.NoteNoCountry
	}
	return event.NoteInvalid
}
