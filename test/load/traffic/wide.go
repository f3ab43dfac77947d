package traffic

import (
	"fmt"
	"strings"
)

// wide is one account at each provider that the shop has none at.
type wide struct {
	provider, account, event, lane string
	// destination and target are how the provider's stand-in names the account
	// and what it counts.
	destination, target string
	byTransaction       bool
}

// everywhere are the accounts of the customer wide, in the order of
// pkg/provider/all.
var everywhere = []wide{
	{"tiktok", `{event_source: web, event_source_id: C4ABCDEFGHIJKLMN}`, "Purchase", "realtime", "C4ABCDEFGHIJKLMN", "Purchase", false},
	{"snapchat", `{pixel_id: 1ec32188-754e-4be2-8e55-c949a984a39f}`, "PURCHASE", "realtime", "1ec32188-754e-4be2-8e55-c949a984a39f", "PURCHASE", false},
	{"pinterest", `{ad_account_id: "549768257474"}`, "checkout", "batch", "549768257474", "checkout", false},
	{"reddit", `{pixel_id: a2_abc123}`, "PURCHASE", "realtime", "a2_abc123", "PURCHASE", false},
	{"linkedin", `{ad_account_id: "508001", events: {purchase: "104012"}}`, "purchase", "batch", "104012", "104012", false},
	{"microsoft", `{tag_id: "187654321"}`, "purchase", "realtime", "187654321", "purchase", false},
	{"x", `{pixel_id: o8z6j, events: {purchase: ol288}}`, "purchase", "realtime", "o8z6j", "ol288", true},
}

func (w *wide) mapping() string { return "wide-" + w.provider + "-purchase" }

// Secrets are the files with credentials of the customer wide, by provider.
func Secrets() map[string]string {
	files := map[string]string{}
	for i := range everywhere {
		files[everywhere[i].provider] = "wide-" + everywhere[i].provider + ".json"
	}
	return files
}

// wideExpect expects that an event reaches every account of the customer wide.
func wideExpect(n int) map[string]Expect {
	m := map[string]Expect{}
	for i := range everywhere {
		m[everywhere[i].mapping()] = once(n)
	}
	return m
}

// wideResources are the customer wide's.
func wideResources() string {
	var b strings.Builder
	for i := range everywhere {
		w := &everywhere[i]
		wait := ""
		if w.lane == "batch" {
			wait = ", max_wait: 1s"
		}
		fmt.Fprintf(&b, `---
apiVersion: sluice/v1
kind: Destination
metadata: {name: wide-%[1]s, customer: wide, owner: ads@wide.example}
spec:
  provider: %[1]s
  active: true
  account: %[2]s
  secret: file:wide-%[1]s.json
  terms: {accepted_by: dpo@wide.example, accepted_at: 2026-11-01}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: %[3]s}
spec: {destination: wide-%[1]s, event: transaction.purchase, provider_event: %[4]s, lane: %[5]s%[6]s}
`, w.provider, w.account, w.mapping(), w.event, w.lane, wait)
	}
	return b.String()
}
