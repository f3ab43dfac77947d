package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What each provider's page and the chart's values say is what pkg/provider/all
// lists.
func TestProvidersPagesAndValuesAreUpToDate(t *testing.T) {
	t.Parallel()
	const root = "../.."
	for _, o := range append(providerPages(), output{"deploy/helm/sluice/values.yaml", chartValues}) {
		t.Run(o.path, func(t *testing.T) {
			t.Parallel()
			want, err := o.make(root)
			require.NoError(t, err)
			is, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(o.path)))
			require.NoError(t, err)
			require.Equal(t, string(want), string(is), "run make generate")
		})
	}
}
