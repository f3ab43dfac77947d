package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is how the values of one type are read and written.
type Kind struct {
	// Name is the tag kind, empty for the kind that the type implies.
	Name string
	// Title is the kind in documentation: duration, list of words.
	Title string
	// Must and Fix are the problem of a value that does not fit.
	Must, Fix string
	// Words: a list of words stands for one value, such as a set.
	Words bool
	// Pattern is of the text and Types are those of JSON, for editors; absent
	// types follow from the shapes.
	Pattern string
	Types   []string
	// Bare: the text needs no quotes in YAML, as 5s and 64KiB.
	Bare bool
	// Secret keeps values out of problems.
	Secret bool

	typ    reflect.Type
	shapes []Shape
	parse  func(v reflect.Value, text string) error
	words  func(v reflect.Value, words []string) error
	node   func(v reflect.Value) *Node
	// take reads a value that is no scalar.
	take func(v reflect.Value, n *Node)
}

// KindOf makes the kind of a type whose values are words or other text.
func KindOf[T any](k Kind, parse func(string) (T, error), show func(T) string) Kind {
	k.typ, k.shapes = reflect.TypeFor[T](), []Shape{String}
	k.parse = func(v reflect.Value, text string) error {
		parsed, err := parse(text)
		if err == nil {
			v.Set(reflect.ValueOf(parsed))
		}
		return err
	}
	k.node = func(v reflect.Value) *Node {
		n := textNode(show(valueOf[T](v)))
		if k.Bare {
			n.Shape = Number
		}
		return n
	}
	return k
}

// WordOf makes the kind of a type whose values are the words of an enum.
func WordOf[T any](parse func(string) (T, error), show func(T) string) Kind {
	return KindOf(Kind{Title: "word"}, parse, show)
}

// BoolOf makes the kind of a type that is true, false or neither.
func BoolOf[T any](of func(bool) T, is func(T) bool) Kind {
	k := KindOf(Kind{Title: "true or false", Must: "must be true or false", Fix: "write true or false, without quotes"},
		func(text string) (T, error) { return of(text == "true"), nil }, func(T) string { return "" })
	k.shapes = []Shape{Bool}
	k.node = func(v reflect.Value) *Node { return boolNode(is(valueOf[T](v))) }
	return k
}

// WordsOf makes the kind of a type that is written as a list of words.
func WordsOf[T any](parse func([]string) (T, error), show func(T) []string) Kind {
	return Kind{
		Title: "list of words", Words: true, typ: reflect.TypeFor[T](),
		words: func(v reflect.Value, words []string) error {
			parsed, err := parse(words)
			if err == nil {
				v.Set(reflect.ValueOf(parsed))
			}
			return err
		},
		node: func(v reflect.Value) *Node { return textsNode(show(valueOf[T](v))) },
	}
}

func valueOf[T any](v reflect.Value) T {
	t, _ := v.Interface().(T)
	return t
}

// kind finds how a type is read; nil where it is a group, a list or a map.
func (s *Schema) kind(t reflect.Type, name string) *Kind {
	for _, list := range [][]Kind{s.options.Kinds, builtin} {
		for i := range list {
			if list[i].typ == t && list[i].Name == name {
				return &list[i]
			}
		}
	}
	return nil
}

// builtin are the kinds that every schema knows.
var builtin = []Kind{
	text(Kind{Title: "text", Must: "must be a string", Fix: "write one value"}),
	text(Kind{Name: "date", Title: "date", Must: "must be a date", Fix: "write year-month-day, such as 2026-11-20"}),
	digits(), expression(),
	{
		Title: "true or false", Must: "must be true or false", Fix: "write true or false, without quotes",
		typ: reflect.TypeFor[bool](), shapes: []Shape{Bool}, parse: parseBool,
		node: func(v reflect.Value) *Node { return boolNode(v.Bool()) },
	},
	{
		Title: "true or false", Must: "must be true or false", Fix: "write true or false, without quotes",
		typ: reflect.TypeFor[*bool](), shapes: []Shape{Bool},
		parse: func(v reflect.Value, text string) error {
			v.Set(reflect.New(v.Type().Elem()))
			return parseBool(v.Elem(), text)
		},
		node: func(v reflect.Value) *Node { return boolNode(v.Elem().Bool()) },
	},
	whole[int](), whole[int64](),
	{
		Title: "number", Must: "must be a number", Fix: "write digits",
		typ: reflect.TypeFor[float64](), shapes: []Shape{Number},
		parse: func(v reflect.Value, text string) error {
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return errors.New("want a number")
			}
			v.SetFloat(f)
			return nil
		},
		node: func(v reflect.Value) *Node { return numberNode(fmt.Sprint(v.Float())) },
	},
	millisecondKind, spanKind, rateKind, rawKind, nodeKind, anyKind,
	WordsOf(func(words []string) (map[string]bool, error) {
		set := make(map[string]bool, len(words))
		for _, w := range words {
			set[w] = true
		}
		return set, nil
	}, func(set map[string]bool) []string { return sortedKeys(set) }),
}

