package microsoft

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "microsoft"

const title = "Microsoft UET Conversions API"

// Limits, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is how old an event may be. One beyond it makes Microsoft refuse the
	// whole request, so that a margin is kept for the way there.
	maxAge, ageMargin = 7 * day, hour
	// futureTolerance is how far ahead a client's clock may be; such an event is
	// sent as happening now. Microsoft documents none.
	futureTolerance = 60 * second
	// dedupWindow is for how long a copy of the browser's tag is surely recognised.
	// Microsoft documents no window; 48 hours is what the others have.
	dedupWindow = 47 * hour
)

// Provider is Microsoft's UET Conversions API. It has no state.
type Provider struct{}

var (
	_ provider.Provider = Provider{}
	_ provider.Account  = (*account)(nil)
	_ provider.Target   = (*mapping)(nil)
	_ resource.Bounded  = (*account)(nil)
)

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(provider.Deps) provider.Provider { return Provider{} }}
}

// Name implements resource.Provider.
func (Provider) Name() string { return Name }

// Supported implements resource.Provider.
func (Provider) Supported() decision.KindSet {
	return decision.Kinds(decision.KindEmail, decision.KindPhone, decision.KindExternalID, decision.KindClickID,
		decision.KindBrowserID, decision.KindIP, decision.KindUserAgent, decision.KindAdvertisingID)
}

// Needs implements resource.Provider. Microsoft takes an event without a word
// about ad_storage for granted, and uses none whose ad_storage is denied: so
// both purposes are needed.
func (Provider) Needs() consent.Needs {
	return consent.Needs{Purposes: consent.AdUserData | consent.AdStorage}
}

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: title, Hosts: []string{"capi.uet.microsoft.com"}, BaseURL: "https://capi.uet.microsoft.com",
		MaxBatch: 1000, RealtimeBatch: 100, MaxBytes: 900 << 10,
		Errors: errorRows(),
		Clear:  []string{"anonymousId", "msclkid", "clientIpAddress", "clientUserAgent", "idfa", "gaid"},
		Keys:   resource.Keys{Account: []*document.Schema{accountSchema}},
	}
}
