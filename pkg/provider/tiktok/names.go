package tiktok

import (
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// standardEvents are the names of web, offline and CRM sources, the older ones
// that are still taken included (CompletePayment is now Purchase, SubmitForm is
// Lead). Another name is a custom event.
var standardEvents = map[string]bool{
	"AddPaymentInfo": true, "AddToCart": true, "AddToWishlist": true, "ApplicationApproval": true, "CompleteRegistration": true,
	"Contact": true, "CustomizeProduct": true, "Download": true, "FindLocation": true, "InitiateCheckout": true, "Lead": true,
	"Purchase": true, "Schedule": true, "Search": true, "StartTrial": true, "SubmitApplication": true, "Subscribe": true,
	"ViewContent": true, "CompletePayment": true, "PlaceAnOrder": true, "SubmitForm": true,
}

// webEvents are two older names that only pixels have.
var webEvents = map[string]bool{"ClickButton": true, "Pageview": true}

// appEvents are the names of app sources.
var appEvents = map[string]bool{
	"AchieveLevel": true, "Checkout": true, "CompleteTutorial": true, "CreateGroup": true, "CreateRole": true, "GenerateLead": true,
	"InAppADClick": true, "InAppADImpr": true, "InstallApp": true, "JoinGroup": true, "LaunchAPP": true, "LoanApplication": true,
	"LoanApproval": true, "LoanDisbursal": true, "Login": true, "Rate": true, "Registration": true, "SpendCredits": true,
	"UnlockAchievement": true, "AddPaymentInfo": true, "AddToCart": true, "AddToWishlist": true, "Purchase": true, "Search": true,
	"StartTrial": true, "Subscribe": true, "ViewContent": true,
}

// appNames are what the template's names are called in apps.
var appNames = map[string]string{"InitiateCheckout": "Checkout", "CompleteRegistration": "Registration", "Lead": "GenerateLead"}

const refundedEvent = "transaction.refunded"

// commerce is the template of that name. TikTok has no event that takes a purchase
// back, so a refund's row decides provider.unsupported_event.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
}{
	{"transaction.purchase", "Purchase", decision.LaneRealtime},
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
	for _, row := range commerce {
		if row.source == sourceEvent {
			return resource.Mapping{SourceEvent: sourceEvent, ProviderEvent: row.event, Enabled: true, Lane: row.lane, FromTemplate: template}, true
		}
	}
	return resource.Mapping{}, false
}

// known are the standard names of the destination's kind of event source.
func (d *destination) known(name string) bool {
	if d.source == app {
		return appEvents[name]
	}
	return standardEvents[name] || d.source == web && webEvents[name]
}

// templated is the name that a template's row has at this kind of event source:
// its own in apps, and none where an offline source would refuse a custom one.
func (d *destination) templated(name string) string {
	switch {
	case d.source == app && appNames[name] != "":
		return appNames[name]
	case d.source == offline && !standardEvents[name]:
		return resource.NoEvent
	default:
		return name
	}
}
