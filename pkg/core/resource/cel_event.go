package resource

import (
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"

	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
)

// The names of the record types in expressions.
const (
	celEvent     = "sluice.Event"
	celPage      = "sluice.Page"
	celDevice    = "sluice.Device"
	celLocation  = "sluice.Location"
	celMessaging = "sluice.Messaging"
	celCommerce  = "sluice.Commerce"
	celItem      = "sluice.Item"
	celOriginal  = "sluice.Original"
	celIdentity  = "sluice.HasIdentity"
)

// identityView is an event seen through has_identity: which identifiers it
// has, and none of their values.
type identityView event.Event

func recordTypeOf(value any) (string, bool) {
	switch value.(type) {
	case *event.Event:
		return celEvent, true
	case *event.Page:
		return celPage, true
	case *event.Device:
		return celDevice, true
	case *event.Location:
		return celLocation, true
	case *event.Messaging:
		return celMessaging, true
	case *event.Commerce:
		return celCommerce, true
	case *event.Item:
		return celItem, true
	case *event.Original:
		return celOriginal, true
	case *identityView:
		return celIdentity, true
	default:
		return "", false
	}
}

// celTypes is the immutable table of what expressions may see. The fields of the
// records are generated (cel_fields_gen.go): everything in the event but identity, click, consent, analytics and subject_id, and no
// field that holds a personal value (identity.Raw), such as the device's
// address, user agent and ids. has_identity says which identifiers are there.
var celTypes = sync.OnceValue(func() *celRegistry {
	r := &celRegistry{Registry: types.NewEmptyRegistry(), records: map[string]*celRecord{}}
	if full, err := types.NewRegistry(); err == nil {
		r.Registry = full
	}
	record := func(typeName, name string) *celRecord {
		c := &celRecord{
			name: name, fields: map[string]*types.FieldType{},
			typ: types.NewObjectType(typeName, traits.FieldTesterType|traits.IndexerType),
		}
		r.records[typeName] = c
		return c
	}
	e := record(celEvent, "event")
	eventFields(e)
	field(e, "properties", types.NewMapType(types.StringType, types.DynType), func(e *event.Event) (*propertyMap, bool) {
		// Always there, so that has(event.properties.plan) never fails.
		return (*propertyMap)(&e.Properties), true
	})
	page, device, location := record(celPage, ""), record(celDevice, ""), record(celLocation, "")
	messaging, commerce, original := record(celMessaging, ""), record(celCommerce, ""), record(celOriginal, "")
	item, has := record(celItem, "item"), record(celIdentity, "has_identity")
	recordField(e, "page", page, func(e *event.Event) *event.Page { return &e.Page })
	recordField(e, "device", device, func(e *event.Event) *event.Device { return &e.Device })
	recordField(e, "location", location, func(e *event.Event) *event.Location { return &e.Location })
	recordField(e, "messaging", messaging, func(e *event.Event) *event.Messaging { return &e.Messaging })
	recordField(e, "commerce", commerce, func(e *event.Event) *event.Commerce { return &e.Commerce })
	recordField(e, "original", original, func(e *event.Event) *event.Original { return &e.Original })
	pageFields(page)
	deviceFields(device)
	locationFields(location)
	messagingFields(messaging)
	amendedFields(original)
	commerceFields(commerce, item)
	itemFields(item)
	identityFields(has)
	recordField(e, "has_identity", has, func(e *event.Event) *identityView { return (*identityView)(e) })
	has.name = "has_identity"
	return r
})

// identityFields uses the words of a destination's identifiers list, and the
// single fields where a kind has several.
func identityFields(r *celRecord) {
	raw := func(name string, read func(*event.Event) identity.Raw) {
		presence(r, name, func(e *event.Event) bool { return !read(e).IsZero() })
	}
	presence(r, "email", func(e *event.Event) bool { return len(e.Identity.Emails) > 0 })
	presence(r, "phone", func(e *event.Event) bool { return len(e.Identity.Phones) > 0 })
	presence(r, "name", func(e *event.Event) bool { return !e.Identity.FirstName.IsZero() || !e.Identity.LastName.IsZero() })
	presence(r, "address", func(e *event.Event) bool {
		i := &e.Identity
		return !i.Street.IsZero() || !i.City.IsZero() || !i.Region.IsZero() || !i.PostalCode.IsZero() || !i.Country.IsZero()
	})
	presence(r, "external_id", func(e *event.Event) bool { return len(e.Identity.ExternalIDs) > 0 })
	presence(r, "login_id", func(e *event.Event) bool { return len(e.Identity.LoginIDs) > 0 })
	presence(r, "click_id", func(e *event.Event) bool {
		c := &e.Click
		return !c.Fbc.IsZero() || !c.Fbclid.IsZero() || !c.Gclid.IsZero() || !c.Gbraid.IsZero() || !c.Wbraid.IsZero() ||
			!c.Dclid.IsZero() || len(c.Other) > 0
	})
	raw("browser_id", func(e *event.Event) identity.Raw { return e.Click.Fbp })
	raw("ip", func(e *event.Event) identity.Raw { return e.Device.IP })
	raw("user_agent", func(e *event.Event) identity.Raw { return e.Device.UserAgent })
	raw("advertising_id", func(e *event.Event) identity.Raw { return e.Device.AdvertisingID })
	raw("date_of_birth", func(e *event.Event) identity.Raw { return e.Identity.DateOfBirth })
	raw("gender", func(e *event.Event) identity.Raw { return e.Identity.Gender })
	raw("lead_id", func(e *event.Event) identity.Raw { return e.Identity.LeadID })
	raw("subscription_id", func(e *event.Event) identity.Raw { return e.Identity.SubscriptionID })
	raw("subject_id", func(e *event.Event) identity.Raw { return e.SubjectID })
	raw("first_name", func(e *event.Event) identity.Raw { return e.Identity.FirstName })
	raw("last_name", func(e *event.Event) identity.Raw { return e.Identity.LastName })
	raw("postal_code", func(e *event.Event) identity.Raw { return e.Identity.PostalCode })
	raw("country", func(e *event.Event) identity.Raw { return e.Identity.Country })
	raw("fbc", func(e *event.Event) identity.Raw { return e.Click.Fbc })
	raw("fbp", func(e *event.Event) identity.Raw { return e.Click.Fbp })
	raw("fbclid", func(e *event.Event) identity.Raw { return e.Click.Fbclid })
	raw("gclid", func(e *event.Event) identity.Raw { return e.Click.Gclid })
	raw("gbraid", func(e *event.Event) identity.Raw { return e.Click.Gbraid })
	raw("wbraid", func(e *event.Event) identity.Raw { return e.Click.Wbraid })
	raw("dclid", func(e *event.Event) identity.Raw { return e.Click.Dclid })
}
