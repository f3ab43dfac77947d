package document

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

// parse reads one document, whose first line is preceded by a number of lines
// in its file. It gives neither a node nor a problem for an empty one.
func parse(text string, before int) (root *Node, problems []Problem) {
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
	tokens, deep := tokenize(text)
	if deep != nil {
		deep.Line += before
		return nil, fail(*deep)
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
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

// syntaxProblem takes the library's message alone: its own text shows the
// lines around, which may hold a secret.
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

// converter turns the library's nodes into ours and resolves anchors, aliases
// and merge keys.
type converter struct {
	anchors  map[string]ast.Node
	nodes    int
	before   int // lines of the file before the document
	problems []Problem
}

func (c *converter) convert(n ast.Node, depth int) (*Node, error) {
	c.nodes++
	t := &Node{Line: c.before + 1, Column: 1}
	if n == nil {
		return t, nil
	}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		t.Line, t.Column = tk.Position.Line+c.before, max(tk.Position.Column, 1)
	}
	if depth > maxDepth || c.nodes > maxNodes {
		return nil, &positioned{t.Line, t.Column, "nested or repeated too much", "write it out, without aliases"}
	}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		t.Shape, t.Text = Bool, fmt.Sprint(n.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		text, ok := numberText(n.GetToken().Value)
		if !ok {
			return nil, &positioned{t.Line, t.Column, "must be a finite number", "write digits, or quote it"}
		}
		t.Shape, t.Text = Number, text
	case *ast.StringNode:
		t.Shape, t.Text = String, n.Value
	case *ast.LiteralNode:
		t.Shape, t.Text = String, n.Value.Value
	case *ast.SequenceNode:
		return c.convertList(t, n.Values, depth)
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
			return nil, &positioned{t.Line, t.Column, "names an anchor that does not stand above it", "define the anchor first"}
		}
		return c.convert(target, depth+1)
	case *ast.TagNode:
		return c.convertTag(t, n, depth)
	default:
		return nil, &positioned{t.Line, t.Column, "must be plain YAML", "write scalars, lists and maps only"}
	}
	return t, nil
}

func (c *converter) convertList(t *Node, items []ast.Node, depth int) (*Node, error) {
	t.Shape = List
	for _, item := range items {
		child, err := c.convert(item, depth+1)
		if err != nil {
			return nil, err
		}
		t.List = append(t.List, child)
	}
	return t, nil
}

// convertTag knows one tag: !!str makes a string of any scalar.
func (c *converter) convertTag(t *Node, n *ast.TagNode, depth int) (*Node, error) {
	value, err := c.convert(n.Value, depth+1)
	if err != nil {
		return nil, err
	}
	if n.Start.Value != "!!str" || value.Shape > String {
		return nil, &positioned{t.Line, t.Column, "must not have a tag", "remove the tag, or quote the value to make it a string"}
	}
	if n.Value != nil && value.Shape != Null && value.Shape != String {
		value.Text = n.Value.GetToken().Value
	}
	value.Shape = String
	return value, nil
}

func (c *converter) convertMap(t *Node, values []*ast.MappingValueNode, depth int) (*Node, error) {
	t.Shape = Map
	known := make(map[string]int, len(values)) // the line of each key
	var merged []*Node
	for _, pair := range values {
		value, err := c.convert(pair.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if pair.Key.IsMergeKey() {
			merged = append(merged, mergeSources(value)...)
			continue
		}
		e := Entry{Key: keyText(pair.Key), Value: value, Line: t.Line, Column: t.Column}
		if tk := pair.Key.GetToken(); tk != nil && tk.Position != nil {
			e.Line, e.Column = tk.Position.Line+c.before, max(tk.Position.Column, 1)
		}
		if first, twice := known[e.Key]; twice {
			c.problems = append(c.problems, Problem{
				Line: e.Line, Column: e.Column, Fix: "remove one of the two",
				Rule: fmt.Sprintf("the key %q stands here for the second time, first in line %d", e.Key, first),
			})
			continue
		}
		known[e.Key] = e.Line
		t.Entries = append(t.Entries, e)
	}
	if len(t.Entries) > 0 {
		t.Line, t.Column = t.Entries[0].Line, t.Entries[0].Column
	}
	// What a map says itself wins over what it merges.
	for _, source := range merged {
		for _, e := range source.Entries {
			if _, own := known[e.Key]; !own {
				known[e.Key] = e.Line
				t.Entries = append(t.Entries, e)
			}
		}
	}
	return t, nil
}

func mergeSources(value *Node) []*Node {
	if value.Shape == List {
		return value.List
	}
	return []*Node{value}
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
