package pinterest

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "pinterest"

// Limits of the Conversions API, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is how old an event may be where the destination says nothing else.
	// Pinterest documents no limit; peers keep to a week, and the margin is for
	// the way there.
	maxAge    = 7 * day
	ageMargin = hour
	// futureTolerance is how far ahead a client's clock may be; such an event is
	// sent as happening now.
	futureTolerance = 60 * second
	// dedupWindow is how long the tag's copy is surely recognised: 48 hours less
	// an hour for the way.
	dedupWindow = 47 * hour
)

// Limits of a request. Pinterest documents 1000 events; no number of bytes.
const (
	maxBatch      = 1000
	realtimeBatch = 100
	maxBytes      = 900 << 10
)

// Provider is Pinterest's Conversions API. It has no state.
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

// Needs implements resource.Provider. Click ids, and browser ids where a
// destination asks for one, need ad_storage on top and are left out without it;
// ad_personalization is passed on as opt_out.
func (Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "Pinterest Conversions API",
		Hosts: []string{"api.pinterest.com"}, BaseURL: "https://api.pinterest.com",
		MaxBatch: maxBatch, RealtimeBatch: realtimeBatch, MaxBytes: maxBytes,
		Errors: errorRows(),
		Clear:  []string{"client_ip_address", "client_user_agent", "click_id", "event_source_url"},
		Keys:   resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
