package resource_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// TestNamesThatLookLikeOthers are noted; a word of one alphabet is a word.
func TestNamesThatLookLikeOthers(t *testing.T) {
	t.Parallel()
	mapping := func(event, as string) []resource.Problem {
		base := load(t, everything(t))
		_, problems := resource.Load([]resource.File{{Name: "m.yaml", Data: fmt.Appendf(nil, `apiVersion: sluice/v1
kind: Mapping
metadata: {name: extra}
spec: {destination: acme-meta, events: {%q: {provider_event: %q}}}
`, event, as)}}, base, fakeProviders())
		return problems
	}
	for event, want := range map[string]string{
		"order.placed": "", "заказ.оформлен": "", "заказ.placed": "", "παραγγελία": "", "größe": "", "注文.order": "",
		"transаction.purchase": `mixes Latin and Cyrillic letters: 'а' is Cyrillic (U+0430)`,
		"οrder.placed":         `mixes Latin and Greek letters: 'ο' is Greek (U+03BF)`,
		"order\u200b.placed":   "cannot be seen (U+200B)",
	} {
		problems := mapping(event, "Lead")
		if want == "" {
			require.Empty(t, problems, event)
			continue
		}
		require.Len(t, problems, 1, event)
		require.True(t, problems[0].Warning)
		require.Contains(t, problems[0].String(), want)
		require.Equal(t, "m.yaml", problems[0].File)
	}
	require.Contains(t, mapping("order.placed", "Leаd")[0].String(), "Cyrillic (U+0430)")

	_, problems := resource.Load([]resource.File{{Name: "d.yaml", Data: []byte(strings.Replace(everything(t), "customer: acme", "customer: аcme", 1))}}, nil, fakeProviders())
	require.True(t, resource.HasErrors(problems))
	require.Contains(t, problems[0].String(), "'а' is a Cyrillic letter (U+0430)")
}
