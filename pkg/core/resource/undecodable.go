package resource

import (
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
)

// undecodable are the keys of records of which no good version is known: after a
// restart the last good one may have been compacted away. Something stands
// under the key, so it is neither gone nor what the program would use instead:
// what depends on it is invalid, which keeps deliveries waiting, and the
// embedded policy does not stand in for one that says something else.
type undecodable struct {
	destinations, mappings, policies []string
}

// whyUnread is what Invalid says about them.
const whyUnread = "its record is not usable; apply it again"

// undecodable gives the bad keys without a good record in force.
func (b *Builder) undecodable() undecodable {
	var u undecodable
	for at := range b.bad {
		switch at.kind {
		case KindDestination:
			if b.destinations[at.key] == nil {
				u.destinations = append(u.destinations, at.key)
			}
		case KindMapping:
			if b.mappings[at.key] == nil {
				u.mappings = append(u.mappings, at.key)
			}
		default:
			if b.policies[at.key] == nil {
				u.policies = append(u.policies, at.key)
			}
		}
	}
	return u
}

// withhold takes the policies away and puts invalid destinations in the place
// of undecodable ones. Their customers are not known, so no event matches them, but
// what was queued for them finds them invalid and waits.
func (s *Set) withhold(u undecodable) {
	for _, id := range u.policies {
		delete(s.policies, id)
	}
	for _, id := range u.destinations {
		s.endpoints[id] = &Endpoint{Destination: &Destination{ID: id, Active: true}, Policy: &consent.Policy{}, Invalid: whyUnread}
	}
}

// withholdMappings does the same for mappings, once their destinations stand.
func (s *Set) withholdMappings(u undecodable) {
	for _, key := range u.mappings {
		destination, name, _ := strings.Cut(key, "/")
		e, ok := s.endpoints[destination]
		if !ok {
			continue
		}
		s.routes[routeKey{destination, name}] = &Route{
			Destination: e.Destination, Provider: e.Provider, Account: e.Account, Fingerprint: e.Fingerprint, Policy: e.Policy,
			Mapping: &Mapping{DestinationID: destination, Name: name, Enabled: true}, Invalid: whyUnread,
		}
	}
}
