package conversion_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/conversion"
)

// What is wrong with an account's events is said at its path, and an event
// without an id is an error of its mapping but only a note of a template's row.
func TestEventsOfAnAccount(t *testing.T) {
	t.Parallel()
	rule := document.Rule{Must: "must be a number", Fix: "copy it", Form: regexp.MustCompile(`^[0-9]+$`)}
	for name, c := range map[string]struct {
		events conversion.Events
		paths  []string
	}{
		"none":      {nil, nil},
		"sound":     {conversion.Events{"purchase": "1", "lead": "2"}, nil},
		"no number": {conversion.Events{"purchase": "x", "lead": "2"}, []string{"spec.account.events.purchase"}},
		"reserved":  {conversion.Events{"none": "1"}, []string{"spec.account.events"}},
		"no name":   {conversion.Events{"": "1"}, []string{"spec.account.events"}},
		"an e-mail": {conversion.Events{"ada@mail.example": "1"}, []string{"spec.account.events"}},
	} {
		var found provider.Findings
		c.events.Check(&found, rule)
		var paths []string
		for _, p := range found.List {
			paths = append(paths, p.Path)
			require.NotContains(t, p.Value+p.Rule+p.Fix, "ada@", name)
		}
		require.Equal(t, c.paths, paths, name)
	}
	events := conversion.Events{"purchase": "1"}
	var found provider.Findings
	require.Equal(t, "1", events.ID(&found, &resource.Mapping{ProviderEvent: "purchase"}, "rule", "make a rule"))
	require.Empty(t, found.List)
	require.Empty(t, events.ID(&found, &resource.Mapping{ProviderEvent: "lead"}, "rule", "make a rule"))
	require.Empty(t, events.ID(&found, &resource.Mapping{ProviderEvent: "lead", FromTemplate: "commerce"}, "rule", "make a rule"))
	require.Len(t, found.List, 2)
	require.False(t, found.List[0].Warning)
	require.True(t, found.List[1].Warning)
	require.Contains(t, found.List[0].Fix, "account.events.lead")
}
