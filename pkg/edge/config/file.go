package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// file applies a YAML document. The tree is walked here instead of being
// decoded by the library, which stops at the first problem.
func (l *loader) file(name string, text []byte) {
	if len(text) == 0 {
		return
	}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		origin, message := name, "must be YAML"
		// The library's own text shows the lines around, which may hold a
		// secret; its message alone does not.
		if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			origin, message = place(name, syntax.Token), "must be YAML: "+syntax.Message
		}
		l.problem(origin, "(file)", message, "", "mend the syntax")
		return
	}
	documents := 0
	for _, document := range tree.Docs {
		if document.Body == nil || document.Body.Type() == ast.NullType {
			continue
		}
		if documents++; documents > 1 {
			l.problem(place(name, document.Body.GetToken()), "(file)", "must hold one document", "", "move resources to files for sluice apply")
			return
		}
		l.section(name, document.Body, reflect.ValueOf(&l.config).Elem(), "")
	}
}

func place(name string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, t.Position.Line, t.Position.Column)
}

// section applies a mapping node to a struct.
func (l *loader) section(name string, n ast.Node, v reflect.Value, path string) {
	pairs, ok := l.pairs(name, n, path)
	if !ok {
		return
	}
	keys := make(map[string]int, v.NumField())
	var known []string
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		keys[key] = i
		known = append(known, key)
	}
	for _, pair := range pairs {
		key := keyText(pair.Key)
		at := place(name, pair.Key.GetToken())
		i, ok := keys[key]
		if !ok {
			fix := "remove it; known here: " + strings.Join(known, ", ")
			if guess := nearest(key, known); guess != "" {
				fix = "did you mean " + guess + "?"
			}
			l.problem(at, join(path, key), "must be a known key", "", fix)
			continue
		}
		child := join(path, key)
		l.origin[child] = at
		l.node(name, pair.Value, v.Field(i), child)
	}
}

// pairs gives the entries of a mapping; null is an empty one.
func (l *loader) pairs(name string, n ast.Node, path string) ([]*ast.MappingValueNode, bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}, true
	case *ast.NullNode:
		return nil, true
	}
	where := path
	if where == "" {
		where = "(file)"
	}
	l.problem(place(name, n.GetToken()), where, "must be a group of settings", "", "write key: value pairs below it")
	return nil, false
}

func keyText(key ast.MapKeyNode) string {
	if s, ok := key.(*ast.StringNode); ok {
		return s.Value
	}
	return key.String()
}

// node applies a value of any kind.
func (l *loader) node(name string, n ast.Node, v reflect.Value, path string) {
	if n == nil || n.Type() == ast.NullType {
		return // an empty value leaves the default
	}
	switch {
	case isSection(v.Type()):
		l.section(name, n, v, path)
	case v.Kind() == reflect.Map:
		l.providers(name, n, path)
	case v.Kind() == reflect.Slice:
		l.list(name, n, v, path)
	default:
		l.scalar(name, n, v, path)
	}
}

// providers applies sender.providers, the one group with free names.
func (l *loader) providers(name string, n ast.Node, path string) {
	pairs, ok := l.pairs(name, n, path)
	if !ok {
		return
	}
	for _, pair := range pairs {
		key := keyText(pair.Key)
		entry := l.config.Sender.Provider(key)
		l.origin[join(path, key)] = place(name, pair.Key.GetToken())
		l.section(name, pair.Value, reflect.ValueOf(&entry).Elem(), join(path, key))
		if l.config.Sender.Providers == nil {
			l.config.Sender.Providers = map[string]Provider{}
		}
		l.config.Sender.Providers[key] = entry
	}
}

// list applies a sequence; one value may stand without brackets.
func (l *loader) list(name string, n ast.Node, v reflect.Value, path string) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		l.scalar(name, n, v, path)
		return
	}
	var values []string
	for i, item := range sequence.Values {
		text, ok := scalarText(item)
		if !ok {
			l.problem(place(name, item.GetToken()), fmt.Sprintf("%s[%d]", path, i), "must be one value", "", "write a list of plain values")
			continue
		}
		values = append(values, text)
	}
	v.Set(reflect.ValueOf(values))
}

func (l *loader) scalar(name string, n ast.Node, v reflect.Value, path string) {
	text, ok := scalarText(n)
	at := place(name, n.GetToken())
	if !ok {
		l.problem(at, path, "must be one value", "", "write the value beside the key")
		return
	}
	l.put(v, path, text, at, false)
}

// scalarText gives a value as it was written. A string and a number differ
// only in what they are put into: quotes around a port change nothing.
func scalarText(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}
