package architecture_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sluicehq/sluice/pkg/provider"
	"github.com/sluicehq/sluice/pkg/provider/all"
)

// tier is one layer of the code, and a folder of the tree; see
// docs/ARCHITECTURE.md.
type tier string

// The tiers.
const (
	core    tier = "core"    // the rules; touches nothing
	edge    tier = "edge"    // one technology each
	role    tier = "role"    // long-running loops
	ops     tier = "ops"     // what operators do, one package a concern
	boot    tier = "boot"    // opens services and starts roles
	fake    tier = "fake"    // in-process services and providers
	load    tier = "load"    // harnesses, load programs, end-to-end tests
	command tier = "command" // programs
	data    tier = "data"    // files embedded into the binary, no logic
	check   tier = "check"   // tests of the tree
)

// tiers gives each prefix of the tree its tier. A new package below one of them
// needs no entry.
var tiers = map[string]tier{
	"pkg/core": core, "pkg/provider": core, "pkg/edge": edge, "pkg/role": role,
	"pkg/ops": ops, "pkg/boot": boot, "pkg/fake": fake, "pkg/architecture": check,
	"cmd": command, "deploy": command, "test": load,
	"schemas": data, "topology": data, "examples": data,
}

// mayImport says which tiers the code of a tier may import. Tests may import
// fakes and harnesses too. Roles never import each other, which is checked
// apart.
var mayImport = map[tier][]tier{
	core:    {core},
	edge:    {core, edge, data},
	role:    {core, edge, role, data},
	ops:     {core, edge, ops, data},
	boot:    {core, edge, role, ops, boot, data},
	fake:    {core, edge, fake, data},
	load:    {core, edge, role, ops, boot, fake, load, data},
	command: {core, edge, role, ops, boot, fake, load, command, data},
	data:    {},
	check:   {},
}

// coreLibraries are the libraries that the core may use: pure functions over
// their arguments.
var coreLibraries = []string{
	"cel.dev/cel-go", "github.com/google/cel-go", "github.com/goccy/go-yaml", "github.com/nyaruka/phonenumbers",
	"golang.org/x/text", "golang.org/x/net/idna",
	"golang.org/x/net/publicsuffix", "google.golang.org/protobuf", "google.golang.org/genproto",
	"github.com/cespare/xxhash",
}

// coreForbidden are the parts of the standard library that reach outside.
// net/netip and net/url are values, not sockets.
var coreForbidden = []string{"net", "net/http", "os", "os/exec", "os/signal", "log", "log/slog", "syscall", "io/ioutil", "plugin"}

// home gives a folder's place in the table of tiers: the entry and its tier. A
// provider's fake lies beside it, and belongs to the fakes.
func home(dir string) (string, tier, bool) {
	if isFake(dir) {
		return dir, fake, true
	}
	best := ""
	for known := range tiers {
		if (dir == known || strings.HasPrefix(dir, known+"/")) && len(known) > len(best) {
			best = known
		}
	}
	return best, tiers[best], best != ""
}

// isFake tells whether a folder is pkg/provider/NAME/fake.
func isFake(dir string) bool {
	parts := strings.Split(dir, "/")
	return len(parts) == 4 && parts[0] == "pkg" && parts[1] == "provider" && parts[3] == "fake"
}

func TestEveryPackageHasATier(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		_, _, known := home(s.dir)
		assert.True(t, known, "%s: its folder belongs to no tier; move it below one of the folders of pkg/architecture/imports_test.go", s.path)
	}
}

func TestImportsStayInsideTheirTier(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		_, from, _ := home(s.dir)
		for path := range s.imports() {
			dir, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			_, to, _ := home(dir)
			assert.True(t, allowed(from, to, s.test), "%s (%s) imports %s (%s): %s may import %v only", s.path, from, path, to, from, mayImport[from])
			if from == role && to == role {
				assert.Equal(t, roleOf(s.dir), roleOf(dir), "%s imports %s: roles never import each other; what they share is edge or core", s.path, path)
			}
		}
	}
}

// roleOf gives the role that a folder below pkg/role belongs to.
func roleOf(dir string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(dir, "pkg/role/"), "/")
	return name
}

func allowed(from, to tier, test bool) bool {
	if test {
		// A test may use anything, fakes and roles included, only not a command
		// from outside cmd.
		return to != command || from == command
	}
	return slices.Contains(mayImport[from], to)
}

func TestCoreReachesNothingOutside(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		if _, where, _ := home(s.dir); where != core || s.test {
			continue
		}
		for path := range s.imports() {
			switch {
			case strings.HasPrefix(path, module+"/"):
				continue
			case !strings.Contains(strings.SplitN(path, "/", 2)[0], "."): // standard library
				assert.NotContains(t, coreForbidden, path, "%s is core and imports %s: pass in what it needs", s.path, path)
			default:
				assert.True(t, hasPrefix(coreLibraries, path), "%s is core and imports %s, which is not on the list of pure libraries", s.path, path)
			}
		}
	}
}

func hasPrefix(list []string, path string) bool {
	return slices.ContainsFunc(list, func(prefix string) bool {
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	})
}

// TestCoreDoesNotAskForTheTime: the time comes in as an argument, or explain,
// replay and the tests would see another world than the router did.
func TestCoreDoesNotAskForTheTime(t *testing.T) {
	t.Parallel()
	clock := map[string]bool{"Now": true, "Since": true, "Until": true, "Sleep": true, "After": true, "AfterFunc": true, "NewTimer": true, "NewTicker": true, "Tick": true}
	for _, s := range readTree(t) {
		if _, where, _ := home(s.dir); where != core || s.test {
			continue
		}
		s.mentions("time", func(name string, line int) {
			assert.False(t, clock[name], "%s:%d uses time.%s; core takes the time as an argument", s.path, line, name)
		})
	}
}

// TestFakesShareNoCodeWithTheProvidersThatTheyJudge: what both sides took from
// one place would be wrong on both sides, and no test would see it.
func TestFakesShareNoCodeWithTheProvidersThatTheyJudge(t *testing.T) {
	t.Parallel()
	fakes := 0
	for _, s := range readTree(t) {
		if s.test {
			continue
		}
		judge := isFake(s.dir)
		if judge {
			fakes++
		}
		for path := range s.imports() {
			dir, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			if judge {
				assert.True(t, strings.HasPrefix(dir, "pkg/fake/sandbox/"), "%s imports %s: a fake is written apart from the product", s.path, path)
			}
			if isFake(dir) {
				_, from, _ := home(s.dir)
				assert.Contains(t, []tier{fake, load}, from, "%s imports %s: only pkg/fake/sandbox/fakes lists the fakes", s.path, path)
			}
		}
	}
	assert.Positive(t, fakes)
}

// TestProvidersDoNotKnowEachOther keeps an advertising API addable and
// removable as one folder and one line of pkg/provider/all.
func TestProvidersDoNotKnowEachOther(t *testing.T) {
	t.Parallel()
	const prefix = "pkg/provider/"
	folders := map[string]bool{}
	for _, name := range all.Names() {
		folders[provider.Folder(name)] = true
	}
	for _, s := range readTree(t) {
		rest, below := strings.CutPrefix(s.dir, prefix)
		if !below {
			continue
		}
		own, _, _ := strings.Cut(rest, "/")
		for path := range s.imports() {
			other, ok := strings.CutPrefix(path, module+"/"+prefix)
			other, _, _ = strings.Cut(other, "/")
			if ok && folders[other] && own != "all" {
				assert.Equal(t, own, other, "%s imports a provider: %s", s.path, path)
			}
		}
	}
}
