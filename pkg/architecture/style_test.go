package architecture_test

import (
	"go/ast"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The limits. The median file or function hardly differs between codebases
// that people like and dislike; the long tail does.
const (
	maxFileLines     = 400
	maxFunctionLines = 60
)

// A file or function beyond its limit says why, in these words, in a comment
// near its top.
const (
	fileExcuse     = "Longer than 400 lines because"
	functionExcuse = "Longer than 60 lines because"
)

func TestFilesStayShort(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		if s.lines <= maxFileLines || ast.IsGenerated(s.file) {
			continue
		}
		if excused(s, s.file.Comments, fileExcuse) {
			t.Logf("%s: %d lines, with a reason", s.path, s.lines)
			continue
		}
		assert.Fail(t, "file too long", "%s has %d lines: split it, or begin it with a comment %q", s.path, s.lines, fileExcuse)
	}
}

// excused looks for the words in the comments that begin in the file's first
// 40 lines.
func excused(s source, groups []*ast.CommentGroup, words string) bool {
	for _, group := range groups {
		if s.line(group) <= 40 && contains(group, words) {
			return true
		}
	}
	return false
}

func contains(group *ast.CommentGroup, words string) bool {
	return group != nil && strings.Contains(strings.Join(strings.Fields(group.Text()), " "), words)
}

// TestFunctionsStayShort leaves tests out, where a long table is easier to
// read than a split one.
func TestFunctionsStayShort(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		if s.test || ast.IsGenerated(s.file) {
			continue
		}
		for _, declaration := range s.file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			lines := s.set.Position(function.Body.Rbrace).Line - s.set.Position(function.Body.Lbrace).Line - 1
			if lines <= maxFunctionLines {
				continue
			}
			if contains(function.Doc, functionExcuse) {
				t.Logf("%s:%d: %s has %d lines, with a reason", s.path, s.line(function), function.Name.Name, lines)
				continue
			}
			assert.Fail(t, "function too long", "%s:%d: %s has %d lines: split it, or say %q in its comment",
				s.path, s.line(function), function.Name.Name, lines, functionExcuse)
		}
	}
}

// TestPanicsAreExplained: a panic takes the process down, so the line says
// why it cannot happen or why nothing else is left.
func TestPanicsAreExplained(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if ident, ok := call.Fun.(*ast.Ident); ok && ident.Name == "panic" {
				assert.True(t, s.commented(s.line(call)), "%s:%d panics without a comment that says why", s.path, s.line(call))
			}
			return true
		})
	}
}

// TestTestsNeitherSleepNorSkip: a sleep makes a test slow and still flaky, a
// skip makes it look green. Inside testing/synctest a sleep is how the fake
// clock moves.
func TestTestsNeitherSleepNorSkip(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		if !s.test {
			continue
		}
		if _, fake := s.imports()["testing/synctest"]; !fake {
			s.mentions("time", func(name string, line int) {
				assert.NotEqual(t, "Sleep", name, "%s:%d sleeps: wait for what you mean, or use testing/synctest", s.path, line)
			})
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if ident, ok := selector.X.(*ast.Ident); ok && (ident.Name == "t" || ident.Name == "b") {
				assert.NotContains(t, []string{"Skip", "Skipf", "SkipNow"}, selector.Sel.Name, "%s:%d skips", s.path, s.line(selector))
			}
			return true
		})
	}
}

// TestWaitsHaveNoLimitsOfTheirOwn: a limit that somebody guessed is what a test
// fails of on a machine that does other things. package patience waits until the
// test process has to end.
func TestWaitsHaveNoLimitsOfTheirOwn(t *testing.T) {
	t.Parallel()
	guessed := []string{"Eventually", "Eventuallyf", "EventuallyWithT", "EventuallyWithTf", "Never", "Neverf"}
	for _, s := range readTree(t) {
		for _, library := range []string{"github.com/stretchr/testify/require", "github.com/stretchr/testify/assert"} {
			s.mentions(library, func(name string, line int) {
				assert.NotContains(t, guessed, name, "%s:%d waits for a span: use patience.Until", s.path, line)
			})
		}
	}
}

// TestNoInit: what happens before main has no owner, no context and no error.
func TestNoInit(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		for _, declaration := range s.file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			isInit := ok && function.Recv == nil && function.Name.Name == "init"
			assert.False(t, isInit, "%s has an init function", s.path)
		}
	}
}

// TestNoGrabBags: such names collect whatever has no home.
func TestNoGrabBags(t *testing.T) {
	t.Parallel()
	for _, s := range readTree(t) {
		name := strings.TrimSuffix(s.file.Name.Name, "_test")
		assert.NotContains(t, []string{"common", "util", "utils", "helper", "helpers", "models", "types", "misc", "shared"}, name,
			"%s: package %s says nothing about its content", s.path, name)
	}
}
