package linkedin

import (
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

var _ provider.Trials = (*Provider)(nil)

// Trial implements provider.Trials. LinkedIn has neither a call that only checks
// an event nor a mark for test events.
func (p *Provider) Trial(d *resource.Destination, o provider.TrialOptions) (provider.Trial, error) {
	switch {
	case o.Code != "":
		return provider.Trial{}, &provider.TrialError{What: "--test-event-code: LinkedIn has no such code", Fix: "leave it out; use a rule that no campaign has, and delete it afterwards"}
	case o.Real:
		return provider.Trial{}, &provider.TrialError{
			What: "--real: LinkedIn has no call that only checks an event, so every test event is stored",
			Fix:  "leave --real out; --yes is what confirms it",
		}
	}
	return provider.Trial{
		Destination: d,
		Stored:      true,
		Means:       "LinkedIn has no test mode: the event is stored and counted like any other, for every campaign that has the rule.",
		Look:        "Campaign Manager > Signals Manager > the source > its counts, after hours.",
		Private:     []string{"user"},
	}, nil
}
