package architecture_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named finds what a document names as code. link finds the targets of links.
var (
	named = regexp.MustCompile("`([^`\n]+)`")
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	// ours begins a path of this repository; anything else in backquotes is a
	// command, a topic, a setting or a name.
	ours = regexp.MustCompile(`^(pkg|cmd|docs|schemas|test|topology|tools|examples|\.ci)(/[A-Za-z0-9_.{}*-]+)+/?$`)
)

// documents gives every page for people, by its path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, path := range found {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			name, err := filepath.Rel(root, path)
			require.NoError(t, err)
			pages[filepath.ToSlash(name)] = string(text)
		}
	}
	require.Contains(t, pages, "README.md")
	require.Contains(t, pages, "docs/ARCHITECTURE.md")
	return pages
}

// namedTest finds a test or fuzz target that a document names as code.
var namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z][A-Za-z0-9]+)`")

// TestDocumentsNameTestsThatExist: a promise whose proof was renamed away is
// only a promise.
func TestDocumentsNameTestsThatExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, s := range readTree(t) {
		for _, declaration := range s.file.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && s.test {
				known[function.Name.Name] = true
			}
		}
	}
	for page, text := range documents(t) {
		for _, m := range namedTest.FindAllStringSubmatch(text, -1) {
			assert.True(t, known[m[1]], "%s names the test %s, which does not exist", page, m[1])
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(path)))
	return err == nil
}

// TestDocumentsNameWhatExists: a map that shows roads that are not there is
// worse than none.
func TestDocumentsNameWhatExists(t *testing.T) {
	t.Parallel()
	for page, text := range documents(t) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			if path := m[1]; ours.MatchString(path) {
				assert.True(t, exists(path), "%s names %s, which does not exist", page, path)
			}
		}
	}
}

// TestLinksOfDocumentsLead looks at links inside the repository, the headings
// that they point to included.
func TestLinksOfDocumentsLead(t *testing.T) {
	t.Parallel()
	pages := documents(t)
	for page, text := range pages {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			path, heading, _ := strings.Cut(m[1], "#")
			target := page
			if path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
				assert.True(t, exists(target), "%s links to %s, which does not exist", page, target)
			}
			if heading != "" && strings.HasSuffix(target, ".md") {
				assert.Contains(t, headings(pages[target]), heading, "%s links to a heading of %s that does not exist", page, target)
			}
		}
	}
}

// headings gives the anchors of a page, as GitHub makes them.
func headings(text string) []string {
	var found []string
	fenced := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		title := strings.TrimLeft(line, "#")
		if fenced || title == line {
			continue
		}
		found = append(found, anchor(title))
	}
	return found
}

var dropped = regexp.MustCompile(`[^a-z0-9 _-]`)

func anchor(title string) string {
	return strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-")
}

// TestArchitectureMapsEveryPackage: what is not on the map is not found.
func TestArchitectureMapsEveryPackage(t *testing.T) {
	t.Parallel()
	text := documents(t)["docs/ARCHITECTURE.md"]
	for _, s := range readTree(t) {
		if s.test || isFake(s.dir) || strings.HasPrefix(s.dir, "pkg/fake/sandbox/") || strings.HasPrefix(s.dir, "cmd/") || strings.HasPrefix(s.dir, "tools") {
			continue
		}
		assert.True(t, strings.Contains(text, "`"+s.dir+"`"), "docs/ARCHITECTURE.md has no line for %s", s.dir) //nolint:testifylint // the whole page in a failure helps nobody
	}
}
