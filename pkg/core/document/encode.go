package document

import (
	"reflect"
	"regexp"
	"strings"
)

// Node gives a struct as the document that Decode reads. A strict schema
// leaves out what is the default anyway, so that hashes, exports and plans
// that are made from it do not depend on how a file was written; a lenient one
// writes everything, each with what it means as its comment.
func (s *Schema) Node(v any, names map[string][]string) *Node {
	e := encoder{names: names, all: s.options.Lenient, schema: s}
	return e.group(reflect.ValueOf(v).Elem(), s.defaults, s.fields)
}

type encoder struct {
	names  map[string][]string
	all    bool
	schema *Schema
}

func (e *encoder) group(v, defaults reflect.Value, fields []*Field) *Node {
	n := NewMap()
	for _, f := range fields {
		at := f.at(v)
		if f.nests() {
			if below := e.group(v, defaults, f.fields); len(below.Entries) > 0 || !strings.Contains(f.Path, ".") {
				n.Put(f.Key, below)
			}
			continue
		}
		keys := f.keys(e.names)
		if len(keys) == 0 {
			continue
		}
		value := e.field(f, v, at, f.at(defaults))
		if value != nil && e.all {
			value.Comment = f.Doc
		}
		n.Put(keys[0], value)
	}
	return n
}

// field gives nil for what is left out.
func (e *encoder) field(f *Field, parent, at, otherwise reflect.Value) *Node {
	var n *Node
	switch {
	case f.many == table:
		n = NewMap()
		for _, key := range sortedNames(at) {
			n.Put(key, e.entry(f, at.MapIndex(reflect.ValueOf(key))))
		}
	case f.many == list:
		n = &Node{Shape: List}
		for i := range at.Len() {
			n.List = append(n.List, e.entry(f, at.Index(i)))
		}
	case f.kind == nil:
		n = e.group(at, otherwise, f.fields)
	case f.given != nil && !parent.FieldByIndex(f.given).Bool():
		return nil
	case f.given == nil && !e.all && !f.Required && same(at, otherwise):
		return nil
	default:
		if n = f.kind.node(at); n == nil && f.Required {
			n = NewMap()
		}
		return n
	}
	if e.all || f.Required || len(n.Entries) > 0 || len(n.List) > 0 && !same(at, otherwise) {
		return n
	}
	return nil
}

func (e *encoder) entry(f *Field, v reflect.Value) *Node {
	if f.kind != nil {
		return f.kind.node(v)
	}
	return e.group(v, e.schema.entry(f.typ), f.fields)
}

// same compares values; an empty list or map is as good as none.
func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Map, reflect.Slice:
		if a.Len() == 0 && b.Len() == 0 {
			return true
		}
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// Write gives documents as YAML in one style: block maps, lists of scalars in
// brackets, and quotes around every string that could be read as anything
// else.
func Write(docs ...*Node) []byte {
	var w writer
	for i, n := range docs {
		if i > 0 {
			w.WriteString("---\n")
		}
		w.block(n, 0)
	}
	return []byte(w.String())
}

type writer struct{ strings.Builder }

// block writes the entries of a map, each on a line of its own.
func (w *writer) block(n *Node, indent int) {
	for _, e := range n.Entries {
		margin := strings.Repeat("  ", indent)
		if e.Value.Comment != "" {
			w.WriteString(margin + "# " + e.Value.Comment + "\n")
		}
		w.WriteString(margin)
		w.scalar(e.Key)
		w.WriteByte(':')
		w.value(e.Value, indent)
	}
}

func (w *writer) value(n *Node, indent int) {
	switch {
	case n.Shape == Map && len(n.Entries) > 0:
		w.WriteByte('\n')
		w.block(n, indent+1)
	case n.Shape == List && hasMaps(n):
		w.WriteByte('\n')
		for _, item := range n.List {
			w.WriteString(strings.Repeat("  ", indent+1) + "- ")
			w.flow(item)
			w.WriteByte('\n')
		}
	default:
		w.WriteByte(' ')
		w.flow(n)
		w.WriteByte('\n')
	}
}

func hasMaps(n *Node) bool {
	for _, item := range n.List {
		if item.Shape >= List {
			return true
		}
	}
	return false
}

func (w *writer) flow(n *Node) {
	switch n.Shape {
	case String:
		w.scalar(n.Text)
	case Bool, Number:
		w.WriteString(n.Text)
	case Null:
		w.WriteString("null")
	case List:
		w.WriteByte('[')
		for i, item := range n.List {
			if i > 0 {
				w.WriteString(", ")
			}
			w.flow(item)
		}
		w.WriteByte(']')
	case Map:
		w.WriteByte('{')
		for i, e := range n.Entries {
			if i > 0 {
				w.WriteString(", ")
			}
			w.scalar(e.Key)
			w.WriteString(": ")
			w.flow(e.Value)
		}
		w.WriteByte('}')
	}
}

// plain is what needs no quotes in any YAML version: it begins with a letter
// and contains nothing that has a meaning.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./@+-]*$`)

func (w *writer) scalar(s string) {
	if plain.MatchString(s) && !isYAMLWord(s) {
		w.WriteString(s)
		return
	}
	w.Write(appendJSONString(nil, s))
}

// isYAMLWord knows the words that some YAML version reads as a boolean, null
// or number.
func isYAMLWord(s string) bool {
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf":
		return true
	default:
		return false
	}
}

// Flatten gives every scalar and every list of scalars by its path, as it is
// written.
func (n *Node) Flatten(path string, into map[string]string) {
	switch {
	case n.Shape == Map && len(n.Entries) > 0:
		for _, e := range n.Entries {
			e.Value.Flatten(ChildPath(path, e.Key), into)
		}
	case n.Shape == List && hasMaps(n):
		for i, item := range n.List {
			item.Flatten(IndexPath(path, i), into)
		}
	default:
		var w writer
		w.flow(n)
		into[path] = w.String()
	}
}
