package pinterest

import (
	"slices"
	"strconv"

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
	"github.com/sluicehq/sluice/pkg/provider/payload"
)

// hashedKey is one key of user_data that is a list of digests.
type hashedKey struct {
	name string
	row  conversion.Person
}

// hashedKeys is the table of user_data in output order: where a value comes from,
// its form, and what it weighs in the estimated match quality. The documentation's
// list is made from it. The forms are those of Pinterest's API description, version
// 5.23, ConversionEventsUserDataProperties. A value of 64 hexadecimal digits was
// hashed before and is passed on where its form fits.
//
//   - em: white space around it removed, lower case; dots and +tags stay
//   - ph: digits with the country's calling code, no plus sign, no leading zeros
//   - fn, ln: white space around it removed, lower case; nothing else
//   - ge: f, m or n
//   - db: YYYYMMDD of a date written year first
//   - ct: lower case without white space and punctuation
//   - st: two letters, lower case; names of US states and Canadian provinces
//     become their code
//   - zp: digits; five of a US ZIP code. Codes with letters are left out
//   - country: ISO 3166-1 alpha-2, lower case
//   - external_id: white space around it removed
//   - hashed_maids: an advertising id in lower case
var hashedKeys = [...]hashedKey{
	{"em", conversion.Emails(normal.EmailField(resource.EmailPlain), 3)},
	{"ph", conversion.Phones(normal.PhoneField(resource.PhoneDigits), 2)},
	{"fn", conversion.FirstName(normal.Lower, 0.75)},
	{"ln", conversion.LastName(normal.Lower, 0.75)},
	{"ge", conversion.Gender(gender, 0.5)},
	{"db", conversion.BirthDate(birthDate, 1)},
	{"ct", conversion.City(city, 0.5)},
	{"st", conversion.Region(state, 0.5)},
	{"zp", conversion.PostalCode(postalDigits, 0.5)},
	{"country", conversion.Country(normal.Country, 0.5)},
	{"external_id", conversion.ExternalIDs(normal.IDField(normal.AsIs), 2)},
	{"hashed_maids", conversion.AdvertisingID(advertisingID, 3)},
}

// Positions in hashedKeys that rules name.
const atEmail, atPostal, atExternalID, atMaid = 0, 8, 10, 11

// The rows that a destination may ask for instead.
var (
	letterCodes = conversion.PostalCode(postalLetters, hashedKeys[atPostal].row.Weight)
	lowerIDs    = conversion.ExternalIDs(normal.IDField(normal.Lower), hashedKeys[atExternalID].row.Weight)
)

// The weights of what leaves in clear.
const ipWeight, agentWeight, clickWeight = 1.0, 1.0, 3.0

// browserIDWeight is what the tag's own id weighs where it stands for an external
// id.
const browserIDWeight = 1.0

// browserCookie is the tag's first-party cookie.
const browserCookie = "_pin_unauth"

var supported = decision.Kinds(
	decision.KindEmail, decision.KindPhone, decision.KindName, decision.KindAddress, decision.KindDateOfBirth, decision.KindGender,
	decision.KindExternalID, decision.KindAdvertisingID, decision.KindIP, decision.KindUserAgent, decision.KindClickID, decision.KindBrowserID,
)

// contextual are kinds that tell no person by themselves: fingerprinting.
var contextual = decision.Kinds(decision.KindIP, decision.KindUserAgent, decision.KindAddress, decision.KindGender)

// userData appends the member user_data and judges what stands in it.
func (b *builder) userData() {
	user := b.Object("user_data")
	var email, maid bool
	for i := range hashedKeys {
		k := &hashedKeys[i]
		switch i {
		case atEmail:
			email = b.Hashes(k.name, &k.row)
		case atPostal:
			b.Hashes(k.name, b.either(&k.row, &letterCodes, b.account.letterCodes))
		case atExternalID:
			if !b.Hashes(k.name, b.either(&k.row, &lowerIDs, b.account.lowerIDs)) && b.account.browserID {
				b.browserID(k.name)
			}
		case atMaid:
			maid = !b.Event.Device.AdvertisingID.IsZero() && b.MayTrack() && b.Hashes(k.name, &k.row)
		default:
			b.Hashes(k.name, &k.row)
		}
	}
	ip := b.IP("client_ip_address", ipWeight, false)
	agent := b.UserAgent("client_user_agent", agentWeight)
	b.Click("click_id", click.Epik, clickWeight)
	if !b.Close(user) {
		b.Dst = append(jsonappend.Key(b.Dst, "user_data"), "{}"...)
	}
	b.sufficient(email || maid || ip && agent)
}

func (b *builder) either(usual, other *conversion.Person, asked bool) *conversion.Person {
	if asked {
		return other
	}
	return usual
}

// sufficient is gate 6. known tells that the event has what Pinterest's API
// description asks for: em, hashed_maids, or an address and a user agent.
func (b *builder) sufficient(known bool) {
	switch {
	case b.Present == 0:
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "no identifier is left"))
	case !known:
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "Pinterest needs an e-mail address, an advertising id, or IP address and user agent"))
	case b.Present&^contextual == 0 && !b.In.Route.Destination.ContextualOnly:
		b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "only address, user agent, place or gender are left"))
	}
}

// browserID appends the tag's own id as the external id, as Pinterest's extension
// for Magento does (pinterest-magento2-extension at 1aafcd5): in lower case,
// hashed.
func (b *builder) browserID(key string) {
	for i := range b.Event.Click.Other {
		o := &b.Event.Click.Other[i]
		if o.Name != browserCookie || !b.May(decision.KindBrowserID, consent.AdStorage) {
			continue
		}
		id, fault := click.BrowserID(browserCookie, o.Value.Reveal())
		if fault != click.OK {
			b.Drop(decision.KindBrowserID, decision.DropInvalid, event.Member("click.other", browserCookie), payload.ClickNote(fault))
			continue
		}
		b.Scratch = identity.AppendLower(b.Scratch[:0], id)
		h := identity.Hash(b.Scratch)
		b.Dst = append(jsonappend.Hex(append(jsonappend.Key(b.Dst, key), '['), &h), ']')
		b.FoundBrowser(browserIDWeight)
		return
	}
}

// Tables implements provider.Documented: the keys of user_data.
func (Provider) Tables() []provider.Table {
	t := provider.Table{Name: "identifiers", Title: "Identifiers", Head: []string{"key", "destination", "sent", "match quality"}}
	add := func(key string, kind decision.Kind, sent string, weight float64) {
		if contextual.Has(kind) {
			sent += ", contextual"
		}
		t.Rows = append(t.Rows, []string{"`" + key + "`", kind.String(), sent, strconv.FormatFloat(weight, 'g', -1, 64)})
	}
	for i := range hashedKeys {
		add(hashedKeys[i].name, hashedKeys[i].row.Kind, "hashed", hashedKeys[i].row.Weight)
	}
	add("client_ip_address", decision.KindIP, "in clear", ipWeight)
	add("client_user_agent", decision.KindUserAgent, "in clear", agentWeight)
	add("click_id", decision.KindClickID, "in clear", clickWeight)
	add("external_id", decision.KindBrowserID, "hashed, only where browser_id asks for it", browserIDWeight)
	return []provider.Table{{Name: t.Name, Title: t.Title, Head: t.Head, Rows: slices.Clip(t.Rows)}}
}
