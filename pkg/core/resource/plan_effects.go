package resource

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/document"
)

func destinationsByID(r *Resources) map[string]*Destination {
	out := map[string]*Destination{}
	for _, d := range r.Destinations {
		out[d.ID] = d
	}
	return out
}

func policiesByID(r *Resources) map[string]*consent.Policy {
	out := map[string]*consent.Policy{}
	for _, p := range r.Policies {
		out[p.ID] = p
	}
	return out
}

func mappingsByKey(r *Resources) map[string]*Mapping {
	out := map[string]*Mapping{}
	for _, m := range r.Mappings {
		out[MappingKey(m)] = m
	}
	return out
}

func destinationNodeOrNil(d *Destination) *document.Node {
	if d == nil {
		return nil
	}
	return destinationNode(d)
}

// mappingNodeOrNil names the provider's section after the provider of the
// destination, which the first of the two versions knows that has it.
func mappingNodeOrNil(m *Mapping, versions ...map[string]*Destination) *document.Node {
	if m == nil {
		return nil
	}
	for _, destinations := range versions {
		if d, ok := destinations[m.DestinationID]; ok {
			return mappingNode(m, d.Provider)
		}
	}
	return mappingNode(m, "section")
}

func policyNodeOrNil(p *consent.Policy) *document.Node {
	if p == nil {
		return nil
	}
	return policyNode(p)
}

func unionKeys[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return sortedKeys(all)
}

// flow is one thing that leaves or could leave: a source event to a
// destination as a provider event.
type flow struct{ event, destination, as string }

// effects says which events would begin and cease to be sent. A flow that is
// mapped but blocked by its destination (not active, paused, shadow) is said
// too, because "nothing happens" is otherwise the hardest thing to explain.
func effects(current, after *Resources) []string {
	was, is := sending(current), sending(after)
	var lines []string
	for _, f := range orderedFlows(was, is) {
		before, after := was[f], is[f]
		switch {
		case before == after:
		case after == "live":
			lines = append(lines, fmt.Sprintf("would start sending %s to %s as %s", f.event, f.destination, f.as))
		case before == "live":
			lines = append(lines, fmt.Sprintf("would stop sending %s to %s as %s%s", f.event, f.destination, f.as, blocked[after]))
		case after == "":
			lines = append(lines, fmt.Sprintf("would no longer map %s to %s as %s (nothing was sent)", f.event, f.destination, f.as))
		default:
			lines = append(lines, fmt.Sprintf("would map %s to %s as %s, sending nothing yet%s", f.event, f.destination, f.as, blocked[after]))
		}
	}
	return lines
}

// blocked says why a mapped flow is not sent.
var blocked = map[string]string{
	"inactive": " (the destination is not active)",
	"paused":   " (the destination is paused: deliveries wait)",
	"shadow":   " (the destination is in shadow mode)",
	"disabled": " (the mapping is disabled)",
	"missing":  " (the destination does not exist)",
	"terms":    " (the provider's terms are not accepted)",
	"secret":   " (no credentials are declared)",

	"unsupported": " (the provider has no such event: provider.unsupported_event)",
}

// sending gives every mapped flow and whether it is live or what blocks it.
func sending(r *Resources) map[flow]string {
	destinations := destinationsByID(r)
	mappings := slices.SortedFunc(slices.Values(r.Mappings), compareMappings)
	replaced := replacedRows(mappings)
	out := map[flow]string{}
	for _, m := range mappings {
		if replaced[routeKey{m.DestinationID, m.Name}] {
			continue
		}
		f := flow{m.SourceEvent, m.DestinationID, m.ProviderEvent}
		state := "live"
		switch d := destinations[m.DestinationID]; {
		case d == nil:
			state = "missing"
		case m.ProviderEvent == NoEvent:
			state = "unsupported"
		case !m.Enabled:
			state = "disabled"
		case !d.Active:
			state = "inactive"
		case d.Secret == "":
			state = "secret"
		case !d.Terms.Accepted():
			state = "terms"
		case d.Mode == ModeShadow:
			state = "shadow"
		case d.Paused:
			state = "paused"
		}
		if out[f] != "live" {
			out[f] = state
		}
	}
	return out
}

func orderedFlows(a, b map[flow]string) []flow {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.SortedFunc(maps.Keys(all), func(x, y flow) int {
		return slices.Compare([]string{x.destination, x.event, x.as}, []string{y.destination, y.event, y.as})
	})
}

// differences lists the paths at which two versions of a resource differ. A
// value that is not written down is the default.
func differences(before, after *document.Node) []string {
	was, is := map[string]string{}, map[string]string{}
	before.Flatten("", was)
	after.Flatten("", is)
	var lines []string
	for _, path := range unionKeys(was, is) {
		from, had := was[path]
		to, has := is[path]
		if had == has && from == to {
			continue
		}
		if looksSecret(path) {
			lines = append(lines, path+": changes (not shown)")
			continue
		}
		lines = append(lines, fmt.Sprintf("%s: %s -> %s", path, orDefault(from, had), orDefault(to, has)))
	}
	return lines
}

func orDefault(text string, written bool) string {
	if !written {
		return "(default)"
	}
	if len(text) > 200 {
		return text[:200] + "..."
	}
	return text
}

// looksSecret keeps a value out of a plan that somebody put into a provider's
// section although secrets go by reference. spec.secret itself is a reference.
func looksSecret(path string) bool {
	if path == "spec.secret" {
		return false
	}
	lower := strings.ToLower(path)
	for _, word := range [...]string{"secret", "token", "password", "authorization", "private", "credential", "api_key"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
