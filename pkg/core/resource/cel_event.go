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

// celTypes is the immutable table of what expressions may see: everything in
// the event but identity, click, consent, analytics and subject_id, and no
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
	headFields(e)
	page, device, location := record(celPage, ""), record(celDevice, ""), record(celLocation, "")
	messaging, commerce, original := record(celMessaging, ""), record(celCommerce, ""), record(celOriginal, "")
	item, has := record(celItem, "item"), record(celIdentity, "has_identity")
	recordField(e, "page", page, func(e *event.Event) *event.Page { return &e.Page })
	recordField(e, "device", device, func(e *event.Event) *event.Device { return &e.Device })
	recordField(e, "location", location, func(e *event.Event) *event.Location { return &e.Location })
	recordField(e, "messaging", messaging, func(e *event.Event) *event.Messaging { return &e.Messaging })
	recordField(e, "commerce", commerce, func(e *event.Event) *event.Commerce { return &e.Commerce })
	recordField(e, "original", original, func(e *event.Event) *event.Original { return &e.Original })
	placeFields(page, location, messaging, original)
	deviceFields(device)
	commerceFields(commerce, item)
	itemFields(item)
	identityFields(has)
	recordField(e, "has_identity", has, func(e *event.Event) *identityView { return (*identityView)(e) })
	has.name = "has_identity"
	return r
})

func headFields(r *celRecord) {
	stringField(r, "customer_id", func(e *event.Event) string { return e.CustomerID })
	stringField(r, "event_name", func(e *event.Event) string { return e.Name })
	timeField(r, "event_time", func(e *event.Event) int64 { return e.Time })
	stringField(r, "event_id", func(e *event.Event) string { return e.ID })
	timeField(r, "received_time", func(e *event.Event) int64 { return e.ReceivedTime })
	// An absent source means web where there is a page URL.
	stringField(r, "source", (*event.Event).EffectiveSource)
	stringField(r, "traffic", (*event.Event).EffectiveTraffic)
	boolField(r, "browser_reported", func(e *event.Event) event.Opt[bool] { return e.BrowserReported })
	stringField(r, "age_group", func(e *event.Event) string { return e.Consent.AgeGroup.Value })
	field(r, "properties", types.NewMapType(types.StringType, types.DynType), func(e *event.Event) (*propertyMap, bool) {
		// Always there, so that has(event.properties.plan) never fails.
		return (*propertyMap)(&e.Properties), true
	})
}

func placeFields(page, location, messaging, original *celRecord) {
	stringField(page, "url", func(p *event.Page) string { return p.URL })
	stringField(page, "referrer", func(p *event.Page) string { return p.Referrer })
	stringField(page, "title", func(p *event.Page) string { return p.Title })
	stringField(location, "country", func(l *event.Location) string { return l.Country })
	stringField(location, "region", func(l *event.Location) string { return l.Region })
	stringField(messaging, "channel", func(m *event.Messaging) string { return m.Channel })
	stringField(original, "event_name", func(o *event.Original) string { return o.Name })
	timeField(original, "event_time", func(o *event.Original) int64 { return o.Time })
	stringField(original, "event_id", func(o *event.Original) string { return o.ID })
	stringField(original, "transaction_id", func(o *event.Original) string { return o.TransactionID })
}

func deviceFields(r *celRecord) {
	stringField(r, "language", func(d *event.Device) string { return d.Language })
	stringField(r, "platform", func(d *event.Device) string { return d.Platform })
	stringField(r, "os_version", func(d *event.Device) string { return d.OSVersion })
	stringField(r, "model", func(d *event.Device) string { return d.Model })
	stringField(r, "timezone", func(d *event.Device) string { return d.Timezone })
	stringField(r, "carrier", func(d *event.Device) string { return d.Carrier })
	intField(r, "screen_width", func(d *event.Device) event.Opt[int64] { return d.ScreenWidth })
	intField(r, "screen_height", func(d *event.Device) event.Opt[int64] { return d.ScreenHeight })
	doubleField(r, "screen_density", func(d *event.Device) event.Opt[float64] { return d.ScreenDensity })
	intField(r, "cpu_cores", func(d *event.Device) event.Opt[int64] { return d.CPUCores })
	doubleField(r, "storage_gb", func(d *event.Device) event.Opt[float64] { return d.StorageGB })
	doubleField(r, "storage_free_gb", func(d *event.Device) event.Opt[float64] { return d.StorageFreeGB })
	stringField(r, "app_id", func(d *event.Device) string { return d.AppID })
	stringField(r, "app_version", func(d *event.Device) string { return d.AppVersion })
	stringField(r, "app_build", func(d *event.Device) string { return d.AppBuild })
	boolField(r, "tracking_authorized", func(d *event.Device) event.Opt[bool] { return d.TrackingAuthorized })
	boolField(r, "app_tracking_enabled", func(d *event.Device) event.Opt[bool] { return d.AppTrackingEnabled })
}

func commerceFields(r, item *celRecord) {
	stringField(r, "transaction_id", func(c *event.Commerce) string { return c.TransactionID })
	doubleField(r, "value", func(c *event.Commerce) event.Opt[float64] { return c.Value })
	stringField(r, "currency", func(c *event.Commerce) string { return c.Currency })
	doubleField(r, "tax", func(c *event.Commerce) event.Opt[float64] { return c.Tax })
	doubleField(r, "shipping", func(c *event.Commerce) event.Opt[float64] { return c.Shipping })
	doubleField(r, "discount", func(c *event.Commerce) event.Opt[float64] { return c.Discount })
	doubleField(r, "net_revenue", func(c *event.Commerce) event.Opt[float64] { return c.NetRevenue })
	doubleField(r, "predicted_ltv", func(c *event.Commerce) event.Opt[float64] { return c.PredictedLTV })
	field(r, "coupons", types.NewListType(types.StringType), func(c *event.Commerce) ([]string, bool) {
		return c.Coupons, len(c.Coupons) > 0
	})
	field(r, "items", types.NewListType(item.typ), func(c *event.Commerce) ([]event.Item, bool) {
		return c.Items, len(c.Items) > 0
	})
	stringField(r, "search_term", func(c *event.Commerce) string { return c.SearchTerm })
	stringField(r, "lead_event_source", func(c *event.Commerce) string { return c.LeadEventSource })
	stringField(r, "customer_type", func(c *event.Commerce) string { return c.CustomerType })
	stringField(r, "customer_value_bucket", func(c *event.Commerce) string { return c.CustomerValueBucket })
	stringField(r, "delivery_category", func(c *event.Commerce) string { return c.DeliveryCategory })
	stringField(r, "store_id", func(c *event.Commerce) string { return c.StoreID })
}

func itemFields(r *celRecord) {
	stringField(r, "id", func(i *event.Item) string { return i.ID })
	stringField(r, "group_id", func(i *event.Item) string { return i.GroupID })
	stringField(r, "item_number", func(i *event.Item) string { return i.ItemNumber })
	stringField(r, "name", func(i *event.Item) string { return i.Name })
	stringField(r, "brand", func(i *event.Item) string { return i.Brand })
	stringField(r, "category", func(i *event.Item) string { return i.Category })
	stringField(r, "variant", func(i *event.Item) string { return i.Variant })
	intField(r, "quantity", func(i *event.Item) event.Opt[int64] { return i.Quantity })
	doubleField(r, "price", func(i *event.Item) event.Opt[float64] { return i.Price })
}

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
