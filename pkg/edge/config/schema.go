package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

//go:generate go run ./schema ../../../docs/config.schema.json

// schemaNode is the part of JSON Schema (draft 2020-12) that we use, in the
// order in which it is written.
type schemaNode struct {
	Schema      string                 `json:"$schema,omitempty"`
	ID          string                 `json:"$id,omitempty"`
	Title       string                 `json:"title,omitempty"`
	Description string                 `json:"description,omitempty"`
	Type        any                    `json:"type,omitempty"`
	Enum        []string               `json:"enum,omitempty"`
	Pattern     string                 `json:"pattern,omitempty"`
	Minimum     json.Number            `json:"minimum,omitempty"`
	Maximum     json.Number            `json:"maximum,omitempty"`
	Default     any                    `json:"default,omitempty"`
	Items       *schemaNode            `json:"items,omitempty"`
	Properties  map[string]*schemaNode `json:"properties,omitempty"`
	Names       *schemaNode            `json:"propertyNames,omitempty"`
	Additional  any                    `json:"additionalProperties,omitempty"`
}

// Schema gives the JSON Schema of a configuration file, for editors and for
// whoever generates such files.
func Schema() ([]byte, error) {
	root := schemaOf(reflect.ValueOf(Default()))
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "Sluice configuration"
	root.Description = "Made from pkg/edge/config by `make generate`. Defaults < file < environment (SLUICE_*) < flags."
	var text bytes.Buffer
	out := json.NewEncoder(&text)
	out.SetEscapeHTML(false) // people read it
	out.SetIndent("", "  ")
	if err := out.Encode(root); err != nil {
		return nil, fmt.Errorf("writing the JSON Schema: %w", err)
	}
	return text.Bytes(), nil
}

func schemaOf(v reflect.Value) *schemaNode {
	n := &schemaNode{Type: []string{"object", "null"}, Properties: map[string]*schemaNode{}, Additional: false}
	for i := range v.NumField() {
		info := v.Type().Field(i)
		child := schemaLeaf(v.Field(i), info.Tag)
		child.Description = info.Tag.Get("doc") + limits(info.Tag)
		n.Properties[info.Tag.Get("yaml")] = child
	}
	return n
}

// limits says in words what the schema cannot check for durations and sizes.
func limits(tag reflect.StructTag) string {
	low, hasLow := tag.Lookup("min")
	high, hasHigh := tag.Lookup("max")
	if !hasLow || !hasHigh {
		return ""
	}
	return fmt.Sprintf(" From %s to %s.", low, high)
}

const (
	durationPattern = `^([0-9]+d)?([0-9.]+(ns|us|µs|ms|s|m|h))*$`
	bytesPattern    = `^[0-9]+ ?(KiB|MiB|GiB)?$`
	secretPattern   = `^(file:|env:).+$`
)

func schemaLeaf(v reflect.Value, tag reflect.StructTag) *schemaNode {
	switch value := v.Interface().(type) {
	case Duration:
		return &schemaNode{Type: "string", Pattern: durationPattern, Default: value.String()}
	case Bytes:
		return &schemaNode{Type: []string{"integer", "string"}, Pattern: bytesPattern, Default: value.String()}
	case Secret:
		return &schemaNode{Type: "string", Pattern: secretPattern}
	case bool:
		return &schemaNode{Type: "boolean", Default: value}
	case int:
		return &schemaNode{Type: "integer", Default: value, Minimum: json.Number(tag.Get("min")), Maximum: json.Number(tag.Get("max"))}
	case float64:
		return &schemaNode{Type: "number", Default: value, Minimum: json.Number(tag.Get("min")), Maximum: json.Number(tag.Get("max"))}
	case []string:
		n := &schemaNode{Type: "array", Items: &schemaNode{Type: "string"}}
		if len(value) > 0 {
			n.Default = value
		}
		return n
	case map[string]Provider:
		return &schemaNode{Type: "object", Names: &schemaNode{Pattern: nameForm.String()}, Additional: schemaOf(reflect.ValueOf(defaultProvider()))}
	case string:
		n := &schemaNode{Type: "string", Default: value}
		if options, ok := tag.Lookup("enum"); ok {
			n.Enum = strings.Split(options, ",")
		}
		return n
	default:
		return schemaOf(v)
	}
}
