package webhook

import (
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

var _ provider.Trials = (*Provider)(nil)

// Trial implements provider.Trials: the request is signed like any other and
// says "test": true, which a receiver may obey or not.
func (p *Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	switch {
	case o.Code != "":
		return provider.Trial{}, &provider.TrialError{What: "--test-event-code: a webhook has no such code", Fix: `leave it out: the request says "test": true`}
	case o.Real:
		return provider.Trial{}, &provider.TrialError{What: "--real: a webhook is always sent a request that says that it is a test", Fix: "leave it out"}
	}
	return provider.Trial{
		Destination:  d,
		ValidateOnly: true,
		Stored:       true,
		Means:        `The request says "test": true; whether it counts is up to the receiver.`,
		Look:         "In the receiver's own log, by the Webhook-Id.",
		Private:      []string{"user", "click"},
	}, nil
}
