package e2e_test

// shopResources are a German shop with one destination at each provider; held
// makes its Meta destination wait for consent that nobody has given yet.
func shopResources(held bool) string {
	unknown := "skip"
	if held {
		unknown = "hold"
	}
	return `
apiVersion: sluice/v1
kind: Destination
metadata: {name: shop-meta, customer: shop, owner: ads@shop.example}
spec:
  provider: meta
  active: true
  account: {dataset_id: "1234567890123456"}
  secret: file:shop-meta.json
  terms: {accepted_by: dpo@shop.example, accepted_at: 2026-11-01}
  consent: {policy: default, unknown: ` + unknown + `}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: shop-google, customer: shop, owner: ads@shop.example}
spec:
  provider: google
  active: true
  account: {customer_id: "1234567890", conversion_actions: {purchase: "987654321"}}
  secret: file:shop-google.json
  terms: {accepted_by: dpo@shop.example, accepted_at: 2026-11-01}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: shop-meta-purchase}
spec: {destination: shop-meta, event: transaction.purchase, provider_event: Purchase, lane: realtime, url: full, url_parameters: [partner, colour]}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: shop-google-purchase}
spec: {destination: shop-google, event: transaction.purchase, provider_event: purchase, lane: batch, max_wait: 1s}
`
}
