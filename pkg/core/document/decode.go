package document

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// Decoding is one reading of a document.
type Decoding struct {
	// Report takes every problem. Those of unknown keys have a line already;
	// the others are located by their path.
	Report func(Problem)
	// Names are what the $ keys of the schema stand for.
	Names map[string][]string
	// Known are further keys that may stand beside those of the schema; Open
	// leaves it to somebody else to refuse unknown ones.
	// Below are such keys of groups below the first level, by their path.
	Known []string
	Below map[string][]string
	Open  bool
	// Set is told of every path that a value is taken from, and where that
	// value stands; nil: nobody asks.
	Set func(path string, line, column int)
}

// Decode reads a map into a struct of the declared type, over what the struct
// holds. Absent and null keys leave it as it is. path is where the map stands
// in its document.
func (s *Schema) Decode(n *Node, path string, into any, d Decoding) {
	r := &reader{Decoding: d, schema: s}
	r.group(n, reflect.ValueOf(into).Elem(), s.fields, path, true)
}

type reader struct {
	Decoding
	schema *Schema
}

func (r *reader) wrong(path string, k Problem) {
	k.Path = path
	r.Report(k)
}

// asMap gives n where it is a map; anything else is a problem, and an empty
// one stands in so that reading goes on.
func (r *reader) asMap(n *Node, path string) *Node {
	switch {
	case n == nil || n.Shape == Null:
	case n.Shape == Map:
		return n
	case r.schema.options.Lenient:
		if path == "" {
			path = "(file)"
		}
		r.wrong(path, Problem{Rule: "must be a group of settings", Fix: "write key: value pairs below it", Line: n.Line, Column: n.Column})
	default:
		r.wrong(path, Problem{Rule: "must be a map", Value: n.Shape.String(), Fix: "write its keys below it, indented"})
	}
	return NewMap()
}

func (r *reader) group(n *Node, v reflect.Value, fields []*Field, path string, top bool) {
	m := r.asMap(n, path)
	known := keysOf(fields, r.Names)
	for _, f := range fields {
		for _, key := range f.keys(r.Names) {
			at := ChildPath(path, key)
			e := m.Find(key)
			if e == nil || e.Value.Shape == Null {
				r.absent(f, v, at)
				continue
			}
			if r.Set != nil {
				r.Set(at, e.Line, e.Column)
			}
			r.field(f, e, v, at)
		}
	}
	switch {
	case !top:
		r.unknown(m, append(known, r.Below[path]...), path)
	case !r.Open:
		r.unknown(m, append(known, r.Known...), path)
	}
}

func (r *reader) unknown(m *Node, known []string, path string) {
	for _, e := range m.Entries {
		if slices.Contains(known, e.Key) {
			continue
		}
		p := Problem{Rule: "is not a known key", Line: e.Line, Column: e.Column, Fix: "remove it, or use one of " + strings.Join(known, ", ")}
		if r.schema.options.Lenient {
			p.Rule, p.Fix = "must be a known key", "remove it; known here: "+strings.Join(known, ", ")
		}
		p.Fix = didYouMean(e.Key, known, p.Fix)
		r.wrong(ChildPath(path, e.Key), p)
	}
}

// absent reports a key that must be there. What is required below an absent
// group of a struct of its own goes with the group.
func (r *reader) absent(f *Field, v reflect.Value, path string) {
	switch {
	case f.nests():
		r.group(nil, v, f.fields, path, false)
	case f.Required:
		r.wrong(path, Problem{Rule: "is required", Fix: "add " + f.Key})
	}
}

// field reads the value of one key into the struct that declares it.
func (r *reader) field(f *Field, e *Entry, parent reflect.Value, path string) {
	n, at := e.Value, f.at(parent)
	switch {
	case f.dynamic != "" && f.many == table:
		// Each name is a key of its own beside the others.
		r.table(f, NewMap().Put(e.Key, n), at, ParentPath(path))
	case f.many == list:
		r.list(f, n, at, path)
	case f.many == table:
		r.table(f, n, at, path)
	case f.kind == nil:
		r.group(n, at, f.fields, path, false)
	case f.kind.Words:
		r.set(f, n, at, path)
	default:
		r.scalar(f, f.kind, n, at, path)
	}
	if f.given != nil {
		parent.FieldByIndex(f.given).SetBool(true)
	}
}

