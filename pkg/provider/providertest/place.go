package providertest

import (
	"slices"
	"testing"

	"github.com/sluicehq/sluice/pkg/core/resource"
)

// includes are the details that a mapping may let out.
var includes = []string{"item_names", "item_brands", "item_categories", "coupons", "search_term", "page_title"}

// openAll gives the route a mapping that lets everything leave that can,
// compiled anew.
func (b *bench) openAll(t *testing.T, route *resource.Route) {
	t.Helper()
	c := *route.Mapping
	if !b.f.NoProperties {
		c.Properties = []string{"plan"}
	}
	c.Include = map[string]bool{}
	for _, name := range includes {
		c.Include[name] = !slices.Contains(b.f.Without, name)
	}
	target, problems := route.Account.Map(&c)
	noProblems(t, problems, "a mapping that names properties and includes everything")
	route.Mapping, route.Target = &c, target
}

// noPlace holds that what the provider has no member for is refused: it would be
// left out without a word.
func (b *bench) noPlace(t *testing.T) {
	refused := func(path string, change func(*resource.Mapping)) {
		c := *b.route.Mapping
		change(&c)
		_, problems := b.route.Account.Map(&c)
		var paths []string
		for _, p := range problems {
			paths = append(paths, p.Path)
		}
		member(t, paths, path, "path of the problem")
	}
	if b.f.NoProperties {
		refused("properties", func(m *resource.Mapping) { m.Properties = []string{"plan"} })
	}
	for _, name := range b.f.Without {
		refused("include", func(m *resource.Mapping) { m.Include = map[string]bool{name: true} })
	}
}
