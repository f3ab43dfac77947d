package conversion

import (
	"maps"
	"slices"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
)

// Events are the provider's ids of events, by provider event: account.events of
// providers to which the name of an event says nothing. An id is of something that
// somebody made at the provider: a rule, a goal, an event.
type Events map[string]string

// Check holds ids and names against what they have to be: rule says what an id
// looks like.
func (e Events) Check(found *provider.Findings, rule document.Rule) {
	const path = "spec.account.events"
	for _, name := range slices.Sorted(maps.Keys(e)) {
		at := document.ChildPath(path, name)
		switch id := e[name]; {
		case name == "" || name == resource.NoEvent || identity.Look(name) != identity.NotSuspect || name != identity.Trim(name):
			found.Add(path, "must have names of events, other than "+resource.NoEvent, "", "write the provider_event of mappings, such as purchase")
		case !rule.Form.MatchString(id):
			found.Add(at, rule.Must, id, rule.Fix)
		}
	}
}

// ID gives the id of a mapping's event, empty where the account has none. That is
// an error of the mapping, and a note where it is a template's row, which is left
// out then. what is what the provider calls such an id, fix how one is made.
func (e Events) ID(found *provider.Findings, m *resource.Mapping, what, fix string) string {
	id := e[m.ProviderEvent]
	if id == "" {
		found.Report(resource.Problem{
			Path: "spec.provider_event", Rule: "must have a " + what + " in the destination's account.events", Value: m.ProviderEvent,
			Fix: fix + ", and add it as account.events." + m.ProviderEvent, Warning: m.FromTemplate != "",
		})
	}
	return id
}