// scalar reads one value.
func (r *reader) scalar(f *Field, k *Kind, n *Node, at reflect.Value, path string) {
	if k.take != nil && k.accepts(n.Shape) {
		k.take(at, n)
		return
	}
	if r.schema.options.Lenient {
		r.lenient(k, n, at, path)
		return
	}
	switch {
	case !k.accepts(n.Shape) && k.Title == "text" && n.Shape < List && n.Shape != Null:
		r.wrong(path, Problem{Rule: k.Must, Value: n.Text, Fix: `write it in quotes: "` + n.Text + `"`})
	case !k.accepts(n.Shape) && k.Title == "text":
		r.wrong(path, Problem{Rule: k.Must, Value: n.Shape.String(), Fix: k.Fix})
	case f.Enum != nil && (n.Shape != String || !slices.Contains(f.Enum, n.Text)):
		r.wrong(path, Problem{Rule: "must be " + OrList(f.Enum), Value: n.shown(), Fix: didYouMean(n.Text, f.Enum, "write one of these words")})
	case !k.accepts(n.Shape):
		r.wrong(path, Problem{Rule: k.Must, Value: n.shown(), Fix: k.Fix})
	default:
		r.parse(k, n, at, path)
	}
}

func (r *reader) parse(k *Kind, n *Node, at reflect.Value, path string) {
	v := reflect.New(at.Type()).Elem()
	switch err := k.parse(v, n.Text); {
	case errors.Is(err, errEmpty):
		r.wrong(path, Problem{Rule: err.Error(), Fix: k.Fix})
	case err != nil:
		r.wrong(path, Problem{Rule: k.Must, Value: n.shown(), Fix: k.Fix})
	default:
		at.Set(v)
	}
}

// lenient reads the text of any scalar.
func (r *reader) lenient(k *Kind, n *Node, at reflect.Value, path string) {
	if n.Shape > String {
		r.wrong(path, Problem{Rule: "must be one value", Fix: "write the value beside the key", Line: n.Line, Column: n.Column})
		return
	}
	if p := setText(k, at, n.Text); p != nil {
		p.Line, p.Column = n.Line, n.Column
		r.wrong(path, *p)
		return
	}
	if r.Set != nil {
		r.Set(path, n.Line, n.Column)
	}
}

// setText parses text; where that fails, the value stays what it was.
func setText(k *Kind, at reflect.Value, text string) *Problem {
	v := reflect.New(at.Type()).Elem()
	if err := k.parse(v, text); err != nil {
		if k.Secret {
			text = ""
		}
		return &Problem{Rule: err.Error(), Value: text, Fix: "correct the value"}
	}
	at.Set(v)
	return nil
}

// shown is a value as problems show it: scalars as they are, cut short.
func (n *Node) shown() string {
	switch {
	case n.Shape > String || n.Shape == Null:
		return n.Shape.String()
	case n.Shape == String:
		return cmpQuoted(n.Text)
	default:
		return n.Text
	}
}

// cmpQuoted is Quoted, with an empty text shown as "".
func cmpQuoted(s string) string {
	if s == "" {
		return `""`
	}
	return Quoted(s)
}

