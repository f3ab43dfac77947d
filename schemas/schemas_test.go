package schemas_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"

	"github.com/sluicehq/sluice/schemas"
)

func parse(t *testing.T, text string) *avro.RecordSchema {
	t.Helper()
	// A cache of its own: versions share their full names.
	s, err := avro.ParseWithCache(text, "", &avro.SchemaCache{})
	require.NoError(t, err)
	return s.(*avro.RecordSchema)
}

// The current schema reads what every earlier version wrote, and every earlier
// version reads what the current one writes.
func TestFullTransitive(t *testing.T) {
	for _, name := range schemas.Names() {
		t.Run(string(name), func(t *testing.T) {
			text, err := schemas.Text(name)
			require.NoError(t, err)
			current := parse(t, text)
			history, err := schemas.History(name)
			require.NoError(t, err)
			require.NotEmpty(t, history)
			for i, v := range history {
				require.Equal(t, i+1, v.Number, "versions are numbered without gaps")
				old := parse(t, v.Text)
				compat := avro.NewSchemaCompatibility()
				require.NoError(t, compat.Compatible(current, old), "the current schema cannot read version %d", v.Number)
				require.NoError(t, compat.Compatible(old, current), "version %d cannot read what is written today", v.Number)
			}
			require.Equal(t, history[len(history)-1].Text, text, "the current schema is not committed as the last version under history/%s", name)
		})
	}
}

// Every file is a schema that Names lists, and every field is documented.
func TestEveryFieldIsDocumented(t *testing.T) {
	files, err := filepath.Glob("*.avsc")
	require.NoError(t, err)
	require.Len(t, files, len(schemas.Names()))
	for _, name := range schemas.Names() {
		text, err := os.ReadFile(string(name) + ".avsc")
		require.NoError(t, err)
		requireDocs(t, string(name), parse(t, string(text)))
	}
}

func requireDocs(t *testing.T, path string, s avro.Schema) {
	t.Helper()
	switch s := s.(type) {
	case *avro.RecordSchema:
		require.NotEmpty(t, s.Doc(), path)
		for _, f := range s.Fields() {
			require.NotEmpty(t, f.Doc(), "%s.%s", path, f.Name())
			require.Equal(t, strings.ToLower(f.Name()), f.Name())
			requireDocs(t, path+"."+f.Name(), f.Type())
		}
	case *avro.UnionSchema:
		for _, branch := range s.Types() {
			requireDocs(t, path, branch)
		}
	case *avro.ArraySchema:
		requireDocs(t, path, s.Items())
	case *avro.MapSchema:
		requireDocs(t, path, s.Values())
	}
}

func TestEventHeadComesFirst(t *testing.T) {
	text, err := schemas.Text(schemas.AnalyticsEvent)
	require.NoError(t, err)
	var names []string
	for _, f := range parse(t, text).Fields() {
		names = append(names, f.Name())
	}
	require.Equal(t, strings.Fields(`customer_id event_name event_time event_id subject_id received_time source traffic
		browser_reported age_group page device location identity click analytics messaging consent commerce original properties`), names)
}

func TestUnknownNameIsAnError(t *testing.T) {
	_, err := schemas.Text("nothing")
	require.Error(t, err)
	_, err = schemas.History("nothing")
	require.Error(t, err)
}
