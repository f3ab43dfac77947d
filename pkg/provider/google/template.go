package google

import (
	"encoding/json"

	"github.com/sluicehq/sluice/pkg/core/decision"
)

// commerce is the standard event table. A refund is an adjustment of its
// transaction at Google Ads; only an explicit mapping can say what value
// remains, so the row shows up as a note there. Google Analytics has an event
// for it.
var commerce = [...]struct {
	source, event string
	lane          decision.Lane
	section       json.RawMessage
}{
	{source: "transaction.purchase", event: "purchase", lane: decision.LaneRealtime},
	{source: "cart.added", event: "add_to_cart"},
	{source: "product.viewed", event: "view_item"},
	{source: "checkout.started", event: "begin_checkout"},
	{source: "payment_info.added", event: "add_payment_info", lane: decision.LaneRealtime},
	{source: "user.signed_up", event: "sign_up", lane: decision.LaneRealtime},
	{source: "lead.submitted", event: "generate_lead", lane: decision.LaneRealtime},
	{source: "lead.qualified", event: "qualify_lead", lane: decision.LaneRealtime},
	{source: "lead.converted", event: "close_convert_lead", lane: decision.LaneRealtime},
	{source: "transaction.refunded", event: "refund", section: json.RawMessage(`{"adjust":true}`)},
}
