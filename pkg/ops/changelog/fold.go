package changelog

import (
	"slices"
	"strings"
	"time"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/ops/apply"
)

// folder goes through versions from the oldest on, and keeps what was
// applied at each moment.
type folder struct {
	filter Request
	state  resource.Resources
	seen   map[string]bool
	// sure: a resource whose oldest version is younger was made by it.
	sure time.Time
}

// apply takes what was written together, and says what it changed; false where
// nobody asked for any of it.
func (h *folder) apply(group []version) (Apply, bool) {
	a := Apply{
		At: group[0].at, AppliedAt: group[0].at.UTC().Format(time.RFC3339), Author: group[0].author, Reason: group[0].reason, AppVersion: group[0].app,
		Effects: []string{}, Oldest: []string{}, Unreadable: []string{},
	}
	before := h.state
	h.state = resource.Resources{
		Destinations: slices.Clone(before.Destinations), Mappings: slices.Clone(before.Mappings), Policies: slices.Clone(before.Policies),
	}
	wanted := map[string]bool{}
	asks := false
	for i := range group {
		v := &group[i]
		first := !h.seen[v.kind+v.key]
		h.seen[v.kind+v.key] = true
		asked := h.wants(v)
		asks = asks || asked
		switch {
		case v.unreadable && asked:
			a.Unreadable = append(a.Unreadable, v.label()+" at "+v.place)
		case v.unreadable:
		case asked && first && v.stored.Before(h.sure):
			a.Oldest = append(a.Oldest, v.label())
			h.put(v)
		default:
			wanted[v.kind+v.key] = asked
			h.put(v)
		}
	}
	if !asks {
		return a, false
	}
	plan := resource.Diff(around(&before, group, wanted), around(&h.state, group, wanted), true)
	var changes []resource.Change
	for _, c := range plan.Changes {
		if wanted[c.Kind+c.Key] {
			changes = append(changes, c)
		}
	}
	a.Changes = apply.ChangesOf(changes)
	if len(a.Oldest) == 0 {
		a.Effects = apply.Past(plan.Effects)
	}
	return a, true
}

// wants says whether somebody asked for a resource.
func (h *folder) wants(v *version) bool {
	if h.filter.Kind != "" && v.kind != h.filter.Kind {
		return false
	}
	if len(h.filter.Names) == 0 {
		return true
	}
	return slices.ContainsFunc(h.filter.Names, func(name string) bool {
		destination, _, _ := strings.Cut(v.key, "/")
		return v.name == name || v.kind == resource.KindMapping &&
			(strings.HasPrefix(v.name, name+"/") || h.filter.Mappings && destination == name)
	})
}

// put makes a version the one that holds.
func (h *folder) put(v *version) {
	switch v.kind {
	case resource.KindDestination:
		h.state.Destinations = replaced(h.state.Destinations, v.destination, func(d *resource.Destination) bool { return d.ID == v.key })
	case resource.KindMapping:
		h.state.Mappings = replaced(h.state.Mappings, v.mapping, func(m *resource.Mapping) bool { return resource.MappingKey(m) == v.key })
	default:
		h.state.Policies = replaced(h.state.Policies, v.policy, func(p *consent.Policy) bool { return p.ID == v.key })
	}
}

// replaced is list with the element that is meant replaced, or without it.
func replaced[T any](list []*T, by *T, is func(*T) bool) []*T {
	list = slices.DeleteFunc(list, is)
	if by != nil {
		list = append(list, by)
	}
	return list
}

// around is the part of a state that says what the wanted records of a group
// mean: the records, the mappings of their destinations and the destinations
// of their mappings.
func around(state *resource.Resources, group []version, wanted map[string]bool) *resource.Resources {
	destinations, mappings := map[string]bool{}, map[string]bool{}
	for i := range group {
		v := &group[i]
		if !wanted[v.kind+v.key] {
			continue
		}
		switch v.kind {
		case resource.KindDestination:
			destinations[v.key] = true
			for _, m := range state.Mappings {
				if m.DestinationID == v.key {
					mappings[resource.MappingKey(m)] = true
				}
			}
		case resource.KindMapping:
			destination, _, _ := strings.Cut(v.key, "/")
			destinations[destination], mappings[v.key] = true, true
		}
	}
	part := &resource.Resources{}
	for _, d := range state.Destinations {
		if destinations[d.ID] {
			part.Destinations = append(part.Destinations, d)
		}
	}
	for _, m := range state.Mappings {
		if mappings[resource.MappingKey(m)] {
			part.Mappings = append(part.Mappings, m)
		}
	}
	for _, p := range state.Policies {
		if wanted[resource.KindPolicy+p.ID] {
			part.Policies = append(part.Policies, p)
		}
	}
	return part
}
