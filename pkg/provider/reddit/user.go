package reddit

import (
	"strconv"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
	"github.com/sluicehq/sluice/pkg/provider/jsonappend"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// The rows of user that are hashed, and those that a destination may ask for
// instead. The forms are those of Segment's integration, which Reddit took part in,
// and of social-hub's reading of Reddit's guides. A value of 64 hexadecimal digits
// was hashed before and is passed on where its form fits.
//
//   - email: lower case, the local part without dots and what follows a plus sign,
//     for every domain
//   - phone_number: a plus sign and the digits, country's calling code first
//   - external_id: white space around it removed, case kept
//   - idfa: a UUID in upper case; aaid: one in lower case
var (
	emails      = single(conversion.Emails(normal.EmailField(resource.EmailAllTag), 3))
	plainEmails = single(conversion.Emails(normal.EmailField(resource.EmailPlain), 3))
	phones      = single(conversion.Phones(normal.PhoneField(resource.PhoneE164), 2))
	digitPhones = single(conversion.Phones(normal.PhoneField(resource.PhoneDigits), 2))
	externalIDs = single(conversion.ExternalIDs(normal.IDField(normal.AsIs), 2))
	idfa        = conversion.AdvertisingID(upperUUID, 3)
	aaid        = conversion.AdvertisingID(lowerUUID, 3)
)

// single is a row of which one value leaves: the first that is usable.
func single(p conversion.Person) conversion.Person {
	p.Most = 1
	return p
}

// hashedKeys is the table of those rows by their keys. The documentation's list
// is made from it.
var hashedKeys = [...]struct {
	name string
	row  *conversion.Person
}{
	{"email", &emails}, {"phone_number", &phones}, {"external_id", &externalIDs}, {"idfa", &idfa}, {"aaid", &aaid},
}

// The weights of what leaves in clear.
const ipWeight, agentWeight, browserWeight, clickWeight = 1.0, 1.0, 2.0, 3.0

var supported = decision.Kinds(
	decision.KindEmail, decision.KindPhone, decision.KindExternalID, decision.KindAdvertisingID,
	decision.KindIP, decision.KindUserAgent, decision.KindClickID, decision.KindBrowserID,
)

// contextual are kinds that tell no person by themselves: fingerprinting.
var contextual = decision.Kinds(decision.KindIP, decision.KindUserAgent)

// user appends the member user, and judges what stands in it and beside it.
func (b *builder) user() {
	user := b.Object("user")
	b.Hash("email", b.account.email)
	b.Hash("phone_number", b.account.phone)
	b.Hash("external_id", &externalIDs)
	b.deviceID()
	b.IP("ip_address", ipWeight, false)
	b.UserAgent("user_agent", agentWeight)
	b.pixelUUID()
	b.screen()
	if b.In.Restricted {
		b.limitedDataUse()
	}
	b.Close(user)
	b.Sufficient(contextual)
}

// deviceID appends the advertising id under the key of its platform; Reddit hashes
// the two in different cases.
func (b *builder) deviceID() {
	d := &b.Event.Device
	if d.AdvertisingID.IsZero() || !b.MayTrack() {
		return
	}
	switch {
	case strings.EqualFold(d.Platform, "ios"):
		b.Hash("idfa", &idfa)
	case strings.EqualFold(d.Platform, "android"):
		b.Hash("aaid", &aaid)
	default:
		b.Dropped[decision.KindAdvertisingID] = decision.DropUnsupported
	}
}

// pixelUUID appends the id of the pixel's cookie, which is a UUID.
func (b *builder) pixelUUID() {
	id, ok := b.BrowserID(click.RdtUUID)
	if !ok {
		return
	}
	if b.Scratch, ok = appendUUID(b.Scratch[:0], id, false); !ok {
		b.Drop(decision.KindBrowserID, decision.DropInvalid, event.Path("click.rdt_uuid"), event.NoteInvalid)
		return
	}
	b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "uuid"), identity.Vouch(id))
	b.FoundBrowser(browserWeight)
}

// maxSide is the first side of a screen that Reddit refuses.
const maxSide = 32768

// screen appends the size of the screen, which serves recognition beside the user
// agent and leaves only where that may.
func (b *builder) screen() {
	w, h := b.Event.Device.ScreenWidth, b.Event.Device.ScreenHeight
	if !w.Set || !h.Set || !b.In.Route.Kinds.Has(decision.KindUserAgent) || w.Value <= 0 || h.Value <= 0 || w.Value >= maxSide || h.Value >= maxSide {
		return
	}
	o := b.Object("screen_dimensions")
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "width"), w.Value)
	b.Dst = jsonappend.Int(jsonappend.Key(b.Dst, "height"), h.Value)
	b.Close(o)
}

// limitedDataUse appends the reduced form: ISO 3166 codes of the country and,
// where it is known, the state.
func (b *builder) limitedDataUse() {
	b.Dst = append(jsonappend.Key(b.Dst, "data_processing_options"), `{"modes":["LDU"],"country":"US"`...)
	if r := b.In.Place.Location.Region; len(r) == 2 {
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "region"), identity.Vouch("US-"+r))
	}
	b.Dst = append(b.Dst, '}')
}

// Tables implements provider.Documented: the keys of user.
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
	add("ip_address", decision.KindIP, "in clear", ipWeight)
	add("user_agent", decision.KindUserAgent, "in clear", agentWeight)
	add("screen_dimensions", decision.KindUserAgent, "in clear", 0)
	add("uuid", decision.KindBrowserID, "in clear", browserWeight)
	add("click_id", decision.KindClickID, "in clear", clickWeight)
	return []provider.Table{t}
}
