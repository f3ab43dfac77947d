package google

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources.
const Name = "google"

// tcfVendor is Google Advertising Products in IAB Europe's Global Vendor List.
const tcfVendor = 755

const (
	baseURL    = "https://datamanager.googleapis.com"
	tokenURL   = "https://oauth2.googleapis.com/token"
	ingestPath = "/v1/events:ingest"
	statusPath = "/v1/requestStatus:retrieve"

	// maxEvents is the limit of the proto and the limits page; an error text
	// and two samples speak of 10,000.
	maxEvents     = 2000
	realtimeBatch = 500
	// maxBytes stays well below what Google's front ends take; the API
	// documents no limit of its own.
	maxBytes = 9 << 20
)

// Deps is what the provider needs of its surroundings.
type Deps struct {
	// Now is the clock in epoch milliseconds. Only Authorize and Probe ask it:
	// a signed assertion and a probe event carry the time.
	Now func() int64
}

// Provider is the Data Manager API. It has no state.
type Provider struct{ now func() int64 }

// New makes the provider. Deps.Now is required for Authorize and Probe.
func New(deps Deps) *Provider { return &Provider{now: deps.Now} }

var (
	_ provider.Provider = (*Provider)(nil)
	_ provider.Verdicts = (*Provider)(nil)
	_ provider.Account  = (*account)(nil)
	_ provider.Quotas   = (*account)(nil)
	_ provider.Target   = (*target)(nil)
)

// Name implements resource.Provider.
func (p *Provider) Name() string { return Name }

// Supported are the identifier kinds that Google has fields for. browser_id
// stands for Google Analytics' own ids and is used by its destinations only.
func (p *Provider) Supported() decision.KindSet { return supported }

var supported = decision.Kinds(
	decision.KindEmail, decision.KindPhone, decision.KindName, decision.KindAddress,
	decision.KindClickID, decision.KindBrowserID, decision.KindIP, decision.KindUserAgent,
)

// Needs is ad_user_data. Click ids need ad_storage besides, and are left out
// without it.
func (p *Provider) Needs() consent.Needs {
	return consent.Needs{Purposes: consent.AdUserData, TCFVendor: tcfVendor}
}

// Spec declares hosts, limits and every known answer.
func (p *Provider) Spec() provider.Spec {
	return provider.Spec{
		Name:          Name,
		Hosts:         []string{"datamanager.googleapis.com", "oauth2.googleapis.com"},
		BaseURL:       baseURL,
		TokenURL:      tokenURL,
		MaxBatch:      maxEvents,
		RealtimeBatch: realtimeBatch,
		MaxBytes:      maxBytes,
		Asynchronous:  true,
		Errors:        errorRows(),
		Clear: []string{
			"adIdentifiers", "ipAddress", "userAgent", "postalCode", "regionCode", "city", "clientId", "appInstanceId", "userId", "page_location", "page_referrer",
		},
		Keys: resource.Keys{Account: []*document.Schema{adsSchema, analyticsSchema}, Section: sectionSchema, Mapping: mappingSchema},
	}
}
