package resource_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// Tables, listings and commands of one process compile at the same time. The
// race detector sees what they share; a misspelt name makes the library look
// for similar ones, which it fills in only then.
func TestExpressionsCompileAtTheSameTime(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, problems := resource.CompileProgram(&resource.Mapping{
				When:   `event.properties.exists(k, evnt.name == k)`,
				ItemID: `event.commerce.items.map(i, i.sku)[0]`,
			})
			require.NotEmpty(t, problems)
		})
	}
	all.Wait()
}
