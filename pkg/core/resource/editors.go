package resource

import (
	"fmt"
	"strings"

	"github.com/sluicehq/sluice/pkg/core/document"
)

// Keys declares a provider's own parts of resources, for editors and docs. A
// nil schema is one without keys.
type Keys struct {
	// Account is spec.account of a destination; several are alternatives.
	Account []*document.Schema
	// Section is the destination's section, Mapping that of a mapping's row.
	Section, Mapping *document.Schema
}

// JSONSchema gives the JSON Schema of resource files, for editors.
func JSONSchema(providers map[string]Keys) ([]byte, error) {
	var kinds []*document.JSONSchema
	for _, k := range []struct {
		name string
		j    *document.JSONSchema
	}{
		{KindDestination, destinationJSONSchema(providers)},
		{KindMapping, mappingJSONSchema(providers)},
		{KindPolicy, policySchema.JSONSchema()},
	} {
		k.j.Properties["apiVersion"] = &document.JSONSchema{Const: apiVersion}
		k.j.Properties["kind"] = &document.JSONSchema{Const: k.name}
		k.j.Required = []string{"apiVersion", "kind", "metadata", "spec"}
		kinds = append(kinds, k.j)
	}
	root := &document.JSONSchema{Type: "object", OneOf: kinds}
	text, err := root.Bytes("Sluice resources", "Made from pkg/core/resource and the providers by `make generate`. One document of a file; documents are separated by lines of ---.")
	if err != nil {
		return nil, fmt.Errorf("writing the schema of resources: %w", err)
	}
	return text, nil
}

func destinationJSONSchema(providers map[string]Keys) *document.JSONSchema {
	j := destinationSchema.JSONSchema()
	spec := j.Properties["spec"]
	spec.Properties["provider"].Enum = sortedKeys(providers)
	for _, name := range sortedKeys(providers) {
		keys := providers[name]
		spec.Properties[name] = keysJSONSchema(keys.Section)
		account := &document.JSONSchema{}
		for _, a := range keys.Account {
			account.OneOf = append(account.OneOf, a.JSONSchema())
		}
		if len(keys.Account) == 1 {
			account = keys.Account[0].JSONSchema()
		}
		spec.AllOf = append(spec.AllOf, &document.JSONSchema{
			If:   &document.JSONSchema{Properties: map[string]*document.JSONSchema{"provider": {Const: name}}},
			Then: &document.JSONSchema{Properties: map[string]*document.JSONSchema{"account": account}},
		})
	}
	return j
}

func keysJSONSchema(s *document.Schema) *document.JSONSchema {
	if s == nil {
		return &document.JSONSchema{Type: []string{"object", "null"}, Additional: false}
	}
	return s.JSONSchema()
}

func mappingJSONSchema(providers map[string]Keys) *document.JSONSchema {
	j := mappingHead.JSONSchema()
	spec := j.Properties["spec"]
	withSections := func(s *document.Schema) *document.JSONSchema {
		row := s.JSONSchema()
		for _, name := range sortedKeys(providers) {
			row.Properties[name] = keysJSONSchema(providers[name].Mapping)
		}
		return row
	}
	describe := func(key string, j *document.JSONSchema) {
		j.Description = spec.Properties[key].Description
		spec.Properties[key] = j
	}
	describe("defaults", withSections(defaultsSchema))
	describe("events", &document.JSONSchema{Type: "object", Names: &document.JSONSchema{Pattern: eventName.String()}, Additional: withSections(rowSchema)})
	for key, property := range withSections(rowSchema).Properties { // the short form
		if _, known := spec.Properties[key]; !known {
			spec.Properties[key] = property
		}
	}
	return j
}

// Markdown gives every key of every kind as tables.
func Markdown(providers map[string]Keys) string {
	var b strings.Builder
	table := func(title, about string, s *document.Schema) {
		fmt.Fprintf(&b, "\n%s\n\n", title)
		if about != "" {
			b.WriteString(about + "\n\n")
		}
		if s != nil {
			b.WriteString(s.Markdown())
		}
	}
	table("## Destination", "", destinationSchema)
	table("## Mapping", "One event stands beside the keys of its row; several stand below `events`, each with such a row.", mappingHead)
	table("### Rows of a mapping", "Below `spec`, `spec.events.<name>` or `spec.defaults`.", rowSchema)
	table("## Policy", "", policySchema)
	for _, name := range sortedKeys(providers) {
		keys := providers[name]
		fmt.Fprintf(&b, "\n## Provider %s\n", name)
		for _, account := range keys.Account {
			table("### `spec.account` of "+name, "", account)
		}
		if keys.Section != nil && len(keys.Section.Keys()) > 0 {
			table("### `spec."+name+"` of a destination", "", keys.Section)
		}
		if keys.Mapping != nil {
			table("### `"+name+"` in a row of a mapping", "", keys.Mapping)
		}
	}
	return b.String()
}
