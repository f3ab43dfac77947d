package document

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Schema is the shape of a document or of a part of one, declared by the tags
// of a struct's fields:
//
//	yaml      the key; dots nest (metadata.name). A key that begins with $ is
//	          named by whoever reads: $provider stands for each of
//	          Decoding.Names["provider"].
//	doc       what it means, in a sentence or two
//	kind      how text is read where the type alone does not tell: duration,
//	          date, rate, expression
//	enum      the words that it may be; @name is a list of Options.Words
//	min, max  bounds, written like the values
//	rule      names of Options.Rules
//	keys      the rule for the keys of a map
//	required  "true" where it must be there
//	given     the sibling field of type bool that tells an empty list from none
//
// A Schema is safe for concurrent use.
type Schema struct {
	fields   []*Field
	defaults reflect.Value
	options  *Options
}

// Options are what a declaration refers to.
type Options struct {
	// Lenient takes every scalar by its text, as environment variables and
	// flags give it: quotes around a port change nothing, and a list may be
	// one value. A strict schema refuses a number where text is expected,
	// because 0123 or 1e3 would not keep its form.
	Lenient bool
	Rules   map[string]Rule
	Words   map[string][]string
	Kinds   []Kind
	// Present shows a text in the problem of a rule; nil: quoted, cut short.
	Present func(string) string
	// Entries are what entries of maps and lists start from, beside zero.
	Entries []any
}

// Rule is a check of one text.
type Rule struct {
	Must, Fix string
	OK        func(string) bool
	// Form, where it is all that is asked for, stands instead of OK, and is
	// told to editors.
	Form *regexp.Regexp
	// Mend says what to do about one value; nil: Fix.
	Mend func(path, value string) string
	// Hide keeps the value out of problems: it may be a secret.
	Hide bool
}

func (r *Rule) ok(text string) bool {
	if r.OK != nil {
		return r.OK(text)
	}
	return r.Form.MatchString(text)
}

// Field is one key of a shape.
type Field struct {
	Key, Doc string
	Path     string // from the declared struct
	Enum     []string
	Min, Max string
	Rules    []string
	Keys     string // rule of a map's keys
	Required bool

	kind    *Kind    // of a value, or of the values of a list or map
	fields  []*Field // of a group, or of each group of a list or map
	many    many
	index   []int // empty where the key only nests
	given   []int
	typ     reflect.Type
	dynamic string
}

// many tells one value from several.
type many uint8

const (
	one many = iota
	list
	table
)

// Declare makes a schema from a struct; defaults is a struct of that type with
// the values of absent keys. It panics on a declaration that makes no sense,
// which the first test that runs finds.
func Declare(defaults any, o Options) *Schema {
	s := &Schema{options: &o, defaults: reflect.New(reflect.TypeOf(defaults)).Elem()}
	s.defaults.Set(reflect.ValueOf(defaults))
	s.fields = s.declare(s.defaults.Type(), nil, "")
	return s
}

func (s *Schema) declare(t reflect.Type, index []int, path string) []*Field {
	var fields []*Field
	for i := range t.NumField() {
		info := t.Field(i)
		key, tagged := info.Tag.Lookup("yaml")
		at := append(slices.Clone(index), i)
		switch {
		case info.Anonymous && !tagged:
			fields = append(fields, s.declare(info.Type, at, path)...)
		case tagged:
			fields = s.nest(fields, s.field(t, info, at), strings.Split(key, "."), path)
		}
	}
	return fields
}

// nest puts a field below the keys that lead to it.
func (s *Schema) nest(fields []*Field, f *Field, keys []string, path string) []*Field {
	at := ChildPath(path, keys[0])
	if len(keys) == 1 {
		f.Key, f.Path = keys[0], at
		f.dynamic, _ = strings.CutPrefix(f.Key, "$")
		if f.dynamic == f.Key {
			f.dynamic = ""
		}
		s.descend(f)
		return append(fields, f)
	}
	i := slices.IndexFunc(fields, func(o *Field) bool { return o.Key == keys[0] })
	if i < 0 {
		i = len(fields)
		fields = append(fields, &Field{Key: keys[0], Path: at})
	}
	fields[i].fields = s.nest(fields[i].fields, f, keys[1:], at)
	return fields
}

