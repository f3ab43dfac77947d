package resource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
)

// Plan is what applying files would do.
type Plan struct {
	// Changes are the records to write and to remove, in the order in which
	// they should be written.
	Changes []Change
	// Effects say in plain words what would start, stop and change for the
	// events themselves.
	Effects []string
	// Kept are applied resources that the files do not have and that stay,
	// because nothing was to be pruned: kind/name.
	Kept []string
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Changes) == 0 }

// Verb is what happens to one record.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Update Verb = "change"
	Delete Verb = "remove"
)

// Change is one record to write or, for Delete, to tombstone.
type Change struct {
	Verb Verb
	Kind string // KindDestination, KindMapping or KindPolicy
	Key  string // record key
	Name string
	// Exactly one of these is set, for Delete the record as it stands.
	Destination *Destination
	Mapping     *Mapping
	Policy      *consent.Policy
	// Details are the fields that change: "spec.active: false -> true".
	Details []string
}

// Merge gives what would be applied after desired was applied over current:
// what a mapping document expanded to replaces all that the same document
// expanded to before, and everything else stays unless prune is set.
func Merge(current, desired *Resources, prune bool) *Resources {
	out := &Resources{
		Destinations: slices.Clone(desired.Destinations), Mappings: slices.Clone(desired.Mappings), Policies: slices.Clone(desired.Policies),
		documents: desired.documents, origins: desired.origins, rows: desired.rows,
	}
	if prune || current == nil {
		out.sort()
		return out
	}
	have := recordIndex(desired)
	for _, d := range current.Destinations {
		if !have[recordKey{KindDestination, d.ID}] {
			out.Destinations = append(out.Destinations, d)
		}
	}
	for _, p := range current.Policies {
		if !have[recordKey{KindPolicy, p.ID}] {
			out.Policies = append(out.Policies, p)
		}
	}
	for _, m := range current.Mappings {
		if !have[recordKey{KindMapping, MappingKey(m)}] && !desired.owns(m) {
			out.Mappings = append(out.Mappings, m)
		}
	}
	out.sort()
	return out
}

type recordKey struct{ kind, key string }

func recordIndex(r *Resources) map[recordKey]bool {
	index := map[recordKey]bool{}
	for _, d := range r.Destinations {
		index[recordKey{KindDestination, d.ID}] = true
	}
	for _, m := range r.Mappings {
		index[recordKey{KindMapping, MappingKey(m)}] = true
	}
	for _, p := range r.Policies {
		index[recordKey{KindPolicy, p.ID}] = true
	}
	return index
}

// owns reports whether m is a record of a document that was read, so that it
// goes when the document no longer has it: to edit a document is not to prune.
func (r *Resources) owns(m *Mapping) bool {
	document, _, _ := strings.Cut(m.Name, "/")
	return r.documents[document]
}

// Check compiles what would be applied after desired, and gives the problems
// of that whole: a destination that a remaining mapping still needs, two
// mappings with one target. Problems of desired are located in its files.
func Check(current, desired *Resources, prune bool, in Installation) []Problem {
	merged := Merge(current, desired, prune)
	_, problems := Compile(merged, in)
	for i, p := range problems {
		problems[i] = desired.locate(p)
	}
	document.Sort(problems)
	return problems
}

// locate finds the file of a problem by its resource.
func (r *Resources) locate(p Problem) Problem {
	if o, ok := r.origins[p.Resource]; ok {
		return o.Locate(p)
	}
	name, isMapping := strings.CutPrefix(p.Resource, KindMapping+"/")
	if !isMapping {
		return p
	}
	for key, x := range r.rows {
		if key.mapping == name {
			p.Path = x.row.place(p.Path)
			return x.doc.origin.Locate(p)
		}
	}
	return p
}

