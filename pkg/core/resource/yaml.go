package resource

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The bounds of one document: no configuration needs more, and a file of
// nested aliases may not blow up the process that reads it.
const (
	maxDocumentBytes = 4 << 20
	maxNodes         = 200_000
	maxDepth         = 64
)

// File is one YAML or JSON file with resources.
type File struct {
	Name string // as shown in problems
	Data []byte
}

// document is one YAML document of a file.
type document struct {
	file string
	root *tree
}

// parseFile splits a file into its documents and parses each by itself, so
// that a syntax error in one does not hide the problems of the others.
func parseFile(f File, report func(Problem)) []document {
	var docs []document
	for _, part := range splitDocuments(string(f.Data)) {
		root, problems := parseDocument(part.text, part.line-1)
		for _, p := range problems {
			p.File = f.Name
			report(p)
		}
		if root != nil {
			docs = append(docs, document{file: f.Name, root: root})
		}
	}
	return docs
}

// part is the text of one document, and the line that it begins on.
type part struct {
	text string
	line int
}

// splitDocuments cuts at document markers. A line that begins with --- is one
// wherever it stands: YAML allows it inside no scalar.
func splitDocuments(text string) []part {
	text = strings.TrimPrefix(text, "\ufeff")
	var parts []part
	var b strings.Builder
	begin, number := 1, 0
	for line := range strings.Lines(text) {
		number++
		bare := strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(bare, "---") && (len(bare) == 3 || bare[3] == ' ' || bare[3] == '\t'):
			parts = append(parts, part{b.String(), begin})
			b.Reset()
			begin = number
			b.WriteString("   ") // keeps the columns of a value on the marker's line
			b.WriteString(line[3:])
		case bare == "...", strings.HasPrefix(bare, "%"):
			b.WriteString("\n")
		default:
			b.WriteString(line)
		}
	}
	return append(parts, part{b.String(), begin})
}

// parseDocument parses one document, whose first line is preceded by a number
// of lines in its file. It gives neither a tree nor a problem for an empty one.
func parseDocument(text string, before int) (root *tree, problems []Problem) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	fail := func(p Problem) []Problem {
		p.Line, p.Column = max(p.Line, before+1), max(p.Column, 1)
		return append(problems, p)
	}
	if len(text) > maxDocumentBytes {
		return nil, fail(Problem{Rule: "a document has at most 4 MiB", Fix: "split it"})
	}
	defer func() {
		// The YAML library is known to panic on some malformed input; a file
		// must never take the process down.
		if recover() != nil {
			root, problems = nil, fail(Problem{Rule: "must be valid YAML", Fix: "check indentation, brackets and quotes of this document"})
		}
	}()
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, fail(syntaxProblem(err, before))
	}
	c := converter{anchors: map[string]ast.Node{}, before: before}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if root != nil {
			return nil, fail(Problem{Rule: "must be one YAML document", Fix: "separate documents with a line of ---"})
		}
		root, err = c.convert(doc.Body, 0)
		problems = c.problems
		if err != nil {
			return nil, fail(positionProblem(err))
		}
	}
	return root, problems
}

func syntaxProblem(err error, before int) Problem {
	p := Problem{Rule: "must be valid YAML", Fix: "check indentation, brackets and quotes near this place"}
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		p.Rule += ": " + syntax.GetMessage()
		if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
			p.Line, p.Column = tk.Position.Line+before, tk.Position.Column
		}
	}
	return p
}

// positioned is an error that knows where in the document it is.
type positioned struct {
	line, column int
	rule, fix    string
}

func (p *positioned) Error() string {
	return fmt.Sprintf("reading YAML at %d:%d: %s", p.line, p.column, p.rule)
}

func positionProblem(err error) Problem {
	var at *positioned
	if errors.As(err, &at) {
		return Problem{Line: at.line, Column: at.column, Rule: at.rule, Fix: at.fix}
	}
	return Problem{Rule: "must be valid YAML: " + err.Error()}
}

// converter turns the library's nodes into trees and resolves anchors, aliases
// and merge keys.
type converter struct {
	anchors  map[string]ast.Node
	nodes    int
	before   int // lines of the file before the document
	problems []Problem
}

