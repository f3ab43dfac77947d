package architecture_test

import (
	"os/exec"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAProductionBuildHasNoFakes: a binary without them cannot be talked into
// taking a fake for a provider, and has neither their listeners nor their
// libraries.
func TestAProductionBuildHasNoFakes(t *testing.T) {
	t.Parallel()
	fakes := func(tags string) (found []string) {
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", tags, "./cmd/sluice")
		list.Dir = path.Join("..", "..")
		out, err := list.Output()
		require.NoError(t, err)
		for dir := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(dir, module+"/pkg/fake") || strings.HasSuffix(dir, "/fake") || strings.HasSuffix(dir, "/kfake") || strings.Contains(dir, "miniredis") {
				found = append(found, dir)
			}
		}
		return found
	}
	assert.Empty(t, fakes("production"))
	assert.NotEmpty(t, fakes(""), "the usual build has them")
}
