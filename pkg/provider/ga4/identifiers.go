package ga4

import (
	"slices"
	"unicode/utf8"

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

// The weights of the estimated match quality, ours: Google publishes none for the
// protocol. The sum is capped at 10.
const (
	browserWeight, userWeight, clickWeight = 5.0, 2.0, 1.0
	emailWeight, phoneWeight               = 1.0, 1.0
	nameWeight, addressWeight              = 0.5, 0.5
	ipWeight, agentWeight                  = 0.5, 0.5
)

// The identifiers of user_data and their forms.
var (
	emails    = conversion.Emails(normal.EmailField(resource.EmailGmailDots), emailWeight)
	phones    = conversion.Phones(normal.PhoneField(resource.PhoneE164), phoneWeight)
	firstName = conversion.FirstName(letters, nameWeight)
	lastName  = conversion.LastName(letters, nameWeight)
	street    = conversion.Street(lettersAndDigits, addressWeight)
	city      = conversion.City(letters, addressWeight)
	region    = conversion.Region(letters, addressWeight)
	postal    = conversion.PostalCode(postalCode, addressWeight)
	country   = conversion.Country(countryCode, addressWeight)
)

// browser appends the id of the browser or of the installed app, without which there
// is no event, and is gate 6.
func (b *builder) browser() {
	a := &b.Event.Analytics
	raw, key, path := a.ClientID, "client_id", "analytics.client_id"
	read := clientID
	if b.t.account.app {
		raw, key, path, read = a.AppInstanceID, "app_instance_id", "analytics.app_instance_id", appInstanceID
	}
	switch s := identity.Trim(raw.Reveal()); {
	case s == "":
	case !b.May(decision.KindBrowserID, consent.AnalyticsStorage):
	default:
		id, note := read(s)
		if note == "" && payload.Unsafe(b.Event, id) {
			note = event.NoteUnsafe
		}
		if note != "" {
			b.Drop(decision.KindBrowserID, decision.DropInvalid, event.Path(path), note)
			break
		}
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, key), identity.Vouch(id))
		b.Relies |= consent.AnalyticsStorage
		b.Found(decision.KindBrowserID, browserWeight)
	}
	b.userID()
	if b.Present.Has(decision.KindBrowserID) {
		return
	}
	if b.Present == 0 {
		b.Insufficient(decision.IdentifiersNone, payload.Removed(b.Dropped[:], "Google Analytics needs "+path))
		return
	}
	b.Insufficient(decision.IdentifiersInsufficient, payload.Removed(b.Dropped[:], "Google Analytics needs "+path))
}

// userID appends the id of a signed-in user. It is in clear, and Google forbids what
// tells a person.
func (b *builder) userID() {
	if b.In.Restricted {
		return
	}
	raw, at, kind := b.Event.Analytics.UserID, event.Path("analytics.user_id"), decision.KindBrowserID
	if ids := b.Event.Identity.ExternalIDs; raw.IsZero() && b.t.account.UserID == fromExternalID && len(ids) > 0 {
		raw, at, kind = ids[0], event.Entry("identity.external_ids", 0, ""), decision.KindExternalID
	}
	s := identity.Trim(raw.Reveal())
	if s == "" || !b.May(kind, consent.AnalyticsStorage) {
		return
	}
	note := event.NoteCode("")
	switch {
	case identity.Placeholder(identity.AnyField, s):
		note = event.NotePlaceholder
	case utf8.RuneCountInString(s) > maxUserID:
		note = event.NoteLimit
	case identity.Garbled([]byte(s)):
		note = event.NoteInvalid
	case payload.Unsafe(b.Event, s):
		b.Refused(at)
	default:
		b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "user_id"), identity.Vouch(s))
		b.Relies |= consent.AnalyticsStorage
		if kind == decision.KindExternalID {
			b.Found(kind, userWeight)
		}
		return
	}
	if note != "" {
		b.Notes.Add(at, note)
	}
	if kind == decision.KindExternalID {
		b.Dropped[kind] = decision.DropInvalid
	}
}

