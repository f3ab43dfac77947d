package provider

import "github.com/sluicehq/sluice/pkg/core/resource"

// Trials is implemented by providers that can be tried with one event by hand.
type Trials interface {
	// Trial says how a test event is told apart from a real one at a
	// destination. Its error is a *TrialError where the options do not fit.
	Trial(d *resource.Destination, o TrialOptions) (Trial, error)
}

// TrialOptions are what the operator asks for.
type TrialOptions struct {
	// Code is what the provider's own test tool marks events by; empty: the
	// destination's, where it has one.
	Code string
	// Real asks for an event that is stored, of a provider that could only
	// check it.
	Real bool
}

// Trial is how one test event is sent.
type Trial struct {
	// Destination is what the request is made for: the given one, or a copy
	// with the mark in it.
	Destination *resource.Destination
	// ValidateOnly: the request says that it is a test (Batch.ValidateOnly).
	ValidateOnly bool
	// Stored: the provider, or whoever receives it, keeps the event.
	Stored bool
	// Means says in a sentence what the event does at the provider, Look where
	// it can be seen.
	Means, Look string
	// Private are the members of a request whose values may identify somebody:
	// they are not shown.
	Private []string
}

// TrialError says why a destination cannot be tried like this.
type TrialError struct{ What, Fix string }

// Error says what is wrong and what to do.
func (e *TrialError) Error() string { return e.What + "\n  fix: " + e.Fix }
