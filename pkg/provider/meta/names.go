package meta

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// purchase is the one standard event that needs a value, appendValue the one
// that needs the event it amends.
const (
	purchase      = "Purchase"
	appendValue   = "AppendValue"
	refundedEvent = "transaction.refunded"
)

// standardEvents are the names that Meta knows. Everything else is a custom
// event.
var standardEvents = map[string]bool{
	"AddPaymentInfo": true, "AddToCart": true, "AddToWishlist": true, "CompleteRegistration": true, "Contact": true,
	"CustomizeProduct": true, "Donate": true, "FindLocation": true, "InitiateCheckout": true, "Lead": true,
	purchase: true, "Schedule": true, "Search": true, "StartTrial": true, "SubmitApplication": true, "Subscribe": true,
	"ViewContent": true, "PageView": true, appendValue: true, "AppendAttribution": true, "MobileAppInstall": true,
}

// messagingEvents are the only names that business messaging takes.
var messagingEvents = map[string]bool{
	purchase: true, "LeadSubmitted": true, "InitiateCheckout": true, "AddToCart": true, "ViewContent": true,
	"OrderCreated": true, "OrderShipped": true, "OrderDelivered": true, "OrderCanceled": true, "OrderReturned": true,
	"CartAbandoned": true, "QualifiedLead": true, "RatingProvided": true, "ReviewProvided": true,
}

// commerce is the template of that name. Meta has no event that takes a purchase
// back, so a refund's row decides provider.unsupported_event.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
}{
	{"transaction.purchase", purchase, decision.LaneRealtime},
	{"cart.added", "AddToCart", decision.LaneBatch},
	{"product.viewed", "ViewContent", decision.LaneBatch},
	{"checkout.started", "InitiateCheckout", decision.LaneBatch},
	{"payment_info.added", "AddPaymentInfo", decision.LaneRealtime},
	{"user.signed_up", "CompleteRegistration", decision.LaneRealtime},
	{"lead.submitted", "Lead", decision.LaneRealtime},
	{"lead.qualified", "Lead qualified", decision.LaneRealtime},
	{"lead.converted", "Lead converted", decision.LaneRealtime},
	{"subscription.started", "Subscribe", decision.LaneRealtime},
	{refundedEvent, resource.NoEvent, decision.LaneBatch},
}

// TemplateEvent implements resource.Provider.
func (Provider) TemplateEvent(template, sourceEvent string) (resource.Mapping, bool) {
	if template != "commerce" {
		return resource.Mapping{}, false
	}
	event, lane, ok := commerceEvent(sourceEvent)
	if !ok {
		return resource.Mapping{}, false
	}
	return resource.Mapping{SourceEvent: sourceEvent, ProviderEvent: event, Enabled: true, Lane: lane, FromTemplate: template}, true
}

func commerceEvent(source string) (string, decision.Lane, bool) {
	for _, row := range commerce {
		if row.source == source {
			return row.event, row.lane, true
		}
	}
	return "", 0, false
}

// actionSources translate the event's source. A conversation with messaging ids
// is business_messaging instead; see actionSource.
var actionSources = [...]struct{ source, action string }{
	{"web", "website"}, {"app", "app"}, {"in_store", "physical_store"}, {"phone", "phone_call"},
	{"email", "email"}, {"chat", "chat"}, {"system", "system_generated"}, {"other", "other"},
}
