package resource_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// TestProblems shows every problem of a set of files as apply prints it.
func TestProblems(t *testing.T) {
	golden(t, "problems", func(t *testing.T, _ map[string][]byte, archive *txtar.Archive) string {
		t.Helper()
		var files []resource.File
		for _, f := range archive.Files[:len(archive.Files)-1] {
			files = append(files, resource.File{Name: f.Name, Data: f.Data})
		}
		_, problems := resource.Load(files, nil, fakeProviders())
		var b strings.Builder
		for _, p := range problems {
			b.WriteString(p.String() + "\n")
		}
		return b.String()
	})
}

// TestPlans shows what apply says before it writes.
func TestPlans(t *testing.T) {
	golden(t, "plans", func(t *testing.T, sections map[string][]byte, archive *txtar.Archive) string {
		t.Helper()
		current := load(t, string(sections["current.yaml"]))
		desired, problems := resource.Load([]resource.File{{Name: "desired.yaml", Data: sections["desired.yaml"]}}, current, fakeProviders())
		prune := strings.Contains(string(archive.Comment), "prune")
		var b strings.Builder
		b.WriteString(resource.Diff(current, desired, prune).String())
		problems = append(problems, resource.Check(current, desired, prune, fakeProviders())...)
		for _, p := range problems {
			b.WriteString(p.String() + "\n")
		}
		return b.String()
	})
}

// TestPlansNameOnlyAFewThatStay: an installation with many customers is not
// listed to somebody who applies one file.
func TestPlansNameOnlyAFewThatStay(t *testing.T) {
	t.Parallel()
	plan := resource.Plan{
		Changes: []resource.Change{{Verb: resource.Create, Kind: resource.KindPolicy, Name: "acme"}},
		Kept:    []string{"Policy/a", "Policy/b", "Policy/c", "Policy/d", "Policy/e"},
	}
	require.Equal(t, "would create policy acme\nwould keep 5 resources that are not in the files: Policy/a, Policy/b, Policy/c and 2 more (--prune removes)\n", plan.String())
}
