package meta

import (
	"strconv"

	"github.com/sluicehq/sluice/pkg/core/click"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/normal"
)

// encoding says how an identifier stands in user_data.
type encoding uint8

const (
	hashList    encoding = iota // array of digests, sorted, without repeats
	externalIDs                 // as hashList, or in clear where the destination says so
	address                     // IP address in clear
	text                        // string in clear
	fbcText                     // click id
	fbpText                     // browser id
	leadNumber                  // integer of 15 to 17 digits
	loginNumber                 // Meta's entry of login_ids, an integer
	deviceID                    // advertising id, a lower-case UUID
	partner                     // business messaging ids
)

// row is one identifier: the key in user_data, the kind that a destination
// allows or not, how it is normalised and written, where it comes from, and
// what it weighs in the estimated match quality.
type row struct {
	key    string
	kind   decision.Kind
	enc    encoding
	normal normal.Func
	one    func(*event.Event) identity.Raw
	many   func(*event.Event) []identity.Raw
	weight float64
	// path is where the event has it; of and field say how its values are read.
	path  string
	of    hashKind
	field identity.Field
	// class tells keys that never suffice by themselves.
	class class
	// owned: not a personal identifier but the business' own id.
	owned bool
}

// class is what a key contributes to telling a person.
type class uint8

const (
	strong     class = iota
	contextual       // IP address, user agent, place, gender: fingerprinting
)

