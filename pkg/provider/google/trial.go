package google

import (
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

var _ provider.Trials = (*Provider)(nil)

// Trial implements provider.Trials: unless it is to be real, Google checks the
// event as it would check any other, and stores nothing.
func (p *Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	if o.Code != "" {
		return provider.Trial{}, &provider.TrialError{
			What: "--test-event-code: Google has no such code",
			Fix:  "leave it out: Google only checks the event unless --real is given",
		}
	}
	t := provider.Trial{
		Destination:  d,
		ValidateOnly: true,
		Means:        "Google checks it and stores nothing: nothing is counted.",
		Look:         "Nowhere but here: this answer is all that there is.",
		Private:      []string{"userData", "adIdentifiers", "eventDeviceInfo", "clientId", "appInstanceId", "userId", "sessionAttributes"},
	}
	if o.Real {
		t.ValidateOnly, t.Stored = false, true
		t.Means = "Google stores it. Its made-up identifiers match nobody, so that it counts only where something else matches."
		t.Look = "Google Ads > Goals > Conversions > Summary > the action > Diagnostics, within a day; the request id names it."
	}
	return t, nil
}
