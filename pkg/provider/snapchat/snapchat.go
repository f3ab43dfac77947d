package snapchat

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "snapchat"

// Limits of the Conversions API, times in milliseconds.
const (
	second = int64(1000)
	hour   = 3600 * second
	day    = 24 * hour

	// maxAge is how old an event may be, maxAgeOffline an offline one.
	maxAge        = 7 * day
	maxAgeOffline = 37 * day
	// ageMargin is kept for the way there: an event that is too old may make
	// Snapchat refuse the whole request.
	ageMargin = hour
	// futureTolerance is how far ahead a client's clock may be; such an event is
	// sent as happening now.
	futureTolerance = 60 * second
	// dedupWindow is how long a copy that the pixel reported is surely recognised by
	// its id, orderWindow a purchase by its order: 48 hours and 30 days, less what
	// the way takes.
	dedupWindow = 47 * hour
	orderWindow = 29 * day
)

// Limits of a request. Snapchat documents the number of events, not the bytes.
const (
	maxBatch      = 2000
	realtimeBatch = 100
	maxBytes      = 900 << 10
)

// Provider is Snapchat's Conversions API. It has no state.
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

// Supported implements resource.Provider.
func (Provider) Supported() decision.KindSet { return supported }

var supported = decision.Kinds(
	decision.KindEmail, decision.KindPhone, decision.KindName, decision.KindAddress, decision.KindGender, decision.KindExternalID,
	decision.KindClickID, decision.KindBrowserID, decision.KindIP, decision.KindUserAgent, decision.KindAdvertisingID,
)

// Needs implements resource.Provider. Snapchat has no field for consent, so nothing
// is sent without ad_user_data but a reduced form that a destination chooses; click
// and browser ids need ad_storage besides, and are left out without it.
func (Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec implements provider.Provider.
func (Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "Snapchat Conversions API", Hosts: []string{"tr.snapchat.com"}, BaseURL: "https://tr.snapchat.com",
		MaxBatch: maxBatch, RealtimeBatch: realtimeBatch, MaxBytes: maxBytes, Errors: errorRows(),
		Clear: []string{"client_ip_address", "client_user_agent", "sc_click_id", "sc_cookie1", "madid", "mobile_ad_id", "idfv", "event_source_url"},
		Keys:  resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
