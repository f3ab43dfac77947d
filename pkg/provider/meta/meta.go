package meta

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "meta"

// Limits of the Conversions API, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is how old an event may be, maxAgeStore an in-store sale. One
	// event beyond it makes Meta refuse the whole request, so that margin is
	// kept for the way there.
	maxAge      = 7 * day
	maxAgeStore = 62 * day
	ageMargin   = hour
	// futureTolerance is how far ahead a client's clock may be; such an event
	// is sent as happening now.
	futureTolerance = 60 * second
	// dedupWindow is how long a browser's copy is surely recognised: Meta's 48
	// hours less an hour for the way.
	dedupWindow = 47 * hour
)

// Provider is Meta's Conversions API. It has no state.
type Provider struct{ now func() int64 }

var (
	_ provider.Provider   = Provider{}
	_ provider.Documented = Provider{}
	_ provider.Account    = (*destination)(nil)
	_ provider.Versioned  = (*destination)(nil)
	_ provider.Target     = (*mapping)(nil)
)

// New makes the provider. Only Open asks the clock, to warn of an API version
// that ends soon; without one it does not warn.
func New(d provider.Deps) Provider { return Provider{now: d.Now} }

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(d provider.Deps) provider.Provider { return New(d) }}
}

// Name implements resource.Provider.
func (Provider) Name() string { return Name }

// Supported implements resource.Provider: every kind.
func (Provider) Supported() decision.KindSet { return 1<<decision.KindCount - 1 }

// Needs implements resource.Provider. Cookie identifiers need ad_storage on top
// and are left out without it; ad_personalization is passed on as opt_out.
func (Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name:          Name,
		Title:         "Meta Conversions API",
		Hosts:         []string{"graph.facebook.com"},
		BaseURL:       "https://graph.facebook.com",
		MaxBatch:      1000,
		RealtimeBatch: 200,
		MaxBytes:      900 * 1024,
		Errors:        Errors(),
		Clear:         clearMembers(),
		Keys:          resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
