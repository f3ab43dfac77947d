package all_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/core/resource"
	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

var topicWord = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// What else follows from the list relies on these: topics, labels of the chart,
// settings and pages are named by the provider, and nothing is sent to a host
// that no declaration names.
func TestEveryRegistrationDeclaresItself(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range all.Registrations() {
		p := r.New(provider.Deps{})
		s := p.Spec()
		assert.Regexp(t, topicWord, r.Name)
		assert.False(t, seen[r.Name], "%s is registered twice", r.Name)
		seen[r.Name] = true
		assert.Equal(t, r.Name, p.Name())
		assert.Equal(t, r.Name, s.Name)
		assert.NotEmpty(t, s.Title, r.Name)
		assert.Equal(t, s.OwnHosts, len(s.Hosts) == 0, "%s has fixed hosts, or the installation's", r.Name)
		assert.Positive(t, s.MaxBytes, r.Name)
		assert.Positive(t, s.RealtimeBatch, r.Name)
		assert.LessOrEqual(t, s.RealtimeBatch, s.MaxBatch, r.Name)
		_, verdicts := p.(provider.Verdicts)
		assert.Equal(t, s.Asynchronous, verdicts, "%s answers later, and can be asked", r.Name)
		assert.Regexp(t, `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`, r.Name)
		assert.DirExists(t, filepath.Join("..", provider.Folder(r.Name)))
	}
}

// The standard event table has a column for each provider: resource.NoEvent where
// it has nothing for an event, so that decisions say so.
func TestEveryProviderHasAColumnInTheStandardTable(t *testing.T) {
	t.Parallel()
	for _, r := range all.Registrations() {
		p := r.New(provider.Deps{})
		for _, source := range resource.TemplateEvents("commerce") {
			m, ok := p.TemplateEvent("commerce", source)
			assert.True(t, ok, "%s has no row for %s", r.Name, source)
			assert.NotEmpty(t, m.ProviderEvent, "%s: %s", r.Name, source)
		}
	}
}

// A provider is registered when it passes the suite, not before.
func TestEveryRegisteredProviderRunsTheSuite(t *testing.T) {
	t.Parallel()
	for _, name := range all.Names() {
		files, err := filepath.Glob(filepath.Join("..", provider.Folder(name), "*_test.go"))
		require.NoError(t, err)
		runs := slices.ContainsFunc(files, func(file string) bool {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			return regexp.MustCompile(`providertest\.Run\(`).Match(text)
		})
		assert.True(t, runs, "pkg/provider/%s has no test that calls providertest.Run", name)
	}
}

func TestTheInstallationsHostsReachTheProviderWithHostsOfItsOwn(t *testing.T) {
	t.Parallel()
	made := all.New(func(string) provider.Deps { return provider.Deps{Hosts: []string{"hooks.acme.example"}} })
	require.ElementsMatch(t, all.Names(), keys(made))
	for name, p := range made {
		s := p.Spec()
		assert.Equal(t, s.OwnHosts, slices.Equal(s.Hosts, []string{"hooks.acme.example"}), name)
	}
	assert.Len(t, all.ForResources(made), len(made))
	assert.Len(t, all.ResourceKeys(), len(made))
}

func keys(made map[string]provider.Provider) []string {
	var names []string
	for name := range made {
		names = append(names, name)
	}
	return names
}
