package tiktok

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "tiktok"

// Limits of the Events API, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is how old an event may be, maxAgeOffline one of an offline source,
	// where the destination says nothing else. TikTok documents no limit.
	maxAge        = 7 * day
	maxAgeOffline = 28 * day
	longestAge    = 62 * day
	// ageMargin is kept for the way there: an event that is too old makes TikTok
	// refuse the whole request.
	ageMargin = hour
	// futureTolerance is how far ahead a client's clock may be; such an event is
	// sent as happening now.
	futureTolerance = 60 * second
	// dedupWindow is how long a copy that the pixel reported is surely recognised:
	// TikTok's 48 hours less an hour for the way.
	dedupWindow = 47 * hour
)

// Limits of a request. TikTok documents the number of events, not the bytes.
const (
	maxBatch      = 1000
	realtimeBatch = 50
	maxBytes      = 900 << 10
)

// Provider is TikTok's Events API. It has no state.
type Provider struct{}

var (
	_ provider.Provider = Provider{}
	_ provider.Account  = (*destination)(nil)
	_ provider.Target   = (*mapping)(nil)
)

// New makes the provider.
func New(provider.Deps) Provider { return Provider{} }

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(d provider.Deps) provider.Provider { return New(d) }}
}

// Name implements resource.Provider.
func (Provider) Name() string { return Name }

// Supported implements resource.Provider: what any kind of event source takes.
func (Provider) Supported() decision.KindSet { return supported }

var supported = decision.Kinds(
	decision.KindEmail, decision.KindPhone, decision.KindName, decision.KindAddress, decision.KindExternalID, decision.KindClickID,
	decision.KindBrowserID, decision.KindIP, decision.KindUserAgent, decision.KindAdvertisingID, decision.KindLeadID,
)

// Needs implements resource.Provider. TikTok has no field for consent, so nothing
// is sent without ad_user_data but the reduced form; click and browser ids need
// ad_storage besides, and are left out without it.
func (Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "TikTok Events API", Hosts: []string{"business-api.tiktok.com"}, BaseURL: "https://business-api.tiktok.com",
		MaxBatch: maxBatch, RealtimeBatch: realtimeBatch, MaxBytes: maxBytes, Errors: errorRows(),
		Clear: []string{"ip", "user_agent", "ttclid", "ttp", "idfa", "gaid", "idfv", "lead_id", "url", "referrer", "city", "state", "country"},
		Keys:  resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