// texts reads a list of strings and calls each once.
func (r *reader) texts(f *Field, n *Node, path string, each func(i int, text string)) {
	if n.Shape != List {
		if r.schema.options.Lenient {
			for i, text := range splitList(n.Text) {
				each(i, text)
			}
			return
		}
		r.wrong(path, Problem{Rule: "must be a list", Value: n.shown(), Fix: "write it in brackets: [" + n.Text + "]"})
		return
	}
	var seen []string
	for i, item := range n.List {
		at := IndexPath(path, i)
		switch {
		case r.schema.options.Lenient && item.Shape <= String && item.Shape != Null:
			each(i, item.Text)
		case r.schema.options.Lenient:
			r.wrong(at, Problem{Rule: "must be one value", Fix: "write a list of plain values", Line: item.Line, Column: item.Column})
		case item.Shape != String:
			var ignored string
			r.scalar(f, &builtin[0], item, reflect.ValueOf(&ignored).Elem(), at)
		case item.Text == "":
			r.wrong(at, Problem{Rule: "must not be empty", Fix: "remove it"})
		case slices.Contains(seen, item.Text):
			r.wrong(at, Problem{Rule: "stands in the list twice", Value: Quoted(item.Text), Fix: "remove one of the two"})
		default:
			seen = append(seen, item.Text)
			each(i, item.Text)
		}
	}
}

// word reports an entry of a list that is none of the known words.
func (r *reader) word(f *Field, i int, word, path string) bool {
	if f.Enum == nil || slices.Contains(f.Enum, word) {
		return true
	}
	r.wrong(IndexPath(path, i), UnknownWord(word, f.Enum))
	return false
}

// UnknownWord is the problem of a word in a list that is none of the known
// ones.
func UnknownWord(word string, known []string) Problem {
	return Problem{Rule: "must be one of " + OrList(known), Value: Quoted(word), Fix: didYouMean(word, known, "use only these words")}
}

// set reads a list of words that stands for one value.
func (r *reader) set(f *Field, n *Node, at reflect.Value, path string) {
	var words []string
	r.texts(f, n, path, func(i int, word string) {
		if r.word(f, i, word, path) {
			words = append(words, word)
		}
	})
	if len(words) == 0 {
		return
	}
	if err := f.kind.words(at, words); err != nil { // the enum lets only words through that parse
		r.wrong(path, Problem{Rule: err.Error(), Fix: "correct the list"})
	}
}

func (r *reader) list(f *Field, n *Node, at reflect.Value, path string) {
	if f.kind == nil {
		r.groups(f, n, at, path)
		return
	}
	values := reflect.Zero(at.Type())
	r.texts(f, n, path, func(i int, word string) {
		r.word(f, i, word, path)
		values = reflect.Append(values, reflect.ValueOf(word))
	})
	at.Set(values)
}

// groups reads a list of maps.
func (r *reader) groups(f *Field, n *Node, at reflect.Value, path string) {
	if n.Shape != List {
		r.wrong(path, Problem{Rule: "must be a list", Value: n.shown(), Fix: "write a list of " + strings.Join(keysOf(f.fields, nil), " and ")})
		return
	}
	for i, item := range n.List {
		entry := r.schema.entry(f.typ)
		r.group(item, entry, f.fields, IndexPath(path, i), false)
		at.Set(reflect.Append(at, entry))
	}
}

// table reads a map with free keys.
func (r *reader) table(f *Field, n *Node, at reflect.Value, path string) {
	m := r.asMap(n, path)
	if len(m.Entries) > 0 && at.IsNil() {
		at.Set(reflect.MakeMap(at.Type()))
	}
	for _, e := range m.Entries {
		child, key := ChildPath(path, e.Key), reflect.ValueOf(e.Key)
		entry := r.schema.entry(f.typ)
		if old := at.MapIndex(key); old.IsValid() {
			entry.Set(old)
		}
		if r.Set != nil {
			r.Set(child, e.Line, e.Column)
		}
		switch {
		case f.kind == nil:
			r.group(e.Value, entry, f.fields, child, false)
		case e.Value.Shape == Null:
			r.wrong(child, Problem{Rule: f.kind.Must, Value: e.Value.Shape.String(), Fix: f.kind.Fix})
			continue
		default:
			r.scalar(f, f.kind, e.Value, entry, child)
		}
		at.SetMapIndex(key, entry)
	}
}