// rows is the table of user_data in output order. The documentation's list of
// identifiers is made from it.
var rows = [...]row{
	{key: "em", path: "identity.emails", of: hashEmail, kind: decision.KindEmail, normal: email, weight: 3, many: func(e *event.Event) []identity.Raw { return e.Identity.Emails }},
	{key: "ph", path: "identity.phones", of: hashPhone, kind: decision.KindPhone, normal: notNormalised, weight: 2, many: func(e *event.Event) []identity.Raw { return e.Identity.Phones }},
	{key: "fn", path: "identity.first_name", field: identity.GivenName, kind: decision.KindName, normal: normal.Name, weight: 0.75, one: func(e *event.Event) identity.Raw { return e.Identity.FirstName }},
	{key: "ln", path: "identity.last_name", field: identity.FamilyName, kind: decision.KindName, normal: normal.Name, weight: 0.75, one: func(e *event.Event) identity.Raw { return e.Identity.LastName }},
	{key: "db", path: "identity.date_of_birth", kind: decision.KindDateOfBirth, normal: normal.BirthDate, weight: 1.5, one: func(e *event.Event) identity.Raw { return e.Identity.DateOfBirth }},
	{key: "ge", path: "identity.gender", kind: decision.KindGender, normal: normal.Gender, weight: 0.5, class: contextual, one: func(e *event.Event) identity.Raw { return e.Identity.Gender }},
	{key: "ct", path: "identity.city", field: identity.Place, kind: decision.KindAddress, normal: normal.City, weight: 0.5, class: contextual, one: func(e *event.Event) identity.Raw { return e.Identity.City }},
	{key: "st", path: "identity.region", field: identity.Place, kind: decision.KindAddress, normal: normal.State, weight: 0.5, class: contextual, one: func(e *event.Event) identity.Raw { return e.Identity.Region }},
	{key: "zp", path: "identity.postal_code", kind: decision.KindAddress, normal: normal.Postcode, weight: 0.5, class: contextual, one: func(e *event.Event) identity.Raw { return e.Identity.PostalCode }},
	{key: "country", path: "identity.country", kind: decision.KindAddress, normal: normal.Country, weight: 1, class: contextual, one: func(e *event.Event) identity.Raw { return e.Identity.Country }},
	{key: "external_id", path: "identity.external_ids", of: hashOpaque, kind: decision.KindExternalID, enc: externalIDs, normal: normal.Compact, weight: 2, many: func(e *event.Event) []identity.Raw { return e.Identity.ExternalIDs }},
	{key: "client_ip_address", path: "device.ip", kind: decision.KindIP, enc: address, weight: 1, class: contextual, one: func(e *event.Event) identity.Raw { return e.Device.IP }},
	{key: "client_user_agent", path: "device.user_agent", kind: decision.KindUserAgent, enc: text, weight: 1, class: contextual, one: func(e *event.Event) identity.Raw { return e.Device.UserAgent }},
	{key: "fbc", path: "click.fbc", kind: decision.KindClickID, enc: fbcText, weight: 3, one: clickSource},
	{key: "fbp", path: "click.fbp", kind: decision.KindBrowserID, enc: fbpText, weight: 2, one: func(e *event.Event) identity.Raw { return e.Click.Fbp }},
	{key: "subscription_id", path: "identity.subscription_id", kind: decision.KindSubscriptionID, enc: text, weight: 1, one: func(e *event.Event) identity.Raw { return e.Identity.SubscriptionID }},
	{key: "fb_login_id", path: "identity.login_ids", kind: decision.KindLoginID, enc: loginNumber, weight: 2, one: loginID},
	{key: "lead_id", path: "identity.lead_id", kind: decision.KindLeadID, enc: leadNumber, weight: 3, one: func(e *event.Event) identity.Raw { return e.Identity.LeadID }},
	{key: "anon_id", path: "device.install_id", kind: decision.KindAdvertisingID, enc: text, weight: 1, one: func(e *event.Event) identity.Raw { return e.Device.InstallID }},
	{key: "madid", path: "device.advertising_id", kind: decision.KindAdvertisingID, enc: deviceID, weight: 3, one: func(e *event.Event) identity.Raw { return e.Device.AdvertisingID }},
	{key: "page_id", path: "messaging.page_id", enc: partner, owned: true, one: func(e *event.Event) identity.Raw { return e.Messaging.PageID }},
	{key: "page_scoped_user_id", path: "messaging.page_scoped_user_id", kind: decision.KindLoginID, enc: partner, weight: 5, one: func(e *event.Event) identity.Raw { return e.Messaging.PageScopedUserID }},
	{key: "ctwa_clid", path: "messaging.ctwa_clid", kind: decision.KindClickID, enc: partner, weight: 5, one: func(e *event.Event) identity.Raw { return e.Messaging.CtwaClid }},
	{key: "ig_account_id", path: "messaging.ig_account_id", enc: partner, owned: true, one: func(e *event.Event) identity.Raw { return e.Messaging.IGAccountID }},
	{key: "ig_sid", path: "messaging.ig_sid", kind: decision.KindLoginID, enc: partner, weight: 5, one: func(e *event.Event) identity.Raw { return e.Messaging.IGSID }},
	{key: "whatsapp_business_account_id", path: "messaging.whatsapp_business_account_id", enc: partner, owned: true, one: func(e *event.Event) identity.Raw { return e.Messaging.WhatsAppBusinessAccountID }},
}

// Positions in rows that rules name.
const (
	atFn, atLn, atDb, atGe, atCt, atSt, atZp, atCountry = 2, 3, 4, 5, 6, 7, 8, 9
	atIP, atUserAgent, atFbc, atFbp                     = 11, 12, 13, 14
	atLeadID, atAnonID                                  = 17, 18
	atPageID, atPageScopedID, atCtwaClid                = 20, 21, 22
	atIGAccount, atIGSID, atWhatsApp                    = 23, 24, 25
)

// clickSource is the first thing that an fbc could be made from. Whether there
// is a click id in a URL is asked here as well, so that the identifier status
// can tell that it was left out.
func clickSource(e *event.Event) identity.Raw {
	if !e.Click.Fbc.IsZero() {
		return e.Click.Fbc
	}
	if !e.Click.Fbclid.IsZero() {
		return e.Click.Fbclid
	}
	if f := click.Find(e, click.Fbclid); f.Has() {
		return identity.NewRaw(f.Value)
	}
	return identity.Raw{}
}

