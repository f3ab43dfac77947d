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

// Provider is the Data Manager API. It has no state.
type Provider struct{ now func() int64 }

// New makes the provider. Authorize and Probe need the clock: a signed
// assertion and a probe event carry the time.
func New(d provider.Deps) *Provider { return &Provider{now: d.Now} }

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(d provider.Deps) provider.Provider { return New(d) }}
}

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
		Title:         "Google Data Manager API",
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
