package fake

import (
	"fmt"

	"github.com/sluicehq/sluice/pkg/fake/sandbox/jsontree"
)

var channels = []string{"messenger", "whatsapp", "instagram"}

var messagingNames = set("Purchase", "LeadSubmitted", "InitiateCheckout", "AddToCart", "ViewContent", "OrderCreated",
	"OrderShipped", "OrderDelivered", "OrderCanceled", "OrderReturned", "CartAbandoned", "QualifiedLead",
	"RatingProvided", "ReviewProvided")

var appKeys = set("advertiser_tracking_enabled", "application_tracking_enabled", "extinfo", "campaign_ids",
	"consider_views", "include_dwell_data", "include_video_data", "install_referrer", "installer_package",
	"receipt_data", "url_schemes", "vendor_id", "windows_attribution_id")

// bySource are the requirements of each action source.
func (c *check) bySource() *Refusal {
	if c.event.Has("app_data") || c.source == "app" {
		if r := c.appData(); r != nil {
			return r
		}
	}
	switch c.source {
	case "website":
		if !c.event.Has("event_source_url") {
			return invalid(subMissing, "Website events need event_source_url.")
		}
		if !c.event.Get("user_data").Has("client_user_agent") {
			return invalid(subMissing, "Website events need client_user_agent.")
		}
	case "business_messaging":
		return c.messaging()
	}
	return nil
}

func (c *check) appData() *Refusal {
	path := c.field("app_data")
	app := c.event.Get("app_data")
	if app.Kind == jsontree.Absent {
		return invalid(subMissing, "App events need app_data.")
	}
	if app.Kind != jsontree.Object {
		return badParam(path, "must be an object")
	}
	for _, m := range app.Members {
		if !in(appKeys, m.Name) {
			return unexpectedKey(m.Name, path)
		}
	}
	for _, name := range []string{"advertiser_tracking_enabled", "application_tracking_enabled"} {
		n := app.Get(name)
		if n.Kind == jsontree.Absent {
			return invalid(subMissing, "App events need app_data."+name+".")
		}
		if n.Kind != jsontree.Bool && n.Text != "0" && n.Text != "1" {
			return badParam(fmt.Sprintf("%s['%s']", path, name), "must be 0 or 1")
		}
	}
	return c.extinfo(app.Get("extinfo"), path+"['extinfo']")
}

// extinfo has 16 strings: 0 is the format's version, 4 the system's version.
func (c *check) extinfo(n jsontree.Node, path string) *Refusal {
	if n.Kind == jsontree.Absent {
		return invalid(subMissing, "App events need app_data.extinfo.")
	}
	if n.Kind != jsontree.Array || len(n.Items) != 16 {
		return badParam(path, "must be an array of 16 elements")
	}
	for i, item := range n.Items {
		if item.Kind != jsontree.String {
			return badParam(fmt.Sprintf("%s[%d]", path, i), "must be a string")
		}
	}
	if v := n.Items[0].Text; v != "a2" && v != "i2" {
		return badParam(path+"[0]", "must be one of {a2, i2}")
	}
	if n.Items[4].Text == "" {
		return invalid(subOSVersion, "The OS version in extinfo must not be blank.")
	}
	return nil
}

// messaging are the rules of business messaging: names and the ids per channel.
func (c *check) messaging() *Refusal {
	channel := c.event.Get("messaging_channel").Text
	if channel == "" {
		return invalid(subMissing, "Business messaging events need messaging_channel.")
	}
	if !in(messagingNames, c.name) {
		return invalid(subMessagingName, "This event name is not permitted for business messaging.")
	}
	user := c.event.Get("user_data")
	switch channel {
	case "messenger":
		if !user.Has("page_id") {
			return invalid(subPageID, "Messenger events need page_id.")
		}
		if !user.Has("page_scoped_user_id") {
			return invalid(subMissing, "Messenger events need page_scoped_user_id.")
		}
	case "whatsapp":
		if !user.Has("page_id") && !user.Has("whatsapp_business_account_id") {
			return invalid(subWhatsAppID, "WhatsApp events need page_id or whatsapp_business_account_id.")
		}
		if !user.Has("ctwa_clid") {
			return invalid(subClickToWhatsApp, "WhatsApp events need a valid ctwa_clid.")
		}
		if !c.linked {
			return invalid(subWhatsAppLink, "This dataset is not linked to the WhatsApp Business account.")
		}
	case "instagram":
		if !user.Has("ig_account_id") {
			return invalid(subInstagramID, "Instagram events need ig_account_id.")
		}
		if !user.Has("ig_sid") {
			return invalid(subMissing, "Instagram events need ig_sid.")
		}
	}
	return nil
}
