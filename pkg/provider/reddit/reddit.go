package reddit

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "reddit"

// Limits of the Conversions API, times in milliseconds.
const (
	hour = int64(3600_000)
	day  = 24 * hour

	// maxAge is how old an event may be: Reddit's 168 hours less a margin for the
	// way there, for one older event makes it refuse the whole request.
	maxAge = 7*day - hour
	// futureTolerance is how far ahead a client's clock may be; such an event is
	// sent as happening now.
	futureTolerance = 60_000
	// dedupWindow is how long a second copy is surely recognised: two days less an
	// hour for the way.
	dedupWindow = 47 * hour
)

// Limits of a request. Reddit documents 1000 events; no number of bytes.
const (
	maxBatch      = 1000
	realtimeBatch = 50
	maxBytes      = 900 << 10
)

// Provider is Reddit's Conversions API. It has no state.
type Provider struct{ now func() int64 }

var (
	_ provider.Provider   = Provider{}
	_ provider.Documented = Provider{}
	_ provider.Trials     = Provider{}
	_ provider.Account    = (*account)(nil)
	_ provider.Target     = (*mapping)(nil)
)

// New makes the provider. Only a probe asks the clock: without one there is no
// probe.
func New(d provider.Deps) Provider { return Provider{now: d.Now} }

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(d provider.Deps) provider.Provider { return New(d) }}
}

// Name implements resource.Provider.
func (Provider) Name() string { return Name }

// Supported implements resource.Provider: what stands in the table of keys.
func (Provider) Supported() decision.KindSet { return supported }

// Needs implements resource.Provider. Click and browser ids need ad_storage on top
// and are left out without it, also from URLs.
func (Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "Reddit Conversions API",
		Hosts: []string{"ads-api.reddit.com"}, BaseURL: "https://ads-api.reddit.com",
		MaxBatch: maxBatch, RealtimeBatch: realtimeBatch, MaxBytes: maxBytes,
		Errors: errorRows(),
		Clear:  []string{"ip_address", "user_agent", "screen_dimensions", "uuid", "click_id", "event_source_url"},
		Keys:   resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
