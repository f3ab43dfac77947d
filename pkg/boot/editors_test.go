package boot_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/pkg/boot"
	"github.com/sluicehq/sluice/pkg/core/document"
	"github.com/sluicehq/sluice/pkg/core/resource"
)

// TestTheSchemaForEditors: what apply reads is right for editors too, and what
// it refuses for its keys and words is underlined.
func TestTheSchemaForEditors(t *testing.T) {
	t.Parallel()
	text, err := resource.JSONSchema(boot.ResourceKeys())
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("resources.json", parsed))
	schema, err := compiler.Compile("resources.json")
	require.NoError(t, err)
	validate := func(n *document.Node) error {
		var v any
		require.NoError(t, json.Unmarshal(n.JSON(), &v))
		return schema.Validate(v)
	}

	files, err := resource.ReadFS(os.DirFS("../../examples"), ".")
	require.NoError(t, err)
	read := 0
	for _, f := range files {
		docs, problems := document.Parse(f)
		require.Empty(t, problems, f.Name)
		for _, doc := range docs {
			if n := doc.Root.Get("apiVersion"); n != nil && n.Text == "sluice/v1" {
				require.NoError(t, validate(doc.Root), f.Name)
				read++
			}
		}
	}
	require.Greater(t, read, 3, "examples were read")

	const good = `
apiVersion: sluice/v1
kind: Destination
metadata: {name: d, customer: acme}
spec:
  provider: meta
  account: {dataset_id: "1"}
  mode: shadow
  delivery: {retry_for: 12h}
`
	for change, valid := range map[string]bool{
		"mode: shadow -> mode: shadow":                         true,
		"mode: shadow -> mode: shadwo":                         false,
		"mode: shadow -> moode: shadow":                        false,
		`dataset_id: "1" -> customer_id: "1"`:                  false,
		"retry_for: 12h -> retry_for: soon":                    false,
		"name: d, -> nam: d,":                                  false,
		"mode: shadow -> meta: {external_id: raw}":             true,
		"mode: shadow -> meta: {external_id: plain}":           false,
		"kind: Destination -> kind: Policy":                    false,
		`provider: meta -> provider: nobody`:                   false,
		"delivery: {retry_for: 12h} -> identifiers: [email]":   true,
		"delivery: {retry_for: 12h} -> identifiers: [e-mail]":  false,
		"delivery: {retry_for: 12h} -> terms: {documents: []}": true,
	} {
		old, now, _ := strings.Cut(change, " -> ")
		require.Contains(t, good, old)
		docs, problems := document.Parse(document.File{Data: []byte(strings.Replace(good, old, now, 1))})
		require.Empty(t, problems)
		require.Equal(t, valid, validate(docs[0].Root) == nil, change)
	}
}
