package document

import (
	"reflect"
	"slices"
	"strings"
)

func splitList(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// SetText sets one value by its path from text, as variables and flags give
// it; lists are separated by commas, and entries of maps come into being when
// they are first named. accept may refuse or replace the kind's own reading;
// see Options.Kinds. The path is known where ok is true.
func (s *Schema) SetText(into any, path, text string) (problem *Problem, ok bool) {
	return s.setText(reflect.ValueOf(into).Elem(), s.fields, strings.Split(path, "."), text)
}

func (s *Schema) setText(v reflect.Value, fields []*Field, keys []string, text string) (*Problem, bool) {
	i := slices.IndexFunc(fields, func(f *Field) bool { return f.Key == keys[0] })
	if i < 0 {
		return nil, false
	}
	f, at := fields[i], fields[i].at(v)
	switch {
	case f.many == table && len(keys) > 2:
		key := reflect.ValueOf(keys[1])
		entry := s.entry(f.typ)
		if old := at.MapIndex(key); old.IsValid() {
			entry.Set(old)
		}
		problem, ok := s.setText(entry, f.fields, keys[2:], text)
		if ok {
			if at.IsNil() {
				at.Set(reflect.MakeMap(at.Type()))
			}
			at.SetMapIndex(key, entry)
		}
		return problem, ok
	case f.many == one && f.kind == nil && len(keys) > 1:
		return s.setText(at, f.fields, keys[1:], text)
	case len(keys) > 1 || f.many == table || f.kind == nil:
		return nil, false
	case f.many == list:
		at.Set(reflect.ValueOf(splitList(text)))
		return nil, true
	default:
		return setText(f.kind, at, text), true
	}
}

// Value is one value of a struct, with what its tags declare.
type Value struct {
	*Field
	Path  string
	Value reflect.Value
}

// Values lists every value of v, in the order of the declaration; entries of
// maps in the order of their names.
func (s *Schema) Values(v any) []Value {
	var all []Value
	s.walk(reflect.ValueOf(v).Elem(), s.fields, "", func(x Value) { all = append(all, x) })
	return all
}

func (s *Schema) walk(v reflect.Value, fields []*Field, path string, each func(Value)) {
	for _, f := range fields {
		at, child := f.at(v), ChildPath(path, f.Key)
		switch {
		case f.many == table && f.kind == nil:
			for _, key := range sortedNames(at) {
				s.walk(at.MapIndex(reflect.ValueOf(key)), f.fields, ChildPath(child, key), each)
			}
		case f.many == list && f.kind == nil:
			for i := range at.Len() {
				s.walk(at.Index(i), f.fields, IndexPath(child, i), each)
			}
		case f.kind == nil:
			s.walk(at, f.fields, child, each)
		default:
			each(Value{Field: f, Path: child, Value: at})
		}
	}
}

// tables calls each with every key of every map whose keys have a rule.
func (s *Schema) tables(v reflect.Value, fields []*Field, path string, each func(f *Field, path, key string)) {
	for _, f := range fields {
		at, child := f.at(v), ChildPath(path, f.Key)
		switch {
		case f.Keys != "":
			for _, key := range sortedNames(at) {
				each(f, ChildPath(child, key), key)
			}
		case f.many == one && f.kind == nil:
			s.tables(at, f.fields, child, each)
		}
	}
}

func sortedNames(m reflect.Value) []string {
	names := make([]string, 0, m.Len())
	for _, k := range m.MapKeys() {
		names = append(names, k.String())
	}
	slices.Sort(names)
	return names
}
