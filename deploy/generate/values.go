package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/sluicehq/sluice/pkg/edge/config"
)

// value is one key of the chart's values.yaml.
type value struct {
	Path        string
	Name        string
	Description string
	// Rules are what `@schema` lines say: a name of kinds, or JSON.
	Rules    []string
	Default  any
	Children []value
}

// readValues reads the keys with the comments above them.
func readValues(root string) ([]value, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "helm", "sluice", "values.yaml")) //nolint:gosec // G703: the argument of `make generate`, given by a developer
	if err != nil {
		return nil, fmt.Errorf("reading values: %w", err)
	}
	file, err := parser.ParseBytes(text, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("reading values: %w", err)
	}
	top, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil, fmt.Errorf("reading values: want a mapping, got %s", file.Docs[0].Body.Type())
	}
	return readMapping("", top)
}

func readMapping(path string, node *ast.MappingNode) ([]value, error) {
	var all []value
	for i, pair := range node.Values {
		v := value{Name: pair.Key.String()}
		v.Path = strings.TrimPrefix(path+"."+v.Name, ".")
		comment := pair.GetComment()
		if i == 0 && comment == nil {
			comment = node.GetComment() // where the parser leaves the first key's
		}
		v.Description, v.Rules = readComment(comment)
		if v.Description == "" {
			return nil, fmt.Errorf("reading values: %s has no comment", v.Path)
		}
		if err := yaml.NodeToValue(pair.Value, &v.Default); err != nil {
			return nil, fmt.Errorf("reading values: %s: %w", v.Path, err)
		}
		// A key with rules of its own kind is described as a whole.
		if below, ok := pair.Value.(*ast.MappingNode); ok && len(below.Values) > 0 && len(v.Rules) == 0 {
			children, err := readMapping(v.Path, below)
			if err != nil {
				return nil, err
			}
			v.Children = children
		}
		all = append(all, v)
	}
	return all, nil
}

// readComment takes the lines directly above a key; a block further up, set
// apart by an empty line, is about the file.
func readComment(group *ast.CommentGroupNode) (description string, rules []string) {
	if group == nil {
		return "", nil
	}
	var words []string
	last := 0
	for _, c := range group.Comments {
		at := c.GetToken().Position.Line
		if last != 0 && at != last+1 {
			words, rules = nil, nil
		}
		last = at
		line := strings.TrimSpace(c.GetToken().Value)
		if rule, ok := strings.CutPrefix(line, "@schema "); ok {
			rules = append(rules, rule)
			continue
		}
		words = append(words, line)
	}
	return strings.Join(words, " "), rules
}

// valuesSchema closes the values: what values.yaml does not know is refused.
func valuesSchema(root string) ([]byte, error) {
	values, err := readValues(root)
	if err != nil {
		return nil, err
	}
	schema, err := objectOf(values)
	if err != nil {
		return nil, err
	}
	settings, err := configSchema()
	if err != nil {
		return nil, err
	}
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "Values of the Sluice chart"
	schema["description"] = "Made from values.yaml and pkg/edge/config by `make generate`; do not edit."
	schema["$defs"] = map[string]any{"config": settings}
	// Helm hands this one down to every chart that is part of another.
	schema["properties"].(map[string]any)["global"] = map[string]any{"type": "object"} //nolint:forcetypeassert // made three lines above
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema: %w", err)
	}
	return append(text, '\n'), nil
}

// configSchema is the product's own schema: a setting that Sluice would refuse
// at start is refused before anything is installed.
func configSchema() (map[string]any, error) {
	text, err := config.Schema()
	if err != nil {
		return nil, err
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		return nil, fmt.Errorf("reading the configuration's schema: %w", err)
	}
	delete(schema, "$schema")
	return schema, nil
}

func objectOf(values []value) (map[string]any, error) {
	properties := map[string]any{}
	for _, v := range values {
		s, err := v.schema()
		if err != nil {
			return nil, err
		}
		properties[v.Name] = s
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}, nil
}

func (v value) schema() (map[string]any, error) {
	if len(v.Children) > 0 {
		s, err := objectOf(v.Children)
		if err == nil {
			s["description"] = v.Description
		}
		return s, err
	}
	s := typeOf(v.Default)
	for _, rule := range v.Rules {
		more, ok := kinds()[rule]
		if !ok {
			if err := json.Unmarshal([]byte(rule), &more); err != nil {
				return nil, fmt.Errorf("reading the rule of %s: %w", v.Path, err)
			}
		}
		for key, content := range more {
			s[key] = content
		}
	}
	s["description"] = v.Description
	return s, nil
}

func typeOf(v any) map[string]any {
	switch v.(type) {
	case bool:
		return map[string]any{"type": "boolean"}
	case uint64, int64, int:
		return map[string]any{"type": "integer"}
	case []any:
		return map[string]any{"type": "array"}
	case map[string]any:
		return map[string]any{"type": "object"}
	default:
		return map[string]any{"type": "string"}
	}
}

// kinds are the shapes that values.yaml names in `@schema` lines.
func kinds() map[string]map[string]any {
	text := map[string]any{"type": "string", "minLength": 1}
	closed := func(required []string, properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "additionalProperties": false, "required": required, "properties": properties}
	}
	return map[string]map[string]any{
		"config":    {"$ref": "#/$defs/config"},
		"free":      {"type": "object"},
		"freelist":  {"type": "array", "items": map[string]any{"type": "object"}},
		"strings":   {"type": "object", "additionalProperties": map[string]any{"type": "string"}},
		"secretEnv": {"type": "object", "propertyNames": map[string]any{"pattern": "^[A-Z][A-Z0-9_]*$"}, "additionalProperties": closed([]string{"name", "key"}, map[string]any{"name": text, "key": text})},
		"secretMounts": {"type": "array", "items": closed([]string{"name", "path"}, map[string]any{
			"name": text, "path": map[string]any{"type": "string", "pattern": "^/.+"},
		})},
		"provider": closed([]string{"enabled", "replicas", "maxReplicas", "destinationSecrets"}, map[string]any{
			"enabled": map[string]any{"type": "boolean"}, "replicas": map[string]any{"type": "integer", "minimum": 1},
			"maxReplicas": map[string]any{"type": "integer", "minimum": 1}, "destinationSecrets": map[string]any{"type": "array", "items": text},
		}),
		"service": closed([]string{"ports", "to"}, map[string]any{
			"ports": map[string]any{"type": "array", "items": map[string]any{"type": "integer", "minimum": 1, "maximum": 65535}},
			"to":    map[string]any{"type": "array", "items": map[string]any{"type": "object"}},
		}),
	}
}