// loginNames are the keys of login_ids that mean Meta's login.
var loginNames = [...]string{"facebook", "meta", "fb"}

func loginID(e *event.Event) identity.Raw {
	for _, want := range loginNames {
		for _, id := range e.Identity.LoginIDs {
			if id.Name == want {
				return id.Value
			}
		}
	}
	return identity.Raw{}
}

// keySet is a set of positions in rows.
type keySet uint32

func (s keySet) has(i int) bool { return s&(1<<i) != 0 }

func keysOf(positions ...int) keySet {
	var s keySet
	for _, p := range positions {
		s |= 1 << p
	}
	return s
}

// subsetOf reports whether every key of s is in o.
func (s keySet) subsetOf(o keySet) bool { return s&^o == 0 }

// tooWeak are the sets that Meta refuses: an event whose keys are all in one of
// them says too little about a person (error 2804050).
var tooWeak = [...]keySet{
	keysOf(atCt, atCountry, atSt, atZp, atGe, atUserAgent),
	keysOf(atDb, atUserAgent),
	keysOf(atFn, atGe),
	keysOf(atLn, atGe),
}

// contextualKeys and ownedKeys are read off the table.
var contextualKeys, ownedKeys = classify()

func classify() (context, owned keySet) {
	for i, r := range rows {
		if r.class == contextual {
			context |= 1 << i
		}
		if r.owned {
			owned |= 1 << i
		}
	}
	return context, owned
}

// clearMembers are the members that hold an identifier unhashed: external_id
// where the destination asks for it, URLs because of the click id in them.
func clearMembers() []string {
	names := []string{"external_id", "vendor_id", "event_source_url", "referrer_url"}
	for i := range rows {
		if rows[i].enc != hashList && rows[i].enc != externalIDs && !rows[i].owned {
			names = append(names, rows[i].key)
		}
	}
	return names
}

// Match quality is an estimate from 0 to 10 of how likely Meta recognises the
// person: the sum of the weights of the keys that an event carries, at most 10.
// An IP address and a user agent weigh 1 each, and half a point less where one
// stands without the other, because Meta uses them together. Meta publishes no
// formula; the order follows its published priorities (e-mail and click id
// high; phone, external id, browser id, login id, date of birth and country in
// the middle; names and places low), and the numbers are ours. They stand in
// the table above.

// Key describes one key of user_data, for the documentation.
type Key struct {
	Name string
	// Kind is the kind that a destination's identifiers list names; Business
	// tells that it is no personal identifier but the business' own.
	Kind     decision.Kind
	Business bool
	// Hashed keys are sent as SHA-256, List keys take several values.
	Hashed, List bool
	// Weight is what the key adds to the estimated match quality.
	Weight float64
	// Contextual keys never suffice by themselves.
	Contextual bool
}

// Keys lists the keys of user_data in output order.
func Keys() []Key {
	keys := make([]Key, 0, len(rows))
	for _, r := range rows {
		hashed := r.enc == hashList || r.enc == externalIDs
		keys = append(keys, Key{
			Name: r.key, Kind: r.kind, Business: r.owned, Hashed: hashed, List: hashed, Weight: r.weight, Contextual: r.class == contextual,
		})
	}
	return keys
}

// Tables implements provider.Documented: the keys of user_data.
func (Provider) Tables() []provider.Table {
	t := provider.Table{Name: "identifiers", Title: "Identifiers", Head: []string{"key", "destination", "sent", "match quality"}}
	for _, k := range Keys() {
		kind, sent := k.Kind.String(), "in clear"
		if k.Business {
			kind = "(the business' own)"
		}
		if k.Hashed {
			sent = "hashed"
		}
		if k.Contextual {
			sent += ", contextual"
		}
		t.Rows = append(t.Rows, []string{"`" + k.Name + "`", kind, sent, strconv.FormatFloat(k.Weight, 'g', -1, 64)})
	}
	return []provider.Table{t}
}
