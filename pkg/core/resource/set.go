package resource

import "github.com/sluicehq/sluice/pkg/core/consent"

// Endpoint is a destination joined with its provider and policy, for the
// sender, doctor and listings.
type Endpoint struct {
	Destination *Destination
	Provider    Provider // nil where nobody knows the provider
	// Account is the provider's, nil where the destination is invalid;
	// Fingerprint is its.
	Account     Account
	Fingerprint string
	Policy      *consent.Policy
	// Invalid says why the destination cannot be used; empty when it can.
	Invalid string
}

// Set is every resource, compiled and joined, immutable once built.
type Set struct {
	// matches is customer, then source event. Two lookups of strings as they
	// come cost less than building one key, and nothing is allocated.
	matches   map[string]map[string][]*Route
	routes    map[routeKey]*Route
	endpoints map[string]*Endpoint
	policies  map[string]*consent.Policy
	rules     map[*consent.Policy]*consent.Rules

	ordered    []*Route
	orderedEnd []*Endpoint
	version    string
}

type routeKey struct{ destination, mapping string }

// Match gives the routes of a customer's event, ordered by destination and
// mapping, disabled ones included: a gate decides mapping.disabled. The hot
// path calls it for every record and it does not allocate. The result belongs
// to the set.
func (s *Set) Match(customer, eventName string) []*Route {
	if s == nil {
		return nil
	}
	return s.matches[customer][eventName]
}

// Route gives the route of one mapping record as it stands today, enabled or
// not, for the sender; false where the destination or mapping is gone.
func (s *Set) Route(destinationID, mapping string) (*Route, bool) {
	if s == nil {
		return nil, false
	}
	route, ok := s.routes[routeKey{destinationID, mapping}]
	return route, ok
}

// Destination gives one destination, valid or not.
func (s *Set) Destination(id string) (*Endpoint, bool) {
	if s == nil {
		return nil, false
	}
	endpoint, ok := s.endpoints[id]
	return endpoint, ok
}

// Policy gives one policy; "default" always exists.
func (s *Set) Policy(id string) (*consent.Policy, bool) {
	if s == nil {
		return nil, false
	}
	policy, ok := s.policies[id]
	return policy, ok
}

// Destinations lists every destination by id.
func (s *Set) Destinations() []*Endpoint {
	if s == nil {
		return nil
	}
	return s.orderedEnd
}

// Routes lists every route by destination and mapping, replaced template rows
// aside.
func (s *Set) Routes() []*Route {
	if s == nil {
		return nil
	}
	return s.ordered
}

// Version identifies the content of the set: 16 hex digits.
func (s *Set) Version() string {
	if s == nil {
		return ""
	}
	return s.version
}

// rulesOf compiles a policy once for all routes that follow it.
func (s *Set) rulesOf(p *consent.Policy) *consent.Rules {
	rules, ok := s.rules[p]
	if !ok {
		rules = consent.NewRules(p)
		s.rules[p] = rules
	}
	return rules
}