func text(k Kind) Kind {
	k.typ, k.shapes = reflect.TypeFor[string](), []Shape{String}
	k.parse = func(v reflect.Value, text string) error {
		if k.Name == "date" && !isDate(text) {
			return errors.New(k.Must)
		}
		v.SetString(text)
		return nil
	}
	k.node = func(v reflect.Value) *Node { return textNode(v.String()) }
	return k
}

// digits is an id that people write as a number: YAML keeps its form where no
// zero leads, and the rule of the field says what else it must be.
func digits() Kind {
	k := text(Kind{Name: "digits", Title: "digits", Must: "must be a string", Fix: "write digits in quotes"})
	k.shapes = []Shape{String, Number}
	parse := k.parse
	k.parse = func(v reflect.Value, text string) error { return parse(v, strings.TrimSpace(text)) }
	return k
}

var errEmpty = errors.New("must not be empty")

// expression is CEL; a bare number or boolean is an expression too.
func expression() Kind {
	k := text(Kind{Name: "expression", Title: "CEL expression", Must: "must be a CEL expression", Fix: "write a CEL expression or remove the key; an empty string is ''"})
	k.shapes = []Shape{String, Number, Bool}
	k.parse = func(v reflect.Value, text string) error {
		if text = strings.TrimSpace(text); text == "" {
			return errEmpty
		}
		v.SetString(text)
		return nil
	}
	return k
}

func parseBool(v reflect.Value, text string) error {
	if text != "true" && text != "false" {
		return errors.New("want true or false")
	}
	v.SetBool(text == "true")
	return nil
}

func whole[T int | int64]() Kind {
	return Kind{
		Title: "whole number", Types: []string{"integer"}, Must: "must be a whole number, zero or more", Fix: "write digits",
		typ: reflect.TypeFor[T](), shapes: []Shape{Number},
		parse: func(v reflect.Value, text string) error {
			n, err := strconv.ParseInt(text, 10, 64)
			switch {
			case err != nil:
				return errors.New("want a whole number")
			case n < 0:
				return errors.New("want a whole number, zero or more")
			}
			v.SetInt(n)
			return nil
		},
		node: func(v reflect.Value) *Node { return numberNode(strconv.FormatInt(v.Int(), 10)) },
	}
}

var durationKind = Kind{
	Name: "duration", Title: "duration", Must: "must be a duration", Fix: "write a number and a unit, such as 9d, 24h, 15m, 30s or 500ms",
	Pattern: `^([0-9]+(d|h|m|s|ms))+$`, shapes: []Shape{String, Number},
	parse: func(v reflect.Value, text string) error {
		if text == "0" {
			v.SetInt(0)
			return nil
		}
		ms, err := ParseMilliseconds(text)
		if v.Type() == reflect.TypeFor[time.Duration]() {
			ms *= int64(time.Millisecond)
		}
		v.SetInt(ms)
		return err
	},
	node: func(v reflect.Value) *Node {
		ms := v.Int()
		if v.Type() == reflect.TypeFor[time.Duration]() {
			ms /= int64(time.Millisecond)
		}
		return textNode(FormatMilliseconds(ms))
	},
}

var (
	millisecondKind = ofType[int64](durationKind)
	spanKind        = ofType[time.Duration](durationKind)
	rateKind        = ofType[float64](Kind{
		Name: "rate", Title: "rate", Must: "must be a rate", Fix: "write a number and /s, /m or /h, such as 200/s",
		Pattern: `^[0-9.]+ ?/ ?[smhd]$`, shapes: []Shape{String},
		parse: func(v reflect.Value, text string) error {
			f, err := parseRate(text)
			v.SetFloat(f)
			return err
		},
		node: func(v reflect.Value) *Node { return textNode(formatRate(v.Float())) },
	})
	// rawKind and nodeKind are maps that somebody else reads.
	rawKind = ofType[json.RawMessage](otherKind(
		func(v reflect.Value, n *Node) { v.SetBytes(n.JSON()) },
		func(v reflect.Value) *Node { return FromJSON(v.Bytes()) },
	))
	nodeKind = ofType[*Node](otherKind(
		func(v reflect.Value, n *Node) { v.Set(reflect.ValueOf(n)) }, valueOf[*Node],
	))
	// anyKind is what may be of several shapes.
	anyKind = func() Kind {
		k := nodeKind
		k.Name, k.Title, k.Must, k.Fix, k.shapes = "any", "text or map", "must be a value or a map", "write a value", []Shape{Bool, Number, String, List, Map}
		return k
	}()
)

func otherKind(take func(reflect.Value, *Node), node func(reflect.Value) *Node) Kind {
	return Kind{Title: "map", Must: "must be a map", Fix: "write its keys below it, indented", shapes: []Shape{Map}, take: take, node: node}
}

func ofType[T any](k Kind) Kind {
	k.typ = reflect.TypeFor[T]()
	return k
}

// accepts reports whether a value of this shape can be of the kind.
func (k *Kind) accepts(s Shape) bool { return slices.Contains(k.shapes, s) }
