package codec

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
)

// eventFields lists the fields of schemas/analytics_event.avsc.
func eventFields(c *coder, e *event.Event) {
	c.str("customer_id", &e.CustomerID)
	c.str("event_name", &e.Name)
	c.time("event_time", &e.Time)
	c.optStr("event_id", &e.ID)
	c.raw("subject_id", &e.SubjectID)
	c.optTime("received_time", &e.ReceivedTime)
	c.optStr("source", &e.Source)
	c.optStr("traffic", &e.Traffic)
	c.optBool("browser_reported", &e.BrowserReported)
	ageField(c, &e.Consent)
	pageFields(c, &e.Page)
	deviceFields(c, &e.Device)
	if c.optRecord("location", e.Location != event.Location{}) {
		c.optStr("country", &e.Location.Country)
		c.optStr("region", &e.Location.Region)
		c.end()
	}
	identityFields(c, &e.Identity)
	clickFields(c, &e.Click)
	analyticsFields(c, &e.Analytics)
	messagingFields(c, &e.Messaging)
	snapshotFields(c, &e.Consent)
	commerceFields(c, &e.Commerce)
	if c.optRecord("original", c.in() || e.Original != event.Original{}) {
		c.optStr("event_name", &e.Original.Name)
		c.optTime("event_time", &e.Original.Time)
		c.optStr("event_id", &e.Original.ID)
		c.optStr("transaction_id", &e.Original.TransactionID)
		c.end()
	}
	propertyFields(c, &e.Properties)
}

func pageFields(c *coder, p *event.Page) {
	if !c.optRecord("page", c.in() || *p != event.Page{}) {
		return
	}
	c.optStr("url", &p.URL)
	c.optStr("referrer", &p.Referrer)
	c.optStr("title", &p.Title)
	c.end()
}

func deviceFields(c *coder, d *event.Device) {
	if !c.optRecord("device", c.in() || *d != event.Device{}) {
		return
	}
	c.raw("ip", &d.IP)
	c.raw("user_agent", &d.UserAgent)
	c.optStr("language", &d.Language)
	c.raw("advertising_id", &d.AdvertisingID)
	c.raw("vendor_id", &d.VendorID)
	c.raw("install_id", &d.InstallID)
	c.optStr("platform", &d.Platform)
	c.optStr("os_version", &d.OSVersion)
	c.optStr("model", &d.Model)
	c.optStr("timezone", &d.Timezone)
	c.optStr("carrier", &d.Carrier)
	c.optLong("screen_width", &d.ScreenWidth)
	c.optLong("screen_height", &d.ScreenHeight)
	c.optDouble("screen_density", &d.ScreenDensity)
	c.optLong("cpu_cores", &d.CPUCores)
	c.optDouble("storage_gb", &d.StorageGB)
	c.optDouble("storage_free_gb", &d.StorageFreeGB)
	c.optStr("app_id", &d.AppID)
	c.optStr("app_version", &d.AppVersion)
	c.optStr("app_build", &d.AppBuild)
	c.optBool("tracking_authorized", &d.TrackingAuthorized)
	c.optBool("app_tracking_enabled", &d.AppTrackingEnabled)
	c.end()
}

func identityFields(c *coder, id *event.Identity) {
	if !c.optRecord("identity", c.in() || hasIdentity(id)) {
		return
	}
	c.raws("emails", &id.Emails)
	c.raws("phones", &id.Phones)
	c.raw("first_name", &id.FirstName)
	c.raw("last_name", &id.LastName)
	c.raw("date_of_birth", &id.DateOfBirth)
	c.raw("gender", &id.Gender)
	c.raw("street", &id.Street)
	c.raw("city", &id.City)
	c.raw("region", &id.Region)
	c.raw("postal_code", &id.PostalCode)
	c.raw("country", &id.Country)
	c.raws("external_ids", &id.ExternalIDs)
	c.raw("lead_id", &id.LeadID)
	c.raw("subscription_id", &id.SubscriptionID)
	c.namedRaws("login_ids", &id.LoginIDs)
	c.end()
}

