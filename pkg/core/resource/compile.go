package resource

import (
	"cmp"
	"fmt"
	"slices"

	"crypto/sha256"
	"encoding/hex"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/decision"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// Compile joins resources to a Set. It always gives a set: what is wrong makes
// its own routes invalid (they decide destination.invalid) and is reported,
// and leaves its neighbours alone.
func Compile(resources *Resources, in Installation) (*Set, []Problem) {
	c := &compiler{in: in, programs: map[string]*Program{}}
	return c.compile(resources, undecodable{})
}

// compiler compiles sets one after the other and keeps the programs of
// mappings that did not change.
type compiler struct {
	in       Installation
	programs map[string]*Program // by the mapping's hash
	problems []Problem
}

func (c *compiler) report(resource string, p Problem) {
	if p.Resource == "" {
		p.Resource = resource
	}
	c.problems = append(c.problems, p)
}

func (c *compiler) compile(r *Resources, u undecodable) (*Set, []Problem) {
	c.problems = nil
	s := &Set{
		matches: map[string]map[string][]*Route{}, routes: map[routeKey]*Route{},
		endpoints: map[string]*Endpoint{}, policies: map[string]*consent.Policy{DefaultPolicy: EmbeddedPolicy()},
		rules: map[*consent.Policy]*consent.Rules{},
	}
	for _, p := range r.Policies {
		s.policies[p.ID] = p
	}
	s.withhold(u)
	for _, d := range r.Destinations {
		s.endpoints[d.ID] = c.endpoint(s, d)
	}
	mappings := slices.SortedFunc(slices.Values(r.Mappings), compareMappings)
	replaced := replacedRows(mappings)
	programs := make(map[string]*Program, len(mappings))
	for _, m := range mappings {
		if replaced[routeKey{m.DestinationID, m.Name}] {
			continue
		}
		if route := c.route(s, m, programs); route != nil {
			s.add(route)
		}
	}
	c.programs = programs
	c.refuseEqualTargets(s)
	s.withholdMappings(u)
	s.finish()
	c.accountProblems(s)
	return s, c.problems
}

// replacedRows finds the template rows whose event an explicit mapping of the
// same destination names: the explicit one replaces them.
func replacedRows(mappings []*Mapping) map[routeKey]bool {
	explicit := map[routeKey]bool{}
	for _, m := range mappings {
		if m.FromTemplate == "" {
			explicit[routeKey{m.DestinationID, m.SourceEvent}] = true
		}
	}
	replaced := map[routeKey]bool{}
	for _, m := range mappings {
		if m.FromTemplate != "" && explicit[routeKey{m.DestinationID, m.SourceEvent}] {
			replaced[routeKey{m.DestinationID, m.Name}] = true
		}
	}
	return replaced
}

func (c *compiler) endpoint(s *Set, d *Destination) *Endpoint {
	e := &Endpoint{Destination: withDestinationHash(d), Provider: c.in.Providers[d.Provider]}
	id := resourceID(KindDestination, d.ID)
	invalid := func(p Problem) {
		if e.Invalid == "" && !p.Warning {
			e.Invalid = p.Sentence()
		}
		c.report(id, p)
	}
	policy, ok := s.policies[d.Consent.Policy]
	switch {
	case !ok:
		invalid(Problem{Path: "spec.consent.policy", Rule: "must name a policy that exists", Value: document.Quoted(d.Consent.Policy), Fix: "apply the policy, or use " + DefaultPolicy})
	case policy.Customer != "" && policy.Customer != d.Customer:
		invalid(Problem{Path: "spec.consent.policy", Rule: "must name a policy of the same customer", Value: document.Quoted(d.Consent.Policy), Fix: "use a policy of " + d.Customer + " or one without customer"})
	default:
		e.Policy = policy
	}
	if e.Policy == nil {
		e.Policy = &consent.Policy{ID: d.Consent.Policy} // the strictest; the route is invalid anyway
	}
	if p := c.in.Customers.secretProblem(d); p != nil {
		p.Warning = c.in.CustomersUnknown
		invalid(*p)
	}
	if e.Provider == nil {
		invalid(Problem{Path: "spec.provider", Rule: "must be a known provider", Value: document.Quoted(d.Provider), Fix: "use " + document.OrList(sortedKeys(c.in.Providers))})
		return e
	}
	account, problems := e.Provider.Open(e.Destination)
	if account != nil {
		e.Account, e.Fingerprint = account, account.Fingerprint()
	}
	for _, p := range problems {
		p.Path = specPath(p.Path)
		invalid(p)
	}
	return e
}

// withDestinationHash fills in a hash that is missing, without touching the
// original.
func withDestinationHash(d *Destination) *Destination {
	if d.Hash != "" {
		return d
	}
	hashed := *d
	hashed.Hash = HashDestination(d)
	return &hashed
}

func withMappingHash(m *Mapping) *Mapping {
	if m.Hash != "" {
		return m
	}
	hashed := *m
	hashed.Hash = HashMapping(m)
	return &hashed
}

func (c *compiler) route(s *Set, m *Mapping, programs map[string]*Program) *Route {
	m = withMappingHash(m)
	id := resourceID(KindMapping, m.Name)
	e, ok := s.endpoints[m.DestinationID]
	if !ok {
		// Without a destination nobody knows the customer, so no event can
		// reach it: it is reported, and the sender finds it gone.
		c.report(id, Problem{Path: "spec.destination", Rule: "must name a destination that exists", Value: document.Quoted(m.DestinationID), Fix: "apply the destination, or remove the mapping"})
		return nil
	}
	r := &Route{
		Destination: e.Destination, Mapping: m, Provider: e.Provider, Account: e.Account, Fingerprint: e.Fingerprint,
		Policy: e.Policy, rules: s.rulesOf(e.Policy), Invalid: e.Invalid,
	}
	invalid := func(p Problem) {
		if r.Invalid == "" && !p.Warning {
			r.Invalid = p.Sentence()
		}
		c.report(id, p)
	}
	key := resourceID(m.Hash, m.Name)
	program, known := c.programs[key]
	if !known {
		var problems []Problem
		program, problems = CompileProgram(m)
		for _, p := range problems {
			p.Path = specPath(p.Path)
			invalid(p)
		}
		known = len(problems) == 0
	}
	if known {
		programs[key] = program
	}
	r.Program = program
	if e.Provider == nil {
		return r
	}
	r.Kinds = usableKinds(e)
	r.Needs = e.Provider.Needs()
	r.Needs.Purposes |= e.Destination.Consent.Requires | m.Requires
	r.Needs.Sensitive = e.Destination.Sensitive != NotSensitive || m.Sensitive != NotSensitive
	if e.Invalid == "" {
		var problems []Problem
		if r.Target, problems = e.Account.Map(m); r.Target != nil {
			r.Key = r.Target.Key()
		}
		for _, p := range problems {
			p.Path = specPath(p.Path)
			p.Warning = p.Warning && m.FromTemplate == ""
			invalid(p)
		}
	}
	return r
}

func usableKinds(e *Endpoint) decision.KindSet {
	kinds := e.Provider.Supported()
	if e.Destination.HasIdentifiers {
		kinds &= e.Destination.Identifiers
	}
	return kinds
}

// refuseEqualTargets makes every mapping but the first of one event with one
// target invalid: two claims on one key would drop events of each other.
func (c *compiler) refuseEqualTargets(s *Set) {
	type targetKey struct{ destination, event, target string }
	first := map[targetKey]string{}
	for _, r := range s.ordered {
		if r.Invalid != "" {
			continue
		}
		key := targetKey{r.Mapping.DestinationID, r.Mapping.SourceEvent, r.Key}
		if name, taken := first[key]; taken {
			p := equalTargets(r.Mapping, name)
			r.Invalid = p.Sentence()
			c.report(resourceID(KindMapping, r.Mapping.Name), p)
			continue
		}
		first[key] = r.Mapping.Name
	}
}

func equalTargets(m *Mapping, first string) Problem {
	return Problem{
		Path: "spec.provider_event", Value: document.Quoted(m.ProviderEvent),
		Rule: fmt.Sprintf("must not send %s to the same target of %s as mapping %s", m.SourceEvent, m.DestinationID, first),
		Fix:  "remove one of the two, or give it another target",
	}
}

func (s *Set) add(r *Route) {
	s.routes[routeKey{r.Mapping.DestinationID, r.Mapping.Name}] = r
	s.ordered = append(s.ordered, r)
	events := s.matches[r.Destination.Customer]
	if events == nil {
		events = map[string][]*Route{}
		s.matches[r.Destination.Customer] = events
	}
	events[r.Mapping.SourceEvent] = append(events[r.Mapping.SourceEvent], r)
}

// finish orders the listings and computes the version from everything that a
// decision can depend on.
func (s *Set) finish() {
	for _, id := range sortedKeys(s.endpoints) {
		s.orderedEnd = append(s.orderedEnd, s.endpoints[id])
	}
	slices.SortStableFunc(s.ordered, func(a, b *Route) int {
		return cmp.Or(cmp.Compare(a.Mapping.DestinationID, b.Mapping.DestinationID), cmp.Compare(a.Mapping.Name, b.Mapping.Name))
	})
	h := sha256.New()
	write := func(parts ...string) {
		for _, part := range parts {
			fmt.Fprintf(h, "%d:%s", len(part), part)
		}
	}
	for _, e := range s.orderedEnd {
		write(KindDestination, e.Destination.ID, e.Destination.Hash)
	}
	for _, r := range s.ordered {
		write(KindMapping, r.Mapping.DestinationID, r.Mapping.Name, r.Mapping.Hash)
	}
	for _, id := range sortedKeys(s.policies) {
		write(KindPolicy, id, HashPolicy(s.policies[id]))
	}
	s.version = hex.EncodeToString(h.Sum(nil)[:8])
}

// specPath puts a provider's path, which may begin at account or at its
// section, below spec.
func specPath(path string) string {
	if path == "" || path == "spec" || len(path) > 5 && path[:5] == "spec." || len(path) > 9 && path[:9] == "metadata." {
		return path
	}
	return "spec." + path
}
