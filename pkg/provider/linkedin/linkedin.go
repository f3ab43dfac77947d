package linkedin

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "linkedin"

const (
	baseURL  = "https://api.linkedin.com"
	tokenURL = "https://www.linkedin.com/oauth/v2/accessToken"
)

// Limits of an event, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is LinkedIn's: one older event refuses the whole request. ageMargin
	// is ours, for what passes between building and sending.
	maxAge    = 90 * day
	ageMargin = hour
	// futureTolerance is how far ahead a client's clock may be. LinkedIn allows
	// nothing, so such an event is sent as of now.
	futureTolerance = 60 * second
)

// Limits of a request. LinkedIn documents 5000 events and no number of bytes;
// 900 KiB is ours and holds about 3000 of them.
const (
	maxBatch      = 5000
	realtimeBatch = 100
	maxBytes      = 900 << 10
)

// Provider is LinkedIn's Conversions API. It has no state but the clock.
type Provider struct {
	now func() int64 // nil where there is none
}

// New makes the provider. Without a clock no destination is warned of a version
// that ends.
func New(d provider.Deps) *Provider { return &Provider{now: d.Now} }

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(d provider.Deps) provider.Provider { return New(d) }}
}

var (
	_ provider.Provider  = (*Provider)(nil)
	_ provider.Account   = (*account)(nil)
	_ provider.Target    = (*target)(nil)
	_ provider.Versioned = (*account)(nil)
	_ resource.Bounded   = (*account)(nil)
)

// Name implements resource.Provider.
func (p *Provider) Name() string { return Name }

// Supported are the kinds that LinkedIn takes. Telephone number, user agent,
// birth date and address have no member; names, external ids and addresses of
// the internet leave only where the destination says so.
func (p *Provider) Supported() decision.KindSet { return supported }

var supported = decision.Kinds(
	decision.KindEmail, decision.KindName, decision.KindAddress, decision.KindExternalID, decision.KindClickID, decision.KindIP,
	decision.KindAdvertisingID, decision.KindLeadID, decision.KindLoginID,
)

// Needs is ad_user_data: there is no consent member and no reduced form. None of
// the sources names LinkedIn's number in IAB Europe's list.
func (p *Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec declares hosts, limits and every known answer.
func (p *Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "LinkedIn Conversions API", Hosts: []string{"api.linkedin.com", "www.linkedin.com"},
		BaseURL: baseURL, TokenURL: tokenURL, MaxBatch: maxBatch, RealtimeBatch: realtimeBatch, MaxBytes: maxBytes, Errors: errorRows(),
		Clear: []string{
			"LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID", "GOOGLE_AID", "ACXIOM_ID", "PLAINTEXT_IP_ADDRESS",
			"firstName", "lastName", "title", "companyName", "countryCode", "externalIds", "lead",
		},
		Keys: resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