// session appends what reports of sessions need.
func (b *builder) session() {
	if raw := b.Event.Analytics.SessionID; !raw.IsZero() && b.May(decision.KindBrowserID, consent.AnalyticsStorage) {
		id, fault := sessionID(raw.Reveal())
		switch {
		case fault == click.OK && !payload.Unsafe(b.Event, id):
			b.Dst = jsonappend.String(jsonappend.Key(b.Dst, "session_id"), identity.Vouch(id))
			b.Relies |= consent.AnalyticsStorage
			b.parameters++
		case fault != click.Absent:
			b.Notes.Add(event.Path("analytics.session_id"), payload.ClickNote(fault))
		}
	}
	b.Dst = append(jsonappend.Key(b.Dst, "engagement_time_msec"), '1')
	b.parameters++
}

// person appends what the destination asks for of the person and the device.
func (b *builder) person() {
	if b.In.Restricted {
		return
	}
	a := b.t.account
	if a.IPOverride {
		b.IP("ip_override", ipWeight, false)
	}
	if a.UserAgent {
		b.UserAgent("user_agent", agentWeight)
	}
	if !a.UserData {
		return
	}
	data := b.Object("user_data")
	b.Hashes("sha256_email_address", &emails)
	b.Hashes("sha256_phone_number", &phones)
	b.address()
	b.Close(data)
}

// address appends name and address, in a list of one. A country alone tells nobody.
func (b *builder) address() {
	list := b.Array("address")
	b.Dst = append(b.Dst, '{')
	before := len(b.Dst)
	b.Hash("sha256_first_name", &firstName)
	b.Hash("sha256_last_name", &lastName)
	b.Hash("sha256_street", &street)
	b.Clear("city", &city)
	b.Clear("region", &region)
	b.Clear("postal_code", &postal)
	if len(b.Dst) > before {
		b.Clear("country", &country)
		b.Dst = append(b.Dst, '}')
	} else {
		b.Dst = b.Dst[:before-1]
	}
	b.Close(list)
}

// userProperties appends the properties that the mapping calls so.
func (b *builder) userProperties() {
	if b.In.Sensitive || b.In.Restricted || len(b.t.user) == 0 {
		return
	}
	o := b.Object("user_properties")
	for i := range b.Event.Properties {
		p := &b.Event.Properties[i]
		if !slices.Contains(b.t.user, p.Key) || b.written(p.Key, i) {
			continue
		}
		one := b.Object(p.Key)
		b.scalarValue(p)
		b.Close(one)
	}
	b.Close(o)
	b.parameters = 0
}

// scalarValue appends the value of a user property.
func (b *builder) scalarValue(p *event.Property) {
	before := len(b.Dst)
	b.scalar("properties", "value", p.Value, maxPropertyValue)
	if len(b.Dst) == before && p.Value.Kind == event.String && utf8.RuneCountInString(p.Value.Str) > maxPropertyValue {
		b.Notes.Add(event.Member("properties", p.Key), event.NoteLimit)
	}
}

// Tables implements provider.Documented.
func (Provider) Tables() []provider.Table {
	return []provider.Table{{
		Name: "identifiers", Title: "Identifiers", Head: []string{"member", "destination", "from", "sent", "asked for by"},
		Rows: [][]string{
			{"`client_id`", "browser_id", "`analytics.client_id`", "in clear; web streams, required", ""},
			{"`app_instance_id`", "browser_id", "`analytics.app_instance_id`", "in clear; app streams, required", ""},
			{"`session_id`", "browser_id", "`analytics.session_id`", "in clear", ""},
			{"`user_id`", "browser_id, external_id", "`analytics.user_id`, the first of `identity.external_ids`", "in clear", "the second by `user_id: external_id`"},
			{"`sha256_email_address`", "email", "`identity.emails`", "hashed", "`user_data`"},
			{"`sha256_phone_number`", "phone", "`identity.phones`", "hashed, with `+`", "`user_data`"},
			{"`sha256_first_name`, `sha256_last_name`", "name", "`identity`", "hashed, without digits and signs", "`user_data`"},
			{"`sha256_street`", "address", "`identity.street`", "hashed, without signs", "`user_data`"},
			{"`city`, `region`, `postal_code`, `country`", "address", "`identity`", "in clear", "`user_data`"},
			{"`ip_override`", "ip", "`device.ip`", "in clear", "`ip_override`"},
			{"`user_agent`", "user_agent", "`device.user_agent`", "in clear", "`user_agent`"},
			{"click ids in `page_location`", "click_id", "`page.url`", "in clear", ""},
		},
	}}
}
