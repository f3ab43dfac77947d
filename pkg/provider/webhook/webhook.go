package webhook

import (
	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Name is the provider's name in resources, topics and diagnostics.
const Name = "webhook"

// Limits of a delivery, times in milliseconds.
const (
	second = int64(1000)
	day    = 24 * 3600 * second

	// maxAge is how old an event may be: a receiver of conversions has
	// nothing to do with older ones, and a replay by mistake is stopped.
	maxAge = 30 * day
	// futureTolerance is how far ahead a client's clock may be.
	futureTolerance = 300 * second
)

// Limits of a request. Web servers and frameworks take 1 MiB by default, if
// not less; 413 makes Sluice halve the request.
const (
	maxBatch      = 500
	realtimeBatch = 100
	maxBytes      = 900 << 10
)

// Provider is the customer's own endpoint. It has no state.
type Provider struct {
	hosts []string
	known bool
}

// New makes the provider. A destination of a host that is not among the allowed
// ones is warned about, and nothing is sent to it.
func New(d provider.Deps) *Provider {
	p := &Provider{known: d.Hosts != nil}
	for _, h := range d.Hosts {
		p.hosts = append(p.hosts, withoutDefaultPort(h))
	}
	return p
}

// Registration is the provider's line in pkg/provider/all.
func Registration() provider.Registration {
	return provider.Registration{Name: Name, New: func(d provider.Deps) provider.Provider { return New(d) }}
}

var (
	_ provider.Provider = (*Provider)(nil)
	_ provider.Account  = (*destination)(nil)
	_ provider.Target   = (*mapping)(nil)
)

// Name implements resource.Provider.
func (p *Provider) Name() string { return Name }

// Supported are the kinds by which a customer can recognise their own people
// and campaigns. Address, user agent, name, birth date and place are not among
// them: no receiver needs what could single people out who are not known.
func (p *Provider) Supported() decision.KindSet { return supported }

var supported = decision.Kinds(
	decision.KindEmail, decision.KindPhone, decision.KindExternalID, decision.KindClickID, decision.KindBrowserID,
)

// Needs is ad_user_data: the receiver is the customer's, what it does with
// conversions is advertising all the same. Click and browser ids need
// ad_storage besides, and are left out without it.
func (p *Provider) Needs() consent.Needs { return consent.Needs{Purposes: consent.AdUserData} }

// Spec declares the allowed hosts, limits and every known answer.
func (p *Provider) Spec() provider.Spec {
	return provider.Spec{
		Name: Name, Title: "Webhooks of customers", OwnHosts: true, Hosts: p.hosts, MaxBatch: maxBatch, RealtimeBatch: realtimeBatch, MaxBytes: maxBytes, Errors: errorRows(),
		// Click and browser ids, also those of other platforms, stand below click.
		Clear: []string{"click"},
		Keys:  resource.Keys{Account: []*document.Schema{accountSchema}, Section: sectionSchema},
	}
}