// Diff says what applying desired over current would do.
func Diff(current, desired *Resources, prune bool) Plan {
	if current == nil {
		current = &Resources{}
	}
	after := Merge(current, desired, prune)
	var p Plan
	p.policies(current, after)
	p.destinations(current, after)
	p.mappings(current, after)
	p.Effects = effects(current, after)
	if !prune {
		p.kept(current, desired)
	}
	return p
}

func (p *Plan) kept(current, desired *Resources) {
	have := recordIndex(desired)
	for _, d := range current.Destinations {
		if !have[recordKey{KindDestination, d.ID}] {
			p.Kept = append(p.Kept, resourceID(KindDestination, d.ID))
		}
	}
	for _, m := range current.Mappings {
		if !have[recordKey{KindMapping, MappingKey(m)}] && !desired.owns(m) {
			p.Kept = append(p.Kept, resourceID(KindMapping, m.Name))
		}
	}
	for _, pol := range current.Policies {
		if !have[recordKey{KindPolicy, pol.ID}] {
			p.Kept = append(p.Kept, resourceID(KindPolicy, pol.ID))
		}
	}
}

// compare adds the change between two versions of one record.
func (p *Plan) compare(c Change, before, after *document.Node) {
	switch {
	case before == nil:
		c.Verb = Create
	case after == nil:
		c.Verb = Delete
	default:
		c.Verb = Update
		if c.Details = differences(before, after); len(c.Details) == 0 {
			return
		}
	}
	p.Changes = append(p.Changes, c)
}

func (p *Plan) policies(current, after *Resources) {
	was, is := policiesByID(current), policiesByID(after)
	for _, id := range unionKeys(was, is) {
		c := Change{Kind: KindPolicy, Key: id, Name: id, Policy: is[id]}
		if c.Policy == nil {
			c.Policy = was[id]
		}
		p.compare(c, policyNodeOrNil(was[id]), policyNodeOrNil(is[id]))
	}
}

func (p *Plan) destinations(current, after *Resources) {
	was, is := destinationsByID(current), destinationsByID(after)
	for _, id := range unionKeys(was, is) {
		c := Change{Kind: KindDestination, Key: id, Name: id, Destination: is[id]}
		if c.Destination == nil {
			c.Destination = was[id]
		}
		p.compare(c, destinationNodeOrNil(was[id]), destinationNodeOrNil(is[id]))
	}
}

func (p *Plan) mappings(current, after *Resources) {
	was, is := mappingsByKey(current), mappingsByKey(after)
	old, now := destinationsByID(current), destinationsByID(after)
	for _, key := range unionKeys(was, is) {
		c := Change{Kind: KindMapping, Key: key, Mapping: is[key]}
		if c.Mapping == nil {
			c.Mapping = was[key]
		}
		c.Name = c.Mapping.Name
		p.compare(c, mappingNodeOrNil(was[key], old, now), mappingNodeOrNil(is[key], now, old))
	}
}

// fewKept is how many of the resources that stay the text names: with one file
// of many, they are nearly all.
const fewKept = 3

// String gives the plan as text: the effects first, because they are what
// matters, then the records.
func (p Plan) String() string {
	if p.Empty() {
		return "nothing would change\n"
	}
	var b strings.Builder
	for _, effect := range p.Effects {
		b.WriteString(effect + "\n")
	}
	for _, c := range p.Changes {
		fmt.Fprintf(&b, "would %s %s %s\n", c.Verb, strings.ToLower(c.Kind), c.Name)
		for _, detail := range c.Details {
			b.WriteString("  " + detail + "\n")
		}
	}
	if len(p.Kept) > 0 {
		names := strings.Join(p.Kept[:min(len(p.Kept), fewKept)], ", ")
		if more := len(p.Kept) - fewKept; more > 0 {
			names += fmt.Sprintf(" and %d more", more)
		}
		fmt.Fprintf(&b, "would keep %s: %s (--prune removes)\n", plural(len(p.Kept), "resource that is not in the files", "resources that are not in the files"), names)
	}
	return b.String()
}
