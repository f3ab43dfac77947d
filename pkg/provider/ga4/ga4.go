package ga4

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "ga4"

const title = "GA4 Measurement Protocol"

// The service's hosts: the worldwide one, and the one that collects in the European
// Union.
const (
	baseURL = "https://www.google-analytics.com"
	euURL   = "https://region1.google-analytics.com"
)

// Limits of an event, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second

	// maxAge is 72 hours less one for the way: the time of an older event is moved to
	// the edge without a word.
	maxAge = 71 * hour
	// futureTolerance is how far ahead a client's clock may be; such an event is sent
	// as of now. Google documents none.
	futureTolerance = 300 * second
)

// Limits of a request. Google takes up to 25 events of one user in 130 kB; events of
// one user seldom meet, so that each has a request of its own.
const (
	maxBatch = 1
	maxBytes = 120 << 10
)

// Provider is the Measurement Protocol. It has no state.
type Provider struct{}

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(provider.Deps) provider.Provider { return Provider{} }}
}

var (
	_ provider.Provider   = Provider{}
	_ provider.Trials     = Provider{}
	_ provider.Documented = Provider{}
	_ provider.Account    = (*account)(nil)
	_ provider.Target     = (*target)(nil)
	_ resource.Bounded    = (*account)(nil)
)

// Name implements resource.Provider.
func (Provider) Name() string { return Name }

// Supported implements resource.Provider.
func (Provider) Supported() decision.KindSet {
	return decision.Kinds(decision.KindBrowserID, decision.KindExternalID, decision.KindEmail, decision.KindPhone, decision.KindName,
		decision.KindAddress, decision.KindClickID, decision.KindIP, decision.KindUserAgent)
}

// Needs implements resource.Provider. The ids without which there is no event are
// stored under analytics_storage, which the protocol has no member for.
func (Provider) Needs() consent.Needs {
	return consent.Needs{Purposes: consent.AdUserData | consent.AnalyticsStorage}
}

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: title, Hosts: []string{"www.google-analytics.com", "region1.google-analytics.com"}, BaseURL: baseURL,
		MaxBatch: maxBatch, RealtimeBatch: maxBatch, MaxBytes: maxBytes, Errors: errorRows(), Blind: true,
		Clear: []string{
			"client_id", "app_instance_id", "session_id", "user_id", "ip_override", "user_agent", "page_location",
			"city", "region", "postal_code", "country",
		},
		Keys: resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema, Mapping: mappingSchema},
	}
}
