// Package architecture_test checks rules about the source itself: who may
// import whom, what the core must not touch, and how long a file may get. It
// reads the files as they stand, so a rule that is broken in one place names
// that place.
package architecture_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/sluicehq/sluice"

// source is one Go file of the repository.
type source struct {
	path  string // relative to the root, with slashes
	dir   string
	test  bool
	lines int
	set   *token.FileSet
	file  *ast.File
}

// line gives the line on which a node begins.
func (s source) line(n ast.Node) int { return s.set.Position(n.Pos()).Line }

// imports lists import paths with the name they have in this file.
func (s source) imports() map[string]string {
	found := map[string]string{}
	for _, spec := range s.file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser accepted it, so it cannot happen
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		found[path] = name
	}
	return found
}

// mentions visits every use of a name of an imported package, such as
// time.Now.
func (s source) mentions(importPath string, visit func(name string, line int)) {
	local, ok := s.imports()[importPath]
	if !ok {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if ident, ok := selector.X.(*ast.Ident); ok && ident.Name == local {
			visit(selector.Sel.Name, s.line(selector))
		}
		return true
	})
}

// commented reports whether a comment stands on the line or right above it.
func (s source) commented(line int) bool {
	for _, group := range s.file.Comments {
		end := s.set.Position(group.End()).Line
		begin := s.set.Position(group.Pos()).Line
		if begin <= line && end >= line-1 {
			return true
		}
	}
	return false
}

// parsed holds the tree for all tests: it does not change while they run.
var parsed = sync.OnceValues(parseTree)

// readTree gives every Go file of the repository except the tools module.
func readTree(t *testing.T) []source {
	t.Helper()
	tree, err := parsed()
	require.NoError(t, err)
	require.NotEmpty(t, tree)
	return tree
}

func parseTree() ([]source, error) {
	root := filepath.Join("..", "..")
	var tree []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			hidden := strings.HasPrefix(name, ".") && path != root
			if hidden || name == "testdata" || name == "tools" || name == "bin" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		s, err := readSource(root, path)
		if err == nil {
			tree = append(tree, s)
		}
		return err
	})
	return tree, err
}

func readSource(root, path string) (source, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return source{}, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, text, parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	relative, err := filepath.Rel(root, path)
	if err != nil {
		return source{}, err
	}
	relative = filepath.ToSlash(relative)
	dir := "."
	if cut := strings.LastIndex(relative, "/"); cut >= 0 {
		dir = relative[:cut]
	}
	return source{
		path: relative, dir: dir, test: strings.HasSuffix(path, "_test.go"),
		lines: strings.Count(string(text), "\n"), set: set, file: file,
	}, nil
}