func (c *converter) convert(n ast.Node, depth int) (*tree, error) {
	c.nodes++
	t := &tree{line: c.before + 1, column: 1}
	if n == nil {
		return t, nil
	}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		t.line, t.column = tk.Position.Line+c.before, max(tk.Position.Column, 1)
	}
	if depth > maxDepth || c.nodes > maxNodes {
		return nil, &positioned{t.line, t.column, "nested or repeated too much", "write it out, without aliases"}
	}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		t.shape, t.text = shapeBool, fmt.Sprint(n.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		text, ok := numberText(n.GetToken().Value)
		if !ok {
			return nil, &positioned{t.line, t.column, "must be a finite number", "write digits, or quote it"}
		}
		t.shape, t.text = shapeNumber, text
	case *ast.StringNode:
		t.shape, t.text = shapeString, n.Value
	case *ast.LiteralNode:
		t.shape, t.text = shapeString, n.Value.Value
	case *ast.SequenceNode:
		t.shape = shapeList
		for _, item := range n.Values {
			child, err := c.convert(item, depth+1)
			if err != nil {
				return nil, err
			}
			t.list = append(t.list, child)
		}
	case *ast.MappingNode:
		return c.convertMap(t, n.Values, depth)
	case *ast.MappingValueNode:
		return c.convertMap(t, []*ast.MappingValueNode{n}, depth)
	case *ast.AnchorNode:
		c.anchors[n.Name.GetToken().Value] = n.Value
		return c.convert(n.Value, depth+1)
	case *ast.AliasNode:
		target, ok := c.anchors[n.Value.GetToken().Value]
		if !ok {
			return nil, &positioned{t.line, t.column, "names an anchor that does not stand above it", "define the anchor first"}
		}
		return c.convert(target, depth+1)
	case *ast.TagNode:
		return c.convertTag(t, n, depth)
	default:
		return nil, &positioned{t.line, t.column, "must be plain YAML", "write scalars, lists and maps only"}
	}
	return t, nil
}

// convertTag knows one tag: !!str makes a string of any scalar.
func (c *converter) convertTag(t *tree, n *ast.TagNode, depth int) (*tree, error) {
	value, err := c.convert(n.Value, depth+1)
	if err != nil {
		return nil, err
	}
	if n.Start.Value != "!!str" || value.shape > shapeString {
		return nil, &positioned{t.line, t.column, "must not have a tag", "remove the tag, or quote the value to make it a string"}
	}
	if n.Value != nil && value.shape != shapeNull && value.shape != shapeString {
		value.text = n.Value.GetToken().Value
	}
	value.shape = shapeString
	return value, nil
}

func (c *converter) convertMap(t *tree, values []*ast.MappingValueNode, depth int) (*tree, error) {
	t.shape = shapeMap
	var merged []*tree
	for _, pair := range values {
		value, err := c.convert(pair.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if pair.Key.IsMergeKey() {
			merged = append(merged, mergeSources(value)...)
			continue
		}
		e := entry{key: keyText(pair.Key), value: value, line: t.line, column: t.column}
		if tk := pair.Key.GetToken(); tk != nil && tk.Position != nil {
			e.line, e.column = tk.Position.Line+c.before, max(tk.Position.Column, 1)
		}
		if first := t.find(e.key); first != nil {
			c.problems = append(c.problems, Problem{
				Line: e.line, Column: e.column, Fix: "remove one of the two",
				Rule: fmt.Sprintf("the key %q stands here for the second time, first in line %d", e.key, first.line),
			})
			continue
		}
		t.entries = append(t.entries, e)
	}
	if len(t.entries) > 0 {
		t.line, t.column = t.entries[0].line, t.entries[0].column
	}
	// What a map says itself wins over what it merges.
	for _, source := range merged {
		for _, e := range source.entries {
			if t.find(e.key) == nil {
				t.entries = append(t.entries, e)
			}
		}
	}
	return t, nil
}

func mergeSources(value *tree) []*tree {
	if value.shape == shapeList {
		return value.list
	}
	return []*tree{value}
}

func (t *tree) find(key string) *entry {
	for i := range t.entries {
		if t.entries[i].key == key {
			return &t.entries[i]
		}
	}
	return nil
}

// keyText gives a key as it was written: NO is Norway, not false.
func keyText(key ast.MapKeyNode) string {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value
	case *ast.MappingKeyNode:
		if k.Value != nil && k.Value.GetToken() != nil {
			return k.Value.GetToken().Value
		}
	}
	if tk := key.GetToken(); tk != nil {
		return tk.Value
	}
	return ""
}
