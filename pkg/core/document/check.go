package document

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// Check holds every value of v, a pointer to the declared struct, against its
// tags: words (of lenient schemas; strict ones refuse them while reading),
// bounds and rules. path is where the struct stands in its document; problems have
// a path and no position.
func (s *Schema) Check(v any, path string, report func(Problem)) {
	c := checker{s, report}
	s.tables(reflect.ValueOf(v).Elem(), s.fields, path, c.key)
	s.walk(reflect.ValueOf(v).Elem(), s.fields, path, c.value)
}

type checker struct {
	schema *Schema
	report func(Problem)
}

func (c *checker) wrong(path, rule, value, fix string) {
	if present := c.schema.options.Present; present != nil {
		value = present(value)
	} else {
		value = Quoted(value)
	}
	c.report(Problem{Path: path, Rule: rule, Value: value, Fix: fix})
}

func (c *checker) value(x Value) {
	if x.Enum != nil && x.many == one && c.schema.options.Lenient && !slices.Contains(x.Enum, x.Value.String()) {
		c.wrong(x.Path, "must be one of "+named(x.Enum), x.Value.String(), "choose one of these values")
	}
	c.bounds(x)
	for _, name := range x.Rules {
		c.rule(x, name, c.schema.options.Rules[name])
	}
}

// named lists words; the empty one is named.
func named(words []string) string {
	shown := make([]string, len(words))
	for i, w := range words {
		shown[i] = cmp.Or(w, `"" (none)`)
	}
	return strings.Join(shown, ", ")
}

// bounds checks min and max, which are written like the values.
func (c *checker) bounds(x Value) {
	for _, side := range [...]struct {
		text, word string
		sign       int
	}{{x.Min, "at least ", -1}, {x.Max, "at most ", 1}} {
		if side.text == "" {
			continue
		}
		limit := reflect.New(x.Value.Type()).Elem()
		if err := x.kind.parse(limit, side.text); err != nil {
			// A declaration that makes no sense is a fault of the program, not of a file.
			panic("document: " + x.Field.Path + " has a bound that is not a value: " + side.text)
		}
		if order := compare(x.Value, limit); order == side.sign || order == unordered {
			c.wrong(x.Path, "must be "+side.word+side.text, x.kind.node(x.Value).Text, "choose a value within the limits")
			return
		}
	}
}

const unordered = 2 // not a number

func compare(a, b reflect.Value) int {
	if a.CanInt() {
		return cmp.Compare(a.Int(), b.Int())
	}
	if x := a.Float(); x != x {
		return unordered
	}
	return cmp.Compare(a.Float(), b.Float())
}

// key holds a key of a map against the rule for keys.
func (c *checker) key(f *Field, path, key string) {
	if r := c.schema.options.Rules[f.Keys]; !r.ok(key) {
		c.wrong(path, r.Must, key, r.Fix)
	}
}

func (c *checker) rule(x Value, name string, r Rule) {
	test := func(path, text string) {
		if text == "" && !c.schema.options.Lenient || r.ok(text) {
			return
		}
		fix := r.Fix
		if r.Mend != nil {
			fix = r.Mend(path, text)
		}
		if r.Hide {
			c.report(Problem{Path: path, Rule: r.Must, Value: "a value that is not shown", Fix: fix})
			return
		}
		c.wrong(path, r.Must, text, fix)
	}
	if x.many == one {
		test(x.Path, x.Value.String())
		return
	}
	if x.Value.Len() == 0 && name == "nonempty" {
		c.wrong(x.Path, r.Must, "", r.Fix)
	}
	for i := range x.Value.Len() {
		test(IndexPath(x.Path, i), x.Value.Index(i).String())
	}
}
