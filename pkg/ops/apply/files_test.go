package apply_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/ops/apply"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/meta"
)

// TestANoteIsToldOnce: reading and compiling find the same, and a mapping of two
// destinations finds it for both; a person mends one line.
func TestANoteIsToldOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "acme.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-meta, customer: acme}
spec: {provider: meta, account: {dataset_id: "1234567890123456"}, secret: "file:acme-a.json"}
---
apiVersion: sluice/v1
kind: Destination
metadata: {name: acme-more, customer: acme}
spec: {provider: meta, account: {dataset_id: "1234567890123457"}, secret: "file:acme-a.json"}
---
apiVersion: sluice/v1
kind: Mapping
metadata: {name: acme-all}
spec:
  destinations: [acme-meta, acme-more]
  events:
    page.viewed: {provider_event: PageViews}
    cart.added: {provider_event: AddToCarts}
`), 0o600))
	_, notes, err := apply.CompileFiles(resource.Installation{Providers: map[string]resource.Provider{"meta": meta.New(provider.Deps{})}}, file)
	require.NoError(t, err)
	var told []string
	for _, n := range notes {
		told = append(told, n.Path+" "+n.Value)
	}
	require.ElementsMatch(t, []string{"spec.events[page.viewed].provider_event PageViews", "spec.events[cart.added].provider_event AddToCarts"}, told)
}