func hasIdentity(id *event.Identity) bool {
	if len(id.Emails)+len(id.Phones)+len(id.ExternalIDs)+len(id.LoginIDs) > 0 {
		return true
	}
	return !(id.FirstName.IsZero() && id.LastName.IsZero() && id.DateOfBirth.IsZero() && id.Gender.IsZero() &&
		id.Street.IsZero() && id.City.IsZero() && id.Region.IsZero() && id.PostalCode.IsZero() &&
		id.Country.IsZero() && id.LeadID.IsZero() && id.SubscriptionID.IsZero())
}

func clickFields(c *coder, k *event.Click) {
	if !c.optRecord("click", c.in() || hasClick(k)) {
		return
	}
	c.raw("fbc", &k.Fbc)
	c.raw("fbp", &k.Fbp)
	c.raw("fbclid", &k.Fbclid)
	c.raw("gclid", &k.Gclid)
	c.raw("gbraid", &k.Gbraid)
	c.raw("wbraid", &k.Wbraid)
	c.raw("dclid", &k.Dclid)
	c.raw("session_attributes", &k.SessionAttributes)
	c.optTime("captured_at", &k.CapturedAt)
	c.namedRaws("other", &k.Other)
	c.end()
}

func hasClick(k *event.Click) bool {
	return len(k.Other) > 0 || k.CapturedAt != 0 ||
		!(k.Fbc.IsZero() && k.Fbp.IsZero() && k.Fbclid.IsZero() && k.Gclid.IsZero() && k.Gbraid.IsZero() &&
			k.Wbraid.IsZero() && k.Dclid.IsZero() && k.SessionAttributes.IsZero())
}

func analyticsFields(c *coder, a *event.Analytics) {
	if !c.optRecord("analytics", c.in() || *a != event.Analytics{}) {
		return
	}
	c.raw("client_id", &a.ClientID)
	c.raw("session_id", &a.SessionID)
	c.raw("app_instance_id", &a.AppInstanceID)
	c.raw("user_id", &a.UserID)
	c.end()
}

func messagingFields(c *coder, m *event.Messaging) {
	if !c.optRecord("messaging", c.in() || *m != event.Messaging{}) {
		return
	}
	c.optStr("channel", &m.Channel)
	c.raw("page_id", &m.PageID)
	c.raw("page_scoped_user_id", &m.PageScopedUserID)
	c.raw("ctwa_clid", &m.CtwaClid)
	c.raw("ig_account_id", &m.IGAccountID)
	c.raw("ig_sid", &m.IGSID)
	c.raw("whatsapp_business_account_id", &m.WhatsAppBusinessAccountID)
	c.end()
}

// ageField is consent like the rest, though it stands at the top.
func ageField(c *coder, in *consent.Input) {
	c.json.lenient = true
	c.given("age_group", &in.AgeGroup)
	c.json.lenient = false
	c.markMalformed(in)
}

func snapshotFields(c *coder, in *consent.Input) {
	content := *in
	content.AgeGroup = consent.Field{}
	c.json.lenient = true
	if c.optRecord("consent", isMalformed(in) || content != consent.Input{}) {
		consentFields(c, in)
		markUnknown(in, c.unknownMember())
		c.end()
	}
	c.json.lenient = false
	c.markMalformed(in)
}

func consentFields(c *coder, in *consent.Input) {
	purposeFields(c, in)
	signalFields(c, in)
	if c.optional("captured_at", in.CapturedAt != 0) {
		consentTime(c, "captured_at", &in.CapturedAt, in)
	}
	scopeFields(c, in)
}

// scopeFields say which strings and sections are in force.
func scopeFields(c *coder, in *consent.Input) {
	c.tri("gdpr_applies", &in.GDPRApplies)
	sectionIDs(c, "gpp_sid", &in.GPPSID)
}

