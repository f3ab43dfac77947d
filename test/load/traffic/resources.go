package traffic

// The accounts of the test customers, as providers know them.
const (
	shopDataset     = "1234567890123456"
	shopAccount     = "1234567890"
	shopAction      = "987654321"
	shopEndpoint    = "hooks.shop.example/orders"
	neighbourData   = "2345678901234567"
	MappingMeta     = "shop-meta-purchase"
	MappingGoogle   = "shop-google-purchase"
	MappingHook     = "shop-hook-purchase"
	MappingNeighbor = "near-meta-purchase"
)

// Account says how a provider knows the target of a mapping.
type Account struct {
	Provider, Destination, Target string
	// ByTransaction: the provider's id of an event is its transaction id.
	ByTransaction bool
}

// Accounts are the targets by mapping.
func Accounts() map[string]Account {
	accounts := map[string]Account{
		MappingMeta:     {Provider: "meta", Destination: shopDataset, Target: "Purchase"},
		MappingGoogle:   {Provider: "google", Destination: shopAccount, Target: shopAction, ByTransaction: true},
		MappingHook:     {Provider: "webhook", Destination: shopEndpoint, Target: "order"},
		MappingNeighbor: {Provider: "meta", Destination: neighbourData, Target: "Purchase"},
	}
	for i := range everywhere {
		w := &everywhere[i]
		accounts[w.mapping()] = Account{Provider: w.provider, Destination: w.destination, Target: w.target, ByTransaction: w.byTransaction}
	}
	return accounts
}

// Resources are those of every customer of the traffic.
func Resources() string { return ShopResources + wideResources() }

// ShopResources are a German shop with a destination at each provider, of which
// one waits for consent, and a neighbour who must not notice the shop's
// trouble.
const ShopResources = `
apiVersion: sluice/v1
kind: Destination
metadata: {name: shop-meta, customer: shop, owner: ads@shop.example}
spec:
  provider: meta
  active: true
  account: {dataset_id: "` + shopDataset + `"}
  secret: file:shop-meta.json
  terms: {accepted_by: dpo@shop.example, accepted_at: 2026-11-01}
  consent: {policy: default, unknown: hold}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: shop-google, customer: shop, owner: ads@shop.example}
spec:
  provider: google
  active: true
  account: {customer_id: "` + shopAccount + `", conversion_actions: {purchase: "` + shopAction + `"}}
  secret: file:shop-google.json
  terms: {accepted_by: dpo@shop.example, accepted_at: 2026-11-01}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: shop-hook, customer: shop, owner: data@shop.example}
spec:
  provider: webhook
  active: true
  account: {url: "https://` + shopEndpoint + `"}
  secret: file:shop-webhook.json
  terms: {accepted_by: dpo@shop.example, accepted_at: 2026-11-01}
  dedup: {also_by: transaction_id}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: near-meta, customer: near, owner: ads@near.example}
spec:
  provider: meta
  active: true
  account: {dataset_id: "` + neighbourData + `"}
  secret: file:near-meta.json
  terms: {accepted_by: dpo@near.example, accepted_at: 2026-11-01}
  defaults: {phone_country: DE, currency: EUR}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: ` + MappingMeta + `}
spec: {destination: shop-meta, event: transaction.purchase, provider_event: Purchase, lane: realtime}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: ` + MappingGoogle + `}
spec: {destination: shop-google, event: transaction.purchase, provider_event: purchase, lane: batch, max_wait: 1s}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: ` + MappingHook + `}
spec: {destination: shop-hook, event: transaction.purchase, provider_event: order, lane: realtime}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: ` + MappingNeighbor + `}
spec: {destination: near-meta, event: transaction.purchase, provider_event: Purchase, lane: realtime}
`
