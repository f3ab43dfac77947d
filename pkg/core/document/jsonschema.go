package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// JSONSchema is the part of JSON Schema (draft 2020-12) that we use, in the
// order in which it is written.
type JSONSchema struct {
	Schema      string                 `json:"$schema,omitempty"`
	Title       string                 `json:"title,omitempty"`
	Description string                 `json:"description,omitempty"`
	Type        any                    `json:"type,omitempty"`
	Const       string                 `json:"const,omitempty"`
	Enum        []string               `json:"enum,omitempty"`
	Pattern     string                 `json:"pattern,omitempty"`
	Minimum     json.Number            `json:"minimum,omitempty"`
	Maximum     json.Number            `json:"maximum,omitempty"`
	Default     any                    `json:"default,omitempty"`
	Items       *JSONSchema            `json:"items,omitempty"`
	Required    []string               `json:"required,omitempty"`
	Properties  map[string]*JSONSchema `json:"properties,omitempty"`
	Names       *JSONSchema            `json:"propertyNames,omitempty"`
	Additional  any                    `json:"additionalProperties,omitempty"`
	OneOf       []*JSONSchema          `json:"oneOf,omitempty"`
	AllOf       []*JSONSchema          `json:"allOf,omitempty"`
	If          *JSONSchema            `json:"if,omitempty"`
	Then        *JSONSchema            `json:"then,omitempty"`
}

// Bytes writes a schema for a file.
func (j *JSONSchema) Bytes(title, description string) ([]byte, error) {
	j.Schema, j.Title, j.Description = "https://json-schema.org/draft/2020-12/schema", title, description
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false) // people read it
	out.SetIndent("", "  ")
	if err := out.Encode(j); err != nil {
		return nil, fmt.Errorf("writing the JSON Schema: %w", err)
	}
	return text.Bytes(), nil
}

// JSONSchema gives the shape for editors, and for whoever generates such
// files. $ keys are left to the caller.
func (s *Schema) JSONSchema() *JSONSchema { return s.schemaOf(s.fields, s.defaults) }

func (s *Schema) schemaOf(fields []*Field, v reflect.Value) *JSONSchema {
	j := &JSONSchema{Type: []string{"object", "null"}, Properties: map[string]*JSONSchema{}, Additional: false}
	for _, f := range fields {
		if f.dynamic != "" {
			continue
		}
		child := s.schemaOfField(f, v)
		if child.Description = f.Doc; f.Min != "" && f.Max != "" {
			// In words, because a schema cannot check durations and sizes.
			child.Description += fmt.Sprintf(" From %s to %s.", f.Min, f.Max)
		}
		j.Properties[f.Key] = child
		if f.Required {
			j.Required = append(j.Required, f.Key)
		}
	}
	if len(j.Required) > 0 {
		j.Type = "object"
	}
	return j
}

func (s *Schema) schemaOfField(f *Field, parent reflect.Value) *JSONSchema {
	if f.nests() {
		return s.schemaOf(f.fields, parent)
	}
	at := f.at(parent)
	switch {
	case f.many == table:
		j := &JSONSchema{Type: "object", Additional: s.schemaOfEntry(f)}
		if f.Keys != "" {
			j.Names = &JSONSchema{Pattern: s.options.Rules[f.Keys].Form.String()}
		}
		return j
	case f.many == list:
		j := &JSONSchema{Type: "array", Items: s.schemaOfEntry(f)}
		if f.kind != nil && at.Len() > 0 {
			j.Default = at.Interface()
		}
		return j
	case f.kind == nil:
		return s.schemaOf(f.fields, at)
	case f.kind.Words:
		return &JSONSchema{Type: "array", Items: &JSONSchema{Type: "string", Enum: f.Enum}}
	default:
		return s.schemaOfValue(f, at)
	}
}

func (s *Schema) schemaOfEntry(f *Field) *JSONSchema {
	entry := s.entry(f.typ)
	if f.kind == nil {
		return s.schemaOf(f.fields, entry)
	}
	j := &JSONSchema{Type: f.kind.types(), Pattern: f.kind.Pattern}
	if f.many == list && !s.options.Lenient {
		j.Enum = f.Enum
	}
	return j
}

// schemaOfValue is of a field with one value.
func (s *Schema) schemaOfValue(f *Field, at reflect.Value) *JSONSchema {
	j := &JSONSchema{Type: f.kind.types(), Pattern: f.kind.Pattern, Enum: f.Enum}
	if j.Type == "integer" || j.Type == "number" {
		j.Minimum, j.Maximum = json.Number(f.Min), json.Number(f.Max)
	}
	for _, name := range f.Rules {
		if form := s.options.Rules[name].Form; form != nil && !s.options.Lenient {
			j.Pattern = form.String()
		}
	}
	if f.kind.Secret || !s.options.Lenient && !s.written(f, at) {
		return j
	}
	j.Default = f.kind.node(at).JSON()
	if n := f.kind.node(at); n.Shape == Number && j.Type != "integer" && j.Type != "number" {
		j.Default = n.Text // a duration or a size
	}
	return j
}

// types are the JSON types of a value.
func (k *Kind) types() any {
	types := k.Types
	names := map[Shape]string{Bool: "boolean", Number: "number", String: "string", List: "array", Map: "object"}
	for _, shape := range k.shapes {
		if k.Types == nil && !slices.Contains(types, names[shape]) {
			types = append(types, names[shape])
		}
	}
	if len(types) == 1 {
		return types[0]
	}
	return types
}