// descend declares what lies below a field.
func (s *Schema) descend(f *Field) {
	if f.kind == nil {
		f.fields = s.declare(f.typ, nil, f.Path)
	}
}

func (s *Schema) field(parent reflect.Type, info reflect.StructField, index []int) *Field {
	tag := info.Tag
	f := &Field{
		Doc: tag.Get("doc"), Min: tag.Get("min"), Max: tag.Get("max"), Required: tag.Get("required") == "true",
		Keys: tag.Get("keys"), index: index, typ: info.Type,
	}
	if words, ok := tag.Lookup("enum"); ok {
		f.Enum = s.words(words)
	}
	if names := tag.Get("rule"); names != "" {
		f.Rules = strings.Split(names, ",")
	}
	for _, name := range append(slices.Clone(f.Rules), f.Keys) {
		if name == "" {
			continue
		}
		if _, known := s.options.Rules[name]; !known {
			// A declaration that makes no sense is a fault of the program, not of a file.
			panic(fmt.Sprintf("document: %s.%s has the unknown rule %q", parent, info.Name, name))
		}
	}
	if name := tag.Get("given"); name != "" {
		sibling, _ := parent.FieldByName(name)
		f.given = append(slices.Clone(index[:len(index)-1]), sibling.Index...)
	}
	name := tag.Get("kind")
	if f.kind = s.kind(f.typ, name); f.kind != nil {
		return f
	}
	switch f.typ.Kind() {
	case reflect.Map:
		f.many = table
	case reflect.Slice:
		f.many = list
	case reflect.Struct:
		return f
	default:
		// A declaration that makes no sense is a fault of the program, not of a file.
		panic(fmt.Sprintf("document: %s.%s has a type that no kind reads", parent, info.Name))
	}
	f.typ = f.typ.Elem()
	f.kind = s.kind(f.typ, name)
	return f
}

func (s *Schema) words(tag string) []string {
	if name, ok := strings.CutPrefix(tag, "@"); ok {
		return s.options.Words[name]
	}
	return strings.Split(tag, ",")
}

// entry gives what one entry of a map or list of groups starts from.
func (s *Schema) entry(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	for _, e := range s.options.Entries {
		if reflect.TypeOf(e) == t {
			v.Set(reflect.ValueOf(e))
		}
	}
	return v
}

// At gives the shape below a key, for documents that repeat it elsewhere.
func (s *Schema) At(key string) *Schema {
	below := *s
	for _, f := range s.fields {
		if f.Key == key {
			below.fields = f.fields
		}
	}
	return &below
}

// Without gives the shape without some keys.
func (s *Schema) Without(keys ...string) *Schema {
	rest := *s
	rest.fields = slices.DeleteFunc(slices.Clone(s.fields), func(f *Field) bool { return slices.Contains(keys, f.Key) })
	return &rest
}

// Keys lists the keys of the first level.
func (s *Schema) Keys() []string { return keysOf(s.fields, nil) }

func keysOf(fields []*Field, names map[string][]string) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.keys(names)...)
	}
	return keys
}

// keys are the keys that a field stands for.
func (f *Field) keys(names map[string][]string) []string {
	if f.dynamic != "" {
		return names[f.dynamic]
	}
	return []string{f.Key}
}

// at gives the field's value in the struct that declares it.
func (f *Field) at(v reflect.Value) reflect.Value {
	if len(f.index) == 0 {
		return v
	}
	return v.FieldByIndex(f.index)
}

// nests reports whether the key only leads to others of the same struct.
func (f *Field) nests() bool { return len(f.index) == 0 }