// sectionIDs is a nullable list of ids; empty and null are the same. In JSON it may
// also be a text such as 7_8, as browsers keep it.
func sectionIDs(c *coder, name string, p *consent.SectionIDs) {
	if present := p.Len() > 0; c.none(present) || !c.optional(name, present) {
		return
	}
	if c.mode == parsing && c.buf[c.pos] == '"' {
		var text string
		c.parseString(name, &text)
		p.AddText(text)
		return
	}
	label := name
	if c.mode == printing {
		label = "" // within a list
	}
	for l := c.array(name, p.Len()); c.next(&l); {
		var id int64
		if !c.in() {
			id = p.At(l.i)
		}
		c.long(label, &id)
		if c.in() {
			p.Add(id)
		}
	}
}

// purposeFields are the four purposes, in events and in consent records.
func purposeFields(c *coder, in *consent.Input) {
	storage := in.AdStorage
	if isMalformed(in) && !c.in() {
		storage = consent.Text(malformedWord(in))
	}
	c.given("ad_storage", &storage)
	if c.in() {
		in.AdStorage = storage
		readMalformedWord(in)
	}
	c.given("ad_user_data", &in.AdUserData)
	c.given("ad_personalization", &in.AdPersonalization)
	c.given("analytics_storage", &in.AnalyticsStorage)
}

// signalFields are the browser signals and the IAB strings.
func signalFields(c *coder, in *consent.Input) {
	c.tri("gpc", &in.GPC)
	c.tri("dnt", &in.DNT)
	c.given("tcf", &in.TCF)
	c.given("gpp", &in.GPP)
}

// consentTime is a time inside a consent statement: an impossible one makes
// the statement malformed, not the record invalid.
func consentTime(c *coder, name string, ms *int64, in *consent.Input) {
	if c.mode != reading {
		c.time(name, ms)
		return
	}
	v := c.readLong(name)
	if c.fault != "" {
		return
	}
	if timeFault(v) != "" {
		markWrongType(in, name)
		return
	}
	*ms = v
}

func commerceFields(c *coder, m *event.Commerce) {
	if !c.optRecord("commerce", hasCommerce(m)) {
		return
	}
	c.optStr("transaction_id", &m.TransactionID)
	c.optDouble("value", &m.Value)
	c.optStr("currency", &m.Currency)
	c.optDouble("tax", &m.Tax)
	c.optDouble("shipping", &m.Shipping)
	c.optDouble("discount", &m.Discount)
	c.optDouble("net_revenue", &m.NetRevenue)
	c.optDouble("predicted_ltv", &m.PredictedLTV)
	c.strs("coupons", &m.Coupons)
	for l := c.array("items", len(m.Items)); c.next(&l); {
		grow(c, &m.Items)
		itemFields(c, &m.Items[l.i])
	}
	c.optStr("search_term", &m.SearchTerm)
	c.optStr("lead_event_source", &m.LeadEventSource)
	c.optStr("customer_type", &m.CustomerType)
	c.optStr("customer_value_bucket", &m.CustomerValueBucket)
	c.optStr("delivery_category", &m.DeliveryCategory)
	c.optStr("store_id", &m.StoreID)
	c.end()
}

func hasCommerce(m *event.Commerce) bool {
	if len(m.Coupons)+len(m.Items) > 0 || m.TransactionID != "" || m.Currency != "" {
		return true
	}
	if m.Value.Set || m.Tax.Set || m.Shipping.Set || m.Discount.Set || m.NetRevenue.Set || m.PredictedLTV.Set {
		return true
	}
	return m.SearchTerm != "" || m.LeadEventSource != "" || m.CustomerType != "" ||
		m.CustomerValueBucket != "" || m.DeliveryCategory != "" || m.StoreID != ""
}

func itemFields(c *coder, i *event.Item) {
	c.record("")
	c.optStr("id", &i.ID)
	c.optStr("group_id", &i.GroupID)
	c.optStr("item_number", &i.ItemNumber)
	c.optStr("name", &i.Name)
	c.optStr("brand", &i.Brand)
	c.optStr("category", &i.Category)
	c.optStr("variant", &i.Variant)
	c.optQuantity("quantity", &i.Quantity)
	c.optDouble("price", &i.Price)
	c.end()
}
