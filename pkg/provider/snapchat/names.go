package snapchat

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

const (
	purchase      = "PURCHASE"
	refundedEvent = "transaction.refunded"
)

// standardEvents are the names that Snapchat knows. Another name is sent as it is.
var standardEvents = map[string]bool{
	purchase: true, "ADD_CART": true, "VIEW_CONTENT": true, "ADD_TO_WISHLIST": true, "START_CHECKOUT": true, "ADD_BILLING": true, "SIGN_UP": true,
	"SEARCH": true, "PAGE_VIEW": true, "SUBSCRIBE": true, "SAVE": true, "AD_CLICK": true, "AD_VIEW": true, "LIST_VIEW": true,
	"COMPLETE_TUTORIAL": true, "LEVEL_COMPLETE": true, "INVITE": true, "LOGIN": true, "SHARE": true, "RESERVE": true,
	"ACHIEVEMENT_UNLOCKED": true, "SPENT_CREDITS": true, "RATE": true, "START_TRIAL": true, "APP_INSTALL": true, "APP_OPEN": true,
	"CUSTOM_EVENT_1": true, "CUSTOM_EVENT_2": true, "CUSTOM_EVENT_3": true, "CUSTOM_EVENT_4": true, "CUSTOM_EVENT_5": true,
}

// commerce is the template of that name. Snapchat has no event for a lead and none
// that takes a purchase back: sending leads as sign-ups would mix two goals, so a
// mapping has to say it.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
}{
	{"transaction.purchase", purchase, decision.LaneRealtime},
	{"cart.added", "ADD_CART", decision.LaneBatch},
	{"product.viewed", "VIEW_CONTENT", decision.LaneBatch},
	{"checkout.started", "START_CHECKOUT", decision.LaneBatch},
	{"payment_info.added", "ADD_BILLING", decision.LaneRealtime},
	{"user.signed_up", "SIGN_UP", decision.LaneRealtime},
	{"lead.submitted", resource.NoEvent, decision.LaneRealtime},
	{"lead.qualified", resource.NoEvent, decision.LaneRealtime},
	{"lead.converted", resource.NoEvent, decision.LaneRealtime},
	{"subscription.started", "SUBSCRIBE", decision.LaneRealtime},
	{refundedEvent, resource.NoEvent, decision.LaneBatch},
}

// TemplateEvent implements resource.Provider.
func (Provider) TemplateEvent(template, sourceEvent string) (resource.Mapping, bool) {
	if template != "commerce" {
		return resource.Mapping{}, false
	}
	for _, row := range commerce {
		if row.source == sourceEvent {
			return resource.Mapping{SourceEvent: sourceEvent, ProviderEvent: row.event, Enabled: true, Lane: row.lane, FromTemplate: template}, true
		}
	}
	return resource.Mapping{}, false
}
