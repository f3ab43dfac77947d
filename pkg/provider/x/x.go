package x

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "x"

const baseURL = "https://ads-api.x.com"

// Limits of an event, times in milliseconds. X documents none of them.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is what is usual elsewhere, less an hour for the way; a setting.
	maxAge = 7*day - hour
	// futureTolerance is how far ahead a client's clock may be; such an event is
	// sent as of now.
	futureTolerance = 60 * second
	// dedupWindow is for how long after its event the pixel's copy is taken to be
	// recognised: 48 hours are usual elsewhere, less an hour.
	dedupWindow = 47 * hour
)

// Limits of a request. X documents 500 conversions and no number of bytes.
const (
	maxBatch      = 500
	realtimeBatch = 50
	maxBytes      = 900 << 10
)

// Provider is X's Conversion API. It has no state.
type Provider struct{}

// New makes the provider, which needs none of its surroundings.
func New(provider.Deps) *Provider { return &Provider{} }

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(d provider.Deps) provider.Provider { return New(d) }}
}

var (
	_ provider.Provider = (*Provider)(nil)
	_ provider.Account  = (*account)(nil)
	_ provider.Target   = (*target)(nil)
	_ resource.Bounded  = (*account)(nil)
)

// Name implements resource.Provider.
func (p *Provider) Name() string { return Name }

// Supported are the kinds that X takes.
func (p *Provider) Supported() decision.KindSet { return supported }

var supported = decision.Kinds(
	decision.KindEmail, decision.KindPhone, decision.KindClickID, decision.KindIP, decision.KindUserAgent,
)

// Needs is ad_user_data: X asks to leave out who opted out of tracking or sale, and
// has no member for people in Europe. None of the sources names its number in IAB
// Europe's list.
func (p *Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec declares host, limits and every known answer.
func (p *Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "X Conversion API", Hosts: []string{"ads-api.x.com"}, BaseURL: baseURL,
		MaxBatch: maxBatch, RealtimeBatch: realtimeBatch, MaxBytes: maxBytes, Errors: errorRows(),
		Clear: []string{"twclid", "ip_address", "user_agent", "event_source_url"},
		Keys:  resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
