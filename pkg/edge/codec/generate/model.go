package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/hamba/avro/v2"

	"github.com/sluicehq/sluice/pkg/core/consent"
	"github.com/sluicehq/sluice/pkg/core/event"
	"github.com/sluicehq/sluice/pkg/core/identity"
	"github.com/sluicehq/sluice/schemas"
)

// record is one record of a schema and its Go type.
type record struct {
	name   string // of the schema
	under  string // the field that it was met as first; "": a whole value or a list's entry
	typ    reflect.Type
	fields []field
}

// field is one field of a record.
type field struct {
	name string
	key  string // Record.name
	path string // v.Path
	kind kind
	typ  reflect.Type
	of   *record // of a record, or of a list's entries
	own  own
}

// kind is the name of a rule: of the coder's method, and of a row in rules.
type kind string

// model holds the records of all schemas, in the order in which they were met.
type model struct {
	records []*record
	byName  map[string]*record
}

func newModel() *model { return &model{byName: map[string]*record{}} }

func (m *model) read(name schemas.Name, of any) error {
	text, err := schemas.Text(name)
	if err != nil {
		return err
	}
	schema, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	if err != nil {
		return fmt.Errorf("parsing %s: %w", name, err)
	}
	top, ok := schema.(*avro.RecordSchema)
	if !ok {
		return fmt.Errorf("%s is no record", name)
	}
	_, err = m.record(top, "", reflect.TypeOf(of))
	return err
}

// record reads a record once; a second one of that name is the same.
func (m *model) record(s *avro.RecordSchema, under string, typ reflect.Type) (*record, error) {
	if known, ok := m.byName[s.Name()]; ok {
		return known, nil
	}
	r := &record{name: s.Name(), under: under, typ: typ}
	used := map[string]bool{}
	for _, f := range s.Fields() {
		read, err := m.field(r, f)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", r.name, f.Name(), err)
		}
		top, _, _ := strings.Cut(strings.TrimPrefix(read.path, "v."), ".")
		used[top] = true
		r.fields = append(r.fields, read)
	}
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		if !used[name] && unread[r.name+"."+name] == "" {
			return nil, fmt.Errorf("the schema of %s has no field for %s.%s", r.name, typ, name)
		}
	}
	m.byName[r.name] = r
	m.records = append(m.records, r)
	return r, nil
}

func (m *model) field(r *record, s *avro.Field) (field, error) {
	f := field{name: s.Name(), key: r.name + "." + s.Name(), kind: "own"}
	f.own = byHand[f.key]
	path, typ, ok := member(r.typ, f.name, paths[f.key])
	if !ok && f.own.read == "" {
		return f, fmt.Errorf("%s has no field of that name", r.typ)
	}
	f.path, f.typ = "v."+path, typ
	if !ok {
		return f, nil
	}
	schema, nullable := plain(s.Type())
	below := schema
	if list, ok := schema.(*avro.ArraySchema); ok {
		below = list.Items()
	}
	if inner, ok := below.(*avro.RecordSchema); ok {
		return f, m.nested(&f, inner, nullable, below != schema)
	}
	rule := kindOf(schema, nullable, typ)
	switch {
	case rule != "":
		f.kind = rule
	case f.own.read == "":
		return f, fmt.Errorf("no rule for %s as %s", schema.String(), typ)
	}
	return f, nil
}

// nested reads the record of a field, or of its list's entries.
func (m *model) nested(f *field, s *avro.RecordSchema, nullable, list bool) error {
	typ, under := f.typ, f.name
	f.kind = "record"
	switch {
	case list:
		f.kind, typ, under = "list", typ.Elem(), ""
	case nullable:
		f.kind = "optRecord"
	}
	if named, ok := types[s.Name()]; ok {
		typ = named
	}
	var err error
	f.of, err = m.record(s, under, typ)
	return err
}

// member finds a field by its name in the schema, or by a path.
func member(t reflect.Type, name, path string) (string, reflect.Type, bool) {
	if path != "" {
		for _, step := range strings.Split(path, ".") {
			f, ok := t.FieldByName(step)
			if !ok {
				return path, nil, false
			}
			t = f.Type
		}
		return path, t, true
	}
	want := strings.ReplaceAll(name, "_", "")
	for i := range t.NumField() {
		if f := t.Field(i); strings.EqualFold(f.Name, want) {
			return f.Name, f.Type, true
		}
	}
	return "", nil, false
}

// plain takes a schema out of its union with null.
func plain(s avro.Schema) (avro.Schema, bool) {
	if ref, ok := s.(*avro.RefSchema); ok {
		return ref.Schema(), false
	}
	union, ok := s.(*avro.UnionSchema)
	if !ok {
		return s, false
	}
	inner, _ := plain(union.Types()[1])
	return inner, true
}

var (
	rawType   = reflect.TypeFor[identity.Raw]()
	givenType = reflect.TypeFor[consent.Field]()
	triType   = reflect.TypeFor[consent.Tri]()
)

// kindOf gives the rule for a value that is no record.
func kindOf(s avro.Schema, nullable bool, t reflect.Type) kind {
	opt := func(k kind) kind {
		if nullable {
			return "opt" + kind(strings.ToUpper(string(k[:1]))) + k[1:]
		}
		return k
	}
	_, isWord := words[t]
	switch s.Type() {
	case avro.String:
		switch {
		case t == rawType && nullable:
			return "raw"
		case t == rawType:
			return "rawStr"
		case t == givenType && nullable:
			return "given"
		case isWord:
			return opt("word")
		case t.Kind() == reflect.String:
			return opt("str")
		}
	case avro.Boolean:
		switch {
		case t == triType:
			return "tri"
		case t.Kind() == reflect.Bool || t == reflect.TypeFor[event.Opt[bool]]():
			return opt("boolean")
		}
	case avro.Double:
		return opt("double")
	case avro.Int, avro.Long:
		number, ok := s.(*avro.PrimitiveSchema)
		switch {
		case ok && number.Logical() != nil:
			return opt("time")
		case t.Kind() == reflect.Int64 || t == reflect.TypeFor[event.Opt[int64]]():
			return opt("long")
		}
		return "integer"
	case avro.Bytes:
		if nullable {
			return "key16"
		}
		return "blob"
	case avro.Array:
		return lists[t]
	case avro.Map:
		return lists[t]
	}
	return ""
}

var lists = map[reflect.Type]kind{
	reflect.TypeFor[[]string]():         "strs",
	reflect.TypeFor[[]identity.Raw]():   "raws",
	reflect.TypeFor[[]event.NamedRaw](): "namedRaws",
}
