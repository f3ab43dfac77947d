package demo

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// A destination whose provider has no fake would be answered by the real one.
func TestDestinationsWithoutAFakeAreRefused(t *testing.T) {
	t.Parallel()
	problems := withoutFake(&resource.Resources{Destinations: []*resource.Destination{
		{ID: "acme-meta", Provider: "meta"}, {ID: "acme-new", Provider: "brand-new"},
	}})
	require.Len(t, problems, 1)
	require.Equal(t, "Destination/acme-new", problems[0].Resource)
	require.Equal(t, "spec.provider", problems[0].Path)
	require.Equal(t, "brand-new", problems[0].Value)
	require.Contains(t, problems[0].Rule, "never sends to a real one")
	require.False(t, problems[0].Warning)
}
