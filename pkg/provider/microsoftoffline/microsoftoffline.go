package microsoftoffline

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "microsoft-offline"

const title = "Microsoft Advertising offline conversions"

// The addresses: production's, the sandbox's, and where tokens are asked for.
const (
	host        = "campaign.api.bingads.microsoft.com"
	sandboxHost = "campaign.api.sandbox.bingads.microsoft.com"
	loginHost   = "login.microsoftonline.com"
	tokenURL    = "https://" + loginHost + "/common/oauth2/v2.0/token"
	version     = "v13"
)

// Limits, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is how old a click, or a conversion without one, may be. A margin is
	// kept for the way there.
	maxAge, ageMargin = 90 * day, hour
	// clickAge is how old a click has to be before Microsoft surely knows it.
	clickAge = hour
	// futureTolerance is how far ahead a clock may be. Microsoft takes no future
	// time (5614), so that such an event waits until its time has come.
	futureTolerance = 60 * second
)

// Provider is Microsoft Advertising's offline conversions. It has no state.
type Provider struct{}

var (
	_ provider.Provider  = Provider{}
	_ provider.Account   = (*account)(nil)
	_ provider.Target    = (*target)(nil)
	_ provider.Versioned = (*account)(nil)
	_ resource.Bounded   = (*account)(nil)
)

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(provider.Deps) provider.Provider { return Provider{} }}
}

// Name implements resource.Provider.
func (Provider) Name() string { return Name }

// Supported implements resource.Provider.
func (Provider) Supported() decision.KindSet {
	return decision.Kinds(decision.KindEmail, decision.KindPhone, decision.KindClickID)
}

// Needs implements resource.Provider. Items have no consent member; a click id
// needs ad_storage besides.
func (Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: title, Hosts: []string{host, sandboxHost, loginHost},
		BaseURL: "https://" + host, TokenURL: tokenURL,
		MaxBatch: 1000, RealtimeBatch: 100, MaxBytes: 900 << 10,
		Errors: errorRows(), Clear: []string{"MicrosoftClickId"},
		Keys: resource.Keys{Account: []*document.Schema{accountSchema}, Mapping: mappingSchema},
	}
}
