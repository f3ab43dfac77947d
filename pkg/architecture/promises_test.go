package architecture_test

import (
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	invariant = regexp.MustCompile(`\bI([1-9]|1[0-4])\b`)
	// promised is one row of the table of docs/guarantees.md.
	promised = regexp.MustCompile(`(?m)^\| (I\d+) \|.*\| ([^|]*) \|$`)
)

// TestGuaranteesNameTheirTests: the table of docs/guarantees.md and the numbers
// in the comments of tests say the same, so that the search that the page
// prescribes finds what the table promises. The load programs check all of them
// and stands outside.
func TestGuaranteesNameTheirTests(t *testing.T) {
	t.Parallel()
	found := map[string]map[string]bool{}
	for _, s := range readTree(t) {
		if !s.test || strings.HasPrefix(s.dir, "test/load/") || s.dir == "pkg/architecture" {
			continue
		}
		for _, group := range s.file.Comments {
			for _, id := range invariant.FindAllString(group.Text(), -1) {
				if found[id] == nil {
					found[id] = map[string]bool{}
				}
				found[id][s.dir] = true
			}
		}
	}
	rows := promised.FindAllStringSubmatch(documents(t)["docs/guarantees.md"], -1)
	require.Len(t, rows, 14)
	for _, row := range rows {
		var said []string
		for _, m := range named.FindAllStringSubmatch(row[2], -1) {
			if ours.MatchString(m[1]) {
				said = append(said, m[1])
			}
		}
		assert.ElementsMatch(t, slices.Sorted(maps.Keys(found[row[1]])), said, "docs/guarantees.md, %s: folders whose tests name it, and folders in its row", row[1])
	}
}

// onServices are the tests of which docs/reliability.md says that they run on
// real services too, or only there.
var onServices = regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]+)`(?: \\([^)]*\\))? (●|\\*real\\*)|`(Test[A-Z][A-Za-z0-9]+)`")

// TestMarkedTestsRunOnRealServices: a test that test/real/run does not run must
// not be marked as if it did, and one that it runs says so.
func TestMarkedTestsRunOnRealServices(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join("..", "..", "test", "real", "run"))
	require.NoError(t, err)
	runs := map[string]bool{}
	for _, s := range readTree(t) {
		if !s.test || !strings.Contains(string(script), " ./"+s.dir) {
			continue
		}
		scenarios := scenariosOf(t, s.dir)
		for _, declaration := range s.file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && (len(scenarios) == 0 || uses(f, scenarios)) {
				runs[f.Name.Name] = true
			}
		}
	}
	_, section, found := strings.Cut(documents(t)["docs/reliability.md"], "## Faults that are tests of their own")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	marked := 0
	for _, m := range onServices.FindAllStringSubmatch(section, -1) {
		name := m[1] + m[3]
		if name == "TestOnServices" {
			continue
		}
		assert.Equal(t, runs[name], m[2] != "", "docs/reliability.md, %s: does test/real/run run it, is it marked", name)
		if m[2] != "" {
			marked++
		}
	}
	require.Greater(t, marked, 20)
}

// scenariosOf gives the functions that a folder's TestOnServices runs on
// services; none where all its tests do.
func scenariosOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	scenarios, functions := map[string]bool{}, map[string]bool{}
	for _, s := range readTree(t) {
		if s.dir != dir {
			continue
		}
		for _, declaration := range s.file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil {
				functions[f.Name.Name] = true
			}
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Name.Name == "TestOnServices" {
				ast.Inspect(f, func(n ast.Node) bool {
					if literal, ok := n.(*ast.CompositeLit); ok && literal.Type == nil {
						for _, element := range literal.Elts {
							if ident, ok := element.(*ast.Ident); ok {
								scenarios[ident.Name] = true
							}
						}
					}
					return true
				})
			}
		}
	}
	maps.DeleteFunc(scenarios, func(name string, _ bool) bool { return !functions[name] }) // their data
	return scenarios
}

// uses tells whether a function hands one of the scenarios on.
func uses(f *ast.FuncDecl, scenarios map[string]bool) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && scenarios[ident.Name] {
			found = true
		}
		return true
	})
	return found
}

// pattern finds what a page's commands hand to -run, -fuzz or -bench.
var pattern = regexp.MustCompile(`[\s']-(?:run|fuzz|bench) '?\^?([A-Za-z0-9_]+)`)

// TestCommandsNameTestsThatExist: a command that matches nothing succeeds, and
// shows nothing.
func TestCommandsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	var known []string
	for _, s := range readTree(t) {
		for _, declaration := range s.file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && s.test && f.Recv == nil {
				known = append(known, f.Name.Name)
			}
		}
	}
	for page, text := range documents(t) {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			if m[1] == "xxx" || m[1] == "NAME" { // nothing, on purpose; whatever you choose
				continue
			}
			matches := func(name string) bool { return strings.Contains(name, m[1]) }
			assert.True(t, slices.ContainsFunc(known, matches), "%s has a command with %q, which matches no test", page, m[0])
		}
	}
}
