package resource

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// Builder keeps the newest good record of every key of the three resource
// topics and compiles them to Sets. It is not safe for concurrent use; the
// sets that it gives are.
//
// A bad record (one that does not decode, or is of no use by itself) replaces
// nothing: the last good one stays in force and the bad one is reported by
// every Build until another record of its key comes. Where no good one is
// known, what depends on it is invalid.
type Builder struct {
	compiler     *compiler
	destinations map[string]*Destination
	mappings     map[string]*Mapping
	policies     map[string]*consent.Policy
	bad          map[badKey]Problem
}

type badKey struct{ kind, key string }

// NewBuilder starts empty. Without any record, Build gives a set with the
// default policy and nothing to send.
func NewBuilder(in Installation) *Builder {
	return &Builder{
		compiler:     &compiler{in: in, programs: map[string]*Program{}},
		destinations: map[string]*Destination{}, mappings: map[string]*Mapping{}, policies: map[string]*consent.Policy{},
		bad: map[badKey]Problem{},
	}
}

// PutDestination takes a record of the destinations topic. key must be the
// destination's id.
func (b *Builder) PutDestination(key string, d *Destination, offset int64) {
	d = withDestinationHash(d)
	var problem *Problem
	switch {
	case key != d.ID:
		problem = mismatch(d.ID)
	default:
		problem = b.destinationProblem(d)
	}
	if problem != nil {
		b.reject(KindDestination, key, offset, *problem)
		if _, kept := b.destinations[key]; kept || key != d.ID {
			return
		}
		// Nothing better is known: it stays as an invalid destination, so that
		// its events are decided destination.invalid and not unmapped.
	} else {
		delete(b.bad, badKey{KindDestination, key})
	}
	b.destinations[key] = d
}

// destinationProblem is what makes a destination useless by itself; whether
// its policy exists depends on other records and is for Build to say.
func (b *Builder) destinationProblem(d *Destination) *Problem {
	p, ok := b.compiler.in.Providers[d.Provider]
	if !ok {
		return &Problem{Path: "spec.provider", Rule: "must be a known provider", Value: document.Quoted(d.Provider), Fix: "use " + document.OrList(sortedKeys(b.compiler.in.Providers))}
	}
	_, problems := p.Open(d)
	return firstError(problems)
}

func firstError(problems []Problem) *Problem {
	i := slices.IndexFunc(problems, func(p Problem) bool { return !p.Warning })
	if i < 0 {
		return nil
	}
	p := problems[i]
	p.Path = specPath(p.Path)
	return &p
}

// PutMapping takes a record of the mappings topic. key must be
// destination_id/mapping_name.
func (b *Builder) PutMapping(key string, m *Mapping, offset int64) {
	m = withMappingHash(m)
	var problem *Problem
	if key != MappingKey(m) {
		problem = mismatch(MappingKey(m))
	} else {
		_, problems := CompileProgram(m)
		problem = firstError(problems)
	}
	if problem != nil {
		b.reject(KindMapping, key, offset, *problem)
		if _, kept := b.mappings[key]; kept || key != MappingKey(m) {
			return
		}
	} else {
		delete(b.bad, badKey{KindMapping, key})
	}
	b.mappings[key] = m
}

// PutPolicy takes a record of the policies topic. key must be the policy's id.
// A policy with problems is never used: where there is no earlier good one,
// destinations that name it are invalid. The embedded default does not stand in
// for a bad one, which was written because it should not apply.
func (b *Builder) PutPolicy(key string, p *consent.Policy, offset int64) {
	var problem *Problem
	if key != p.ID {
		problem = mismatch(p.ID)
	} else if found := p.Validate(); len(found) > 0 {
		problem = &Problem{Path: specPath(found[0].Path), Rule: found[0].Message, Fix: found[0].Fix}
	}
	if problem != nil {
		b.reject(KindPolicy, key, offset, *problem)
		return
	}
	delete(b.bad, badKey{KindPolicy, key})
	b.policies[key] = p
}

// Reject notes a record that could not be decoded. kind is KindDestination,
// KindMapping or KindPolicy; err must hold no personal data or secrets.
func (b *Builder) Reject(kind, key string, offset int64, err error) {
	b.reject(kind, key, offset, Problem{Rule: "must be readable: " + err.Error(), Fix: "apply the resource again"})
}

// Delete takes a tombstone.
func (b *Builder) Delete(kind, key string) {
	delete(b.bad, badKey{kind, key})
	switch kind {
	case KindDestination:
		delete(b.destinations, key)
	case KindMapping:
		delete(b.mappings, key)
	case KindPolicy:
		delete(b.policies, key)
	}
}

// Build compiles what is in force now. The problems are those of the set and
// the bad records that were passed over.
func (b *Builder) Build() (*Set, []Problem) {
	set, problems := b.compiler.compile(b.Resources(), b.undecodable())
	for _, key := range slices.SortedFunc(maps.Keys(b.bad), func(x, y badKey) int {
		return slices.Compare([]string{x.kind, x.key}, []string{y.kind, y.key})
	}) {
		problems = append(problems, b.bad[key])
	}
	return set, problems
}

// Resources gives what is in force now, for diff, export and listings. The
// records are shared and read-only.
func (b *Builder) Resources() *Resources {
	r := &Resources{
		Destinations: slices.Collect(maps.Values(b.destinations)),
		Mappings:     slices.Collect(maps.Values(b.mappings)),
		Policies:     slices.Collect(maps.Values(b.policies)),
	}
	r.sort()
	return r
}

// MappingKey is the key of a mapping's record.
func MappingKey(m *Mapping) string { return m.DestinationID + "/" + m.Name }

func mismatch(want string) *Problem {
	return &Problem{Rule: "must have the record key " + want, Fix: "apply the resource again"}
}

func (b *Builder) reject(kind, key string, offset int64, p Problem) {
	p.Resource = resourceID(kind, key)
	p.Rule = fmt.Sprintf("%s (record at offset %d)", p.Rule, offset)
	b.bad[badKey{kind, key}] = p
}
